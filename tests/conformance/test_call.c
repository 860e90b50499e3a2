/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CALL: requests, replies, time limits and order.
 */
#include "tests/conformance/helpers.h"

#include <limits.h>

static gs_next
echo_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

static gs_next
echo_call(void *state, gs_bytes request, gs_from from)
{
	(void)state;
	(void)from;
	return gs_next_reply(request);
}

static gs_next
size_call(void *state, gs_bytes request, gs_from from)
{
	(void)state;
	(void)from;
	return gs_next_reply(GS_STR("%zu", request.size));
}

static GS_SERVER(echo, .init = echo_init, .handle_call = echo_call);
static GS_SERVER(sizer, .init = echo_init, .handle_call = size_call);

static gs_pid
start_echo(const gs_behaviour *behaviour)
{
	gs_pid pid;

	CHECK_INT(gs_start(behaviour, GS_NONE, NULL, &pid), 0);
	return pid;
}

TEST(CALL_01_the_reply_is_exact)
{
	static const size_t sizes[] = { 1, 15, 31, 32, 33, 63, 64, 65, 127, 128,
		1000, 4096, 50000, 60000 };
	static unsigned char bytes[60000];
	gs_bytes reply;
	gs_pid pid;
	size_t i;

	node_up();
	pid = start_echo(&echo);
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 7 + i / 251);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		CHECK_INT(gs_call(GS_PID(pid), GS_BYTES(bytes, sizes[i]),
			      &reply, FOREVER),
		    0);
		CHECK_INT(reply.size, sizes[i]);
		CHECK(memcmp(reply.data, bytes, sizes[i]) == 0);
	}
	CHECK_INT(gs_call(GS_PID(pid), GS_TEXT("x"), NULL, FOREVER), 0);
	node_down();
}

/* The time that a call with this limit takes until it times out. */
static int64_t
time_out(gs_pid pid, int timeout)
{
	int64_t from = now_ms();

	CHECK_INT(gs_call(GS_PID(pid), GS_TEXT("noreply"), NULL, timeout),
	    -ETIMEDOUT);
	CHECK_STR(gs_error_reason(), "timeout");
	return now_ms() - from;
}

TEST(CALL_02_default_timeout_is_five_seconds)
{
	int64_t took;

	node_up();
	CHECK_INT(GS_CALL_TIMEOUT, 5000);
	took = time_out(start(""), GS_CALL_TIMEOUT);
	CHECK(took >= 5000);
	CHECK(took < 5000 + PROMPT);
	node_down();
}

TEST(CALL_03_times_out_not_before_T)
{
	int64_t took;
	gs_pid pid;

	node_up();
	pid = start("");
	took = time_out(pid, 200);
	CHECK(took >= 200);
	CHECK(took < 200 + PROMPT);
	settle(GS_PID(pid));
	CHECK_STR(ask(GS_PID(pid), "sleep 100;reply in time"), "in time");
	node_down();
}

TEST(CALL_04_infinity_waits_until_the_server_ends)
{
	struct caller c;
	int64_t from;
	gs_pid pid;

	node_up();
	pid = start("");
	call_begin(&c, GS_PID(pid), "note in;noreply", GS_INFINITY);
	CHECK(wait_note("in"));
	CHECK(stays_false(&c.done, 500));
	from = now_ms();
	CHECK_INT(gs_exit_signal(GS_PID(pid), "boom"), 0);
	CHECK_INT(call_end(&c), -ECONNRESET);
	CHECK(now_ms() - from < PROMPT);
	CHECK_STR(c.reason, "boom");
	node_down();
}

TEST(CALL_04_infinity_gets_a_late_reply)
{
	struct caller c;
	gs_pid pid;

	node_up();
	pid = start("");
	call_begin(
	    &c, GS_PID(pid), "note in;gate 1;reply at last", GS_INFINITY);
	CHECK(wait_note("in"));
	CHECK(stays_false(&c.done, 300));
	gate_open(1);
	CHECK_INT(call_end(&c), 0);
	CHECK_STR(c.reply, "at last");
	node_down();
}

TEST(CALL_05_timeout_zero_delivers_the_request)
{
	gs_pid pid;
	int status;

	node_up();
	pid = start("");
	CHECK_INT(gs_call(GS_PID(pid), GS_TEXT("note zero;noreply"), NULL, 0),
	    -ETIMEDOUT);
	CHECK(wait_note("zero"));
	status = gs_call(GS_PID(pid), GS_TEXT("note quick"), NULL, 0);
	CHECK(status == 0 || status == -ETIMEDOUT);
	CHECK(wait_note("quick"));
	node_down();
}

