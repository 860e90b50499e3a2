/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every process of ring_of_senders has, and how it comes to grief: at
 * the fault points of the ring, by chance.
 */
#ifndef GS_TESTS_RING_FAULT_H
#define GS_TESTS_RING_FAULT_H

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "tests/torture/ring_party.h"

struct guest {
	int fd;
	int bell;
	bool is_receiver;
	uint32_t slot;
	uint64_t seed;
	struct gm_region_ref region;
	uint32_t number; /* of the region, 0: none mapped */
};

static struct guest guest;

/* At each step: mostly nothing, now and then a nap or the end. */
void
gm_fault(enum gm_fault at)
{
	uint64_t dice = chance(&guest.seed) % 30000;
	bool rare = at == GM_AT_PUNCH || at == GM_AT_GROWN || at == GM_AT_TRIM;

	if (!am_node && !guest.is_receiver && at == GM_AT_S7 &&
	    gm_load(&party->victim, relaxed) == guest.slot) {
		kill(getpid(), SIGSTOP);
		return;
	}
	if (am_node || gm_load(&party->calm, relaxed) != 0)
		return;
	if (at == GM_AT_JUMP)
		add(&party->jumps, 1);
	if (guest.is_receiver && at < GM_AT_TRIM && dice < 100)
		return;
	if (dice < 3 || (rare && dice < (at == GM_AT_TRIM ? 300 : 3000))) {
		add(&party->killed_at[at], 1);
		kill(getpid(), SIGKILL);
	} else if (dice < 8) {
		add(&party->stopped_at[at], 1);
		kill(getpid(), SIGSTOP);
	} else if (dice < 600) {
		sched_yield();
	}
}

static void
ring_bell(void)
{
	const uint64_t one = 1;

	(void)!write(guest.bell, &one, sizeof(one));
}

/* Maps the present region, if it is another. */
static bool
enter(void)
{
	uint32_t number = gm_load(&party->region, acquire);

	if (number == guest.number)
		return true;
	gm_region_unmap(&guest.region);
	guest.number = 0;
	if (gm_region_map(guest.fd, gm_load(&party->at, acquire), 99, number,
		true, &guest.region) != 0)
		return false; /* retired meanwhile */
	guest.number = number;
	return true;
}

static int64_t
soon(int ms)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec +
	       (int64_t)ms * 1000000;
}

#endif
