/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes of ring_of_senders that get hurt: a sender and a receiver.
 */
#ifndef GS_TESTS_RING_GUEST_H
#define GS_TESTS_RING_GUEST_H

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

	if (gm_load(&party->calm, relaxed) != 0)
		return;
	if (at == GM_AT_JUMP)
		add(&party->jumps, 1);
	if (guest.is_receiver && at < GM_AT_TRIM && dice < 100)
		return;
	if (dice < 3 || (at == GM_AT_PUNCH && dice < 3000)) {
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

static size_t
some_size(size_t max)
{
	uint64_t dice = chance(&guest.seed);
	size_t least = sizeof(struct letter);

	switch (dice % 8) {
	case 0:
		return least + (size_t)(dice >> 8) % (max - least + 1);
	case 1:
	case 2:
	case 3:
		return least + (size_t)(dice >> 8) % 9;
	default:
		return least + (size_t)(dice >> 8) % 400;
	}
}

static int
post(struct gm_sender *me, const struct letter *letter)
{
	const struct gm_ring_ref *ring = &guest.region.ring[GM_MAILBOX];
	const struct gm_alive alive = { &party->alive, guest.number };
	struct gm_slip slip;
	uint64_t s;
	int status;

	status = gm_ring_open(me, ring, alive, letter->size,
	    chance(&guest.seed) % 16 == 0 ? GM_SEND_RUNTIME : 0, &slip);
	if (status == 0) {
		letter_write(slip.payload, letter);
		s = gm_ring_commit(me, ring, &slip);
		if (s != 0) {
			ring_bell();
			gm_ring_rung(ring, s);
		}
		gm_ring_done(me);
	} else if (status == -EAGAIN) {
		add(&party->refused, 1);
		s = gm_ring_nudge(me, ring, alive);
		if (s != 0) {
			ring_bell();
			gm_ring_rung(ring, s);
			gm_ring_done(me);
		}
	}
	return status;
}

static int64_t
soon(int ms)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec +
	       (int64_t)ms * 1000000;
}

static void
pause_if_asked(struct desk *desk)
{
	uint32_t asked;

	while ((asked = gm_load(&party->pause, acquire)) != 0) {
		gm_store(&desk->paused, asked, release);
		poll(NULL, 0, 1);
	}
}

static _Noreturn void
send_for_ever(uint32_t i, uint32_t gen, bool fenced)
{
	struct gm_sender me = { &party->pages[i], i + 1, fenced };
	struct desk *desk = &party->desks[i];
	struct letter letter = { .slot = i + 1, .gen = gen };
	int status;

	for (;;) {
		pause_if_asked(desk);
		if (!enter())
			continue;
		if (letter.region != guest.number) {
			letter.region = guest.number;
			letter.first = letter.number + 1;
			letter.before = gm_load(&desk->before_region,
					    relaxed) == guest.number
					    ? gm_load(&desk->before, relaxed)
					    : 0;
		}
		letter.number++;
		letter.size = (uint32_t)some_size(
		    gm_ring_message_max(&guest.region.ring[GM_MAILBOX]));
		status = post(&me, &letter);
		if (status == 0) {
			gm_store(&desk->region, letter.region, relaxed);
			gm_store(&desk->completed, letter.number, release);
			continue;
		}
		letter.number--;
		if (status != -EAGAIN && status != -ESRCH)
			fail("sender %u: open says %d", i, status);
		if (status == -EAGAIN && chance(&guest.seed) % 4 == 0)
			gm_ring_wait_room(&me, &guest.region.ring[GM_MAILBOX],
			    (struct gm_alive){ &party->alive, guest.number },
			    letter.size, soon(5));
	}
}

#endif