TEST(CALL_05_negative_timeout_sends_nothing)
{
	gs_pid pid;

	node_up();
	pid = start("");
	CHECK_INT(gs_call(GS_PID(pid), GS_TEXT("note bad"), NULL, -1), -EINVAL);
	CHECK_INT(
	    gs_call(GS_PID(pid), GS_TEXT("note bad"), NULL, INT_MIN), -EINVAL);
	settle(GS_PID(pid));
	CHECK_INT(notes("bad"), 0);
	node_down();
}

TEST(CALL_06_timed_out_request_is_still_handled)
{
	gs_pid pid;

	node_up();
	pid = start("");
	CHECK_INT(
	    gs_call(GS_PID(pid), GS_TEXT("gate 1;add 5;reply x"), NULL, 100),
	    -ETIMEDOUT);
	gate_open(1);
	CHECK_STR(ask(GS_PID(pid), "get"), "5");
	node_down();
}

TEST(CALL_17_call_comes_after_earlier_casts_and_sends)
{
	char text[16];
	gs_pid pid;
	int i;

	node_up();
	pid = start("");
	for (i = 1; i <= 100; i++) {
		tell(GS_PID(pid), "add 1");
		post(GS_PID(pid), "add 1");
		snprintf(text, sizeof(text), "%d", 2 * i);
		CHECK_STR(ask(GS_PID(pid), "get"), text);
	}
	node_down();
}

#define CLIENTS 8
#define CALLS 400

struct client {
	pthread_t thread;
	gs_pid server;
	int id;
	_Atomic int right;
};

static void *
client_run(void *data)
{
	struct client *c = data;
	char request[64];
	gs_bytes reply;
	int i;

	for (i = 0; i < CALLS; i++) {
		snprintf(
		    request, sizeof(request), "client %d call %d", c->id, i);
		if (gs_call(GS_PID(c->server), GS_TEXT(request), &reply,
			FOREVER) == 0 &&
		    gs_is(reply, request))
			c->right++;
	}
	return NULL;
}

/* OS-15: the callers are threads of one program. */
TEST(CALL_18_concurrent_callers_get_their_own_replies)
{
	struct client clients[CLIENTS];
	gs_pid pid;
	int i;

	node_up();
	pid = start_echo(&echo);
	for (i = 0; i < CLIENTS; i++) {
		clients[i].server = pid;
		clients[i].id = i;
		clients[i].right = 0;
		CHECK_INT(pthread_create(&clients[i].thread, NULL, client_run,
			      &clients[i]),
		    0);
	}
	for (i = 0; i < CLIENTS; i++) {
		CHECK_INT(pthread_join(clients[i].thread, NULL), 0);
		CHECK_INT(clients[i].right, CALLS);
	}
	node_down();
}

TEST(CALL_19_waiting_leaves_other_messages_alone)
{
	gs_pid pid, me;

	node_up();
	pid = start("");
	me = self_pid();
	post(GS_PID(me), "one");
	post(GS_PID(me), "two");
	settle(GS_PID(pid));
	post(GS_PID(me), "three");
	settle(GS_PID(pid));
	CHECK(got(GS_INFO_MESSAGE, "one", NULL));
	CHECK(got(GS_INFO_MESSAGE, "two", NULL));
	CHECK(got(GS_INFO_MESSAGE, "three", NULL));
	CHECK(got_nothing());
	node_down();
}

static int64_t
time_of_calls(gs_pid pid)
{
	int64_t from = now_ms();
	int i;

	for (i = 0; i < 500; i++)
		settle(GS_PID(pid));
	return now_ms() - from;
}

TEST(CALL_20_cost_does_not_grow_with_the_callers_mailbox)
{
	int64_t empty, full = FOREVER;
	gs_pid pid, me;
	int unread = 0;

	node_up();
	pid = start("");
	me = self_pid();
	empty = time_of_calls(pid);
	while (unread < 10000 && gs_send(GS_PID(me), GS_TEXT("unread")) == 0)
		unread++;
	CHECK(unread > 500);
	/* others may want the machine, too, but not each time */
	for (int i = 0; i < 5 && full >= 10 * empty + 500; i++)
		full = time_of_calls(pid);
	CHECK(full < 10 * empty + 500);
	CHECK(got(GS_INFO_MESSAGE, "unread", NULL));
	node_down();
}

TEST(CALL_31_empty_requests_and_replies_are_legal)
{
	gs_bytes reply = GS_TEXT("untouched");
	gs_pid pid;

	node_up();
	pid = start_echo(&echo);
	CHECK_INT(gs_call(GS_PID(pid), GS_NONE, &reply, FOREVER), 0);
	CHECK_INT(reply.size, 0);
	pid = start_echo(&sizer);
	CHECK_STR(ask(GS_PID(pid), ""), "0");
	CHECK_STR(ask(GS_PID(pid), "x"), "1");
	pid = start("");
	CHECK_INT(
	    gs_call(GS_PID(pid), GS_TEXT("noreply"), &reply, 100), -ETIMEDOUT);
	node_down();
}
