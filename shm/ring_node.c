/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the node does to a ring: makes it, settles the open record of a dead
 * sender, retires it with its receiver.  And what tools look at.  The rule:
 * a page whose position is not proved to be allocated is read by pread, for
 * a hole read through a mapping would become a page, or SIGBUS.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "shm/ring_receiver.h"
#include "shm/ring_room.h"

void
gm_ring_create(struct gm_ring *ring, uint32_t cells)
{
	gm_store(&ring->tail.hi, 0, relaxed);
	gm_store(&ring->tail.lo, cells, relaxed);
	gm_store(&ring->limit, 2ull * cells, relaxed);
	gm_store(&ring->taken, cells, relaxed);
	gm_store(&ring->allocated, GM_RING_CELLS_START, relaxed);
	/* until the receiver has said that it can fence its senders */
	gm_store(&ring->fenced, 1, relaxed);
	gm_store(&ring->room_seq, 1, release);
}

/*
 * D3, the header: when the tail names the dead one's reservation.  The page
 * is allocated already, unless the ring lies.
 */
static int
settle_tail(const struct gm_ring_ref *ref, uint32_t owner, uint64_t v)
{
	const uint64_t cell = v & (ref->cells - 1);
	const uint64_t page = cell * GM_CELL & ~(uint64_t)(GM_PAGE - 1);
	uint64_t lo, hi, k;

	/* acquire [T5]: after the kernel's word that it is dead */
	if (!gm_tail_read(ref->ring, &lo, &hi))
		return -EBADMSG;
	k = hi & GM_K;
	if (k == 0 || hi >> GM_OWNER_SHIFT != owner ||
	    (lo & GM_POSITION) - k != v)
		return 0;
	if (k > ref->cells / 2 ||
	    fallocate(ref->fd, 0, (off_t)(ref->heads_at + page), GM_PAGE) < 0)
		return -EBADMSG;
	return gm_help(ref, v, hi) ? 0 : -EBADMSG;
}

/*
 * Killed here: the next node (there is none) would do it again.  Both steps
 * do nothing when repeated.
 */
int
gm_ring_settle(const struct gm_ring_ref *ref, uint32_t owner, uint64_t v)
{
	struct gm_word *head = gm_head(ref, v);
	uint64_t word[2], expected = v | GM_BUSY;
	off_t at = (off_t)(ref->heads_at + (v & (ref->cells - 1)) * GM_CELL);
	int status;

	if (v == 0 || v > GM_POSITION_END)
		return v == 0 ? 0 : -EBADMSG;
	status = settle_tail(ref, owner, v);
	if (status != 0)
		return status;
	GM_FAULT(GM_AT_D3);
	if (pread(ref->fd, word, sizeof(word), at) != (ssize_t)sizeof(word))
		return -EBADMSG;
	if (word[0] != expected || word[1] >> GM_OWNER_SHIFT != owner)
		return 0;
	/* acq_rel [T3]: SKIP frees the cells */
	atomic_compare_exchange_strong_explicit(&head->lo, &expected,
	    v | GM_SKIP, memory_order_acq_rel, memory_order_relaxed);
	return 0;
}

/*
 * After D1.  A sender that has reserved writes into cells nobody reads; the
 * next one finds 0; one that waits for room wakes and finds its receiver
 * dead.
 */
void
gm_ring_retire(const struct gm_ring_ref *ref)
{
	struct gm_ring *ring = ref->ring;
	uint64_t lo = gm_load(&ring->tail.lo, acquire); /* [T1] */
	uint64_t hi = gm_load(&ring->tail.hi, acquire);

	for (int i = 0; i < GM_ROUNDS; i++) {
		if (gm_cas16(&ring->tail, &lo, &hi, 0, 0))
			break;
	}
	gm_room_wake(ring);
}

static uint64_t
cells_allocated(const struct gm_ring_ref *ref)
{
	/* acquire [T4] */
	uint64_t cells = gm_load(&ref->ring->allocated, acquire) & GM_CELLS;

	return cells > ref->cells ? ref->cells : cells;
}

uint64_t
gm_ring_allocated(const struct gm_ring_ref *ref)
{
	return 2 * cells_allocated(ref) * GM_CELL;
}

/* A page of heads, read and not mapped: what looks must not allocate. */
struct heads {
	uint64_t page; /* + 1 */
	struct gm_cell cell[GM_PAGE / GM_CELL];
};

