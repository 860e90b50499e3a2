/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INFO: messages of other kinds, and who gets them.
 */
#include "tests/conformance/helpers.h"

/* Notes what each callback was given. */
static gs_next
witness_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	gs_trap_exit(true);
	return gs_ok();
}

static gs_next
witness_call(void *state, gs_bytes request, gs_from from)
{
	gs_ref *ref = state;

	(void)from;
	note("call");
	if (gs_is(request, "timer"))
		CHECK_INT(
		    gs_send_after(10, GS_PID(self_pid()), GS_TEXT("tick"), ref),
		    0);
	if (gs_is(request, "monitor"))
		CHECK_INT(gs_monitor(GS_NAME("target"), ref), 0);
	if (gs_is(request, "link"))
		CHECK_INT(gs_link(GS_NAME("target")), 0);
	if (gs_is(request, "timeout"))
		return gs_with_timeout(gs_next_reply(GS_NONE), 10);
	return gs_next_reply(GS_NONE);
}

static gs_next
witness_cast(void *state, gs_bytes request)
{
	(void)state;
	(void)request;
	note("cast");
	return gs_next_noreply();
}

static const char *const kinds[] = {
	[GS_INFO_MESSAGE] = "message",
	[GS_INFO_TIMEOUT] = "timeout",
	[GS_INFO_TIMER] = "timer",
	[GS_INFO_EXIT] = "exit",
	[GS_INFO_DOWN] = "down",
};

static gs_next
witness_info(void *state, const gs_info *info)
{
	gs_ref *ref = state;
	char text[GS_PID_TEXT];
	char body[64];

	note("%s \"%s\" \"%s\"%s", kinds[info->kind],
	    gs_string(info->body, body, sizeof(body)), info->reason,
	    info->ref.id && info->ref.id == ref->id ? " ref" : "");
	note("%s from %s", kinds[info->kind], gs_pid_text(info->from, text));
	return gs_next_noreply();
}

static GS_SERVER(witness, .state_size = sizeof(gs_ref), .init = witness_init,
    .handle_call = witness_call, .handle_cast = witness_cast,
    .handle_info = witness_info);

static gs_pid
start_witness(void)
{
	gs_pid pid;

	CHECK_INT(gs_start(&witness, GS_NONE, NULL, &pid), 0);
	return pid;
}

static bool
is_from(const char *kind, gs_pid pid)
{
	char text[GS_PID_TEXT];
	char whole[100];

	snprintf(
	    whole, sizeof(whole), "%s from %s", kind, gs_pid_text(pid, text));
	return wait_note(whole);
}

TEST(INFO_01_sent_messages_go_to_handle_info)
{
	gs_pid pid;

	node_up();
	pid = start_witness();
	post(GS_PID(pid), "hello");
	CHECK(wait_note("message \"hello\" \"\""));
	CHECK(is_from("message", self_pid()));
	CHECK_INT(gs_send(GS_PID(pid), GS_NONE), 0);
	CHECK(wait_note("message \"\" \"\""));
	CHECK_INT(notes("call") + notes("cast"), 0);
	tell(GS_PID(pid), "hello");
	CHECK(wait_note("cast"));
	CHECK_STR(ask(GS_PID(pid), "hello"), "");
	CHECK_INT(notes("call"), 1);
	CHECK_INT(notes("cast"), 1);
	CHECK_INT(notes("message \"hello\" \"\""), 1);
	node_down();
}

TEST(INFO_02_timers_and_timeouts_are_told_apart)
{
	gs_pid pid;

	node_up();
	pid = start_witness();
	CHECK_STR(ask(GS_PID(pid), "timer"), "");
	CHECK(wait_note("timer \"tick\" \"\" ref"));
	CHECK_STR(ask(GS_PID(pid), "timeout"), "");
	CHECK(wait_note("timeout \"\" \"\""));
	CHECK(note_rest("message") == NULL);
	node_down();
}

TEST(INFO_02_down_and_exit_are_told_apart)
{
	gs_pid pid, target;

	node_up();
	pid = start_witness();
	target = start_named("", "target");
	CHECK_STR(ask(GS_PID(pid), "monitor"), "");
	end_with(target, "boom");
	CHECK(wait_note("down \"\" \"boom\" ref"));
	CHECK(is_from("down", target));
	target = start_named("", "target");
	CHECK_STR(ask(GS_PID(pid), "link"), "");
	end_with(target, "bang");
	CHECK(wait_note("exit \"\" \"bang\""));
	CHECK(is_from("exit", target));
	CHECK(note_rest("message") == NULL);
	node_down();
}

