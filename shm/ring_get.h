/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The short way of a take: the record behind the one in hand, when it is READY
 * and fits a head cell, nothing was passed, and nobody is to be told of room.
 * The same steps as in ring_receive.c; the rule: whatever is not as usual is
 * left to the long way, before anything has changed.
 *
 * In a header, so that lib/take.h has it without a call: instructions are
 * what a small message costs.
 */
#ifndef GM_RING_GET_H
#define GM_RING_GET_H

#include "shm/ring_layout.h"

/* Messages found at the first look, in a row. */
#define GM_STREAK 4u

/*
 * The next head will be looked at; its payload only when messages wait, else
 * its lines would be taken from who is just writing them.
 */
static inline void
gm_fetch_next(
    const struct gm_receiver *r, uint64_t v, const struct gm_cell *next)
{
	__builtin_prefetch(next);
	if (v - r->run_from >= GM_STREAK)
		__builtin_prefetch((const char *)next + GM_LINE);
}

/* Somebody waits for room, and it is time to tell him. */
static inline bool
gm_room_is_due(const struct gm_receiver *r, uint64_t cur)
{
	uint32_t wanted = gm_load(&r->ref.ring->room_wanted, relaxed);

	return gm_unlikely((wanted & ~GM_WANT_LOOK) != 0) &&
	       (cur >= r->wake_look || (wanted & GM_WANT_LONG) != 0);
}

/* One cell, and no more in it than fits (R7). */
static inline bool
gm_is_small(uint64_t hi)
{
	return (hi & (GM_FORM_NEW | GM_INLINE | GM_K)) == (GM_INLINE | 1) &&
	       (hi >> GM_FILL_SHIFT & GM_FILL) <= GM_RING_INLINE;
}

/* NULL: it is to be taken the long way.  Else *out, and gm_ring_got follows. */
static inline __attribute__((always_inline)) const struct gm_cell *
gm_ring_get(const struct gm_receiver *r, struct gm_record *out)
{
	const uint64_t v = r->held_end;
	const struct gm_cell *cell = &r->ref.heads[v & (r->ref.cells - 1)];
	uint64_t hi;

	if (gm_unlikely(r->holding != GM_HOLDS_NEXT || v >= r->publish_at ||
			r->n_pins != 0))
		return NULL;
	/* R2, acquire [T3] */
	if (gm_unlikely(gm_load(&cell->head.lo, acquire) != (v | GM_READY)))
		return NULL;
	hi = gm_load(&cell->head.hi, relaxed);
	if (gm_unlikely(!gm_is_small(hi) || gm_room_is_due(r, v)))
		return NULL;
	out->owner = (uint32_t)(hi >> GM_OWNER_SHIFT);
	out->payload = cell->bytes;
	out->size = hi >> GM_FILL_SHIFT & GM_FILL;
	return cell;
}

/* The one in hand is given back, and this one is lent. */
static inline __attribute__((always_inline)) void
gm_ring_got(struct gm_receiver *r, const struct gm_cell *cell)
{
	const uint64_t v = r->held_end;

	/* behind the last cell lies what nobody misses: no need to wrap */
	gm_fetch_next(r, v, cell + 1);
	r->cur = v;
	r->held_end = v + 1;
	gm_store(&r->ref.ring->taken, v + 1, relaxed);
}

/* When a message last came for which it was to be rung: a hint, in ns. */
static inline int64_t
gm_ring_rung_at(const struct gm_receiver *r)
{
	return gm_load(&r->ref.ring->rung_at, relaxed);
}

/* Whether a look may find something: what a look in vain costs is saved. */
static inline bool
gm_ring_may(const struct gm_receiver *r)
{
	const uint64_t v = r->holding == GM_HOLDS_NEXT ? r->held_end : r->cur;
	const struct gm_cell *cell = &r->ref.heads[v & (r->ref.cells - 1)];

	return r->n_pins != 0 ||
	       (gm_load(&cell->head.lo, relaxed) & GM_POSITION) == v;
}

#endif
