/* SPDX-License-Identifier: Apache-2.0 */
/* What the short way of a send (ring_put.h) and the long one share. */
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
