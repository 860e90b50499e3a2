/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node killed at points all over what it does: every process of it ends,
 * whoever waits for it is told, and the next node of that name starts with
 * empty tables.  Each point costs a node.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/instructions/crew.h"

/* Processes of the session that the node has made. */
static int
members(pid_t session)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	int n = 0;

	CHECK(dir);
	while ((entry = readdir(dir))) {
		pid_t pid = atoi(entry->d_name);

		n += pid > 1 && getsid(pid) == session && !test_gone(pid);
	}
	closedir(dir);
	return n;
}

static bool
all_gone(void *data)
{
	return members(*(pid_t *)data) == 0;
}

/* It sleeps until the crew has what it wants. */
static bool
not_yet(void *data, int turn)
{
	(void)data;
	return !crew_is_back() && turn < 2000;
}

static void
set_out(const struct errand_of_node *errand, struct stepper *s)
{
	if (errand->before)
		errand->before();
	*s = (struct stepper){ .wake = not_yet };
	step_seize(s, field_node());
	step_halt(s);
	step_together(s);
	crew_go(errand);
}

static void
record(const struct errand_of_node *errand, struct trace *trace)
{
	struct stepper s;
	uintptr_t at;
	enum step_end e;

	set_out(errand, &s);
	*trace = (struct trace){ 0 };
	while ((e = step_next(&s, &at)) == STEP_POINT)
		trace_add(trace, at);
	CHECK_INT(e, STEP_ASLEEP);
	trace_finish(trace);
	step_free(&s);
	CHECK_INT(crew_join(), 0);
}

static void
killed(struct stepper *s)
{
	pid_t session = field_node();
	gs_bytes reply;
	int64_t began;

	CHECK(members(session) >= 4); /* node, root, two servers */
	step_kill(s);
	began = now_ms();
	/* whoever calls now gets an answer, or a reason */
	CHECK(gs_call(GS_PID(front), GS_TEXT("?"), &reply, SOON) != 0);
	CHECK(now_ms() - began < SOON / 2 * test_slowness());
	if (!eventually(all_gone, &session, SOON))
		FAIL("%d processes outlive their node", members(session));
	if (crew_join() == -ETIME)
		FAIL("who asked the node waits for ever");
	crew_ended();
	field_forget();
}

static void
with_poller(const char *poller)
{
	const char *why = step_refused();
	struct trace trace[32];
	struct plan plan;
	struct rest rest;
	int n = 0;

	if (why == NULL)
		why = field_refused(poller);
	if (why != NULL)
		SKIP(why);
	step_near();
	plan_time(2);
	field_board();
	crew_up(poller);
	rest = field_rest();
	for (; node_errands[n].name; n++)
		record(&node_errands[n], &trace[n]);
	crew_down();
	for (int i = 0; i < n; i++) {
		uint32_t k;

		plan_begin(&plan, trace[i].n, n - i, "%s, node killed, %s",
		    node_errands[i].name, poller);
		plan.least = 4;
		while (plan_next(&plan, &k)) {
			struct stepper s;

			crew_up(poller);
			CHECK_INT(field_rest().processes, rest.processes);
			set_out(&node_errands[i], &s);
			if (step_go(&s, &trace[i], k) != STEP_POINT)
				plan_missed(&plan);
			killed(&s);
		}
		plan_end(&plan);
		trace_free(&trace[i]);
	}
	/* and once more, to its end */
	crew_up(poller);
	crew_down();
}

/* OS-16, OS-17 */
TEST_TIMEOUT(node_killed_at_every_instruction_with_io_uring, 120)
{
	with_poller("io_uring");
}

TEST_TIMEOUT(node_killed_at_every_instruction_with_epoll, 120)
{
	with_poller("epoll");
}
