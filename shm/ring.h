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

#include "shm/ring_types.h"

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
uint64_t gm_ring_commit(
    struct gm_sender *me, const struct gm_ring_ref *to, struct gm_slip *slip);

/* Gives an open reservation up: the record becomes SKIP. */
void gm_ring_abandon(
    struct gm_sender *me, const struct gm_ring_ref *to, struct gm_slip *slip);

/* A sleep_no that stands for none: the bell is rung without one. */
#define GM_RING_ANYWAY UINT64_MAX

/* After the write() to the bell has returned. */
void gm_ring_rung(const struct gm_ring_ref *to, uint64_t sleep_no);

/*
 * After -EAGAIN, when no more than that is done about it: the receiver is to
 * look for room behind the records of stopped senders.  Whether to ring it:
 * 0 no, else for rung, and then done.
 */
uint64_t gm_ring_nudge(
    struct gm_sender *me, const struct gm_ring_ref *to, struct gm_alive alive);

/*
 * For who only looks at a ring that is not his own: its memory stays until
 * done, or it is dead already: false, and nothing is to be done.
 */
bool gm_ring_look(
    struct gm_sender *me, const struct gm_ring_ref *to, struct gm_alive alive);

/* Has its receiver taken all that was sent?  False also when it is dead. */
bool gm_ring_read_up(
    struct gm_sender *me, const struct gm_ring_ref *to, struct gm_alive alive);

/* S10, release: the send is complete. */
static inline void
gm_ring_done(struct gm_sender *me)
{
	gm_store(&me->page->send_m, 0, release);
}

/*
 * Section 7: is there room for size bytes, 1, 0, -ESRCH; waits for it until
 * deadline (CLOCK_MONOTONIC ns, -1 for ever): 0 look again, -ETIMEDOUT, -ESRCH.
 */
int gm_ring_has_room(struct gm_sender *me, const struct gm_ring_ref *to,
    struct gm_alive alive, size_t size);
int gm_ring_wait_room(struct gm_sender *me, const struct gm_ring_ref *to,
    struct gm_alive alive, size_t size, int64_t deadline);

/*
 * The node's way to wait: asks the receiver to ring the node instead.  Call
 * this, try once more, and only then wait for the ring.
 */
void gm_ring_want_room(const struct gm_ring_ref *to);

/* ---- receiver ---- */

/* A receiver of a new ring, before anybody else knows of it. */
void gm_receiver_init(
    struct gm_receiver *r, const struct gm_ring_ref *ref, bool fenced);

/* Frees private memory; the ring stays as it is. */
void gm_receiver_fini(struct gm_receiver *r);

/* 1 and *out, 0 empty, -EBADMSG damaged.  Releases the one before. */
int gm_ring_take(struct gm_receiver *r, struct gm_record *out);

/*
 * Frees the borrowed record, if any.  True, once, when the node asked to be
 * rung because there is room again; take may find that out too: ask again.
 */
bool gm_ring_release(struct gm_receiver *r);
/* Who waits for room is to have what there is: its reader is busy for long. */
void gm_ring_offer(struct gm_receiver *r);

/* The borrowed record is read but goes on waiting: senders get its cells at
 * gm_ring_aside_end, so the cap holds; GM_RING_RESERVE are given all the same. */
uint64_t gm_ring_aside(struct gm_receiver *r);
void gm_ring_aside_end(struct gm_receiver *r, uint64_t cells);

/*
 * False: the ring is damaged.  Not between sleep and awake, and not while it
 * is being trimmed by somebody else's hand.
 */
bool gm_ring_sound(const struct gm_receiver *r);

/* B1 to B5: true: may wait on the bell; false: look again. */
bool gm_ring_sleep(struct gm_receiver *r);

/* After waking, or when not waiting after all. */
void gm_ring_awake(struct gm_receiver *r);

/*
 * Gives pages back while empty (section 8).  quiet answers whether no other
 * process has announced a send to this ring; it may take from the ring.
 * Bytes freed, 0 if busy.
 */
size_t gm_ring_trim(
    struct gm_receiver *r, bool (*quiet)(void *data), void *data);

/* ---- node ---- */

/* In zeroed, allocated memory. */
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
