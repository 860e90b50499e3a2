/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sender, receiver and node do alike: read the tail, find a head cell,
 * write the header that the last owner has not written yet.  The rule:
 * whoever moves the tail helps first.
 */
#ifndef GM_RING_HELP_H
#define GM_RING_HELP_H

#include "shm/fault.h"
#include "shm/ring.h"
#include "shm/ring_layout.h"

static inline struct gm_word *
gm_head(const struct gm_ring_ref *ref, uint64_t position)
{
	return &ref->heads[position & (ref->cells - 1)].head;
}

/* A snapshot of the tail: while lo stays, so does hi (never repeats). */
static inline bool
gm_tail_read(struct gm_ring *ring, uint64_t *lo, uint64_t *hi)
{
	for (int i = 0; i < GM_ROUNDS; i++) {
		/* acquire [T1]: all headers but the last are there */
		*lo = gm_load(&ring->tail.lo, acquire);
		*hi = gm_load(&ring->tail.hi, acquire);
		if (gm_likely(gm_load(&ring->tail.lo, acquire) == *lo))
			return true;
	}
	return false;
}

/* ring_send.c: H2 and H3; a is what H1 has seen. */
bool gm_ring_help(struct gm_word *head, uint64_t a, uint64_t q, uint64_t hi);

/*
 * HELP(q, hi): the last reservation gets its header, BUSY, from whoever
 * moves the tail next.  Tags only grow, so the test is "<": with "!=" a late
 * helper would overwrite a newer header.  False: the ring is damaged.
 *
 * Killed or stopped after H2: nothing written; resumed later, the CAS fails,
 * or plants an old tag in a punched cell, which everybody reads as "free".
 */
static inline bool
gm_help(const struct gm_ring_ref *ref, uint64_t q, uint64_t hi)
{
	struct gm_word *head = gm_head(ref, q);
	uint64_t a = gm_load(&head->lo, acquire); /* H1 */

	return gm_likely((a & GM_POSITION) >= q) ||
	       gm_ring_help(head, a, q, hi);
}

/*
 * S1: from here to S10 the region's memory stays, even if its owner dies:
 * nobody touches a region that is not his own without this.  False: it is
 * dead already, and the announcement was taken back.
 */
static inline bool
gm_announce(struct gm_sender *me, const struct gm_ring_ref *to,
    struct gm_alive alive, bool fenced)
{
	/* release [T5]; v first, or the node takes the last one for it */
	gm_store(&me->page->send_v, 0, release);
	gm_store(&me->page->send_m, to->id, release);
	if (gm_unlikely(fenced))
		gm_fence(seq_cst); /* [T5] instead of the membarrier */
	else
		gm_compiler_fence(); /* [T5] the node's membarrier */
	GM_FAULT(GM_AT_S1);
	/* acquire [T5] [T7]: either I see DEAD or the node sees send_m */
	if (gm_likely(gm_load(alive.word, acquire) == alive.value))
		return true;
	gm_ring_done(me);
	return false;
}

/* Allocates A and B below need cells; the caller looks again at 0. */
int gm_ring_grow(const struct gm_ring_ref *ref, uint64_t need);
/* Proves that what `allocated` says is there: 0, -EBADMSG, -ENOSPC. */
int gm_ring_prove(const struct gm_ring_ref *ref, uint64_t word);
bool gm_ring_head_there(const struct gm_ring_ref *ref, uint64_t cell);

/* Cells that a body of b cells takes when it starts at position v. */
static inline uint64_t
gm_cells_at(uint64_t n, uint64_t v, uint64_t b)
{
	uint64_t p = v & (n - 1);

	return b == 1 || p + b <= n ? b : n - p + b;
}

#endif
