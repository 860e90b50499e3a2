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

/* S1 to S6 */
static inline __attribute__((always_inline)) enum gm_outcome
gm_put_reserve(struct gm_sender *me, const struct gm_ring_ref *to,
    uint64_t spare, struct gm_slip *slip)
{
	uint64_t lo = gm_load(&to->ring->tail.lo, acquire); /* [T1] */
	uint64_t hi = gm_load(&to->ring->tail.hi, acquire);

	/* S2 */
	if (gm_unlikely(gm_load(&to->ring->tail.lo, acquire) != lo))
		return GM_CHANGED;
	return gm_attempt(me, to, 1, spare, slip, &lo, &hi);
}

/*
 * 1 sent; *sleep_no as of commit, and if it is 0 done (S10) is done already.
 * 0: nothing has happened, it is to be sent with open and commit.  -ESRCH
 * receiver dead or region gone.
 */
static inline __attribute__((always_inline)) int
gm_ring_put(struct gm_sender *me, const struct gm_ring_ref *to,
    struct gm_alive alive, const struct gm_parcel *parcel, unsigned flags,
    uint64_t *sleep_no)
{
	const size_t size = sizeof(parcel->head) + parcel->size;
	const uint64_t spare =
	    (flags & GM_SEND_RUNTIME) != 0 ? 0 : GM_RING_RESERVE;
	struct gm_slip slip;
	struct gm_cell *cell;

	if (gm_unlikely(size > GM_RING_INLINE || me->fenced))
		return 0;
	if (gm_unlikely(!gm_announce(me, to, alive, false)))
		return -ESRCH;
	slip.hi = GM_INLINE | (uint64_t)size << GM_FILL_SHIFT |
		  (uint64_t)me->slot << GM_OWNER_SHIFT;
	if (gm_unlikely(gm_load(&to->ring->fenced, relaxed) != 0 ||
			gm_put_reserve(me, to, spare, &slip) != GM_DONE)) {
		gm_ring_done(me);
		return 0;
	}
	gm_fetch_ahead(to, slip.v, 1);
	cell = &to->heads[slip.v & (to->cells - 1)];
	/* S7 */
	memcpy(cell->bytes, parcel->head, sizeof(parcel->head));
	if (parcel->size > 0)
		memcpy(cell->bytes + sizeof(parcel->head), parcel->body,
		    parcel->size);
	GM_FAULT(GM_AT_S7);
	/* S8, release [T3]; the fence [T6] pairs with the membarrier */
	gm_store(&cell->head.hi, slip.hi, relaxed);
	GM_FAULT(GM_AT_S8_HI);
	gm_store(&cell->head.lo, slip.v | GM_READY, release);
	gm_compiler_fence();
	GM_FAULT(GM_AT_S8);
	/* S9: acquire [T6] */
	*sleep_no = 0;
	if (gm_unlikely(
		slip.asleep || gm_load(&to->ring->pinwait, acquire) != 0)) {
		*sleep_no = gm_ring_must_ring(to);
		if (*sleep_no != 0)
			return 1;
	}
	gm_ring_done(me);
	return 1;
}

#endif
