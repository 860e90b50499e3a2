/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking records.  The rule: an open record is never waited for.  It is
 * pinned and passed; before anything behind it is delivered, all pins are
 * looked at again, which keeps the order of each sender and the order of
 * cause and effect.
 * The receiver's death, anywhere: the ring is never read again and its
 * memory is given back whole (gm_ring_retire, gm_region_punch).
 */
#include <errno.h>

#include "shm/ring_get.h"
#include "shm/ring_receiver.h"

/* Looks in vain before the tail is read at all, and then each so often. */
#define LOOKS_FIRST 8u
#define LOOKS_AGAIN 1024u
#define LOOKS_QUIET 64u
#define REWIND_AGAIN 32u

void
gm_receiver_init(
    struct gm_receiver *r, const struct gm_ring_ref *ref, bool fenced)
{
	*r = (struct gm_receiver){
		.ref = *ref,
		.cur = ref->cells,
		.cap = GM_POSITION_END,
		.batch = ref->cells / 64,
		.fenced = fenced,
	};
	gm_receiver_limit(r, 2ull * ref->cells);
	/* release [T6]: membarrier is registered; till then each has fenced */
	gm_store(&ref->ring->fenced, fenced, release);
}

/*
 * Checks hi of the record at v (R7) and tells where it lies.  False: it is
 * nothing that a sender would write.
 */
static inline bool
gm_decode(const struct gm_ring_ref *ref, uint64_t v, uint64_t hi,
    struct gm_record *out)
{
	const uint64_t n = ref->cells, p = v & (n - 1);
	const uint64_t fill = hi >> GM_FILL_SHIFT & GM_FILL;
	uint64_t b = hi & GM_K, at = p;

	out->owner = (uint32_t)(hi >> GM_OWNER_SHIFT);
	if ((hi & GM_INLINE) != 0) {
		out->payload = ref->heads[p].bytes;
		out->size = fill;
		return (hi & (GM_FORM_NEW | GM_K)) == 1 &&
		       fill <= GM_RING_INLINE;
	}
	if (p + b > n) {
		b -= n - p;
		at = 0;
	}
	out->payload = ref->bodies + at * GM_CELL;
	out->size = b * GM_CELL - fill;
	return b - 1 < n / 4 && out->size > GM_RING_INLINE &&
	       gm_cells_at(n, v, b) == (hi & GM_K) && (hi & GM_FORM_NEW) == 0;
}

/* Lends the READY record at v; its end is free when it is released. */
static inline int
lend(struct gm_receiver *r, uint64_t v, uint64_t hi, int pin,
    struct gm_record *out)
{
	if (gm_unlikely(!gm_decode(&r->ref, v, hi, out)))
		return -EBADMSG;
	r->held_end = v + (hi & GM_K);
	if (pin < 0) {
		r->holding = GM_HOLDS_NEXT;
		gm_store(&r->ref.ring->taken, r->held_end, relaxed);
	} else {
		r->holding = GM_HOLDS_PIN;
		r->held_pin = (uint32_t)pin;
	}
	return 1;
}

static GM_COLD void
free_held_pin(struct gm_receiver *r)
{
	r->holding = GM_HOLDS_NONE;
	gm_pin_remove(r, r->held_pin);
	gm_receiver_publish(r, false);
}

/* Gives the borrowed cells back: R4, at the latest when `batch` are free. */
static inline void
drop(struct gm_receiver *r)
{
	if (gm_unlikely(r->holding == GM_HOLDS_PIN)) {
		free_held_pin(r);
		return;
	}
	r->holding = GM_HOLDS_NONE;
	r->cur = r->held_end;
	if (gm_unlikely(r->cur >= r->publish_at || gm_room_is_due(r, r->cur)))
		gm_receiver_publish(r, false);
}

/*
 * R1.  acquire [T3]: payload of what became READY.  1 lent, 0 all are still
 * open, -EBADMSG.
 */
static int
look_at_pins(struct gm_receiver *r, struct gm_record *out)
{
	struct gm_word *head;
	uint64_t a, v;

	for (uint32_t i = 0; i < r->n_pins;) {
		v = r->pins[i].v;
		head = gm_head(&r->ref, v);
		a = gm_load(&head->lo, acquire);
		if (a == (v | GM_BUSY)) {
			i++;
		} else if (a == (v | GM_SKIP)) {
			/* it may be all that others wait for */
			gm_pin_remove(r, i);
			gm_receiver_publish(r, false);
		} else if (a == (v | GM_READY)) {
			/* the length is that of the pin, not a later one */
			return lend(r, v,
			    (gm_load(&head->hi, relaxed) & ~GM_K) |
				r->pins[i].k,
			    (int)i, out);
		} else {
			return -EBADMSG;
		}
	}
	return 0;
}

/* R6, and R3 when the header is missing.  1: look again, 0: empty. */
static GM_COLD int
look_at_tail(struct gm_receiver *r)
{
	const struct gm_ring_ref *ref = &r->ref;
	uint64_t lo, hi, v, k;

	r->look = false;
	if (!gm_ring_sound(r) || !gm_tail_read(ref->ring, &lo, &hi))
		return -EBADMSG;
	v = lo & GM_POSITION;
	k = hi & GM_K;
	if (v == r->cur) {
		if (r->cur >= GM_POSITION_END)
			return -EBADMSG;
		if (r->n_pins != 0)
			return gm_receiver_jump(r);
		if ((r->cur & (ref->cells - 1)) >= gm_rewind_from(r))
			gm_receiver_rewind(r);
		return 0;
	}
	/* a sender is on its way: the tail's line stays with it for a while */
	r->rewind_look = r->cur + REWIND_AGAIN;
	if (k != 0 && v - k == r->cur)
		return k <= ref->cells / 2 && gm_help(ref, r->cur, hi)
			   ? 1
			   : -EBADMSG;
	/* T1: the header must be there by now, if this is a ring */
	lo = gm_load(&gm_head(ref, r->cur)->lo, acquire);
	return v > r->cur && (lo & GM_POSITION) >= r->cur ? 1 : -EBADMSG;
}

