/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of a whole node killed, or stopped for good, at each instruction
 * of what it does with the library: others are served, and what it had comes
 * back.
 */
#include "tests/instructions/client_acts.h"

#include <stdio.h>
#include <unistd.h>

static void
victim(void *data)
{
	const struct client_act *act = data;

	step_apart();
	if (!act->stranger)
		CHECK_OK(gs_node_open(test_node(), 0));
	if (act->prologue)
		act->prologue();
	step_me();
	step_mark();
	CHECK_OK(act->act());
	step_mark();
	atomic_store(&board->done, 1);
}

static void
set_up(const struct client_act *act, struct stepper *s)
{
	atomic_store(&board->done, 0);
	atomic_store(&board->got[VICTIMS], 0);
	atomic_store(&board->gate, 1);
	if (act->before)
		act->before();
	*s = (struct stepper){ .wake = act->wake };
	step_child(s, test_fork(victim, (void *)(uintptr_t)act));
	step_together(s);
	/* the same each time: a server that sleeps */
	field_sleeps(front);
}

/* Nobody waits behind the gate any more. */
static void
open_all(void)
{
	atomic_store(&board->gate, 1);
	field_serves(slow);
}

static void
killed(const struct client_act *act, struct stepper *s)
{
	step_kill(s);
	field_serves(front);
	open_all();
	CHECK(atomic_load(&board->got[VICTIMS]) <= act->sends);
}

/* Waits for it; what would wake it is done again and again. */
static void
join_waking(const struct client_act *act, pid_t pid)
{
	for (int i = 0; act->wake && i < 1000 && !test_gone(pid); i++) {
		act->wake(NULL, 0);
		usleep(2000);
	}
	test_join(pid);
}

/* It may go on, too: with its own work, and with what was meant for it. */
static void
stopped(const struct client_act *act, struct stepper *s)
{
	gs_ref ref;

	field_laps(front);
	open_all();
	/* the node serves as well */
	CHECK_OK(gs_monitor(GS_PID(front), &ref));
	gs_demonitor(ref, true);
	if (plan_chance(2) == 0) {
		step_kill(s);
		return;
	}
	step_free(s);
	join_waking(act, s->pid);
	field_serves(front);
	open_all();
	CHECK_INT(atomic_load(&board->done), 1);
	CHECK_INT(atomic_load(&board->got[VICTIMS]), act->sends);
}

static void
each_point(const struct client_act *act, const struct trace *trace, int parts,
    const char *what,
    void (*check)(const struct client_act *, struct stepper *))
{
	struct rest rest = field_rest();
	int room = field_room(front), slow_room = field_room(slow);
	struct stepper s;
	struct plan plan;
	uint32_t k;

	plan_begin(&plan, trace->n, parts, "%s, %s", act->name, what);
	while (plan_next(&plan, &k)) {
		set_up(act, &s);
		if (step_go(&s, trace, k) != STEP_POINT)
			plan_missed(&plan);
		check(act, &s);
		field_rests(&rest);
	}
	CHECK_INT(field_room(front), room);
	CHECK_INT(field_room(slow), slow_room);
	plan_end(&plan);
}

/* Again when it has slept: who answers it was not let run for some ms. */
static void
record(const struct client_act *act, struct trace *trace)
{
	struct rest rest = field_rest();
	enum step_end end = STEP_ASLEEP;
	struct stepper s;

	for (int i = 0; end == STEP_ASLEEP && i < 50; i++) {
		if (i > 0)
			trace_free(trace);
		set_up(act, &s);
		end = step_record(&s, trace);
		if (end == STEP_ASLEEP) {
			step_kill(&s);
			open_all();
			field_rests(&rest);
		}
	}
	CHECK_INT(end, STEP_MARK);
	step_free(&s);
	test_join(s.pid);
	open_all();
	field_rests(&rest);
}

static void
with_poller(const char *poller)
{
	const char *why = step_refused();
	struct trace trace;
	int parts = 0;

	if (why == NULL)
		why = field_refused(poller);
	if (why != NULL)
		SKIP(why);
	while (client_acts[parts].name != NULL)
		parts++;
	step_near();
	plan_time(2);
	field_board();
	field_up(poller);
	front = field_start(&desk, "front");
	slow = field_start(&desk, "slow");
	open_all();
	field_serves(front);
	for (const struct client_act *act = client_acts; act->name; act++) {
		record(act, &trace);
		each_point(act, &trace, 2 * parts, "killed", killed);
		each_point(act, &trace, 2 * parts - 1, "stopped", stopped);
		parts--;
		trace_free(&trace);
	}
	field_down();
}

/* OS-03, OS-04, OS-05, OS-07 */
TEST_TIMEOUT(client_stepped_through_with_io_uring, 120)
{
	with_poller("io_uring");
}

/* OS-12 */
TEST_TIMEOUT(client_stepped_through_with_epoll, 120)
{
	with_poller("epoll");
}
