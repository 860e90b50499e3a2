/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The short way of a send: a message that fits a head cell, a receiver that
 * lives, room, memory and nobody in between.  The same steps as in
 * ring_send.c, which says what SIGKILL leaves after each; the rule: whatever
 * is not as usual is left to the long way, before anything is reserved.
 *
 * In a header, so that lib/send.c has it without a call: instructions are
 * what a small message costs.
 */
#ifndef GM_RING_PUT_H
#define GM_RING_PUT_H

#include <errno.h>
#include <string.h>

#include "shm/ring_reserve.h"

/* A small message in two pieces. */
struct gm_parcel {
	uint64_t head[2];
	const void *body; /* not read if size is 0 */
	size_t size;
};

/*
 * S3 for who finds another's reservation last: a tail that changed while it
 * was read is of no use, nor is one that nobody would write.
 */
static inline bool
gm_put_helped(const struct gm_ring_ref *to, uint64_t lo, uint64_t hi)
{
	const uint64_t k = hi & GM_K;

	if (k == 0)
		return true;
	return gm_likely(gm_load(&to->ring->tail.lo, acquire) == lo &&
			 k <= to->cells / 2) &&
	       gm_help_there(to, (lo & GM_POSITION) - k, hi);
}

/* S3 and S4 for one cell: the tail may be moved on by one. */
static inline __attribute__((always_inline)) bool
gm_put_may(struct gm_sender *me, const struct gm_ring_ref *to, uint64_t lo,
    uint64_t hi)
{
	struct gm_ring *const ring = to->ring;
	const uint64_t v = lo & GM_POSITION;
	uint64_t limit, word;

	if (gm_unlikely(hi >> GM_OWNER_SHIFT != me->slot) &&
	    gm_unlikely(!gm_put_helped(to, lo, hi)))
		return false;
	GM_FAULT(GM_AT_H3);
	/* acquire [T2], then [T4]: as in ring_send.c */
	limit = gm_load(&ring->limit, acquire);
	if (gm_unlikely(
		v == 0 || (int64_t)(limit - v) <= (int64_t)GM_RING_RESERVE))
		return false;
	word = gm_load(&ring->allocated, acquire);
	return gm_likely(word == to->proved &&
			 gm_cells_needed(to->cells, v & (to->cells - 1), 1) <=
			     (word & GM_CELLS));
}

/*
 * 1 sent; *sleep_no as of commit, and if it is 0 done (S10) is done already.
 * 0: nothing has happened, it is to be sent with open and commit.  -ESRCH
 * receiver dead or region gone.
 */
static inline __attribute__((always_inline)) int
gm_ring_put(struct gm_sender *me, const struct gm_ring_ref *to,
    struct gm_alive alive, const struct gm_parcel *parcel, uint64_t *sleep_no)
{
	struct gm_ring *const ring = to->ring;
	const size_t size = sizeof(parcel->head) + parcel->size;
	const uint64_t mine = GM_INLINE | 1 | (uint64_t)size << GM_FILL_SHIFT |
			      (uint64_t)me->slot << GM_OWNER_SHIFT;
	struct gm_cell *cell;
	uint64_t lo, hi, v;

	if (gm_unlikely(size > GM_RING_INLINE || me->fenced))
		return 0;
	/* S1, S2 */
	if (gm_unlikely(!gm_announce(me, to, alive, false)))
		return -ESRCH;
	lo = gm_load(&ring->tail.lo, acquire); /* [T1] */
	hi = gm_load(&ring->tail.hi, acquire);
	v = lo & GM_POSITION;
	if (gm_unlikely(gm_load(&ring->fenced, relaxed) != 0 ||
			!gm_put_may(me, to, lo, hi))) {
		gm_ring_done(me);
		return 0;
	}
	GM_FAULT(GM_AT_S4);
	/* S5: release [T5], before the tail can name me */
	gm_store(&me->page->send_v, v, release);
	GM_FAULT(GM_AT_S5);
	/* S6: full barrier [T1] [T5] [T6]; it also sees two halves of two */
	if (gm_unlikely(!gm_cas16(&ring->tail, &lo, &hi, lo + 1, mine))) {
		gm_ring_done(me);
		return 0;
	}
	GM_FAULT(GM_AT_S6);
	gm_fetch_ahead(to, v, 1);
	cell = &to->heads[v & (to->cells - 1)];
	/* S7; in words: what is put together in memory first stalls */
	memcpy(cell->bytes, &parcel->head[0], 8);
	memcpy(cell->bytes + 8, &parcel->head[1], 8);
	if (parcel->size > 0)
		memcpy(cell->bytes + sizeof(parcel->head), parcel->body,
		    parcel->size);
	GM_FAULT(GM_AT_S7);
	/* S8, release [T3]; the fence [T6] pairs with the membarrier */
	gm_store(&cell->head.hi, mine, relaxed);
	GM_FAULT(GM_AT_S8_HI);
	gm_store(&cell->head.lo, v | GM_READY, release);
	gm_compiler_fence();
	GM_FAULT(GM_AT_S8);
	/* S9: acquire [T6] */
	*sleep_no = 0;
	if (gm_unlikely((lo & GM_ASLEEP) != 0 ||
			gm_load(&ring->pinwait, acquire) != 0)) {
		*sleep_no = gm_ring_must_ring(to);
		if (*sleep_no != 0)
			return 1;
	}
	gm_ring_done(me);
	return 1;
}

#endif
