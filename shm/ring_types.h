/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the ring's functions pass about: private handles, all of them.  The
 * rule: nothing here lies in shared memory.
 */
#ifndef GM_RING_TYPES_H
#define GM_RING_TYPES_H

#include <stddef.h>

#include "shm/atom.h"
#include "shm/page.h"

#define GM_CELL 128u
#define GM_RING_CELLS_MIN 128u /* 16 KiB */
#define GM_RING_CELLS_MAX (1u << 23) /* 1 GiB */
#define GM_RING_CELLS_START 32u /* allocated at birth */
#define GM_RING_INLINE 112u /* bytes that fit a head cell */
#define GM_RING_RESERVE 32u /* cells kept for runtime messages */

/* Who may use the last GM_RING_RESERVE cells. */
enum gm_ring_flags {
	GM_SEND_RUNTIME = 1,
};

/* A sender: one for each slot, one send at a time. */
struct gm_sender {
	struct gm_page *page; /* own page */
	uint32_t slot;
	bool fenced; /* membarrier cannot be relied on */
};

/* Whether the receiver still lives: *word must be value. */
struct gm_alive {
	const _Atomic uint64_t *word;
	uint64_t value;
};

struct gm_ring;
struct gm_cell;

struct gm_ring_ref {
	struct gm_ring *ring;
	struct gm_cell *heads; /* array A */
	uint8_t *bodies; /* array B */
	uint32_t cells; /* N */
	int fd; /* of the arena, for fallocate; borrowed */
	uint64_t heads_at; /* file offsets of A and B */
	uint64_t bodies_at;
	uint64_t id; /* what send_m says: never 0 */
	uint64_t proved; /* the last `allocated` that I have proved true */
	bool guarded; /* I survive SIGBUS there and need no proof: node */
};

/* A reservation: fill payload, then commit; abandoned ones become SKIP. */
struct gm_slip {
	void *payload; /* size bytes, 16-byte aligned */
	size_t size;
	uint64_t v;
	uint64_t hi;
	bool asleep;
	bool fenced;
};

/* A delivered record, borrowed until gm_ring_release. */
struct gm_record {
	const void *payload;
	size_t size;
	uint32_t owner;
};

/* An open record that was passed: nobody may reserve at next or behind. */
struct gm_pin {
	uint64_t v;
	uint64_t k;
	uint64_t next;
};

/* No record stands in [from, to). */
struct gm_jump {
	uint64_t from;
	uint64_t to;
};

enum gm_holding {
	GM_HOLDS_NONE,
	GM_HOLDS_NEXT, /* the record at cur is borrowed */
	GM_HOLDS_PIN, /* that of held_pin is */
};

/* The receiver's private side. */
struct gm_receiver {
	struct gm_ring_ref ref;
	uint64_t cur;
	uint64_t held_end; /* of the record in hand */
	uint64_t publish_at; /* when cur is here: batch behind limit's place */
	uint64_t run_from; /* from here on each take found one at once */
	uint64_t wake_look; /* till here nobody is woken for room */
	enum gm_holding holding;
	uint32_t n_pins;
	uint64_t limit; /* last published */
	uint64_t sleeps; /* what sleep_no says */
	uint64_t cap; /* while trimming, limit stays below */
	uint64_t aside; /* cells read whose room is not given back: ring.h */
	uint64_t batch; /* publish after so many cells */
	uint32_t n_jumps;
	uint32_t room; /* of pins and of jumps */
	uint32_t held_pin;
	bool fenced;
	bool asleep;
	bool stale; /* limit published without a fence */
	bool look; /* at the tail, at the next take */
	bool node_wants; /* to be told of room */
	uint32_t looks; /* that found nothing, at this position */
	uint64_t looked;
	uint64_t jump_look;
	uint64_t rewind_look; /* from here on a rewind is tried again */
	uint64_t woke_at; /* position and time of the last wake for room */
	int64_t woke_ns;
	int64_t wake_seen; /* when another one was too soon */
	uint32_t wake_step; /* cells between two looks at that */
	struct gm_pin *pins; /* oldest first */
	struct gm_jump *jumps; /* in order of positions */
};

#endif
