/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pins, jumps, room.  The rule: cells of an open record are written by its
 * owner alone, however many laps it takes; the receiver reserves over them
 * (a jump), and nobody else can, because limit stands before them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shm/barrier.h"
#include "shm/ring_receiver.h"
#include "shm/ring_room.h"

#define PINS_FIRST 16u

/* Rewound from this cell on, when empty: one page each of A and B. */
#define REWIND_FROM 24u

/* Pins that are looked at in a jump: it costs the square of this. */
#define JUMP_OVER 64u

void
gm_receiver_fini(struct gm_receiver *r)
{
	free(r->pins);
	free(r->jumps);
	r->pins = NULL;
	r->jumps = NULL;
	r->n_pins = r->n_jumps = r->room = 0;
}

static bool
more_room(struct gm_receiver *r)
{
	uint32_t room = r->room == 0 ? PINS_FIRST : 2 * r->room;
	struct gm_pin *pins = realloc(r->pins, room * sizeof(*pins));
	struct gm_jump *jumps;

	if (pins == NULL)
		return false;
	r->pins = pins;
	jumps = realloc(r->jumps, room * sizeof(*jumps));
	if (jumps == NULL)
		return false;
	r->jumps = jumps;
	r->room = room;
	return true;
}

bool
gm_pin_add(struct gm_receiver *r, uint64_t k)
{
	if (r->n_pins == r->room && !more_room(r))
		return false;
	r->pins[r->n_pins++] = (struct gm_pin){
		.v = r->cur,
		.k = k,
		.next = r->cur + r->ref.cells,
	};
	return true;
}

void
gm_pin_remove(struct gm_receiver *r, uint32_t i)
{
	r->n_pins--;
	memmove(
	    &r->pins[i], &r->pins[i + 1], (r->n_pins - i) * sizeof(r->pins[0]));
}

uint64_t
gm_jump_take(struct gm_receiver *r)
{
	uint64_t to = r->jumps[0].to;

	r->n_jumps--;
	memmove(&r->jumps[0], &r->jumps[1], r->n_jumps * sizeof(r->jumps[0]));
	return to;
}

uint64_t
gm_receiver_bound(const struct gm_receiver *r)
{
	uint64_t bound = r->cur + r->ref.cells;

	if (gm_unlikely(r->aside != 0))
		bound -= r->aside < r->ref.cells - GM_RING_RESERVE
			     ? r->aside
			     : r->ref.cells - GM_RING_RESERVE;
	for (uint32_t i = 0; i < r->n_pins; i++) {
		if (r->pins[i].next < bound)
			bound = r->pins[i].next;
	}
	return bound;
}

void
gm_receiver_publish(struct gm_receiver *r, bool idle)
{
	struct gm_ring *ring = r->ref.ring;
	uint64_t bound = gm_receiver_bound(r);
	uint32_t wanted;

	if (bound > r->cap)
		bound = r->cap;
	if (bound > r->limit || (idle && r->stale)) {
		if (bound > r->limit)
			gm_receiver_limit(r, bound);
		if (idle) /* seq_cst [T2] [T8]: limit before wanted */
			atomic_exchange_explicit(
			    &ring->limit, r->limit, memory_order_seq_cst);
		else /* release [T2]: after the last read */
			gm_store(&ring->limit, r->limit, release);
		r->stale = !idle;
	}
	wanted = gm_load(&ring->room_wanted, relaxed);
	if (gm_unlikely(
		wanted != 0 && (wanted != GM_WANT_LOOK || r->n_pins != 0)))
		gm_room_tell(r, wanted, idle);
}

bool
gm_receiver_wants_jump(const struct gm_receiver *r)
{
	return r->cur >= r->jump_look ||
	       (gm_load(&r->ref.ring->room_wanted, relaxed) & GM_WANT_LOOK) !=
		   0;
}

/* Whether the largest message fits at v when limit is bound. */
static bool
largest_fits(const struct gm_receiver *r, uint64_t v, uint64_t bound)
{
	const uint64_t n = r->ref.cells;

	return (int64_t)(bound - v) >=
	       (int64_t)(gm_cells_at(n, v, n / 4) + GM_RING_RESERVE);
}

/* The head cell at v must exist before anybody can be sent there. */
static bool
exists(const struct gm_receiver *r, uint64_t v)
{
	return gm_ring_grow(&r->ref, (v & (r->ref.cells - 1)) + 1) == 0;
}

/* The pin with the lowest next that is not below from; NULL: none is. */
static const struct gm_pin *
pin_from(const struct gm_receiver *r, uint64_t from)
{
	const struct gm_pin *found = NULL;

	for (uint32_t i = 0; i < r->n_pins; i++) {
		if (r->pins[i].next >= from &&
		    (found == NULL || r->pins[i].next < found->next))
			found = &r->pins[i];
	}
	return found;
}

/*
 * Where to jump from v, 0: nowhere.  Only from a gap between pins in which
 * the largest message does not fit any more; to the first gap in which it
 * does, else to the widest, if that is wider than what is left here.  (By
 * any weaker rule it would jump for ever.)  *over is the last pin jumped.
 *
 * No record may stand in what is jumped: so up to cur + N at most, where cur
 * is the target itself when the ring is empty.
 */
