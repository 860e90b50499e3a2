/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The receiver of ring_of_senders: takes, trims, sleeps, and proves the whole
 * ring whenever it is asked to drain it.
 */
#ifndef GS_TESTS_RING_HOST_H
#define GS_TESTS_RING_HOST_H

#include "tests/torture/ring_seen.h"

/* What the node would answer: has nobody announced a send to this ring? */
static bool
nobody_sends(void *data)
{
	const struct gm_ring_ref *ring = data;

	for (int i = 0; i < SENDERS_MAX; i++) {
		if (gm_load(&party->pages[i].send_m, acquire) == ring->id)
			return false;
	}
	return true;
}

/* All senders rest: nothing may be left, and all room be free. */
static void
check_drained(struct gm_receiver *r)
{
	const uint64_t n = r->ref.cells;
	const char *wrong;

	gm_ring_release(r);
	if (r->n_pins != 0)
		fail("drained, but %u pins", r->n_pins);
	if (!gm_ring_sleep(r))
		fail("drained, but does not sleep");
	gm_ring_awake(r);
	wrong = gm_ring_check(r);
	if (wrong != NULL)
		fail("drained: %s", wrong);
	if (gm_ring_count(&r->ref) != 0)
		fail("drained, but counts %llu",
		    (unsigned long long)gm_ring_count(&r->ref));
	if (gm_load(&r->ref.ring->limit, relaxed) != r->cur + n)
		fail("drained, but not all room is free");
}

static void
trim_now(struct gm_receiver *r)
{
	const char *wrong;

	if (gm_ring_trim(r, nobody_sends, &r->ref) > 0)
		add(&party->trims, 1);
	wrong = gm_ring_check(r);
	if (wrong != NULL)
		fail("trimmed: %s", wrong);
}

/* Sleeps; a record that stands there and rang nobody is a lost wake-up. */
static void
sleep_on_bell(struct gm_receiver *r)
{
	struct pollfd pfd = { .fd = guest.bell, .events = POLLIN };
	uint64_t rings;
	int n;

	if (!gm_ring_sleep(r)) {
		gm_ring_awake(r);
		return;
	}
	add(&party->sleeps, 1);
	n = poll(&pfd, 1, 2000);
	gm_ring_awake(r);
	if (n == 1) {
		(void)!read(guest.bell, &rings, sizeof(rings));
		return;
	}
	if (n == 0 && gm_ring_count(&r->ref) > 0 &&
	    gm_load(&party->stopped, acquire) == 0 && poll(&pfd, 1, 300) == 0 &&
	    gm_load(&party->stopped, acquire) == 0)
		fail("slept over a record");
}

static void
take_all(struct gm_receiver *r)
{
	struct gm_record record;
	uint64_t lap = r->cur / r->ref.cells;
	uint32_t pins = r->n_pins;
	int status;

	while ((status = gm_ring_take(r, &record)) == 1) {
		if (chance(&guest.seed) % 64 == 0)
			sched_yield();
		check_letter(&record, guest.number);
		add(&party->messages, 1);
		add(&party->bytes, record.size);
		if (r->n_pins > pins)
			add(&party->passed, r->n_pins - pins);
		pins = r->n_pins;
		if (chance(&guest.seed) % 4 == 0)
			gm_ring_release(r);
	}
	if (status < 0)
		fail("take says %d", status);
	add(&party->laps, r->cur / r->ref.cells - lap);
}

static _Noreturn void
receive_for_ever(bool fenced)
{
	struct gm_receiver r;
	uint32_t asked;

	if (!enter())
		fail("the receiver cannot map its region");
	gm_receiver_init(&r, &guest.region.ring[GM_MAILBOX], fenced);
	gm_store(&party->alive, guest.number, release);
	for (;;) {
		asked = gm_load(&party->drain, acquire);
		take_all(&r);
		if (asked != gm_load(&party->drained, relaxed)) {
			check_drained(&r);
			trim_now(&r);
			gm_store(&party->drained, asked, release);
		} else if (chance(&guest.seed) % 8 == 0) {
			trim_now(&r);
		}
		sleep_on_bell(&r);
	}
}

#endif
