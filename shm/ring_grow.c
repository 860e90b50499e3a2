/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cells of a ring that are allocated.  The rule: nobody touches a cell
 * that he has not allocated himself, or proved to be; for `allocated` lies in
 * the ring, where a stray write of anybody changes it, and in a full /dev/shm
 * a hole that is touched is SIGBUS.
 *
 * What is proved stays so while the number stays: a trim changes its epoch.
 * To allocate again what is there changes nothing and is how it is proved.
 */
#include <errno.h>
#include <fcntl.h>

#include "shm/ring_help.h"

#define CELLS_A_PAGE (GM_PAGE / GM_CELL)
/* At a time: the file is locked meanwhile, for everybody. */
#define SLICE (1ull << 20)

static int
allocate(int fd, uint64_t at, uint64_t size)
{
	int i = 0, status = 0;
	uint64_t n;

	for (; size > 0 && status == 0; at += n, size -= n) {
		n = size < SLICE ? size : SLICE;
		do {
			status = fallocate(fd, 0, (off_t)at, (off_t)n);
		} while (status < 0 && errno == EINTR && ++i < GM_ROUNDS);
	}
	return status < 0 ? -errno : 0;
}

static int
allocate_cells(const struct gm_ring_ref *ref, uint64_t from, uint64_t to)
{
	uint64_t at = from * GM_CELL;
	uint64_t size = (to - from) * GM_CELL;
	int status = allocate(ref->fd, ref->heads_at + at, size);

	return status != 0 ? status
			   : allocate(ref->fd, ref->bodies_at + at, size);
}

/* A handle is the sender's own; what is proved is the one thing noted there. */
static int
note(const struct gm_ring_ref *ref, uint64_t word)
{
	((struct gm_ring_ref *)(uintptr_t)ref)->proved = word;
	return 0;
}

/*
 * Doubles, or takes just what is needed when memory is short.  A and B are
 * allocated before anybody is told, so nobody meets a hole.
 */
GM_COLD int
gm_ring_grow(const struct gm_ring_ref *ref, uint64_t need)
{
	struct gm_ring *ring = ref->ring;
	uint64_t word = gm_load(&ring->allocated, acquire); /* [T4] */
	uint64_t cells = word & GM_CELLS;
	uint64_t least =
	    (need + CELLS_A_PAGE - 1) & ~(uint64_t)(CELLS_A_PAGE - 1);
	uint64_t to;
	int status;

	if (cells > ref->cells || cells % CELLS_A_PAGE != 0 ||
	    need > ref->cells)
		return -EBADMSG;
	if (need <= cells)
		return 0;
	to = 2 * cells > least ? 2 * cells : least;
	if (to > ref->cells)
		to = ref->cells;
	status = allocate_cells(ref, cells, to);
	if (status == -ENOSPC && to > least) {
		to = least;
		status = allocate_cells(ref, cells, to);
	}
	if (status != 0)
		return status;
	GM_FAULT(GM_AT_GROWN);
	/*
	 * release [T4]: pages before the number.  It fails when another was
	 * faster or a trim has moved the epoch: the caller looks again.
	 */
	if (atomic_compare_exchange_strong_explicit(&ring->allocated, &word,
		word - cells + to, memory_order_acq_rel,
		memory_order_relaxed) &&
	    word == ref->proved)
		note(ref, word - cells + to);
	return 0;
}

GM_COLD int
gm_ring_prove(const struct gm_ring_ref *ref, uint64_t word)
{
	uint64_t cells = word & GM_CELLS, from = 0;
	int status = 0;

	if (cells > ref->cells || cells % CELLS_A_PAGE != 0)
		return -EBADMSG;
	if (ref->guarded)
		return note(ref, word);
	if (word / GM_EPOCH == ref->proved / GM_EPOCH)
		from = ref->proved & GM_CELLS;
	if (from < cells)
		status = allocate_cells(ref, from, cells);
	return status == 0 ? note(ref, word) : status;
}

/* One head cell, for a header that is missing there. */
GM_COLD bool
gm_ring_head_there(const struct gm_ring_ref *ref, uint64_t cell)
{
	uint64_t at = cell * GM_CELL & ~(uint64_t)(GM_PAGE - 1);

	return ref->guarded ||
	       allocate(ref->fd, ref->heads_at + at, GM_PAGE) == 0;
}
