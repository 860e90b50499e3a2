/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STOP: gs_stop, and what it may answer.
 */
#include "tests/conformance/helpers.h"

#include <limits.h>

TEST(STOP_01_stop_terminates_and_returns_when_it_is_gone)
{
	gs_ref ref;
	gs_pid pid;

	node_up();
	CHECK_INT(gs_start_monitor(
		      &puppet, GS_TEXT("set 4;whoami"), NULL, &pid, &ref),
	    0);
	CHECK_INT(gs_stop(GS_PID(pid), NULL, FOREVER), 0);
	CHECK(!gs_alive(pid));
	CHECK(!os_exists(note_rest("os_pid ")));
	CHECK_INT(notes("terminate normal 4"), 1);
	CHECK(got(GS_INFO_DOWN, "normal", NULL));
	node_down();
}

TEST(STOP_02_stop_with_a_reason)
{
	static const char *const reasons[] = { "shutdown", "shutdown:why",
		"boom", "two words", "normal" };
	char text[64];
	gs_ref ref;
	gs_pid pid;
	size_t i;

	node_up();
	for (i = 0; i < 5; i++) {
		CHECK_INT(
		    gs_start_monitor(&puppet, GS_NONE, NULL, &pid, &ref), 0);
		CHECK_INT(gs_stop(GS_PID(pid), reasons[i], FOREVER), 0);
		snprintf(text, sizeof(text), "terminate %s 0", reasons[i]);
		CHECK_INT(notes(text), 1);
		CHECK(got(GS_INFO_DOWN, reasons[i], NULL));
	}
	node_down();
}

static void
stop_gives(const char *script, const char *reason)
{
	gs_pid pid = start(script);
	int status = gs_stop(GS_PID(pid), "shutdown", FOREVER);

	if (status != -ECONNRESET || strcmp(gs_error_reason(), reason) != 0)
		FAIL("\"%s\": %d, reason \"%s\"", script, status,
		    gs_error_reason());
	CHECK(!gs_alive(pid));
}

TEST(STOP_03_stop_fails_when_it_ends_otherwise)
{
	node_up();
	stop_gives("at_end exit worse", "worse");
	stop_gives("at_end raise 11", "signal:11");
	stop_gives("at_end raise 9", "killed");
	stop_gives("at_end _exit 2", "exit:2");
	node_down();
}

TEST(STOP_03_stop_fails_when_it_is_killed_meanwhile)
{
	struct stopper s;
	gs_pid pid;

	node_up();
	pid = start("at_end gate 1");
	stop_begin(&s, pid, "shutdown", FOREVER);
	CHECK(wait_note("terminate shutdown 0"));
	CHECK(!s.done);
	CHECK_INT(gs_exit_signal(GS_PID(pid), "kill"), 0);
	CHECK_INT(stop_end(&s), -ECONNRESET);
	CHECK_STR(s.reason, "killed");
	node_down();
}

TEST(STOP_04_stop_of_nobody_is_noproc)
{
	gs_pid pid;

	node_up();
	pid = start("");
	stop(pid);
	CHECK_INT(gs_stop(GS_PID(pid), NULL, FOREVER), -ESRCH);
	CHECK_STR(gs_error_reason(), "noproc");
	CHECK_INT(gs_stop(GS_NAME("nobody"), NULL, FOREVER), -ENOENT);
	CHECK_STR(gs_error_reason(), "noproc");
	CHECK(gs_stop(GS_NAME("nil"), NULL, FOREVER) < 0);
	CHECK_STR(gs_error_reason(), "noproc");
	CHECK(gs_stop(GS_PID(GS_NO_PID), NULL, FOREVER) < 0);
	CHECK_STR(gs_error_reason(), "noproc");
	node_down();
}

TEST(STOP_05_stop_takes_every_address)
{
	gs_node_info node;
	gs_pid pid;

	node_up();
	pid = start("");
	CHECK_INT(gs_stop(GS_PID(pid), NULL, FOREVER), 0);
	pid = start_named("", "named");
	CHECK_INT(gs_stop(GS_NAME("named"), NULL, FOREVER), 0);
	CHECK(!gs_alive(pid));
	CHECK_INT(gs_node_inspect(&node), 0);
	pid = start_named("", "named");
	CHECK_INT(gs_stop(GS_NAME_AT("named", node.name), NULL, FOREVER), 0);
	CHECK(!gs_alive(pid));
	node_down();
}

TEST(STOP_06_stopping_oneself_is_calling_self)
{
	gs_pid pid;

	node_up();
	pid = start("");
	CHECK_STR(ask(GS_PID(pid), "stop 20000 self normal;last"),
	    "-35 calling_self");
	settle(GS_PID(pid));
	CHECK_INT(gs_stop(GS_PID(self_pid()), NULL, FOREVER), -EDEADLK);
	node_down();
}

TEST(STOP_07_infinity_waits_for_terminate)
{
	struct stopper s;
	gs_pid pid;

	node_up();
	pid = start("at_end gate 1");
	stop_begin(&s, pid, NULL, GS_INFINITY);
	CHECK(wait_note("terminate normal 0"));
	CHECK(stays_false(&s.done, 400));
	gate_open(1);
	CHECK_INT(stop_end(&s), 0);
	node_down();
}

