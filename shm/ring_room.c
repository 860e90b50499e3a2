/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for room.  The word waited on is not limit, because the node must
 * move it too, and never 0, because a punched page must not match.
 *
 *	waiter    seq, wanted |= flag, fence, look at limit, wait(seq)
 *	receiver  limit, look at wanted, wanted = 0, seq++, wake
 *
 * SIGKILL of a waiter leaves a flag: one wake too many.  Of the receiver:
 * the node moves the word when it retires the ring.
 */
#include "shm/ring_room.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000

/* A damaged word can lose a wake-up: look again after this. */
#define LOOK_AGAIN_NS SECOND_NS

/* Waking for each freed cell would cost a system call for each record. */
#define WAKE_NS 100000
#define WAKE_STEP 16u

int64_t
gm_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

void
gm_room_wake(struct gm_ring *ring)
{
	/* acq_rel [T8]: what made room before the word; 0 is skipped */
	if (atomic_fetch_add_explicit(
		&ring->room_seq, 1, memory_order_acq_rel) == UINT32_MAX)
		atomic_fetch_add_explicit(
		    &ring->room_seq, 1, memory_order_acq_rel);
	syscall(SYS_futex, &ring->room_seq, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/*
 * Who is fast wakes for half a ring at once.  The clock costs as much as a
 * message, so while they come fast it is looked at more and more seldom.
 */
static bool
too_soon(struct gm_receiver *r, uint32_t wanted, int64_t now)
{
	const uint32_t most =
	    r->batch < WAKE_STEP ? (uint32_t)r->batch : WAKE_STEP;
	bool fast = now - r->wake_seen < WAKE_NS / 16;

	if ((wanted & GM_WANT_LONG) != 0 ||
	    r->cur - r->woke_at >= r->ref.cells / 2 ||
	    now - r->woke_ns >= WAKE_NS)
		return false;
	r->wake_step = fast ? 2 * r->wake_step + 1 : 0;
	/* so many cells are kept from who waits, for as long as one takes */
	if (r->wake_step > most)
		r->wake_step = most;
	r->wake_seen = now;
	r->wake_look = r->cur + r->wake_step;
	return true;
}

GM_COLD void
gm_room_tell(struct gm_receiver *r, uint32_t wanted, bool idle)
{
	struct gm_ring *ring = r->ref.ring;
	int64_t now = gm_clock_ns();

	if ((wanted & GM_WANT_LOOK) != 0)
		r->look = true;
	if (!idle && too_soon(r, wanted, now))
		return;
	r->woke_ns = now;
	r->woke_at = r->cur;
	/* acq_rel [T8]: cleared before the word moves */
	wanted = atomic_exchange_explicit(
	    &ring->room_wanted, 0, memory_order_acq_rel);
	if ((wanted & GM_WANT_FUTEX) != 0)
		gm_room_wake(ring);
	if ((wanted & GM_WANT_NODE) != 0)
		r->node_wants = true;
}

static bool
fits(const struct gm_ring_ref *to, size_t size)
{
	uint64_t b =
	    size <= GM_RING_INLINE ? 1 : (size + GM_CELL - 1) / GM_CELL;
	/* acquire [T1] [T2]; lo = 0: let the caller find out */
	uint64_t v = gm_load(&to->ring->tail.lo, acquire) & GM_POSITION;
	uint64_t limit = gm_load(&to->ring->limit, acquire);

	return v == 0 ||
	       (int64_t)(limit - v) >=
		   (int64_t)(gm_cells_at(to->cells, v, b) + GM_RING_RESERVE);
}

int
gm_ring_has_room(struct gm_sender *me, const struct gm_ring_ref *to,
    struct gm_alive alive, size_t size)
{
	int room;

	if (!gm_announce(me, to, alive, me->fenced))
		return -ESRCH;
	room = fits(to, size);
	gm_ring_done(me);
	return room;
}

/* Whatever it says, the caller tries once more. */
static int
wait_until(struct gm_ring *ring, uint32_t seq, int64_t deadline)
{
	int64_t now = gm_clock_ns(), until = now + LOOK_AGAIN_NS;
	struct timespec when;

	if (deadline >= 0 && now >= deadline)
		return -ETIMEDOUT;
	if (deadline >= 0 && deadline < until)
		until = deadline;
	when.tv_sec = until / SECOND_NS;
	when.tv_nsec = until % SECOND_NS;
	if (syscall(SYS_futex, &ring->room_seq, FUTEX_WAIT_BITSET, seq, &when,
		NULL, FUTEX_BITSET_MATCH_ANY) != 0 &&
	    errno == ETIMEDOUT)
		atomic_fetch_or_explicit(
		    &ring->room_wanted, GM_WANT_LONG, memory_order_relaxed);
	return 0;
}

/*
 * Announced as a send is, for a page punched meanwhile would come back as I
 * look at it, or SIGBUS.  Fenced: this is not the fast way.
 */
int
gm_ring_wait_room(struct gm_sender *me, const struct gm_ring_ref *to,
    struct gm_alive alive, size_t size, int64_t deadline)
{
	struct gm_ring *ring = to->ring;
	uint32_t seq;
	int status = 0;

	if (size > gm_ring_message_max(to))
		return 0;
	if (!gm_announce(me, to, alive, true))
		return -ESRCH;
	seq = gm_load(&ring->room_seq, acquire); /* [T8] */
	atomic_fetch_or_explicit(
	    &ring->room_wanted, GM_WANT_FUTEX, memory_order_seq_cst);
	gm_fence(seq_cst); /* [T8] wanted before limit */
	if (!fits(to, size)) {
		/* acquire [T7]: after seq, which moves after D1 */
		if (gm_load(alive.word, acquire) == alive.value)
			status = wait_until(ring, seq, deadline);
		else
			status = -ESRCH;
	}
	gm_ring_done(me);
	return status;
}

void
gm_ring_want_room(const struct gm_ring_ref *to)
{
	/* seq_cst [T8]: before the caller tries once more */
	atomic_fetch_or_explicit(
	    &to->ring->room_wanted, GM_WANT_NODE, memory_order_seq_cst);
	gm_fence(seq_cst);
}
