/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node stopped at each instruction of what it does: messages and calls
 * between those who live go on, and when it goes on it finishes.
 *
 * Nothing that the others do then changes the node, so one way through serves
 * for all points of it.
 */
#include <stdio.h>

#include "tests/instructions/crew.h"

#define LONG 60 /* seconds from which on each point is tried */
#define GAP 120 /* points, on average, when not */

static void
others_go_on(void)
{
	gs_pid pid;

	crew_others_go_on();
	CHECK_OK(gs_whereis("front", &pid));
	CHECK(gs_pid_equal(pid, front));
	CHECK(gs_alive(back));
}

/* The node goes its whole way, and is stopped at some points or at all. */
static void
walk(const struct errand_of_node *errand, const char *poller)
{
	struct stepper s = { 0 };
	int64_t end = now_ms() + 4ll * SOON + 1000ll * test_seconds();
	uint32_t n = 0, tried = 0, next = 0;
	enum step_end e;
	uintptr_t at;

	if (test_seconds() < LONG)
		next = plan_chance(GAP);
	if (errand->before)
		errand->before();
	step_seize(&s, field_node());
	step_halt(&s);
	step_together(&s);
	crew_go(errand);
	for (;;) {
		e = step_next(&s, &at);
		CHECK(e != STEP_ENDED && now_ms() < end);
		if (e == STEP_ASLEEP && crew_is_back())
			break;
		if (e != STEP_POINT || n++ < next)
			continue;
		others_go_on();
		tried++;
		next = n;
		if (test_seconds() < LONG)
			next += plan_chance(2 * GAP);
	}
	step_free(&s);
	CHECK_INT(crew_join(), 0);
	printf("# %s, node stopped, %s: %u of %u points tried\n", errand->name,
	    poller, tried, n);
}

static void
with_poller(const char *poller)
{
	const char *why = step_refused();
	const struct errand_of_node *errand;
	struct rest rest;

	if (why == NULL)
		why = field_refused(poller);
	if (why != NULL)
		SKIP(why);
	step_near();
	field_board();
	crew_up(poller);
	rest = field_rest();
	for (errand = node_errands; errand->name; errand++)
		walk(errand, poller);
	field_serves(front);
	/* the one that was born has stayed */
	rest.processes++;
	field_rests(&rest);
	crew_down();
}

TEST_TIMEOUT(node_stopped_at_every_instruction_with_io_uring, 120)
{
	with_poller("io_uring");
}

TEST_TIMEOUT(node_stopped_at_every_instruction_with_epoll, 120)
{
	with_poller("epoll");
}
