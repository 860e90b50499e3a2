/* SPDX-License-Identifier: Apache-2.0 */
/* Those who scribble: clients, one after another, or a supervised server. */
#ifndef GS_TESTS_TORTURE_SCRIBBLE_KIN_H
#define GS_TESTS_TORTURE_SCRIBBLE_KIN_H

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "tests/torture/crowd.h"
#include "tests/torture/scribble.h"

static size_t
ring_at(const struct gsi_self *me, int which)
{
	return (size_t)((char *)me->region.ring[which].ring -
			(char *)me->region.region);
}

/* Sends, so that they are mapped; what becomes of it is no matter. */
static void
touch(struct gsi_self *me, uint64_t *seed)
{
	char name[16];

	for (int i = 0; i < VICTIMS; i++) {
		snprintf(name, sizeof(name), "v%d", i);
		gs_cast(GS_NAME(name), GS_TEXT("?"));
	}
	snprintf(name, sizeof(name), "v%d", (int)(rnd(seed) % VICTIMS));
	if (gs_call(GS_NAME(name), GS_TEXT("?"), NULL, 50) == 0)
		gs_cast(GS_PID(gsi_root_pid(me)), GS_TEXT("?"));
}

static void
burst(uint64_t *seed, int writes)
{
	struct gsi_self *me = gsi_self();
	size_t rings[2];

	if (me == NULL)
		return;
	rings[0] = ring_at(me, 0);
	rings[1] = ring_at(me, 1);
	touch(me, seed);
	for (int i = 0; i < writes && !atomic_load(&plan->stop); i++) {
		scribble(me, rings, seed);
		if (rnd(seed) % 64 == 0)
			touch(me, seed);
		usleep((useconds_t)(rnd(seed) % 2000));
	}
}

static void
client(void *data)
{
	uint64_t seed = (uint64_t)now_ns() | 1;

	(void)data;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (gs_node_open(plan->node, 0) == 0)
		burst(&seed, 400);
	/* some leave in order, some do not */
	if (rnd(&seed) % 2 == 0)
		_exit(0);
}

/* One after another; it never joins the node, so there is nothing to inherit. */
static void
nursery(void *data)
{
	while (plan->node[0] == '\0' && !atomic_load(&plan->stop))
		usleep(1000);
	while (!atomic_load(&plan->stop)) {
		int64_t until = now_ms() + 1500;
		pid_t pid = test_fork(client, data);
		int status = 0;

		while (waitpid(pid, &status, WNOHANG) == 0) {
			if (now_ms() > until)
				kill(pid, SIGKILL);
			usleep(2000);
		}
	}
}

static gs_next
hostile_init(void *state, gs_bytes argument)
{
	(void)argument;
	*(uint64_t *)state = (uint64_t)now_ns() | 1;
	return gs_with_timeout(gs_ok(), 5);
}

static gs_next
hostile_info(void *state, const gs_info *info)
{
	(void)info;
	if (!atomic_load(&plan->stop))
		burst(state, 20);
	return gs_with_timeout(gs_next_noreply(), 5);
}

static GS_SERVER(hostile, .state_size = sizeof(uint64_t), .init = hostile_init,
    .handle_info = hostile_info);

#endif