TEST(STOP_08_a_timed_out_stop_stays_in_force)
{
	int64_t from;
	gs_pid pid;

	node_up();
	pid = start("");
	tell(GS_PID(pid), "note in;gate 1;note out");
	CHECK(wait_note("in"));
	from = now_ms();
	CHECK_INT(gs_stop(GS_PID(pid), NULL, 100), -ETIMEDOUT);
	CHECK(now_ms() - from >= 100);
	CHECK_STR(gs_error_reason(), "timeout");
	CHECK(gs_alive(pid));
	gate_open(1);
	CHECK(wait_dead(pid));
	CHECK(notes_in_order("out", "terminate normal 0", NULL));
	node_down();
}

TEST(STOP_09_a_malformed_timeout_is_refused)
{
	gs_pid pid;

	node_up();
	pid = start("");
	CHECK_INT(gs_stop(GS_PID(pid), NULL, -1), -EINVAL);
	CHECK_INT(gs_stop(GS_PID(pid), NULL, INT_MIN), -EINVAL);
	settle(GS_PID(pid));
	CHECK(note_rest("terminate") == NULL);
	node_down();
}

TEST(STOP_10_stop_at_an_unknown_node_is_nodedown)
{
	node_up();
	CHECK_INT(gs_stop(GS_NAME_AT("x", "no-such-node"), NULL, FOREVER),
	    -EHOSTUNREACH);
	CHECK_STR(gs_error_reason(), "nodedown:no-such-node");
	node_down();
}

TEST(STOP_11_pid_and_name_are_free_when_stop_returns)
{
	gs_pid pid;
	int os_pid, round;

	node_up();
	for (round = 0; round < 30; round++) {
		pid = start_named("", "same");
		os_pid = os_pid_of(GS_PID(pid));
		CHECK_INT(gs_stop(GS_NAME("same"), NULL, FOREVER), 0);
		CHECK(is_free("same"));
		CHECK(!gs_alive(pid));
		CHECK(kill(os_pid, 0) < 0);
		CHECK_INT(server_count(), 0);
	}
	node_down();
}

TEST(STOP_12_stop_works_on_a_hibernating_server)
{
	gs_pid pid;

	node_up();
	pid = start("set 2;ok;hibernate");
	CHECK(wait_state(GS_PID(pid), GS_STATE_HIBERNATING));
	stop(pid);
	CHECK_INT(notes("terminate normal 2"), 1);
	node_down();
}

TEST(STOP_13_stop_waits_its_turn)
{
	struct stopper s;
	gs_pid pid;

	node_up();
	pid = start("");
	tell(GS_PID(pid), "note in;gate 1");
	CHECK(wait_note("in"));
	tell(GS_PID(pid), "note one");
	post(GS_PID(pid), "note two");
	stop_begin(&s, pid, NULL, FOREVER);
	CHECK(wait_queue(GS_PID(pid), 3));
	gate_open(1);
	CHECK_INT(stop_end(&s), 0);
	CHECK(notes_in_order("one", "two", "terminate normal 0", NULL));
	node_down();
}

/* It ends with boom by itself while somebody waits to stop it so. */
static int
stop_while_it_ends(const char *with, char reason[GS_REASON_MAX + 1])
{
	struct stopper s;
	gs_pid pid;
	int status;

	node_up();
	pid = start("");
	tell(GS_PID(pid), "note in;gate 1;end boom");
	CHECK(wait_note("in"));
	stop_begin(&s, pid, with, FOREVER);
	CHECK(wait_queue(GS_PID(pid), 1));
	gate_open(1);
	status = stop_end(&s);
	memcpy(reason, s.reason, sizeof(s.reason));
	CHECK_INT(notes("terminate boom 0"), 1);
	node_down();
	return status;
}

TEST(STOP_14_ending_so_by_itself_is_as_good)
{
	char reason[GS_REASON_MAX + 1];

	CHECK_INT(stop_while_it_ends("boom", reason), 0);
	CHECK_INT(stop_while_it_ends("normal", reason), -ECONNRESET);
	CHECK_STR(reason, "boom");
}

TEST(STOP_23_during_terminate_the_server_is_still_there)
{
	struct stopper s;
	struct caller c;
	gs_pid pid, held;

	node_up();
	pid = start_named("at_end gate 1", "closing");
	stop_begin(&s, pid, "shutdown", FOREVER);
	CHECK(wait_note("terminate shutdown 0"));
	CHECK(gs_alive(pid));
	CHECK_INT(gs_whereis("closing", &held), 0);
	CHECK(gs_pid_equal(held, pid));
	CHECK_INT(state_of(GS_PID(pid)), GS_STATE_STOPPING);
	CHECK_INT(try_start("", "closing"), -EEXIST);
	call_begin(&c, GS_NAME("closing"), "note handled;reply x", FOREVER);
	CHECK(wait_queue(GS_PID(pid), 1));
	CHECK(!c.done);
	gate_open(1);
	CHECK_INT(call_end(&c), -ECONNRESET);
	CHECK_STR(c.reason, "shutdown");
	CHECK_INT(stop_end(&s), 0);
	CHECK_INT(notes("handled"), 0);
	node_down();
}

TEST(STOP_25_messages_behind_the_stop_are_never_handled)
{
	struct stopper s;
	gs_pid pid;

	node_up();
	pid = start("");
	tell(GS_PID(pid), "note in;gate 1");
	CHECK(wait_note("in"));
	stop_begin(&s, pid, NULL, FOREVER);
	CHECK(wait_queue(GS_PID(pid), 1));
	tell(GS_PID(pid), "note behind");
	post(GS_PID(pid), "note behind");
	gate_open(1);
	CHECK_INT(stop_end(&s), 0);
	CHECK_INT(notes("terminate normal 0"), 1);
	CHECK_INT(notes("behind"), 0);
	node_down();
}
