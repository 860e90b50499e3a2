/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Going to sleep over an empty ring, and waking.  The rule: announce first,
 * then look once more; a sender either sees ASLEEP in its own swap on the tail
 * or is seen here.
 */
#include "shm/ring_receiver.h"

/* B1: nothing there, room for all that can be had, the node told of it. */
static bool
at_rest(struct gm_receiver *r)
{
	const bool wanted = r->node_wants;

	r->look = true;
	return gm_receiver_nothing(r) == 0 && r->node_wants == wanted;
}

/* B5, acquire [T3] [T6] */
static bool
all_open(const struct gm_receiver *r)
{
	uint64_t v;

	for (uint32_t i = 0; i < r->n_pins; i++) {
		v = r->pins[i].v;
		if (gm_load(&gm_head(&r->ref, v)->lo, acquire) != (v | GM_BUSY))
			return false;
	}
	return true;
}

bool
gm_ring_sleep(struct gm_receiver *r)
{
	struct gm_ring *ring = r->ref.ring;
	uint64_t lo;

	if (r->holding == GM_HOLDS_NONE && !at_rest(r))
		return false;
	lo = r->holding == GM_HOLDS_NEXT ? r->held_end : r->cur;
	/* B2: release [T6], before ASLEEP can be seen */
	gm_store(&ring->sleep_no, ++r->sleeps, release);
	if (r->n_pins != 0) {
		/* B3 [T6]: owners of pins are READY at B5, or see this */
		gm_store(&ring->pinwait, 1, relaxed);
		gm_receiver_fence(r);
	}
	r->asleep = true;
	/* B4: seq_cst [T6] */
	if (!atomic_compare_exchange_strong_explicit(&ring->tail.lo, &lo,
		lo | GM_ASLEEP, memory_order_seq_cst, memory_order_relaxed)) {
		r->look = true;
		return false;
	}
	GM_FAULT(GM_AT_SLEEP);
	return all_open(r);
}

void
gm_ring_awake(struct gm_receiver *r)
{
	struct gm_ring *ring = r->ref.ring;

	r->look = true;
	if (r->asleep)
		atomic_fetch_and_explicit(&ring->tail.lo, ~GM_ASLEEP,
		    memory_order_acq_rel); /* [T6] */
	r->asleep = false;
	if (gm_load(&ring->pinwait, relaxed) != 0)
		gm_store(&ring->pinwait, 0, relaxed);
}
