/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CALL: what handle_call may return, and calls made from callbacks.
 */
#include "tests/conformance/helpers.h"

TEST(CALL_21_a_callback_may_call_another_server)
{
	gs_pid a, b;

	node_up();
	b = start_named("", "b");
	a = start("");
	tell(GS_PID(a), "call 20000 b note in|gate 1|note b done|reply x;"
			"note a done");
	CHECK(wait_note("in"));
	tell(GS_PID(a), "note queued");
	CHECK(wait_state(GS_PID(a), GS_STATE_CALLING));
	CHECK(wait_queue(GS_PID(a), 1));
	CHECK_INT(notes("queued"), 0);
	gate_open(1);
	CHECK_STR(ask(GS_PID(a), "last"), "0 x");
	CHECK(notes_in_order("b done", "a done", "queued", NULL));
	settle(GS_PID(b));
	node_down();
}

TEST(CALL_22_servers_that_call_each_other_come_free)
{
	int64_t from;
	gs_pid a, b;

	node_up();
	a = start_named("", "a");
	b = start_named("", "b");
	tell(GS_PID(a), "gate 1;call 500 b note b asked|reply x;note a free");
	tell(GS_PID(b), "gate 1;call 500 a note a asked|reply x;note b free");
	from = now_ms();
	gate_open(1);
	CHECK(wait_note("a free"));
	CHECK(wait_note("b free"));
	CHECK(now_ms() - from < 500 + PROMPT);
	CHECK(wait_note("a asked"));
	CHECK(wait_note("b asked"));
	settle(GS_PID(a));
	settle(GS_PID(b));
	node_down();
}

/* This request ends the server with bad_return_value and the old state. */
static void
is_bad_return(const char *request)
{
	gs_pid pid;
	int status;

	node_up();
	pid = start("set 3");
	status = gs_call(GS_PID(pid), GS_TEXT(request), NULL, FOREVER);
	if (status != -ECONNRESET ||
	    strcmp(gs_error_reason(), "bad_return_value") != 0)
		FAIL("\"%s\": %d, reason \"%s\"", request, status,
		    gs_error_reason());
	CHECK(wait_note("terminate bad_return_value 3"));
	CHECK(wait_dead(pid));
	node_down();
}

TEST(CALL_24_unknown_verdict_is_bad_return_value)
{
	is_bad_return("add 5;garbage");
	is_bad_return("add 5;zero");
}

TEST(CALL_24_verdicts_of_init_are_bad_return_values)
{
	is_bad_return("add 5;ok");
	is_bad_return("add 5;ignore");
	is_bad_return("add 5;error x");
}

/* The same with a state of some pages. */
struct big {
	int n;
	char rest[20000];
	int last;
};

static gs_next
big_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

static gs_next
big_call(void *state, gs_bytes request, gs_from from)
{
	struct big *big = state;
	gs_next garbage;

	(void)from;
	big->n++;
	big->last++;
	if (gs_is(request, "exit"))
		gs_exit("left");
	memset(&garbage, 0x77, sizeof(garbage));
	return gs_is(request, "garbage") ? garbage
					 : gs_next_reply(GS_TEXT("fine"));
}

static void
big_terminate(void *state, const char *reason)
{
	struct big *big = state;

	note("big %s %d %d", reason, big->n, big->last);
}

static GS_SERVER(big, .state_size = sizeof(struct big), .init = big_init,
    .handle_call = big_call, .terminate = big_terminate);

TEST(CALL_24_terminate_sees_the_old_state_of_a_big_server)
{
	gs_pid pid;

	node_up();
	CHECK_INT(gs_start(&big, GS_NONE, NULL, &pid), 0);
	CHECK_STR(ask(GS_PID(pid), ""), "fine");
	CHECK_STR(ask(GS_PID(pid), "garbage"), "error -104 bad_return_value");
	CHECK(wait_note("big bad_return_value 1 1"));
	CHECK_INT(gs_start(&big, GS_NONE, NULL, &pid), 0);
	CHECK_STR(ask(GS_PID(pid), ""), "fine");
	CHECK_STR(ask(GS_PID(pid), "exit"), "error -104 left");
	CHECK(wait_note("big left 1 1"));
	node_down();
}

static gs_next
deaf_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

static void
deaf_terminate(void *state, const char *reason)
{
	(void)state;
	note("terminate %s", reason);
}

static GS_SERVER(deaf, .init = deaf_init, .terminate = deaf_terminate);

TEST(CALL_25_missing_handle_call_stops_with_bad_call)
{
	gs_pid pid;

	node_up();
	CHECK_INT(gs_start(&deaf, GS_NONE, NULL, &pid), 0);
	CHECK_INT(
	    gs_call(GS_PID(pid), GS_TEXT("x"), NULL, FOREVER), -ECONNRESET);
	CHECK_STR(gs_error_reason(), "bad_call");
	CHECK(wait_note("terminate bad_call"));
	CHECK(wait_dead(pid));
	node_down();
}

TEST(CALL_26_reply_goes_on_with_the_new_state)
{
	gs_pid pid;

	node_up();
	pid = start("");
	CHECK_STR(ask(GS_PID(pid), "set 1;reply x"), "x");
	CHECK_STR(ask(GS_PID(pid), "add 1;get"), "2");
	CHECK_STR(ask(GS_PID(pid), "get"), "2");
	node_down();
}

TEST(CALL_26_reply_goes_out_before_the_action)
{
	gs_pid pid;

	node_up();
	pid = start("");
	CHECK_STR(
	    ask(GS_PID(pid), "reply x;continue gate 1;note continued"), "x");
	CHECK_INT(notes("continued"), 0);
	gate_open(1);
	CHECK(wait_note("continued"));
	CHECK_STR(ask(GS_PID(pid), "reply y;timeout 20"), "y");
	CHECK(wait_note("timeout"));
	CHECK_STR(ask(GS_PID(pid), "reply z;hibernate"), "z");
	CHECK(wait_state(GS_PID(pid), GS_STATE_HIBERNATING));
	node_down();
}

TEST(CALL_27_reply_with_an_invalid_action_is_no_reply)
{
	is_bad_return("add 5;reply x;timeout -1");
	is_bad_return("add 5;reply x;badaction");
}

TEST(CALL_28_stop_with_reply_terminates_then_replies_then_ends)
{
	struct caller c;
	gs_ref ref;
	gs_pid pid;

	node_up();
	pid = start("at_end gate 1|note ended");
	CHECK_INT(gs_monitor(GS_PID(pid), &ref), 0);
	call_begin(&c, GS_PID(pid), "set 3;endreply boom bye", FOREVER);
	CHECK(wait_note("terminate boom 3"));
	CHECK(stays_false(&c.done, 100));
	CHECK(gs_alive(pid));
	gate_open(1);
	CHECK_INT(call_end(&c), 0);
	CHECK_STR(c.reply, "bye");
	CHECK_INT(notes("ended"), 1);
	CHECK(got(GS_INFO_DOWN, "boom", NULL));
	node_down();
}

TEST(CALL_28_stop_normal_with_reply)
{
	gs_ref ref;
	gs_pid pid;

	node_up();
	pid = start("");
	CHECK_INT(gs_monitor(GS_PID(pid), &ref), 0);
	CHECK_STR(ask(GS_PID(pid), "endreply normal stopped"), "stopped");
	CHECK_INT(notes("terminate normal 0"), 1);
	CHECK(got(GS_INFO_DOWN, "normal", NULL));
	node_down();
}
