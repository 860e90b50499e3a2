/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target "segment": segment_world.c has the segment and what is spoilt in
 * it, segment.c the client that looks at it.
 */
#ifndef GS_TESTS_FUZZ_SEGMENT_H
#define GS_TESTS_FUZZ_SEGMENT_H

#include "lib/attach.h"
#include "tests/fuzz/fuzz.h"

#define PEERS 6u /* slot 1 is the client itself */
#define CELLS GM_RING_CELLS_MIN

struct world {
	struct gm_arena node; /* as whoever spoils it has mapped it */
	struct gm_region_ref region[PEERS];
	struct gsi_self *me;
	bool may_be_slow;
	bool attached;
};

/* segment_world.c */
void world_make(struct world *w);
/* Writes something somewhere. */
void world_spoil(struct world *w, struct fuzz_input *in);

#endif
