/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EXIT: reasons, exit signals and trapping.
 */
#include "tests/conformance/helpers.h"

/* A transient child that is told this; then it restarts or stays down. */
static void
transient_child(const char *request, bool restarted)
{
	char script[32];
	static int round;

	snprintf(script, sizeof(script), "note up %d", ++round);
	start_child(script, "transient", GS_TRANSIENT);
	CHECK_INT(notes(script + 5), 1);
	tell(GS_NAME("transient"), request);
	if (restarted) {
		if (!wait_notes(script + 5, 2))
			FAIL("\"%s\": not restarted", request);
		CHECK_INT(gs_child_stop(GS_NAME("transient"), FOREVER), 0);
	}
	if (!wait_child("transient", GS_CHILD_STOPPED))
		FAIL("\"%s\": not down", request);
	CHECK_INT(gs_child_delete(GS_NAME("transient")), 0);
	CHECK_INT(notes(script + 5), restarted ? 2 : 1);
}

TEST(EXIT_01_clean_reasons_leave_a_transient_child_down_unreported)
{
	node_up_caught();
	transient_child("end normal", false);
	transient_child("end shutdown", false);
	transient_child("end shutdown:detail", false);
	transient_child("exit shutdown:detail", false);
	transient_child("_exit 0", false);
	CHECK_INT(try_start("label fence;end fence", NULL), -ECHILD);
	CHECK(wait_caught("fence"));
	CHECK_INT(caught_count("terminated"), 0);
	CHECK_INT(caught_count("detail"), 0);
	node_down();
}

TEST(EXIT_02_other_reasons_restart_a_transient_child_and_are_reported)
{
	node_up_caught();
	transient_child("end strange-reason", true);
	CHECK(wait_caught("strange-reason"));
	transient_child("exit shutdowns", true);
	CHECK(wait_caught("shutdowns"));
	transient_child("raise 11", true);
	CHECK(wait_caught("signal:11"));
	transient_child("_exit 7", true);
	CHECK(wait_caught("exit:7"));
	transient_child("raise 9", true);
	CHECK(wait_caught("killed"));
	node_down();
}

/* exit() instead of _exit(): with its handlers. */
static gs_next
leaver_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

static gs_next
leaver_cast(void *state, gs_bytes request)
{
	(void)state;
	if (gs_is(request, "abort"))
		abort();
	exit((int)gs_long(request, 0));
}

static GS_SERVER(leaver, .init = leaver_init, .handle_cast = leaver_cast);

static void
ends_with(
    const gs_behaviour *behaviour, const char *request, const char *reason)
{
	gs_ref ref;
	gs_pid pid;

	CHECK_INT(gs_start_monitor(behaviour, GS_NONE, NULL, &pid, &ref), 0);
	tell(GS_PID(pid), request);
	if (!got(GS_INFO_DOWN, reason, NULL))
		FAIL("\"%s\"", request);
}

TEST(EXIT_03_the_reason_of_a_process_that_just_ends)
{
	node_up();
	ends_with(&leaver, "0", "normal");
	ends_with(&leaver, "1", "exit:1");
	ends_with(&leaver, "255", "exit:255");
	ends_with(&leaver, "abort", "signal:6");
	ends_with(&puppet, "_exit 0", "normal");
	ends_with(&puppet, "_exit 4", "exit:4");
	ends_with(&puppet, "raise 11", "signal:11");
	ends_with(&puppet, "raise 7", "signal:7");
	ends_with(&puppet, "raise 8", "signal:8");
	ends_with(&puppet, "raise 4", "signal:4");
	ends_with(&puppet, "raise 9", "killed");
	ends_with(&puppet, "raise 12", "signal:12");
	node_down();
}

TEST(EXIT_04_a_signal_ends_who_does_not_trap_even_when_stuck)
{
	struct caller c;
	int64_t from;
	gs_ref ref;
	gs_pid pid;

	node_up();
	CHECK_INT(gs_start_monitor(&puppet, GS_NONE, NULL, &pid, &ref), 0);
	call_begin(&c, GS_PID(pid), "note in;busy 20000", FOREVER);
	CHECK(wait_note("in"));
	from = now_ms();
	CHECK_INT(gs_exit_signal(GS_PID(pid), "enough"), 0);
	CHECK(got(GS_INFO_DOWN, "enough", NULL));
	CHECK_INT(call_end(&c), -ECONNRESET);
	CHECK_STR(c.reason, "enough");
	CHECK(now_ms() - from < PROMPT);
	CHECK(note_rest("terminate") == NULL);
	/* and one that waits */
	CHECK_INT(gs_start_monitor(&puppet, GS_NONE, NULL, &pid, &ref), 0);
	CHECK_INT(gs_exit_signal(GS_PID(pid), "shutdown"), 0);
	CHECK(got(GS_INFO_DOWN, "shutdown", NULL));
	CHECK(note_rest("terminate") == NULL);
	node_down();
}

