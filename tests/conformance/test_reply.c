/* SPDX-License-Identifier: Apache-2.0 */
/*
 * REPLY: answers that are not a handler's return, and From.
 */
#include "tests/conformance/helpers.h"

#define FROMS 64

/*
 * The clerk sends each request's From to the process that the request names,
 * as plain bytes, and lets others answer.  "froms" asks for those so far.
 */
struct clerk {
	int count;
	gs_from froms[FROMS];
};

static gs_next
clerk_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

static gs_next
clerk_call(void *state, gs_bytes request, gs_from from)
{
	struct clerk *c = state;
	char text[GS_PID_TEXT];

	c->froms[c->count++ % FROMS] = from;
	if (gs_is(request, "froms"))
		return gs_next_reply(
		    GS_BYTES(c->froms, (size_t)c->count * sizeof(from)));
	gs_string(request, text, sizeof(text));
	CHECK_INT(gs_send(GS_PID(parsed(text)), GS_OBJECT(from)), 0);
	return gs_next_noreply();
}

static GS_SERVER(clerk, .state_size = sizeof(struct clerk), .init = clerk_init,
    .handle_call = clerk_call);

/* Answers each From that it is sent. */
static gs_next
delegate_info(void *state, const gs_info *info)
{
	gs_from from;

	(void)state;
	CHECK_INT(info->body.size, sizeof(from));
	memcpy(&from, info->body.data, sizeof(from));
	note("delegate replied %d", gs_reply(from, GS_TEXT("delegated")));
	return gs_next_noreply();
}

static GS_SERVER(delegate, .init = clerk_init, .handle_info = delegate_info);

static gs_pid
start_one(const gs_behaviour *behaviour)
{
	gs_pid pid;

	CHECK_INT(gs_start(behaviour, GS_NONE, NULL, &pid), 0);
	return pid;
}

/* The From that the clerk sent to this client. */
static gs_from
from_received(void)
{
	gs_info info;
	gs_from from;

	CHECK_INT(gs_receive(&info, SOON), 0);
	CHECK_INT(info.kind, GS_INFO_MESSAGE);
	CHECK_INT(info.body.size, sizeof(from));
	memcpy(&from, info.body.data, sizeof(from));
	return from;
}

TEST(REPLY_01_the_caller_goes_on_while_the_handler_runs)
{
	gs_pid pid;

	node_up();
	pid = start("");
	CHECK_STR(ask(GS_PID(pid), "answernow early;gate 1;note done;noreply"),
	    "early");
	CHECK_INT(notes("done"), 0);
	gate_open(1);
	CHECK(wait_note("done"));
	settle(GS_PID(pid));
	node_down();
}

TEST(REPLY_02_a_later_callback_may_answer)
{
	struct caller a, b;
	gs_pid pid;

	node_up();
	pid = start("");
	call_begin(&a, GS_PID(pid), "keep;note a in;noreply", FOREVER);
	CHECK(wait_note("a in"));
	call_begin(&b, GS_PID(pid), "keep;note b in;noreply", FOREVER);
	CHECK(wait_note("b in"));
	CHECK(!a.done && !b.done);
	tell(GS_PID(pid), "answer 1 for b");
	CHECK_INT(call_end(&b), 0);
	CHECK_STR(b.reply, "for b");
	CHECK(!a.done);
	post(GS_PID(pid), "answer 0 for a");
	CHECK_INT(call_end(&a), 0);
	CHECK_STR(a.reply, "for a");
	node_down();
}

TEST(REPLY_03_another_server_may_answer)
{
	char text[GS_PID_TEXT];
	gs_pid pid;

	node_up();
	pid = start_one(&clerk);
	gs_pid_text(start_one(&delegate), text);
	CHECK_STR(ask(GS_PID(pid), text), "delegated");
	CHECK(wait_note("delegate replied 0"));
	node_down();
}

static void
reply_as_program(void *data)
{
	gs_from *from = data;

	CHECK_OK(gs_node_open(test_node(), 0));
	CHECK_INT(gs_reply(*from, GS_TEXT("from a program")), 0);
	gs_node_close();
}

TEST(REPLY_03_a_plain_process_may_answer)
{
	struct caller c;
	char text[GS_PID_TEXT];
	gs_from from;
	gs_pid pid;

	named_node_up();
	pid = start_one(&clerk);
	call_begin(&c, GS_PID(pid), gs_pid_text(self_pid(), text), FOREVER);
	from = from_received();
	CHECK(!c.done);
	test_join(test_fork(reply_as_program, &from));
	CHECK_INT(call_end(&c), 0);
	CHECK_STR(c.reply, "from a program");
	named_node_down();
}