static const struct gm_word *
look_at(const struct gm_ring_ref *ref, struct heads *heads, uint64_t v)
{
	const uint64_t per = GM_PAGE / GM_CELL, cell = v & (ref->cells - 1);

	if (heads->page != cell / per + 1) {
		if (pread(ref->fd, heads->cell, GM_PAGE,
			(off_t)(ref->heads_at + cell / per * GM_PAGE)) !=
		    (ssize_t)GM_PAGE)
			memset(heads->cell, 0, GM_PAGE);
		heads->page = cell / per + 1;
	}
	return &heads->cell[cell % per].head;
}

/*
 * Where no header is, a jump or a rewind begins: the next tag that equals
 * its position is the next record.
 */
uint64_t
gm_ring_count(const struct gm_ring_ref *ref)
{
	uint64_t v = gm_load(&ref->ring->taken, relaxed);
	uint64_t end = gm_load(&ref->ring->tail.lo, acquire) & GM_POSITION;
	uint64_t count = 0, lo, k;
	struct heads heads = { .page = 0 };

	if (end > v + ref->cells) /* a jump, or nonsense */
		v = end - ref->cells;
	while (v < end) {
		const struct gm_word *head = look_at(ref, &heads, v);

		k = 1;
		lo = gm_load(&head->lo, relaxed); /* [T3]: only counted */
		if ((lo & GM_POSITION) == v)
			k = gm_load(&head->hi, relaxed) & GM_K;
		count += lo == (v | GM_READY);
		v += k == 0 ? 1 : k;
	}
	return count;
}

/* One record of the walk; its cells, or 0 and what is wrong with it. */
static uint64_t
check_head(const struct gm_receiver *r, uint64_t v, const char **wrong)
{
	const struct gm_ring_ref *ref = &r->ref;
	uint64_t lo = gm_load(&gm_head(ref, v)->lo, acquire); /* [T3] */
	uint64_t k = gm_load(&gm_head(ref, v)->hi, relaxed) & GM_K;

	if ((v & (ref->cells - 1)) >= cells_allocated(ref))
		*wrong = "I6: a head cell is not allocated";
	else if ((lo & GM_POSITION) != v)
		*wrong = "I3: a head cell has another tag";
	else if ((lo & ~GM_POSITION) > GM_SKIP || (lo & ~GM_POSITION) == 0)
		*wrong = "a head cell has no state";
	else if (k == 0 || k > ref->cells / 2)
		*wrong = "a record has an impossible length";
	return *wrong == NULL ? k : 0;
}

static const char *
check_pins(const struct gm_receiver *r)
{
	uint64_t lo;

	for (uint32_t i = 0; i < r->n_pins; i++) {
		lo = gm_load(&gm_head(&r->ref, r->pins[i].v)->lo, acquire);
		if ((lo & GM_POSITION) != r->pins[i].v)
			return "I1: a pinned head was overwritten";
		if (r->pins[i].next < r->limit)
			return "I1: limit lets senders into a pin";
	}
	return NULL;
}

const char *
gm_ring_check(const struct gm_receiver *r)
{
	const struct gm_ring_ref *ref = &r->ref;
	const char *wrong = check_pins(r);
	uint64_t v = r->cur, lo, hi;
	uint32_t jump = 0;

	if (wrong != NULL)
		return wrong;
	if (!gm_tail_read(ref->ring, &lo, &hi))
		return "the tail does not rest";
	if (gm_load(&ref->ring->limit, acquire) != r->limit)
		return "I5: limit was written by another"; /* [T2] */
	if (r->limit > gm_receiver_bound(r))
		return "limit is beyond what is free";
	lo &= GM_POSITION;
	if (lo > r->limit)
		return "the tail is beyond limit";
	while (v < lo) {
		if (jump < r->n_jumps && r->jumps[jump].from == v) {
			v = r->jumps[jump++].to;
			continue;
		}
		if ((hi & GM_K) != 0 && v == lo - (hi & GM_K) &&
		    (gm_load(&gm_head(ref, v)->lo, acquire) & GM_POSITION) < v)
			return NULL; /* the last one: no header yet */
		v += check_head(r, v, &wrong);
		if (wrong != NULL)
			return wrong;
	}
	return v == lo ? NULL : "records do not end at the tail";
}

bool
gm_ring_look(
    struct gm_sender *me, const struct gm_ring_ref *to, struct gm_alive alive)
{
	return gm_announce(me, to, alive, true);
}

bool
gm_ring_read_up(
    struct gm_sender *me, const struct gm_ring_ref *to, struct gm_alive alive)
{
	bool all;

	if (!gm_announce(me, to, alive, true))
		return false;
	/* relaxed: who asks looks again */
	all = gm_load(&to->ring->taken, relaxed) ==
	      (gm_load(&to->ring->tail.lo, relaxed) & GM_POSITION);
	gm_ring_done(me);
	return all;
}
