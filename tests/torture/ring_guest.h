/* SPDX-License-Identifier: Apache-2.0 */
/* A sender of ring_of_senders: letters of all sizes, until it is killed. */
#ifndef GS_TESTS_RING_GUEST_H
#define GS_TESTS_RING_GUEST_H

#include "shm/ring_put.h"
#include "tests/torture/ring_fault.h"

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

/* The short way, for what is small: 1 sent. */
static int
post_small(struct gm_sender *me, const struct letter *letter)
{
	const struct gm_ring_ref *ring = &guest.region.ring[GM_MAILBOX];
	const struct gm_alive alive = { &party->alive, guest.number };
	uint8_t bytes[GM_RING_INLINE];
	struct gm_parcel parcel = { .body = bytes + sizeof(parcel.head),
		.size = letter->size - sizeof(parcel.head) };
	uint64_t s;
	int status;

	if (letter->size > sizeof(bytes) || chance(&guest.seed) % 2 == 0)
		return 0;
	letter_write(bytes, letter);
	memcpy(parcel.head, bytes, sizeof(parcel.head));
	status = gm_ring_put(me, ring, alive, &parcel, &s);
	if (status == 1 && s != 0) {
		ring_bell();
		gm_ring_rung(ring, s);
		gm_ring_done(me);
	}
	return status;
}

static int
post(struct gm_sender *me, const struct letter *letter)
{
	const struct gm_ring_ref *ring = &guest.region.ring[GM_MAILBOX];
	const struct gm_alive alive = { &party->alive, guest.number };
	struct gm_slip slip;
	uint64_t s;
	int status;

	if (post_small(me, letter) == 1)
		return 0;

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

	guest.slot = i + 1;
	for (;;) {
		pause_if_asked(desk);
		/* every other region has time to rest, and to trim */
		if (guest.number % 2 == 0 && chance(&guest.seed) % 64 == 0)
			poll(NULL, 0, (int)(chance(&guest.seed) % 6));
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
