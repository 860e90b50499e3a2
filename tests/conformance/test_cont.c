/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CONT: handle_continue, which comes before any other message.
 */
#include "tests/conformance/helpers.h"

TEST(CONT_01_continue_from_init_runs_before_any_message)
{
	struct starter s;

	node_up();
	start_begin(&s, &puppet,
	    "note init;gate 1;ok;continue gate 2;note continued", "c");
	CHECK(wait_note("init"));
	tell(GS_NAME("c"), "note cast");
	post(GS_NAME("c"), "note message");
	gate_open(1);
	CHECK_INT(start_end(&s), 0);
	CHECK_INT(notes("continued") + notes("cast"), 0);
	gate_open(2);
	CHECK(wait_note("message"));
	CHECK(notes_in_order("continued", "cast", "message", NULL));
	CHECK_INT(notes("continued"), 1);
	node_down();
}

TEST(CONT_02_the_reply_goes_out_before_continue)
{
	gs_pid pid;

	node_up();
	pid = start("");
	CHECK_STR(
	    ask(GS_PID(pid), "reply x;continue gate 1;note continued"), "x");
	CHECK_INT(notes("continued"), 0);
	gate_open(1);
	CHECK(wait_note("continued"));
	node_down();
}

/* What is held at gate 1 continues ahead of what was queued meanwhile. */
static void
continues_first(gs_pid pid)
{
	CHECK(wait_note("in"));
	tell(GS_PID(pid), "note queued");
	post(GS_PID(pid), "note queued");
	gate_open(1);
	CHECK(wait_notes("queued", 2));
	CHECK(notes_in_order("in", "continued", "queued", NULL));
	node_down();
}

#define HELD "note in;gate 1;noreply;continue note continued"

TEST(CONT_03_continue_from_a_cast_comes_next)
{
	gs_pid pid;

	node_up();
	pid = start("");
	tell(GS_PID(pid), HELD);
	continues_first(pid);
}

TEST(CONT_03_continue_from_a_message_comes_next)
{
	gs_pid pid;

	node_up();
	pid = start("");
	post(GS_PID(pid), HELD);
	continues_first(pid);
}

TEST(CONT_03_continue_from_a_call_without_reply_comes_next)
{
	struct caller c;
	gs_pid pid;

	node_up();
	pid = start("");
	call_begin(&c, GS_PID(pid),
	    "note in;gate 1;keep;noreply;continue note continued;answer 0 x",
	    FOREVER);
	CHECK(wait_note("in"));
	tell(GS_PID(pid), "note queued");
	gate_open(1);
	CHECK_INT(call_end(&c), 0);
	CHECK(wait_note("queued"));
	CHECK(notes_in_order("continued", "queued", NULL));
	node_down();
}

TEST(CONT_04_a_chain_of_continues_leaves_the_mailbox_alone)
{
	gs_pid pid;

	node_up();
	pid = start("");
	tell(GS_PID(pid), "note in;gate 1;continue note one;continue note two;"
			  "continue note three;noreply");
	CHECK(wait_note("in"));
	tell(GS_PID(pid), "note queued");
	gate_open(1);
	CHECK(wait_note("queued"));
	CHECK(notes_in_order("one", "two", "three", "queued", NULL));
	CHECK_INT(notes("one") + notes("two") + notes("three"), 3);
	node_down();
}

TEST(CONT_05_continue_may_return_the_actions)
{
	gs_pid pid;

	node_up();
	pid = start("continue noreply;timeout 20");
	CHECK(wait_note("timeout"));
	tell(GS_PID(pid), "continue noreply;hibernate");
	CHECK(wait_state(GS_PID(pid), GS_STATE_HIBERNATING));
	settle(GS_PID(pid));
	node_down();
}

TEST(CONT_05_continue_may_stop)
{
	gs_ref ref;
	gs_pid pid;

	node_up();
	CHECK_INT(gs_start_monitor(&puppet, GS_NONE, NULL, &pid, &ref), 0);
	tell(GS_PID(pid), "gate 1;continue set 2;end boom");
	tell(GS_PID(pid), "note never");
	gate_open(1);
	CHECK(got(GS_INFO_DOWN, "boom", NULL));
	CHECK_INT(notes("terminate boom 2"), 1);
	CHECK_INT(notes("never"), 0);
	node_down();
}

TEST(CONT_06_continue_may_answer_the_caller)
{
	gs_pid pid;

	node_up();
	pid = start("");
	CHECK_STR(ask(GS_PID(pid), "keep;noreply;continue answer 0 served"),
	    "served");
	node_down();
}

static gs_next
bare_init(void *state, gs_bytes argument)
{
	(void)state;
	if (gs_is(argument, "continue"))
		return gs_with_continue(gs_ok(), GS_NONE);
	return gs_ok();
}

static gs_next
bare_call(void *state, gs_bytes request, gs_from from)
{
	(void)state;
	(void)from;
	if (gs_is(request, "continue"))
		return gs_with_continue(gs_next_noreply(), GS_NONE);
	return gs_next_reply(GS_TEXT("fine"));
}

static void
bare_terminate(void *state, const char *reason)
{
	(void)state;
	note("terminate %s", reason);
}

static GS_SERVER(bare, .init = bare_init, .handle_call = bare_call,
    .terminate = bare_terminate);

TEST(CONT_07_missing_handle_continue_ends_with_undef)
{
	gs_ref ref;
	gs_pid pid;

	node_up();
	CHECK_INT(gs_start(&bare, GS_NONE, NULL, &pid), 0);
	CHECK_STR(ask(GS_PID(pid), "x"), "fine");
	CHECK_INT(gs_call(GS_PID(pid), GS_TEXT("continue"), NULL, FOREVER),
	    -ECONNRESET);
	CHECK_STR(gs_error_reason(), "undef");
	CHECK(wait_note("terminate undef"));
	CHECK_INT(
	    gs_start_monitor(&bare, GS_TEXT("continue"), NULL, &pid, &ref), 0);
	CHECK(got(GS_INFO_DOWN, "undef", NULL));
	node_down();
}

TEST(CONT_08_start_returns_before_continue_ends)
{
	gs_ref ref;
	gs_pid pid;

	node_up();
	CHECK_INT(gs_start_monitor(&puppet,
		      GS_TEXT("ok;continue gate 1;raise 11"), NULL, &pid, &ref),
	    0);
	CHECK(gs_alive(pid));
	CHECK(got_nothing());
	gate_open(1);
	CHECK(got(GS_INFO_DOWN, "signal:11", NULL));
	node_down();
}

TEST(CONT_08_a_crash_in_continue_is_a_crash_of_a_running_child)
{
	node_up();
	start_child("note up;ok;continue gate 1;end boom", "c", GS_PERMANENT);
	CHECK_INT(notes("up"), 1);
	gate_open(1);
	/* three restarts within a minute, then it is given up */
	CHECK(wait_child("c", GS_CHILD_FAILED));
	CHECK_INT(notes("terminate boom 0"), 4);
	CHECK_INT(notes("up"), 4);
	node_down();
}