TEST(REPLY_04_From_is_plain_bytes)
{
	unsigned char stored[sizeof(gs_from)];
	struct caller c;
	char text[GS_PID_TEXT];
	gs_from from;
	gs_pid pid;

	node_up();
	pid = start_one(&clerk);
	call_begin(&c, GS_PID(pid), gs_pid_text(self_pid(), text), FOREVER);
	from = from_received();
	memcpy(stored, &from, sizeof(from));
	memset(&from, 0, sizeof(from));
	CHECK_STR(ask(GS_PID(start("")), "reply other"), "other");
	CHECK(!c.done);
	memcpy(&from, stored, sizeof(from));
	CHECK_INT(gs_reply(from, GS_TEXT("used later")), 0);
	CHECK_INT(call_end(&c), 0);
	CHECK_STR(c.reply, "used later");
	node_down();
}

TEST(REPLY_05_reply_is_ok_when_the_caller_is_gone)
{
	gs_pid a, b;

	node_up();
	b = start_named("", "b");
	CHECK_INT(
	    gs_call(GS_PID(b), GS_TEXT("keep;noreply"), NULL, 50), -ETIMEDOUT);
	CHECK_STR(ask(GS_PID(b), "answer 0 x;last"), "0");
	a = start("");
	tell(GS_PID(a), "call 20000 b keep|note in|noreply");
	CHECK(wait_note("in"));
	end_with(a, "kill");
	CHECK_STR(ask(GS_PID(b), "answer 1 x;last"), "0");
	CHECK(got_nothing());
	node_down();
}

TEST(REPLY_06_only_the_first_reply_counts)
{
	gs_pid pid;

	node_up();
	pid = start("");
	CHECK_STR(
	    ask(GS_PID(pid), "answernow one;answernow two;reply three"), "one");
	CHECK_STR(ask(GS_PID(pid), "reply four"), "four");
	CHECK_STR(ask(GS_PID(pid), "keep;reply five"), "five");
	CHECK_STR(ask(GS_PID(pid), "answer 0 six;reply seven"), "seven");
	CHECK(got_nothing());
	node_down();
}

TEST(REPLY_07_From_is_unique_for_each_call)
{
	gs_from froms[FROMS];
	gs_bytes reply;
	gs_pid pid;
	size_t i, j, n = 0;

	node_up();
	pid = start_one(&clerk);
	for (i = 0; i < 50; i++) {
		CHECK_INT(
		    gs_call(GS_PID(pid), GS_TEXT("froms"), &reply, FOREVER), 0);
		n = reply.size / sizeof(froms[0]);
		memcpy(froms, reply.data, reply.size);
	}
	CHECK_INT(n, 50);
	for (i = 0; i < n; i++) {
		CHECK(gs_pid_equal(froms[i].pid, self_pid()));
		for (j = 0; j < i; j++)
			CHECK(memcmp(&froms[i], &froms[j], sizeof(froms[0])) !=
			      0);
	}
	node_down();
}

TEST(REPLY_08_the_delegates_death_leaves_the_caller_waiting)
{
	struct caller c;
	char text[GS_PID_TEXT];
	gs_pid pid, helper;

	node_up();
	pid = start_one(&clerk);
	helper = start("");
	call_begin(&c, GS_PID(pid), gs_pid_text(helper, text), 600);
	end_with(helper, "boom");
	CHECK_INT(call_end(&c), -ETIMEDOUT);
	CHECK_STR(c.reason, "timeout");
	CHECK(c.took >= 600);
	CHECK(gs_alive(pid));
	node_down();
}

TEST(REPLY_08_the_server_may_watch_its_delegate)
{
	struct caller c;
	gs_pid pid, helper;

	node_up();
	helper = start_named("", "helper");
	pid = start("at_down end delegate_died");
	call_begin(&c, GS_PID(pid), "monitor helper;note in;noreply", FOREVER);
	CHECK(wait_note("in"));
	end_with(helper, "boom");
	CHECK_INT(call_end(&c), -ECONNRESET);
	CHECK_STR(c.reason, "delegate_died");
	CHECK(c.took < SOON);
	node_down();
}

TEST(REPLY_09_stop_after_an_explicit_reply)
{
	gs_ref ref;
	gs_pid pid;

	node_up();
	CHECK_INT(gs_start_monitor(&puppet, GS_NONE, NULL, &pid, &ref), 0);
	CHECK_STR(ask(GS_PID(pid), "answernow yes;set 2;end boom"), "yes");
	CHECK(got(GS_INFO_DOWN, "boom", NULL));
	CHECK_INT(notes("terminate boom 2"), 1);
	node_down();
}

TEST(REPLY_10_the_reply_is_out_before_the_next_message)
{
	struct caller c;
	gs_pid pid;

	node_up();
	pid = start("");
	tell(GS_PID(pid), "note in;gate 1");
	CHECK(wait_note("in"));
	call_begin(&c, GS_PID(pid), "reply x", FOREVER);
	CHECK(wait_queue(GS_PID(pid), 1));
	tell(GS_PID(pid), "note next;gate 2");
	gate_open(1);
	CHECK(wait_note("next"));
	CHECK_INT(call_end(&c), 0);
	CHECK_STR(c.reply, "x");
	gate_open(2);
	node_down();
}