/*
 * Nothing at cur.  The tail is read only now and then: without a header at
 * cur nothing behind it is complete (T1), and reading the tail would take
 * its line from the next sender.
 */
int
gm_receiver_nothing(struct gm_receiver *r)
{
	bool due;

	if (r->looked != r->cur) {
		r->looked = r->cur;
		r->looks = 0;
	}
	r->looks++;
	/* limit is what senders read each time: written only when it counts */
	if (r->look || r->looks >= LOOKS_QUIET ||
	    gm_load(&r->ref.ring->room_wanted, relaxed) != 0)
		gm_receiver_publish(r, true);
	due = r->look || r->looks % LOOKS_AGAIN == 0;
	if (r->looks == LOOKS_FIRST)
		due = due || r->n_pins != 0;
	/* at once: who is never idle for long would walk the whole ring */
	if (r->looks == 1 && r->cur >= r->rewind_look)
		due = due || (r->cur & (r->ref.cells - 1)) >= gm_rewind_from(r);
	return due ? look_at_tail(r) : 0;
}

/* What is not READY at cur.  1: look again. */
static int
pass(struct gm_receiver *r, uint64_t a)
{
	const struct gm_ring_ref *ref = &r->ref;
	struct gm_record record;
	uint64_t hi, tag = a & GM_POSITION;

	if (tag > r->cur)
		return -EBADMSG;
	if (tag < r->cur) {
		if (r->n_jumps == 0 || r->jumps[0].from != r->cur)
			return gm_receiver_nothing(r);
		r->cur = gm_jump_take(r);
		return 1;
	}
	hi = gm_load(&gm_head(ref, r->cur)->hi, relaxed);
	if (!gm_decode(ref, r->cur, hi, &record))
		return -EBADMSG;
	switch (a & ~GM_POSITION) {
	case GM_BUSY:
		if (!gm_pin_add(r, hi & GM_K))
			return 0; /* no memory: wait for this one */
		break;
	case GM_SKIP:
		break;
	default:
		return -EBADMSG;
	}
	r->cur += hi & GM_K;
	gm_store(&ref->ring->taken, r->cur, relaxed);
	return 1;
}

/* R1 to R6 in general.  Pins are looked at after the look at cur: R2. */
static GM_COLD int
take_slowly(struct gm_receiver *r, struct gm_record *out)
{
	struct gm_word *head;
	uint64_t a;
	int got;

	/* everybody's cells at most, or somebody makes fun of us */
	for (uint64_t i = 0; i < 2ull * r->ref.cells; i++) {
		if (r->n_pins != 0 && gm_receiver_wants_jump(r) &&
		    gm_receiver_jump(r) < 0)
			return -EBADMSG;
		head = gm_head(&r->ref, r->cur);
		a = gm_load(&head->lo, acquire); /* R2 [T3] */
		got = look_at_pins(r, out); /* R1 */
		if (got != 0)
			return got;
		if (a == (r->cur | GM_READY))
			return lend(
			    r, r->cur, gm_load(&head->hi, relaxed), -1, out);
		got = pass(r, a);
		if (got <= 0)
			return got;
	}
	r->look = true;
	return 0;
}

int
gm_ring_take(struct gm_receiver *r, struct gm_record *out)
{
	struct gm_cell *const heads = r->ref.heads;
	const uint64_t mask = r->ref.cells - 1;
	struct gm_cell *cell;
	uint64_t v, hi;

	if (r->holding != GM_HOLDS_NONE)
		drop(r);
	v = r->cur;
	cell = &heads[v & mask];
	/* R2, acquire [T3] */
	if (gm_unlikely(gm_load(&cell->head.lo, acquire) != (v | GM_READY) ||
			r->n_pins != 0)) {
		r->run_from = v;
		return take_slowly(r, out);
	}
	hi = gm_load(&cell->head.hi, relaxed);
	gm_fetch_next(r, v, &heads[(v + (hi & GM_K)) & mask]);
	/* most are small: the same as lend, at sight */
	if (gm_unlikely(!gm_is_small(hi)))
		return lend(r, v, hi, -1, out);
	out->owner = (uint32_t)(hi >> GM_OWNER_SHIFT);
	out->payload = cell->bytes;
	out->size = hi >> GM_FILL_SHIFT & GM_FILL;
	r->holding = GM_HOLDS_NEXT;
	r->held_end = v + 1;
	gm_store(&r->ref.ring->taken, v + 1, relaxed);
	return 1;
}

bool
gm_ring_release(struct gm_receiver *r)
{
	bool wants;

	if (r->holding != GM_HOLDS_NONE)
		drop(r);
	wants = r->node_wants;
	r->node_wants = false;
	return wants;
}

void
gm_ring_offer(struct gm_receiver *r)
{
	gm_receiver_publish(r, true);
}

uint64_t
gm_ring_aside(struct gm_receiver *r)
{
	uint64_t cells = 0;

	if (r->holding == GM_HOLDS_PIN)
		cells = r->pins[r->held_pin].k;
	else if (r->holding == GM_HOLDS_NEXT)
		cells = r->held_end - r->cur;
	r->aside += cells;
	return cells;
}

void
gm_ring_aside_end(struct gm_receiver *r, uint64_t cells)
{
	r->aside -= cells < r->aside ? cells : r->aside;
	gm_receiver_publish(r, false);
}
