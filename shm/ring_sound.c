/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a ring is still what its receiver knows of it.  The rule: before it
 * sleeps it compares every word that nobody else may write, and looks at the
 * bounds of those that senders write; for what is damaged there would leave
 * it asleep or awake for ever, or its senders without room.
 */
#include "shm/ring_receiver.h"

/* [T2] [T6]: written by the receiver alone; read back by itself. */
static bool
own_words_stand(const struct gm_receiver *r)
{
	const struct gm_ring *ring = r->ref.ring;

	return gm_load(&ring->limit, relaxed) == r->limit &&
	       gm_load(&ring->sleep_no, relaxed) == r->sleeps &&
	       gm_load(&ring->rung, relaxed) <= r->sleeps &&
	       gm_load(&ring->fenced, relaxed) == r->fenced;
}

static bool
allocated_stands(const struct gm_receiver *r)
{
	const uint64_t n = r->ref.cells;
	/* acquire [T4] */
	uint64_t word = gm_load(&r->ref.ring->allocated, acquire);
	uint64_t cells = word & GM_CELLS;

	if ((word & GM_TRIMMING) != 0 && r->cap == GM_POSITION_END)
		return false;
	return cells <= n && cells % (GM_PAGE / GM_CELL) == 0 &&
	       cells > (r->cur & (n - 1));
}

bool
gm_ring_sound(const struct gm_receiver *r)
{
	const struct gm_ring_ref *ref = &r->ref;
	uint64_t lo, hi;

	if (!own_words_stand(r) || !allocated_stands(r) ||
	    !gm_tail_read(ref->ring, &lo, &hi))
		return false;
	/* the flags are mine; the tail is between what I have and have given */
	return lo >> 56 == (r->asleep ? GM_ASLEEP >> 56 : 0) &&
	       (lo & GM_POSITION) >= r->cur && (lo & GM_POSITION) <= r->limit &&
	       (hi & GM_K) <= ref->cells / 2;
}
