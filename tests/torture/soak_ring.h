/* SPDX-License-Identifier: Apache-2.0 */
/* A ring as it stands, in words: what waits in it, and whether it sleeps. */
#ifndef GS_TESTS_SOAK_RING_H
#define GS_TESTS_SOAK_RING_H

#include <stdio.h>
#include <string.h>

#include "lib/message.h"
#include "shm/ring_layout.h"

#define SHOWN_CELLS 64u /* from what was taken last */

/* Kinds are enum gsi_kind, states of cells those of ring_layout.h. */
static inline void
show_cells(const struct gm_ring_ref *ref, uint64_t v, uint64_t end)
{
	const uint64_t cells =
	    gm_load(&ref->ring->allocated, acquire) & GM_CELLS;

	for (uint32_t i = 0; i < SHOWN_CELLS && v < end; i++, v++) {
		const struct gm_cell *c = &ref->heads[v & (ref->cells - 1)];
		uint64_t lo, hi;
		uint32_t kind;

		/* a hole, looked at, would become a page */
		if ((v & (ref->cells - 1)) >= cells)
			continue;
		lo = gm_load(&c->head.lo, acquire);
		hi = gm_load(&c->head.hi, relaxed);
		if ((lo & GM_POSITION) != v)
			continue;
		memcpy(&kind, c->bytes, sizeof(kind));
		printf("  %llu: state %u, %llu cells of slot %u",
		    (unsigned long long)v, (unsigned)(lo >> 56),
		    (unsigned long long)(hi & GM_K),
		    (unsigned)(hi >> GM_OWNER_SHIFT));
		printf(
		    (hi & GM_INLINE) ? ", kind %u\n" : "\n", kind & GSI_KIND);
	}
}

static inline void
show_ring(const char *what, const struct gm_ring_ref *ref)
{
	struct gm_ring *r = ref->ring;
	uint64_t taken = gm_load(&r->taken, acquire);
	uint64_t lo = gm_load(&r->tail.lo, acquire);
	uint64_t hi = gm_load(&r->tail.hi, acquire);

	printf("%s: taken %llu, tail %llu flags %x (1 asleep), last %llu of "
	       "slot %u, limit %llu, sleep_no %llu rung %llu pinwait %u, "
	       "allocated %llx, wanted %x\n",
	    what, (unsigned long long)taken,
	    (unsigned long long)(lo & GM_POSITION), (unsigned)(lo >> 56),
	    (unsigned long long)(hi & GM_K), (unsigned)(hi >> GM_OWNER_SHIFT),
	    (unsigned long long)gm_load(&r->limit, acquire),
	    (unsigned long long)gm_load(&r->sleep_no, acquire),
	    (unsigned long long)gm_load(&r->rung, acquire),
	    gm_load(&r->pinwait, acquire),
	    (unsigned long long)gm_load(&r->allocated, acquire),
	    gm_load(&r->room_wanted, acquire));
	show_cells(ref, taken, lo & GM_POSITION);
}

#endif
