/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring: many senders, one receiver, records of variable length, safe
 * against SIGKILL and SIGSTOP of any of them between any two instructions.
 * The rule: nobody ever waits for another process's next instruction.
 *
 * struct gm_ring is in the segment; struct gm_ring_ref is a private handle.
 */
#ifndef GM_RING_H
#define GM_RING_H

#include <stddef.h>

#include "shm/atom.h"
#include "shm/page.h"

#define GM_CELL 64u
#define GM_RING_CELLS_MIN 256u		/* 16 KiB */
#define GM_RING_CELLS_MAX (1u << 24)	/* 1 GiB */
#define GM_RING_CELLS_START 64u		/* allocated at birth */
#define GM_RING_INLINE 48u		/* bytes that fit a head cell */
#define GM_RING_RESERVE 64u		/* cells kept for runtime messages */

/* Who may use the last GM_RING_RESERVE cells. */
enum gm_ring_flags {
	GM_SEND_RUNTIME = 1,
};

/* A sender: one for each slot, one send at a time. */
struct gm_sender {
	struct gm_page *page;	/* own page */
	uint32_t slot;
	bool fenced;		/* membarrier cannot be relied on */
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
	struct gm_cell *heads;	/* array A */
	uint8_t *bodies;	/* array B */
	uint32_t cells;		/* N */
	int fd;			/* of the arena, for fallocate; borrowed */
	uint64_t heads_at;	/* file offsets of A and B */
	uint64_t bodies_at;
	uint64_t id;		/* what send_m says: never 0 */
};

/* A reservation: fill payload, then commit; abandoned ones become SKIP. */
struct gm_slip {
	void *payload;		/* size bytes, 16-byte aligned */
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

/* The receiver's private side. */
struct gm_receiver {
	struct gm_ring_ref ref;
	uint64_t cur;
	uint64_t limit;		/* last published */
	uint64_t cap;		/* while trimming, limit stays below */
	uint64_t batch;		/* publish after so many cells */
	uint64_t held_end;
	uint32_t n_pins;
	uint32_t n_jumps;
	uint32_t room;		/* of pins and of jumps */
	int held_pin;		/* -1: the held record stands at cur */
	bool holding;		/* a record is borrowed */
	bool fenced;
	bool asleep;
	bool stale;		/* limit published without a fence */
	bool look;		/* at the tail, at the next take */
	bool node_wants;	/* to be told of room */
	uint32_t looks;		/* that found nothing, at this position */
	uint64_t looked;
	uint64_t jump_look;
	uint64_t woke_at;	/* position and time of the last wake for room */
	int64_t woke_ns;
	struct gm_pin *pins;	/* oldest first */
	struct gm_jump *jumps;	/* in order of positions */
};

/* ---- sender; all return 0 or -errno, none blocks ---- */

/* Bytes a single message may have: a quarter of the ring. */
size_t gm_ring_message_max(const struct gm_ring_ref *ref);

/*
 * S1 to S6.  -ESRCH receiver dead or region gone, -EAGAIN no room,
 * -EMSGSIZE, -ENOSPC shared memory full, -EBADMSG ring damaged.  After any
 * failure the announcement is taken back (S10).
 */
int gm_ring_open(struct gm_sender *me, const struct gm_ring_ref *to,
    struct gm_alive alive, size_t size, unsigned flags, struct gm_slip *slip);

/* S7 is the caller's.  S8, and whether to ring: 0 no, else for rung. */
uint64_t gm_ring_commit(struct gm_sender *me, const struct gm_ring_ref *to,
    struct gm_slip *slip);

/* Gives an open reservation up: the record becomes SKIP. */
void gm_ring_abandon(struct gm_sender *me, const struct gm_ring_ref *to,
    struct gm_slip *slip);

/* After the write() to the bell has returned. */
void gm_ring_rung(const struct gm_ring_ref *to, uint64_t sleep_no);

/*
 * After -EAGAIN: the receiver is to look for room behind the records of
 * stopped senders.  Whether to ring it: 0 no, else for rung.
 */
uint64_t gm_ring_nudge(const struct gm_ring_ref *to);

/* S10: the send is complete. */
void gm_ring_done(struct gm_sender *me);

/*
 * Section 7: waits for room for size bytes until deadline (CLOCK_MONOTONIC
 * ns).  0 look again, -ETIMEDOUT, -ESRCH.
 */
int gm_ring_wait_room(const struct gm_ring_ref *to, struct gm_alive alive,
    size_t size, int64_t deadline);

/*
 * The node's way to wait: asks the receiver to ring the node instead.  Call
 * this, try once more, and only then wait for the ring.
 */
void gm_ring_want_room(const struct gm_ring_ref *to);

/* ---- receiver ---- */

/* A receiver of a new ring, before anybody else knows of it. */
void gm_receiver_init(struct gm_receiver *r, const struct gm_ring_ref *ref,
    bool fenced);

/* Frees private memory; the ring stays as it is. */
void gm_receiver_fini(struct gm_receiver *r);

/* 1 and *out, 0 empty, -EBADMSG damaged.  Releases the one before. */
int gm_ring_take(struct gm_receiver *r, struct gm_record *out);

/*
 * Frees the borrowed record, if any.  True, once, when the node asked to be
 * rung because there is room again (gm_ring_want_room); take may find that
 * out too, so ask again before sleeping.
 */
bool gm_ring_release(struct gm_receiver *r);

/* B1 to B5: true: may wait on the bell; false: look again. */
bool gm_ring_sleep(struct gm_receiver *r);

/* After waking, or when not waiting after all. */
void gm_ring_awake(struct gm_receiver *r);

/*
 * Gives pages back while empty (section 8).  quiet answers whether no other
 * process has announced a send to this ring; it may take from the ring.
 * Bytes freed, 0 if busy.
 */
size_t gm_ring_trim(struct gm_receiver *r, bool (*quiet)(void *data),
    void *data);

/* ---- node ---- */

/* Puts a new ring in zeroed, allocated memory. */
void gm_ring_create(struct gm_ring *ring, uint32_t cells);

/*
 * D3 for a dead owner whose page said v: helps, turns its open record into
 * SKIP.  0, or -EBADMSG when the ring is damaged.
 */
int gm_ring_settle(const struct gm_ring_ref *ref, uint32_t owner, uint64_t v);

/* The region is going away: no further reservation succeeds (tail 0). */
void gm_ring_retire(const struct gm_ring_ref *ref);

/* ---- looking ---- */

/* Records waiting, walked from what the receiver published; a moment old. */
uint64_t gm_ring_count(const struct gm_ring_ref *ref);
/* Bytes of shared memory allocated for A and B. */
uint64_t gm_ring_allocated(const struct gm_ring_ref *ref);

/* Proves the invariants of a ring at rest: NULL, or what is wrong. */
const char *gm_ring_check(const struct gm_receiver *r);

#endif
