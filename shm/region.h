/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A region: the two rings of one process (mailbox and replies) at a file
 * offset of the arena that is never used again, so that a late sender into a
 * dead mailbox can hurt nobody.
 *
 *	control page | mailbox A | mailbox B | replies A | replies B
 */
#ifndef GM_REGION_H
#define GM_REGION_H

#include "shm/ring.h"

enum gm_which {
	GM_MAILBOX = 0,
	GM_REPLIES = 1,
};

/* In shared memory, first in the control page. */
struct gm_region;

struct gm_region_ref {
	struct gm_region *region;
	uint64_t at; /* file offset */
	uint32_t cells; /* of each ring */
	size_t mapped; /* bytes */
	struct gm_ring_ref ring[2];
};

/* What send_m says of a ring of the region at this offset, and back. */
static inline uint64_t
gm_region_id(uint64_t at, enum gm_which which)
{
	return at | 2 | (uint64_t)which;
}

static inline uint64_t
gm_region_id_at(uint64_t id)
{
	return id & ~(uint64_t)(GM_PAGE - 1);
}

static inline enum gm_which
gm_region_id_which(uint64_t id)
{
	return (id & 1) != 0 ? GM_REPLIES : GM_MAILBOX;
}

/* Bytes of address space and file offset a region of this size takes. */
uint64_t gm_region_span(uint32_t cells);

/* Rounds a mailbox size in bytes to cells; 0 when out of range. */
uint32_t gm_region_cells(size_t mailbox);

/*
 * Node: allocates and fills a region.  -ENOSPC when shared memory is full:
 * nothing is left behind then.
 */
int gm_region_create(
    int fd, uint64_t at, uint32_t cells, uint32_t slot, uint32_t gen);

/*
 * Maps a region.  Geometry is read once and checked: -EBADMSG when it is not
 * what slot and gen should have.  writable: senders, owner, node.
 */
int gm_region_map(int fd, uint64_t at, uint32_t slot, uint32_t gen,
    bool writable, struct gm_region_ref *out);
/* The same for its owner, from this address on if nothing is there. */
int gm_region_map_beside(void *beside, int fd, uint64_t at, uint32_t slot,
    uint32_t gen, struct gm_region_ref *out);
void gm_region_unmap(struct gm_region_ref *ref);

/* What the node wrote of its geometry is still there. */
bool gm_region_sound(
    const struct gm_region_ref *ref, uint32_t slot, uint32_t gen);

/* Node: gives the memory back (punches the whole span). */
void gm_region_punch(int fd, uint64_t at, uint32_t cells);

/* NULL, or what is wrong with the region that an entry speaks of. */
const char *gm_region_check(
    int fd, uint64_t at, uint32_t cells, uint32_t slot, uint32_t gen);

/*
 * Node: as new, keeping the pages that gm_region_create allocates, so that
 * the next one needs none.  False: they are not all kept.
 */
bool gm_region_clean(int fd, uint64_t at, uint32_t cells);

/* What a mailbox holds at the moment. */
struct gm_region_load {
	uint64_t messages; /* that can be taken */
	uint64_t bytes; /* of memory, both rings */
};

/*
 * Looks without mapping: five times as fast, and a region that is given back
 * meanwhile reads as nothing.  -EBADMSG as gm_region_map.
 */
int gm_region_look(int fd, uint64_t at, uint32_t cells, uint32_t slot,
    uint32_t gen, struct gm_region_load *out);

/* The CPU its owner last ran on; a hint. */
void gm_region_set_cpu(const struct gm_region_ref *ref, uint32_t cpu);
uint32_t gm_region_cpu(const struct gm_region_ref *ref);

#endif