static uint64_t
jump_target(const struct gm_receiver *r, uint64_t v, uint64_t *over)
{
	const uint64_t n = r->ref.cells;
	const struct gm_pin *first = pin_from(r, 0), *pin = first, *next;
	int64_t room, widest = (int64_t)(first->next - v);
	uint64_t target, bound, best = 0;

	if (first->next >= r->cur + n || largest_fits(r, v, first->next))
		return 0;
	for (uint32_t i = 0; i < JUMP_OVER && pin != NULL; i++) {
		target = pin->next + pin->k;
		next = pin_from(r, pin->next + 1);
		bound = next != NULL ? next->next : first->next + n;
		if (v != r->cur && r->cur + n < bound)
			bound = r->cur + n;
		room = (int64_t)(bound - target);
		if (room > widest || largest_fits(r, target, bound)) {
			widest = room;
			best = target;
			*over = pin->next;
			if (largest_fits(r, target, bound))
				break;
		}
		pin = next;
	}
	return best;
}

/*
 * Until limit follows a tail that I have moved, the ring looks full though it
 * is not: MOVED, set by the move, tells senders to look again.
 */
static void
publish_moved(struct gm_receiver *r)
{
	gm_receiver_publish(r, true);
	/* release [T2]: limit before the flag goes */
	atomic_fetch_and_explicit(
	    &r->ref.ring->tail.lo, ~GM_MOVED, memory_order_release);
}

GM_COLD int
gm_receiver_jump(struct gm_receiver *r)
{
	const struct gm_ring_ref *ref = &r->ref;
	uint64_t lo, hi, v, k, target, over;

	r->jump_look = r->cur + ref->cells / 64;
	if (!gm_tail_read(ref->ring, &lo, &hi))
		return -EBADMSG;
	v = lo & GM_POSITION;
	k = hi & GM_K;
	if (v < r->cur || r->cap != GM_POSITION_END)
		return v < r->cur ? -EBADMSG : 0;
	/* limit, which stands back for these, would not follow the tail */
	if (r->aside != 0 && v != r->cur)
		return 0;
	if (v > r->limit || k > ref->cells / 2)
		return -EBADMSG;
	target = jump_target(r, v, &over);
	if (target == 0 || r->n_jumps == r->room || !exists(r, target))
		return 0;
	if (k != 0 && !gm_help(ref, v - k, hi))
		return -EBADMSG;
	/* full barrier [T1]; killed behind it: the ring dies with me */
	if (!gm_cas16(&ref->ring->tail, &lo, &hi,
		target | (lo & ~GM_POSITION) | GM_MOVED, 0))
		return 0;
	GM_FAULT(GM_AT_JUMP);
	if (v == r->cur)
		r->cur = target;
	else
		r->jumps[r->n_jumps++] = (struct gm_jump){ v, target };
	for (uint32_t i = 0; i < r->n_pins; i++) {
		if (r->pins[i].next <= over)
			r->pins[i].next += ref->cells;
	}
	publish_moved(r);
	return 1;
}

/*
 * Rewinding costs a lap of positions: less often when many are used up; from
 * anywhere when a sender has found no memory for the cells behind.
 */
uint64_t
gm_rewind_from(const struct gm_receiver *r)
{
	const uint32_t wanted = gm_load(&r->ref.ring->room_wanted, relaxed);

	if (r->cur < GM_POSITION / 4)
		return (wanted & GM_WANT_LOOK) != 0 ? 1 : REWIND_FROM;
	return r->cur < GM_POSITION / 2 ? r->ref.cells / 64 + REWIND_FROM
					: GM_POSITION;
}

/*
 * The rest of the lap is reserved by me and holds no record; the last real
 * one has been delivered, so nobody is to be helped.
 */
bool
gm_receiver_rewind(struct gm_receiver *r)
{
	const uint64_t n = r->ref.cells;
	const uint64_t next = (r->cur | (n - 1)) + 1;
	uint64_t lo, hi;

	if (r->n_pins != 0 || r->cap != GM_POSITION_END ||
	    !gm_tail_read(r->ref.ring, &lo, &hi) ||
	    (lo & GM_POSITION) != r->cur)
		return false;
	if (!gm_cas16(&r->ref.ring->tail, &lo, &hi,
		next | (lo & ~GM_POSITION) | GM_MOVED, 0))
		return false;
	r->cur = next;
	gm_store(&r->ref.ring->taken, next, relaxed);
	publish_moved(r);
	if ((gm_load(&r->ref.ring->room_wanted, relaxed) & GM_WANT_LOOK) != 0)
		atomic_fetch_and_explicit(&r->ref.ring->room_wanted,
		    ~GM_WANT_LOOK, memory_order_relaxed);
	return true;
}

void
gm_receiver_fence(struct gm_receiver *r)
{
	if (r->fenced)
		gm_fence(seq_cst); /* [T6] */
	else if (gm_membarrier() != 0)
		gm_barrier_late();
}
