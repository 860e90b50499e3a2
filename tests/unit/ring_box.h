/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A region of its own with a receiver and senders in one process, for the
 * tests of the ring.  A payload says who sent it and the how-manieth it is;
 * the rest follows from that, so a torn one shows.
 */
#ifndef GS_TESTS_RING_BOX_H
#define GS_TESTS_RING_BOX_H

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shm/barrier.h"
#include "shm/region.h"
#include "shm/ring_layout.h"
#include "tests/runner.h"

#define BOX_AT (1ull << 20)
#define BOX_SENDERS 8

struct box_shared {
	struct gm_page pages[BOX_SENDERS];
	_Atomic uint64_t alive;
	_Atomic uint32_t marks[8];
};

struct box {
	int fd;
	struct box_shared *shared;
	struct gm_region_ref region;
	const struct gm_ring_ref *ring;
	struct gm_ring *control;
	struct gm_receiver r;
	struct gm_sender senders[BOX_SENDERS];
	uint64_t sent[BOX_SENDERS];
	uint64_t taken[BOX_SENDERS];
};

static inline void
box_open_fd(struct box *box, uint32_t cells, int fd)
{
	*box = (struct box){ .fd = fd };
	CHECK(fd >= 0);
	box->shared = test_shared(sizeof(*box->shared));
	gm_store(&box->shared->alive, 1, release);
	CHECK_OK(gm_region_create(fd, BOX_AT, cells, 7, 1));
	CHECK_OK(gm_region_map(fd, BOX_AT, 7, 1, true, &box->region));
	box->ring = &box->region.ring[GM_MAILBOX];
	box->control = box->ring->ring;
	gm_receiver_init(&box->r, box->ring, gm_membarrier_register() < 0);
	for (uint32_t i = 0; i < BOX_SENDERS; i++)
		box->senders[i] =
		    (struct gm_sender){ &box->shared->pages[i], i + 1, false };
}

static inline void
box_open(struct box *box, uint32_t cells)
{
	box_open_fd(box, cells, memfd_create("ring", MFD_CLOEXEC));
}

static inline void
box_close(struct box *box)
{
	gm_receiver_fini(&box->r);
	gm_region_unmap(&box->region);
	close(box->fd);
}

#define box_alive(box) ((struct gm_alive){ &(box)->shared->alive, 1 })

static inline uint8_t
box_byte(uint64_t sender, uint64_t n, size_t i)
{
	return (uint8_t)(sender * 31 + n * 7 + i);
}

static inline void
box_fill(const struct gm_slip *slip, uint64_t sender, uint64_t n)
{
	uint8_t *bytes = slip->payload;

	for (size_t i = 0; i < slip->size; i++)
		bytes[i] = box_byte(sender, n, i);
	if (slip->size >= 8)
		memcpy(bytes, &n, 8);
}

static inline int
box_reserve(struct box *box, int who, size_t size, struct gm_slip *slip)
{
	return gm_ring_open(
	    &box->senders[who], box->ring, box_alive(box), size, 0, slip);
}

/* Fills and commits; whether to ring. */
static inline uint64_t
box_finish(struct box *box, int who, struct gm_slip *slip)
{
	uint64_t ring;

	box_fill(slip, (uint64_t)who, box->sent[who]++);
	ring = gm_ring_commit(&box->senders[who], box->ring, slip);
	gm_ring_done(&box->senders[who]);
	return ring;
}

#define box_check(box) CHECK_STR(gm_ring_check(&(box)->r), NULL)

/* what needs all of the above */
#include "tests/unit/ring_mail.h"

#endif
