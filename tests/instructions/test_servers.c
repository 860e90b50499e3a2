/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server killed, or stopped for good, at each instruction of its loop: who
 * waits for its answer gets it or a reason, whoever sends to it is held up by
 * nothing, the others serve, and what it had comes back.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/instructions/field.h"

#define PROMPT 100 /* ms */

static gs_pid front;
static gs_pid victim;

struct server_act {
	const char *name;
	void (*before)(void); /* in the test; the victim serves */
	enum errand errand; /* what the victim is then told */
	bool called; /* by a call, else by a cast */
	bool ends; /* by itself */
	bool (*wake)(void *data, int turn);
};

/* What is behind it: the server sleeps, is woken, takes it, sleeps again. */
static bool
send_one(void *data, int turn)
{
	(void)data;
	if (turn == 0)
		CHECK_OK(gs_cast(GS_PID(victim), field_bytes(2, 0, 100)));
	return turn == 0;
}

/* It has been flooded and is idle: its mailbox is to shrink. */
static void
flood(void)
{
	atomic_store(&board->gate, 0);
	CHECK_OK(field_tell(victim, GATE, 0));
	while (atomic_load(&board->at_gate) == 0)
		usleep(100);
	for (uint32_t n = 0; n < 20; n++)
		CHECK_OK(gs_cast(GS_PID(victim), field_bytes(2, n, 3000)));
	atomic_store(&board->gate, 1);
}

static const struct server_act acts[] = {
	{ "reply", NULL, MARKED_REPLY, true, false, NULL },
	{ "answer, sleep, wake", NULL, MARKED_ADD, true, false, send_one },
	{ "call by a server", NULL, MARKED_TOUR, false, false, NULL },
	{ "hibernate and shrink", flood, HIBERNATE, false, false, NULL },
	{ "end", NULL, MARKED_END, false, true, NULL },
};
#define ACTS (int)(sizeof(acts) / sizeof(acts[0]))

/* Its answer, or why there is none. */
static void
caller(void *data)
{
	const struct server_act *act = data;
	struct parcel parcel = { act->errand, 0, 5, sizeof(parcel) };
	gs_bytes reply;
	uint64_t sum;

	step_apart();
	CHECK_OK(gs_node_open(test_node(), 0));
	board->status =
	    gs_call(GS_PID(victim), GS_OBJECT(parcel), &reply, 3 * SOON);
	if (board->status == 0) {
		memcpy(&sum, reply.data, sizeof(sum));
		CHECK(reply.size == sizeof(sum) && sum == 16);
	} else if (board->status == -ECONNRESET) {
		CHECK_STR(gs_error_reason(), "killed");
	} else {
		FAIL("%s", gs_error_text());
	}
	atomic_store(&board->done, 1);
}

/* The victim stands at the beginning; the pid is the caller's, or 0. */
static pid_t
set_up(const struct server_act *act, struct stepper *s)
{
	int64_t end = now_ms() + SOON;
	pid_t pid = 0;

	atomic_store(&board->done, 0);
	victim = field_start_wide("victim");
	field_serves(victim);
	if (act->before)
		act->before();
	*s = (struct stepper){ 0 };
	step_seize(s, field_os_pid(victim));
	if (act->called)
		pid = test_fork(caller, (void *)(uintptr_t)act);
	else
		CHECK_OK(field_tell(victim, act->errand, 1));
	while (step_to_mark(s) != STEP_MARK)
		CHECK(now_ms() < end);
	step_together(s);
	s->wake = act->wake;
	field_sleeps(front);
	return pid;
}

static void
caller_is_back(pid_t pid)
{
	if (pid == 0)
		return;
	test_join(pid);
	CHECK_INT(atomic_load(&board->done), 1);
}

/* Those who waited for it and were told that it is dead. */
static struct {
	uint32_t n;
	uint32_t late; /* more than PROMPT */
} told;

static void
killed(const struct server_act *act, struct stepper *s, pid_t pid)
{
	int64_t began;

	(void)act;
	step_kill(s);
	began = now_ms();
	caller_is_back(pid);
	if (pid != 0 && board->status == -ECONNRESET) {
		told.n++;
		told.late += now_ms() - began > PROMPT * test_slowness();
	}
	field_serves(front);
}

