/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sending: reserve with one 16-byte swap on the tail, write, publish, ring if
 * the receiver sleeps.  The rule: an open reservation is named by the tail or
 * by its own head cell, so whoever comes next can go on without its owner.
 *
 * What SIGKILL (or SIGSTOP) leaves after each shared write:
 *
 *	send_m, send_v	nothing is reserved
 *	another's head	as if its owner had written it; BUSY
 *	fallocate	pages above `allocated`: the next one to grow uses them
 *	allocated	more pages, of use to everybody
 *	tail		the tail names owner and length: the next sender, the
 *			receiver or the node writes the header, BUSY; the node
 *			turns it into SKIP (stopped: it is pinned and passed)
 *	payload, hi	the same
 *	lo READY	a complete record; the node rings (stopped: the next
 *			sender rings)
 *	write, rung	others ring once more
 */
#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "shm/ring_reserve.h"
#include "shm/ring_room.h"

#define TRIM_WAIT_NS 20000000 /* the receiver waits 10 ms for the node */
#define TRIM_YIELD_NS 1000000 /* most are done with it long before */

GM_COLD bool
gm_ring_help(struct gm_word *head, uint64_t a, uint64_t q, uint64_t hi)
{
	uint64_t b = gm_load(&head->hi, relaxed); /* H2 */

	for (int i = 0; i < GM_ROUNDS; i++) {
		GM_FAULT(GM_AT_H2);
		/* H3 [T1]: before the tail moves on */
		if (gm_cas16(head, &a, &b, q | GM_BUSY, hi) ||
		    (a & GM_POSITION) >= q)
			return true;
	}
	return false;
}

size_t
gm_ring_message_max(const struct gm_ring_ref *ref)
{
	return (size_t)ref->cells * GM_CELL / 4;
}

/*
 * No room.  While the receiver trims or rewinds it will come in a moment: 0,
 * try again, for at most 20 ms in all.  A rewind is over within a yield or
 * two; who waits for more leaves the CPU to whom the receiver waits for.
 */