TEST(EXIT_05_a_trapping_process_gets_a_message)
{
	gs_info info;
	gs_pid pid;

	node_up();
	pid = start("trap 1");
	CHECK_INT(gs_exit_signal(GS_PID(pid), "boom"), 0);
	CHECK(wait_note("exit boom"));
	settle(GS_PID(pid));
	CHECK_INT(gs_trap_exit(true), 0);
	CHECK_INT(gs_register("me"), 0);
	CHECK_STR(ask(GS_PID(pid), "exitsig me bang;last"), "0");
	CHECK(got(GS_INFO_EXIT, "bang", &info));
	CHECK(gs_pid_equal(info.from, pid));
	node_down();
}

TEST(EXIT_06_normal_from_another_is_ignored_or_a_message)
{
	gs_pid plain, trapping;

	node_up();
	plain = start("tag plain");
	trapping = start("tag trapping;trap 1");
	CHECK_INT(gs_exit_signal(GS_PID(plain), "normal"), 0);
	CHECK_INT(gs_exit_signal(GS_PID(trapping), "normal"), 0);
	CHECK(wait_note("trapping: exit normal"));
	settle(GS_PID(plain));
	settle(GS_PID(trapping));
	CHECK(note_rest("plain: ") == NULL);
	node_down();
}

TEST(EXIT_07_normal_to_oneself_ends_who_does_not_trap)
{
	gs_ref ref;
	gs_pid pid;

	node_up();
	CHECK_INT(gs_start_monitor(&puppet, GS_NONE, NULL, &pid, &ref), 0);
	tell(GS_PID(pid), "exitsig self normal;gate 1;note survived");
	CHECK(got(GS_INFO_DOWN, "normal", NULL));
	CHECK_INT(notes("survived"), 0);
	pid = start("trap 1");
	tell(GS_PID(pid), "exitsig self normal");
	CHECK(wait_note("exit normal"));
	settle(GS_PID(pid));
	node_down();
}

TEST(EXIT_08_kill_cannot_be_trapped)
{
	gs_ref ref;
	gs_pid pid;

	node_up();
	CHECK_INT(
	    gs_start_monitor(&puppet, GS_TEXT("trap 1"), NULL, &pid, &ref), 0);
	CHECK_INT(gs_exit_signal(GS_PID(pid), "kill"), 0);
	CHECK(got(GS_INFO_DOWN, "killed", NULL));
	CHECK(note_rest("terminate") == NULL);
	CHECK(note_rest("exit") == NULL);
	node_down();
}

TEST(EXIT_09_killed_through_a_link_can_be_trapped)
{
	gs_pid a, b, c;
	gs_info info;
	gs_ref ref;

	node_up();
	a = start_named("", "a");
	b = start("tag b;trap 1;link a");
	c = start("tag c;link a");
	CHECK_INT(gs_monitor(GS_PID(c), &ref), 0);
	end_with(a, "kill");
	CHECK(wait_note("b: exit killed"));
	settle(GS_PID(b));
	/* and who does not trap passes it on as its own */
	CHECK(got(GS_INFO_DOWN, "killed", &info));
	CHECK(gs_pid_equal(info.from, c));
	CHECK(note_rest("c: ") == NULL);
	node_down();
}

TEST(EXIT_10_a_signal_to_the_dead_is_ok)
{
	gs_pid pid;

	node_up();
	pid = start("");
	stop(pid);
	CHECK_INT(gs_exit_signal(GS_PID(pid), "boom"), 0);
	CHECK_INT(gs_exit_signal(GS_PID(pid), "kill"), 0);
	pid = start("");
	settle(GS_PID(pid));
	node_down();
}

TEST(EXIT_16_trapping_is_off_at_first_and_stays_as_set)
{
	gs_process_info info;
	gs_pid pid;

	node_up();
	CHECK_INT(gs_trap_exit(true), 0);
	CHECK_INT(gs_trap_exit(true), 1);
	CHECK_INT(gs_trap_exit(false), 1);
	CHECK_INT(gs_trap_exit(false), 0);
	pid = start("");
	CHECK_INT(gs_process_inspect(GS_PID(pid), &info), 0);
	CHECK(!info.trap_exit);
	CHECK_STR(ask(GS_PID(pid), "trap 1;last"), "0");
	CHECK_INT(gs_process_inspect(GS_PID(pid), &info), 0);
	CHECK(info.trap_exit);
	settle(GS_PID(pid));
	CHECK_INT(gs_exit_signal(GS_PID(pid), "one"), 0);
	CHECK(wait_note("exit one"));
	CHECK_STR(ask(GS_PID(pid), "trap 0;last"), "1");
	end_with(pid, "two");
	CHECK_INT(notes("exit two"), 0);
	node_down();
}

TEST(EXIT_25_a_dead_pid_is_not_alive_and_has_no_information)
{
	gs_process_info info;
	gs_pid pid;

	node_up();
	pid = start("");
	CHECK(gs_alive(pid));
	CHECK_INT(gs_process_inspect(GS_PID(pid), &info), 0);
	CHECK(gs_pid_equal(info.pid, pid));
	stop(pid);
	CHECK(!gs_alive(pid));
	CHECK_INT(gs_process_inspect(GS_PID(pid), &info), -ESRCH);
	start("");
	CHECK(!gs_alive(pid));
	CHECK(!gs_alive(GS_NO_PID));
	node_down();
}