/* At once, as a rule: one or the other may have been short of a CPU. */
static void
told_at_once(void)
{
	if (told.late > 2 && told.late * 2 > told.n)
		FAIL("%u of %u callers were told of its death after more than "
		     "%d ms",
		    told.late, told.n, PROMPT);
	told.n = told.late = 0;
}

/* Nobody who speaks to it waits longer than he wants. */
static void
speak_to_it(void)
{
	struct parcel ask = { ADD, 0, 1, sizeof(ask) };
	int64_t began = now_ms();
	gs_bytes reply;
	int status;

	for (uint32_t n = 0; n < 40; n++) {
		status = gs_cast(GS_PID(victim), field_bytes(3, n, 500));
		if (status != 0 && status != -EAGAIN)
			FAIL("a cast says %d", status);
	}
	status = gs_call(GS_PID(victim), GS_OBJECT(ask), &reply, 20);
	if (status != 0 && status != -ETIMEDOUT && status != -EAGAIN &&
	    status != -ECONNRESET)
		FAIL("a call says %d: %s", status, gs_error_text());
	if (now_ms() - began > SOON / 2 * test_slowness())
		FAIL("a stopped server holds up those who speak to it");
}

static void
stopped(const struct server_act *act, struct stepper *s, pid_t pid)
{
	field_laps(front);
	speak_to_it();
	if (plan_chance(2) == 0) {
		step_kill(s);
		caller_is_back(pid);
		return;
	}
	step_free(s);
	caller_is_back(pid);
	if (!act->ends) {
		if (pid != 0)
			CHECK_INT(board->status, 0);
		field_serves(victim);
	}
	gs_exit_signal(GS_PID(victim), "kill");
}

static void
record(const struct server_act *act, struct trace *trace)
{
	struct rest rest = field_rest();
	struct stepper s;
	pid_t pid = set_up(act, &s);
	enum step_end end = step_record(&s, trace);

	CHECK(end != STEP_POINT);
	if (end != STEP_ENDED)
		step_free(&s);
	caller_is_back(pid);
	gs_exit_signal(GS_PID(victim), "kill");
	field_rests(&rest);
}

static void
each_point(const struct server_act *act, const struct trace *trace, int parts,
    const char *what,
    void (*check)(const struct server_act *, struct stepper *, pid_t))
{
	struct rest rest = field_rest();
	int room = field_room(front);
	struct stepper s;
	struct plan plan;
	uint32_t k;

	plan_begin(&plan, trace->n, parts, "%s, %s", act->name, what);
	while (plan_next(&plan, &k)) {
		pid_t pid = set_up(act, &s);
		enum step_end end = step_go(&s, trace, k);

		if (end != STEP_POINT)
			plan_missed(&plan);
		if (end == STEP_ENDED)
			caller_is_back(pid);
		else
			check(act, &s, pid);
		field_rests(&rest);
	}
	CHECK_INT(field_room(front), room);
	told_at_once();
	plan_end(&plan);
}

static void
with_poller(const char *poller)
{
	const char *why = step_refused();
	struct trace trace;

	if (why == NULL)
		why = field_refused(poller);
	if (why != NULL)
		SKIP(why);
	step_near();
	plan_time(2);
	field_board();
	field_up(poller);
	front = field_start(&desk, "front");
	board->partner = front;
	field_serves(front);
	for (int i = 0; i < ACTS; i++) {
		int parts = 2 * (ACTS - i);

		record(&acts[i], &trace);
		each_point(&acts[i], &trace, parts, "killed", killed);
		each_point(&acts[i], &trace, parts - 1, "stopped", stopped);
		trace_free(&trace);
	}
	field_down();
}

/* OS-01, OS-03 */
TEST_TIMEOUT(server_stepped_through_with_io_uring, 120)
{
	with_poller("io_uring");
}

/* OS-12 */
TEST_TIMEOUT(server_stepped_through_with_epoll, 120)
{
	with_poller("epoll");
}
