/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TMO: the timeout that a verdict asks for.
 */
#include "tests/conformance/helpers.h"

TEST(TMO_01_timeout_comes_after_T_without_a_message)
{
	int64_t from;
	gs_pid pid;

	node_up();
	pid = start("");
	from = now_ms();
	tell(GS_PID(pid), "noreply;timeout 200");
	CHECK(wait_note("timeout"));
	CHECK(now_ms() - from >= 200);
	CHECK(now_ms() - from < 200 + PROMPT);
	node_down();
}

static void
waiting_message_wins(const char *script)
{
	gs_pid pid;

	node_up();
	pid = start("");
	tell(GS_PID(pid), script);
	CHECK(wait_note("in"));
	tell(GS_PID(pid), "note queued");
	gate_open(1);
	CHECK(wait_note("queued"));
	CHECK(unnoted("timeout", 300));
	node_down();
}

TEST(TMO_02_a_waiting_message_wins_over_a_timeout)
{
	waiting_message_wins("note in;gate 1;noreply;timeout 50");
}

TEST(TMO_02_a_waiting_message_wins_over_timeout_zero)
{
	waiting_message_wins("note in;gate 1;noreply;timeout 0");
}

static bool
noted_more(void *times)
{
	return notes("timeout") > *(int *)times;
}

static int
call_it(gs_addr to, gs_bytes request)
{
	return gs_call(to, request, NULL, FOREVER);
}

TEST(TMO_03_any_message_clears_the_timeout)
{
	static int (*const send[])(
	    gs_addr to, gs_bytes bytes) = { gs_cast, gs_send, call_it };
	gs_pid pids[3];
	int late;
	size_t i;

	node_up();
	do {
		late = notes("timeout");
		for (i = 0; i < 3; i++) {
			pids[i] = start("ok;timeout 1000");
			CHECK_INT(
			    send[i](GS_PID(pids[i]), GS_TEXT("add 1")), 0);
			CHECK_STR(ask(GS_PID(pids[i]), "get"), "1");
		}
		/* again when this test was not let run in time */
	} while (notes("timeout") != late);
	CHECK(!eventually(noted_more, &late, 1500));
	/* returned again it counts again */
	tell(GS_PID(pids[0]), "noreply;timeout 20");
	CHECK(eventually(noted_more, &late, SOON));
	CHECK_INT(notes("timeout"), late + 1);
	node_down();
}

TEST(TMO_04_timeout_fires_once)
{
	gs_pid pid;

	node_up();
	pid = start("ok;timeout 20");
	start("ok;timeout 400;at_timeout note second clock");
	CHECK(wait_note("second clock"));
	CHECK(wait_notes("timeout", 2));
	CHECK_INT(notes("timeout"), 2);
	pid = start("tag a;at_timeout timeout 10|add 1;ok;timeout 10");
	CHECK(wait_notes("a: timeout", 5));
	stop(pid);
	node_down();
}

TEST(TMO_05_timeout_zero_fires_at_once_when_nothing_waits)
{
	node_up();
	start("ok;timeout 0");
	CHECK(wait_note("timeout"));
	CHECK_INT(notes("timeout"), 1);
	node_down();
}

TEST(TMO_06_infinity_and_no_action_mean_no_timeout)
{
	char script[40];
	gs_pid a, b;

	node_up();
	snprintf(script, sizeof(script), "ok;timeout %d", GS_INFINITY);
	a = start(script);
	b = start("");
	CHECK(unnoted("timeout", 400));
	settle(GS_PID(a));
	settle(GS_PID(b));
	tell(GS_PID(b), "noreply;timeout 10");
	CHECK(wait_note("timeout"));
	node_down();
}

TEST(TMO_07_negative_timeout_is_bad_return_value)
{
	gs_ref ref;
	gs_pid pid;

	node_up();
	CHECK_INT(
	    gs_start_monitor(&puppet, GS_TEXT("set 1"), NULL, &pid, &ref), 0);
	tell(GS_PID(pid), "add 1;noreply;timeout -1");
	CHECK(got(GS_INFO_DOWN, "bad_return_value", NULL));
	CHECK_INT(notes("terminate bad_return_value 1"), 1);
	CHECK_INT(try_start("ok;timeout -5", NULL), -ECHILD);
	CHECK_STR(gs_error_reason(), "bad_return_value");
	node_down();
}

TEST(TMO_08_a_ping_does_not_cancel_the_timeout)
{
	gs_pid pid;
	int i;

	node_up();
	pid = start("ok;timeout 300");
	for (i = 0; i < 5; i++)
		CHECK_INT(gs_ping(GS_PID(pid), SOON), 0);
	CHECK(wait_note("timeout"));
	CHECK_INT(notes("timeout"), 1);
	node_down();
}

TEST(TMO_09_every_callback_may_ask_for_it)
{
	gs_pid pid;

	node_up();
	start("tag init;ok;timeout 20");
	CHECK(wait_note("init: timeout"));
	pid = start("");
	CHECK_STR(ask(GS_PID(pid), "tag call;reply x;timeout 20"), "x");
	CHECK(wait_note("call: timeout"));
	tell(GS_PID(pid), "tag cast;noreply;timeout 20");
	CHECK(wait_note("cast: timeout"));
	post(GS_PID(pid), "tag info;noreply;timeout 20");
	CHECK(wait_note("info: timeout"));
	tell(GS_PID(pid), "continue tag continue;noreply;timeout 20");
	CHECK(wait_note("continue: timeout"));
	CHECK_INT(gs_call(GS_PID(pid), GS_TEXT("tag silent;noreply;timeout 20"),
		      NULL, 10),
	    -ETIMEDOUT);
	CHECK(wait_note("silent: timeout"));
	tell(GS_PID(pid), "tag a;at_timeout tag b|at_timeout note end|"
			  "timeout 20;noreply;timeout 20");
	CHECK(wait_note("b: timeout"));
	node_down();
}

TEST(TMO_13_timers_are_never_early)
{
	int64_t from;
	int ms;

	node_up();
	for (ms = 0; ms < 40; ms++) {
		from = now_ns();
		CHECK_INT(
		    gs_send_after(ms, GS_PID(self_pid()), GS_TEXT("x"), NULL),
		    0);
		CHECK(got(GS_INFO_TIMER, "x", NULL));
		CHECK(now_ns() - from >= ms * 1000000ll);
	}
	node_down();
}
