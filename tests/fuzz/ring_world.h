/* SPDX-License-Identifier: Apache-2.0 */
/* The mailbox that fuzz_ring plays with. */
#ifndef GS_TESTS_FUZZ_RING_WORLD_H
#define GS_TESTS_FUZZ_RING_WORLD_H

#include "shm/region.h"
#include "tests/fuzz/fuzz.h"

#define CELLS GM_RING_CELLS_MIN
#define AT (1ull << 20)
#define SLOT 7u
#define SENDERS 4u
/* a take may look at each pin for each cell, and there is one a cell */
#define BRANCHES (64ull * CELLS * CELLS)

struct box {
	int fd;
	struct gm_region_ref region;
	const struct gm_ring_ref *ring;
	struct gm_ring *control;
	struct gm_receiver r;
	struct gm_page pages[SENDERS];
	_Atomic uint64_t alive;
	bool damaged; /* the receiver has noticed: it would be restarted */
};

static inline struct gm_alive
alive(struct box *box)
{
	return (struct gm_alive){ &box->alive, 1 };
}

static inline uint64_t
near(struct fuzz_input *in, uint64_t base)
{
	return base + (uint64_t)(int64_t)(int16_t)fuzz_number(in, 2);
}

#endif