static GM_COLD int
no_room(const struct gm_ring_ref *to, uint64_t lo, int64_t *until)
{
	static const struct timespec pause = { 0, 100000 };
	int64_t now;

	/* acquire [T4] */
	if ((gm_load(&to->ring->allocated, acquire) & GM_TRIMMING) == 0 &&
	    (lo & GM_MOVED) == 0 && *until == 0)
		return -EAGAIN;
	now = gm_clock_ns();
	if (*until == 0)
		*until = now + TRIM_WAIT_NS;
	if (now >= *until)
		return -EAGAIN;
	if (now < *until - TRIM_WAIT_NS + TRIM_YIELD_NS)
		sched_yield();
	else /* by hand, to be no cancellation point in a send */
		syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &pause, NULL);
	return 0;
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
static enum gm_outcome
attempt(struct gm_sender *me, const struct gm_ring_ref *to, uint64_t b,
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

/* After an attempt that failed: others are faster, or room, or memory. */
static GM_COLD int
try_again(struct gm_sender *me, const struct gm_ring_ref *to, uint64_t b,
    uint64_t spare, struct gm_slip *slip, enum gm_outcome outcome, uint64_t lo,
    uint64_t hi)
{
	/* runtime messages, the node's above all, do not wait for a trim */
	const bool at_once = spare == 0;
	const int rounds = at_once ? GM_ROUNDS : GM_ROUNDS * GM_ROUNDS;
	const uint64_t n = to->cells;
	int64_t until = 0;
	int status = 0;
	uint64_t p;

	for (int tries = 0; tries < rounds; tries++) {
		switch (outcome) {
		case GM_DONE:
			return 0;
		case GM_GONE:
			return -ESRCH;
		case GM_DAMAGED:
			return -EBADMSG;
		case GM_NO_ROOM:
			status = at_once ? -EAGAIN : no_room(to, lo, &until);
			break;
		case GM_NO_PROOF:
			/* acquire [T4] */
			status = gm_ring_prove(
			    to, gm_load(&to->ring->allocated, acquire));
			break;
		case GM_NO_CELLS:
			p = lo & (n - 1);
			status = gm_ring_grow(
			    to, gm_cells_needed(n, p, gm_cells_at(n, p, b)));
			break;
		case GM_CHANGED:
			break;
		}
		if (status != 0)
			return status;
		if (outcome != GM_CHANGED && !gm_tail_read(to->ring, &lo, &hi))
			return -EBADMSG;
		outcome = attempt(me, to, b, spare, slip, &lo, &hi);
	}
	return -EAGAIN;
}

int
gm_ring_open(struct gm_sender *me, const struct gm_ring_ref *to,
    struct gm_alive alive, size_t size, unsigned flags, struct gm_slip *slip)
{
	const uint64_t n = to->cells;
	uint64_t b = 1, p, form, spare, lo, hi;
	enum gm_outcome outcome;
	int status;

	if (size <= GM_RING_INLINE) {
		form = GM_INLINE | (uint64_t)size << GM_FILL_SHIFT;
	} else {
		if (gm_unlikely(size > gm_ring_message_max(to)))
			return -EMSGSIZE;
		b = (size + GM_CELL - 1) / GM_CELL;
		form = (b * GM_CELL - size) << GM_FILL_SHIFT;
	}
	slip->hi = form | (uint64_t)me->slot << GM_OWNER_SHIFT;
	slip->size = size;
	if (gm_unlikely(!gm_announce(me, to, alive, me->fenced)))
		return -ESRCH;
	slip->fenced = gm_load(&to->ring->fenced, relaxed) != 0;
	if (gm_unlikely(slip->fenced))
		gm_fence(seq_cst); /* [T5] before S2, for its trim */
	slip->fenced = slip->fenced || me->fenced;
	spare = (flags & GM_SEND_RUNTIME) != 0 ? 0 : GM_RING_RESERVE;
	/* S2; lo = 0: a punched page or a retired ring */
	outcome = GM_DAMAGED;
	if (gm_likely(gm_tail_read(to->ring, &lo, &hi)))
		outcome = attempt(me, to, b, spare, slip, &lo, &hi);
	if (gm_unlikely(outcome != GM_DONE)) {
		status = try_again(me, to, b, spare, slip, outcome, lo, hi);
		if (status != 0) {
			gm_ring_done(me);
			return status;
		}
	}
	gm_fetch_ahead(to, slip->v, slip->hi & GM_K);
	p = slip->v & (n - 1);
	if (size <= GM_RING_INLINE)
		slip->payload = to->heads[p].bytes;
	else
		slip->payload = to->bodies + (p + b <= n ? p : 0) * GM_CELL;
	return 0;
}

GM_COLD uint64_t
gm_ring_must_ring(const struct gm_ring_ref *to)
{
	/* acquire [T6], both: rung is set after the write has returned */
	uint64_t s = gm_load(&to->ring->sleep_no, acquire);

	if (gm_load(&to->ring->rung, acquire) == s)
		return 0;
	/* killed behind this: a ring later than it says */
	gm_store(&to->ring->rung_at, gm_clock_ns(), relaxed);
	return s;
}

uint64_t
gm_ring_commit(
    struct gm_sender *me, const struct gm_ring_ref *to, struct gm_slip *slip)
{
	struct gm_word *head = gm_head(to, slip->v);

	(void)me;
	GM_FAULT(GM_AT_S7);
	/* S8; a helper may have written the same hi */
	gm_store(&head->hi, slip->hi, relaxed);
	GM_FAULT(GM_AT_S8_HI);
	if (gm_unlikely(slip->fenced)) {
		/* seq_cst [T3] [T6]: instead of the receiver's membarrier */
		atomic_exchange_explicit(
		    &head->lo, slip->v | GM_READY, memory_order_seq_cst);
	} else {
		/* release [T3]: payload and hi before READY */
		gm_store(&head->lo, slip->v | GM_READY, release);
		gm_compiler_fence(); /* [T6] the receiver's membarrier */
	}
	GM_FAULT(GM_AT_S8);
	/* S9: acquire [T6] */
	if (gm_unlikely(
		slip->asleep || gm_load(&to->ring->pinwait, acquire) != 0))
		return gm_ring_must_ring(to);
	return 0;
}

void
gm_ring_abandon(
    struct gm_sender *me, const struct gm_ring_ref *to, struct gm_slip *slip)
{
	struct gm_word *head = gm_head(to, slip->v);

	gm_store(&head->hi, slip->hi, relaxed);
	/* release [T3]; nothing to read, so nobody is rung */
	gm_store(&head->lo, slip->v | GM_SKIP, release);
	gm_ring_done(me);
}

void
gm_ring_rung(const struct gm_ring_ref *to, uint64_t sleep_no)
{
	GM_FAULT(GM_AT_S9);
	/* release [T6]: never before the bell has been written */
	if (sleep_no != GM_RING_ANYWAY)
		gm_store(&to->ring->rung, sleep_no, release);
}

uint64_t
gm_ring_nudge(
    struct gm_sender *me, const struct gm_ring_ref *to, struct gm_alive alive)
{
	struct gm_ring *ring = to->ring;
	uint64_t s = 0, lo;

	if (!gm_announce(me, to, alive, true))
		return 0;
	if ((gm_load(&ring->room_wanted, relaxed) & GM_WANT_LOOK) == 0)
		atomic_fetch_or_explicit(&ring->room_wanted, GM_WANT_LOOK,
		    memory_order_seq_cst); /* [T8] */
	/* acquire [T6] */
	lo = gm_load(&ring->tail.lo, acquire);
	if ((lo & GM_ASLEEP) != 0)
		s = gm_ring_must_ring(to);
	else if ((lo & GM_MOVED) != 0) /* for a moment, or damaged */
		s = GM_RING_ANYWAY;
	if (s == 0)
		gm_ring_done(me);
	return s;
}
