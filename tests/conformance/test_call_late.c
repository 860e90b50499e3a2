/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CALL: replies that come late, at the last moment, or with a death.
 */
#include "tests/conformance/helpers.h"

TEST(CALL_07_late_reply_is_dropped)
{
	gs_pid pid;
	int i;

	node_up();
	pid = start("");
	CHECK_INT(gs_call(GS_PID(pid), GS_TEXT("keep;noreply"), NULL, 50),
	    -ETIMEDOUT);
	/* the late one goes out just before the right one */
	CHECK_STR(ask(GS_PID(pid), "answer 0 late;reply right"), "right");
	for (i = 0; i < 100; i++)
		CHECK_STR(
		    ask(GS_PID(pid), "answer 0 late;reply right"), "right");
	CHECK(got_nothing());
	node_down();
}

/*
 * A calls B with a limit of two seconds and is stopped while it waits; at B
 * the call is kept as number 0.
 */
static gs_pid
frozen_caller(gs_pid b)
{
	gs_pid a = start("");

	tell(GS_PID(a), "call 2000 b keep|note in|noreply");
	CHECK(wait_note("in"));
	freeze(a);
	CHECK_INT(notes("in"), 1);
	(void)b;
	return a;
}

static bool
time_is_over(void *deadline)
{
	return now_ms() > *(int64_t *)deadline;
}

TEST(CALL_08_reply_that_is_there_at_the_deadline_counts)
{
	int64_t deadline;
	gs_pid a, b;

	node_up();
	b = start_named("", "b");
	a = frozen_caller(b);
	CHECK_STR(ask(GS_PID(b), "answer 0 here;reply ok"), "ok");
	deadline = now_ms() + 2100;
	CHECK(eventually(time_is_over, &deadline, SOON));
	thaw(a);
	CHECK_STR(ask(GS_PID(a), "last"), "0 here");
	node_down();
}

TEST(CALL_08_without_a_reply_the_deadline_counts)
{
	int64_t deadline;
	gs_pid a, b;

	node_up();
	b = start_named("", "b");
	a = frozen_caller(b);
	deadline = now_ms() + 2100;
	CHECK(eventually(time_is_over, &deadline, SOON));
	thaw(a);
	CHECK_STR(ask(GS_PID(a), "last"), "-110 timeout");
	node_down();
}

TEST(CALL_10_reply_wins_over_the_death_behind_it)
{
	gs_pid a, b;
	int round;

	node_up();
	for (round = 0; round < 300; round++) {
		b = start("");
		CHECK_STR(ask(GS_PID(b), "endreply boom bye"), "bye");
	}
	b = start_named("", "b");
	a = frozen_caller(b);
	CHECK_STR(ask(GS_PID(b), "answer 0 yes;reply ok"), "ok");
	end_with(b, "boom");
	thaw(a);
	CHECK_STR(ask(GS_PID(a), "last"), "0 yes");
	node_down();
}