TEST(INFO_03_handle_info_has_the_verdicts_of_a_cast)
{
	gs_ref ref;
	gs_pid pid;

	node_up();
	pid = start("");
	CHECK_INT(gs_monitor(GS_PID(pid), &ref), 0);
	post(GS_PID(pid), "set 5;noreply");
	CHECK_STR(ask(GS_PID(pid), "get"), "5");
	post(GS_PID(pid), "noreply;timeout 20");
	CHECK(wait_note("timeout"));
	post(GS_PID(pid), "noreply;continue note continued");
	CHECK(wait_note("continued"));
	post(GS_PID(pid), "noreply;hibernate");
	CHECK(wait_state(GS_PID(pid), GS_STATE_HIBERNATING));
	CHECK_STR(ask(GS_PID(pid), "get"), "5");
	CHECK(got_nothing());
	post(GS_PID(pid), "set 6;end boom");
	CHECK(got(GS_INFO_DOWN, "boom", NULL));
	CHECK_INT(notes("terminate boom 6"), 1);
	node_down();
}

static gs_next
plain_init(void *state, gs_bytes argument)
{
	(void)argument;
	*(int *)state = 7;
	return gs_ok();
}

static gs_next
plain_call(void *state, gs_bytes request, gs_from from)
{
	(void)request;
	(void)from;
	return gs_next_reply(GS_STR("%d", *(int *)state));
}

static GS_SERVER(plain, .state_size = sizeof(int), .init = plain_init,
    .handle_call = plain_call);

TEST(INFO_04_without_handle_info_messages_are_dropped_with_a_warning)
{
	gs_options options = { .name = "plain-one" };
	gs_pid pid;

	node_up_caught();
	CHECK_INT(gs_start(&plain, GS_NONE, &options, &pid), 0);
	CHECK_STR(ask(GS_PID(pid), ""), "7");
	CHECK_INT(caught_count("plain-one"), 0);
	post(GS_PID(pid), "unheard-of");
	CHECK(wait_caught("plain-one"));
	CHECK(wait_caught("unheard-of"));
	CHECK_STR(ask(GS_PID(pid), ""), "7");
	CHECK(gs_alive(pid));
	node_down();
}

TEST(INFO_05_undef_inside_handle_info_is_a_crash)
{
	gs_ref ref;
	gs_pid pid;

	node_up();
	CHECK_INT(gs_start_monitor(&puppet, GS_NONE, NULL, &pid, &ref), 0);
	post(GS_PID(pid), "exit undef");
	CHECK(got(GS_INFO_DOWN, "undef", NULL));
	CHECK_INT(notes("terminate undef 0"), 1);
	CHECK_INT(gs_start_monitor(&puppet, GS_NONE, NULL, &pid, &ref), 0);
	post(GS_PID(pid), "raise 11");
	CHECK(got(GS_INFO_DOWN, "signal:11", NULL));
	node_down();
}

TEST(INFO_06_send_to_nobody)
{
	gs_pid pid;

	node_up();
	pid = start_named("", "gone");
	stop(pid);
	CHECK_INT(gs_send(GS_PID(pid), GS_TEXT("x")), 0);
	CHECK_INT(gs_send(GS_NAME("gone"), GS_TEXT("x")), -ENOENT);
	CHECK_INT(gs_cast(GS_NAME("gone"), GS_TEXT("x")), 0);
	node_down();
}

TEST(INFO_14_a_late_reply_does_not_harm_a_server)
{
	gs_pid a, b;

	node_up();
	b = start_named("", "b");
	a = start("tag a;set 4");
	CHECK_STR(
	    ask(GS_PID(a), "call 50 b keep|noreply;last"), "-110 timeout");
	CHECK_STR(ask(GS_PID(b), "answer 0 late;reply ok"), "ok");
	CHECK_STR(ask(GS_PID(a), "get"), "4");
	CHECK(note_rest("a: ") == NULL);
	node_down();
}

TEST(INFO_14_a_stale_down_does_not_harm_a_server)
{
	gs_pid a, b;

	node_up();
	b = start_named("", "b");
	a = start("monitor b");
	tell(GS_PID(a), "note in;gate 1;demonitor 0");
	CHECK(wait_note("in"));
	end_with(b, "boom");
	gate_open(1);
	settle(GS_PID(a));
	CHECK(notes("down boom") <= 1);
	node_down();
}

TEST(INFO_16_a_server_cannot_read_its_mailbox_itself)
{
	gs_pid pid;

	node_up();
	pid = start("tag init;receive;notelast;continue tag continue;"
		    "receive;notelast");
	CHECK_STR(ask(GS_PID(pid), "receive;last"), "-1");
	tell(GS_PID(pid), "note in;gate 1;tag cast;receive;notelast");
	post(GS_PID(pid), "tag info;receive;notelast;at_end receive|notelast");
	gate_open(1);
	settle(GS_PID(pid));
	stop(pid);
	CHECK(notes_in_order("init: -1", "continue: -1", "cast: -1", "info: -1",
	    "info: terminate normal 0", NULL));
	CHECK_INT(notes("info: -1"), 2);
	CHECK_INT(EPERM, 1);
	node_down();
}
