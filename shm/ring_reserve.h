/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One try at a reservation, and its end, for the short way of a send
 * (ring_put.h) and the long one (ring_send.c, which says what SIGKILL leaves).
 */
#ifndef GM_RING_RESERVE_H
#define GM_RING_RESERVE_H

#include "shm/ring_help.h"

#define GM_AHEAD 8u /* messages */

/* Whether the cells of [v, v + k) and the next head are allocated. */
static inline uint64_t
gm_cells_needed(uint64_t n, uint64_t p, uint64_t k)
{
	if (gm_unlikely(p + k >= n))
		return p + k == n ? n : p + 1;
	return p + k + 1;
}

/* The head is there, if the tail is true: so first it is made sure of. */
static inline bool
gm_help_there(const struct gm_ring_ref *to, uint64_t q, uint64_t hi)
{
	uint64_t cell = q & (to->cells - 1);

	return (gm_likely(cell < (to->proved & GM_CELLS)) ||
		   gm_ring_head_there(to, cell)) &&
	       gm_help(to, q, hi);
}

enum gm_outcome {
	GM_DONE,
	GM_CHANGED,
	GM_NO_ROOM,
	GM_NO_CELLS,
	GM_NO_PROOF,
	GM_DAMAGED,
	GM_GONE,
};

/* S3 to S6 for the tail *lo, *hi; GM_CHANGED: they are what it is now. */
static inline __attribute__((always_inline)) enum gm_outcome
gm_attempt(struct gm_sender *me, const struct gm_ring_ref *to, uint64_t b,
    uint64_t spare, struct gm_slip *slip, uint64_t *lo, uint64_t *hi)
{
	struct gm_ring *ring = to->ring;
	const uint64_t n = to->cells, v = *lo & GM_POSITION;
	uint64_t k = *hi & GM_K, limit, word, mine;

	if (gm_unlikely(v == 0 || k > n / 2))
		return v == 0 ? GM_GONE : GM_DAMAGED;
	/* S3 */
	if (k != 0 && *hi >> GM_OWNER_SHIFT != me->slot &&
	    gm_unlikely(!gm_help_there(to, v - k, *hi)))
		return GM_DAMAGED;
	GM_FAULT(GM_AT_H3);
	/*
	 * S4.  acquire [T2]: the reader is done with what it has freed;
	 * `allocated` [T4] after it, or a trim goes unseen.
	 */
	k = gm_cells_at(n, v, b);
	limit = gm_load(&ring->limit, acquire);
	if (gm_unlikely((int64_t)(limit - v) < (int64_t)(k + spare)))
		return (int64_t)(limit - v) < 0 && (*lo & GM_MOVED) == 0
			   ? GM_DAMAGED
			   : GM_NO_ROOM;
	word = gm_load(&ring->allocated, acquire);
	if (gm_unlikely(gm_cells_needed(n, v & (n - 1), k) > (word & GM_CELLS)))
		return GM_NO_CELLS;
	if (gm_unlikely(word != to->proved))
		return GM_NO_PROOF;
	GM_FAULT(GM_AT_S4);
	/* S5: release [T5], before the tail can name me */
	gm_store(&me->page->send_v, v, release);
	GM_FAULT(GM_AT_S5);
	/* S6: full barrier [T1] [T5] [T6] */
	mine = slip->hi | k;
	slip->asleep = (*lo & GM_ASLEEP) != 0;
	if (gm_unlikely(!gm_cas16(&ring->tail, lo, hi,
		((v + k) & GM_POSITION) | (*lo & ~GM_POSITION), mine)))
		return GM_CHANGED;
	GM_FAULT(GM_AT_S6);
	slip->v = v;
	slip->hi = mine;
	return GM_DONE;
}

/*
 * The lines of a send to come, mine before its stores need them: else the
 * next swap on the tail waits until the receiver has let go of them.
 */
static inline void
gm_fetch_ahead(const struct gm_ring_ref *to, uint64_t v, uint64_t k)
{
	const uint64_t p = (v + GM_AHEAD * k) & (to->cells - 1);

	gm_prefetch_write(&to->heads[p]);
	if (k > 1)
		gm_prefetch_write(to->bodies + p * GM_CELL);
	else
		gm_prefetch_write((char *)&to->heads[p] + GM_LINE);
}

/* S9: sleep_no of the sleep to end, 0 when somebody has ended it. */
uint64_t gm_ring_must_ring(const struct gm_ring_ref *to);

#endif
