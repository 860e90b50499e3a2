/* SPDX-License-Identifier: Apache-2.0 */
/* One word of a region, spoilt in one way: what a stray write can do. */
#ifndef GS_TESTS_UNIT_DAMAGES_H
#define GS_TESTS_UNIT_DAMAGES_H

#include "shm/region.h"
#include "shm/ring_layout.h"

enum how { SET, ADD, OR, CLEAR };

#define IN_RING(word)                                                          \
	true, offsetof(struct gm_ring, word),                                  \
	    sizeof(((struct gm_ring *)0)->word)
/* The head of a region: magic, then cells, slot, gen. */
#define IN_HEAD(at, size) false, at, size

static const struct {
	const char *name;
	bool in_ring;
	size_t at;
	size_t size;
	enum how how;
	uint64_t value;
} damages[] = {
	{ "tail 0", IN_RING(tail.lo), SET, 0 },
	{ "tail back", IN_RING(tail.lo), ADD, -3ull },
	{ "tail ahead", IN_RING(tail.lo), ADD, 3 },
	{ "tail far", IN_RING(tail.lo), SET, 0x00a5a5a5a5a5a5a5 },
	{ "tail flag", IN_RING(tail.lo), OR, 1ull << 60 },
	{ "tail moved", IN_RING(tail.lo), OR, GM_MOVED },
	{ "tail awake", IN_RING(tail.lo), CLEAR, GM_ASLEEP },
	{ "tail k", IN_RING(tail.hi), SET, ~0ull },
	{ "tail owner", IN_RING(tail.hi), SET, 77ull << GM_OWNER_SHIFT | 5 },
	{ "tail wide", IN_RING(tail), SET, ~0ull },
	{ "limit 0", IN_RING(limit), SET, 0 },
	{ "limit lower", IN_RING(limit), ADD, -1ull << 13 },
	{ "limit higher", IN_RING(limit), ADD, 1ull << 13 },
	{ "limit far", IN_RING(limit), SET, ~0ull >> 1 },
	{ "limit negative", IN_RING(limit), SET, ~0ull },
	{ "rung already", IN_RING(rung), ADD, 1 },
	{ "rung far", IN_RING(rung), SET, ~0ull },
	{ "sleep_no back", IN_RING(sleep_no), ADD, -1ull },
	{ "sleep_no 0", IN_RING(sleep_no), SET, 0 },
	{ "sleep_no far", IN_RING(sleep_no), SET, ~0ull },
	{ "allocated 0", IN_RING(allocated), SET, 0 },
	{ "allocated all", IN_RING(allocated), SET, 16384 },
	{ "allocated more", IN_RING(allocated), SET, ~0ull },
	{ "allocated odd", IN_RING(allocated), SET, 3 },
	{ "trimming", IN_RING(allocated), OR, GM_TRIMMING },
	{ "epoch", IN_RING(allocated), ADD, 7 * GM_EPOCH },
	{ "fenced", IN_RING(fenced), SET, 0xffff },
	{ "room_seq 0", IN_RING(room_seq), SET, 0 },
	{ "room_wanted", IN_RING(room_wanted), SET, ~0u },
	{ "pinwait", IN_RING(pinwait), SET, ~0u },
	{ "taken", IN_RING(taken), SET, ~0ull },
	{ "magic", IN_HEAD(0, 8), SET, 0 },
	{ "cells", IN_HEAD(8, 4), SET, 65536 },
	{ "cells 0", IN_HEAD(8, 4), SET, 0 },
	{ "slot", IN_HEAD(12, 4), ADD, 1 },
	{ "gen", IN_HEAD(16, 4), ADD, 1 },
	{ "all 0", IN_HEAD(0, GM_PAGE), SET, 0 },
	{ "all 1", IN_HEAD(0, GM_PAGE), SET, ~0ull },
};

#define N_DAMAGES (sizeof(damages) / sizeof(damages[0]))

static uint64_t
spoilt(uint64_t word, enum how how, uint64_t value)
{
	switch (how) {
	case ADD:
		return word + value;
	case OR:
		return word | value;
	case CLEAR:
		return word & ~value;
	case SET:
		break;
	}
	return value;
}

static void
do_damage(const struct gm_region_ref *region, enum gm_which which, size_t i)
{
	char *at = damages[i].in_ring ? (char *)region->ring[which].ring
				      : (char *)region->region;
	uint64_t word = 0;

	at += damages[i].at;
	if (damages[i].size > sizeof(word)) {
		memset(at, (int)(damages[i].value & 255), damages[i].size);
		return;
	}
	memcpy(&word, at, damages[i].size);
	word = spoilt(word, damages[i].how, damages[i].value);
	memcpy(at, &word, damages[i].size);
}

#endif
