/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STOP: exit messages from the parent and from others.
 */
#include "tests/conformance/helpers.h"

TEST(STOP_26_what_queued_before_the_parents_signal_is_handled)
{
	gs_pid parent, kid;

	node_up();
	parent = start("");
	kid = parsed(ask(GS_PID(parent), "startlink kid tag kid|trap 1;last"));
	tell(GS_PID(kid), "note in;gate 1");
	CHECK(wait_note("kid: in"));
	tell(GS_PID(kid), "note one");
	post(GS_PID(kid), "note two");
	CHECK_STR(ask(GS_PID(parent), "exitsig kid shutdown;last"), "0");
	CHECK(wait_queue(GS_PID(kid), 3));
	tell(GS_PID(kid), "note behind");
	gate_open(1);
	CHECK(wait_dead(kid));
	CHECK(notes_in_order(
	    "kid: one", "kid: two", "kid: terminate shutdown 0", NULL));
	CHECK_INT(notes("kid: behind"), 0);
	node_down();
}

TEST(STOP_27_the_parents_normal_end)
{
	gs_pid parent, trapping, other;

	node_up();
	parent = start("");
	trapping = parsed(ask(GS_PID(parent), "startlink a tag a|trap 1;last"));
	other = parsed(ask(GS_PID(parent), "startlink b tag b;last"));
	stop(parent);
	CHECK(wait_dead(trapping));
	CHECK_INT(notes("a: terminate normal 0"), 1);
	settle(GS_PID(other));
	CHECK(note_rest("b: ") == NULL);
	node_down();
}

TEST(STOP_28_an_exit_of_another_process_goes_to_handle_info)
{
	gs_pid pid, parent, kid, other;

	node_up();
	other = start_named("", "other");
	parent = start("");
	kid = parsed(ask(
	    GS_PID(parent), "startlink kid tag kid|trap 1|link other;last"));
	CHECK_INT(gs_exit_signal(GS_PID(kid), "shutdown"), 0);
	CHECK(wait_note("kid: exit shutdown"));
	settle(GS_PID(kid));
	end_with(other, "boom");
	CHECK(wait_note("kid: exit boom"));
	settle(GS_PID(kid));
	CHECK_INT(gs_whereis("kid", &pid), 0);
	CHECK(gs_pid_equal(pid, kid));
	node_down();
}

TEST(STOP_29_a_server_started_without_link_has_no_parent)
{
	gs_pid pid;

	node_up();
	pid = start("trap 1");
	CHECK_INT(gs_exit_signal(GS_PID(pid), "shutdown"), 0);
	CHECK(wait_note("exit shutdown"));
	settle(GS_PID(pid));
	CHECK(note_rest("terminate") == NULL);
	node_down();
}

TEST(STOP_32_a_monitoring_starter_counts_as_parent)
{
	gs_ref ref;
	gs_pid pid;

	node_up();
	CHECK_INT(
	    gs_start_monitor(&puppet, GS_TEXT("trap 1"), NULL, &pid, &ref), 0);
	CHECK_INT(gs_exit_signal(GS_PID(pid), "boom"), 0);
	CHECK(got(GS_INFO_DOWN, "boom", NULL));
	CHECK_INT(notes("terminate boom 0"), 1);
	CHECK_INT(notes("exit boom"), 0);
	node_down();
}
