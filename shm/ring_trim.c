/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Giving pages back while empty.  The rule: punch only what I have reserved
 * myself, after nobody can be about to write there, and let nobody reserve
 * it again before `allocated` says that it is gone.
 *
 * SIGKILL anywhere in here: the region dies.  SIGSTOP: the first KEEP cells
 * of the lap stay usable.
 */
#include <fcntl.h>

#include "shm/ring_receiver.h"

/* Cells that senders may use meanwhile. */
static uint64_t
keep(uint64_t n)
{
	return n <= GM_RING_CELLS_MIN ? n / 4 : 128;
}

/* Reserves up to the cell p of a lap; false: somebody is faster. */
static bool
go_to(struct gm_receiver *r, uint64_t to)
{
	struct gm_ring *ring = r->ref.ring;
	uint64_t lo, hi;

	if (!gm_tail_read(ring, &lo, &hi) || (lo & GM_POSITION) != r->cur ||
	    !gm_cas16(&ring->tail, &lo, &hi, to | (lo & ~GM_POSITION), 0))
		return false;
	r->cur = to;
	gm_store(&ring->taken, to, relaxed);
	return true;
}

static void
punch(const struct gm_ring_ref *ref, uint64_t from)
{
	const int how = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	const uint64_t at = from * GM_CELL;
	const uint64_t size = ref->cells * (uint64_t)GM_CELL - at;

	/* what cannot be punched stays allocated: wasted, not wrong */
	(void)!fallocate(
	    ref->fd, how, (off_t)(ref->heads_at + at), (off_t)size);
	GM_FAULT(GM_AT_PUNCH);
	(void)!fallocate(
	    ref->fd, how, (off_t)(ref->bodies_at + at), (off_t)size);
}

/* At cell p = keep, or not: the room that is left while I trim. */
static bool
take_position(struct gm_receiver *r)
{
	const uint64_t n = r->ref.cells;
	uint64_t p = r->cur & (n - 1);

	if (p > keep(n) && !gm_receiver_rewind(r))
		return false;
	p = r->cur & (n - 1);
	if (p < keep(n) && !go_to(r, r->cur - p + keep(n)))
		return false;
	gm_receiver_publish(r, true);
	return true;
}

static bool
empty(const struct gm_receiver *r)
{
	/* limit stands back for what is aside, and the tail would pass it */
	return r->holding == GM_HOLDS_NONE && r->n_pins == 0 &&
	       r->n_jumps == 0 && r->aside == 0 &&
	       r->cur < GM_POSITION / 4 * 3 &&
	       (gm_load(&r->ref.ring->tail.lo, acquire) & GM_POSITION) ==
		   r->cur;
}

/* Reserves the rest of the lap, gives its pages back, then says so. */
static bool
trim(
    struct gm_receiver *r, uint64_t from, bool (*quiet)(void *data), void *data)
{
	struct gm_ring *ring = r->ref.ring;
	const uint64_t n = r->ref.cells;
	uint64_t word;

	if (!take_position(r))
		return false;
	r->cap = r->limit;
	if (!go_to(r, (r->cur | (n - 1)) + 1))
		return false;
	GM_FAULT(GM_AT_TRIM);
	/*
	 * [T5]: who announced a send before the tail moved is seen by quiet,
	 * who announces later sees the new tail and [0, p) of this lap.
	 */
	gm_receiver_fence(r);
	if (!quiet(data))
		return false;
	punch(&r->ref, from);
	/* acq_rel [T4]: before limit, so that the next lap grows again */
	word = gm_load(&ring->allocated, acquire);
	atomic_exchange_explicit(&ring->allocated,
	    (word & ~(GM_EPOCH - 1)) + GM_EPOCH + from, memory_order_acq_rel);
	return true;
}

size_t
gm_ring_trim(struct gm_receiver *r, bool (*quiet)(void *data), void *data)
{
	struct gm_ring *ring = r->ref.ring;
	const uint64_t from = keep(r->ref.cells) + GM_PAGE / GM_CELL;
	/* acquire [T4] */
	uint64_t cells = gm_load(&ring->allocated, acquire) & GM_CELLS;
	bool done;

	if (cells <= from || cells > r->ref.cells || !empty(r))
		return 0;
	/* seq_cst [T4]: before the room shrinks */
	atomic_fetch_or_explicit(
	    &ring->allocated, GM_TRIMMING, memory_order_seq_cst);
	done = trim(r, from, quiet, data);
	r->cap = GM_POSITION_END;
	if (!done)
		atomic_fetch_and_explicit(&ring->allocated,
		    ~(uint64_t)GM_TRIMMING, memory_order_acq_rel);
	gm_receiver_publish(r, true);
	return done ? 2 * (cells - from) * GM_CELL : 0;
}
