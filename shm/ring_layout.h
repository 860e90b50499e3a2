/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring as it lies in shared memory, and what sender, receiver and node
 * do to it alike.  Only ring_*.[ch] and region.c include this.
 *
 * A position counts cells, never goes back and never repeats; its cell is
 * position mod N.  The first one is N, so that 0 is never a valid tag and a
 * punched page reads "free".
 *
 *   field        written by                  how, tag
 *   tail         senders, receiver           CAS16 [T1] [T5] [T6]
 *   tail.lo      receiver (ASLEEP)           8-byte RMW [T6]
 *   limit        receiver                    release, exchange if idle [T2]
 *   sleep_no     receiver                    release, before ASLEEP [T6]
 *   pinwait      receiver                    before the membarrier [T6]
 *   rung         senders                     release, after the write [T6]
 *   rung_at      senders                     relaxed, before it, a hint
 *   allocated    senders CAS, receiver xchg  [T4]
 *   fenced       node 1, receiver once 0     release, when it can fence [T6]
 *   room_seq     receiver, node              futex word [T8]
 *   room_wanted  waiters set, receiver clears  RMW [T8]
 *   taken        receiver                    relaxed, a hint for tools
 *
 * In head cells: hi, then lo by release [T3] (owner); both by CAS16 (helper,
 * BUSY); lo by CAS (node, BUSY to SKIP).
 */
#ifndef GM_RING_LAYOUT_H
#define GM_RING_LAYOUT_H

#include "shm/ring.h"

#define gm_likely(x) __builtin_expect(!!(x), 1)
#define gm_unlikely(x) __builtin_expect(!!(x), 0)
#define GM_COLD __attribute__((noinline, cold))

/* lo of the tail: position and flags; of a head: position (tag) and state. */
#define GM_POSITION ((1ull << 56) - 1)
#define GM_ASLEEP (1ull << 56)
#define GM_MOVED (1ull << 57) /* tail rewound, limit follows at once */
#define GM_BUSY (1ull << 56)
#define GM_READY (2ull << 56)
#define GM_SKIP (3ull << 56)
/* No ring gets here: see rewind_from in ring_receive.c. */
#define GM_POSITION_END (GM_POSITION - 4ull * GM_RING_CELLS_MAX)

/*
 * hi of both: k:24 cells, form:8, owner:32.  form: bit 0 inline; bits 1-7
 * the bytes used of an inline payload, or those unused in the last body
 * cell.  The uppermost bit of all is kept for another kind of record.
 */
#define GM_K ((1ull << 24) - 1)
#define GM_INLINE (1ull << 24)
#define GM_FILL_SHIFT 25
#define GM_FILL 127ull
#define GM_FORM_NEW (1ull << 63)
#define GM_OWNER_SHIFT 32

/* allocated: epoch:32, trimming:1, cells:31. */
#define GM_CELLS 0x7fffffffull
#define GM_TRIMMING 0x80000000ull
#define GM_EPOCH (1ull << 32)

/* room_wanted */
#define GM_WANT_FUTEX 1u
#define GM_WANT_NODE 2u
#define GM_WANT_LOOK 4u /* a send was refused: look at the pins */
#define GM_WANT_LONG 8u /* somebody has waited for a second */

/* Rounds of a loop that ends at once unless the memory is garbage. */
#define GM_ROUNDS 1000

struct gm_ring {
	_Alignas(2 * GM_LINE) struct gm_word tail;
	_Alignas(2 * GM_LINE) _Atomic uint64_t limit;
	_Alignas(GM_LINE) _Atomic uint64_t sleep_no;
	_Atomic uint32_t pinwait;
	_Alignas(GM_LINE) _Atomic uint64_t rung;
	_Atomic int64_t rung_at; /* ns of CLOCK_MONOTONIC */
	_Alignas(GM_LINE) _Atomic uint64_t allocated;
	_Atomic uint32_t fenced;
	_Alignas(GM_LINE) _Atomic uint32_t room_seq;
	_Atomic uint32_t room_wanted;
	_Alignas(GM_LINE) _Atomic uint64_t taken;
};

static_assert(sizeof(struct gm_ring) == 8 * GM_LINE, "bump GM_LAYOUT");
static_assert(offsetof(struct gm_ring, limit) == 2 * GM_LINE, "own lines");
static_assert(offsetof(struct gm_ring, allocated) == 5 * GM_LINE, "own line");

struct gm_cell {
	struct gm_word head;
	uint8_t bytes[GM_RING_INLINE];
};

static_assert(sizeof(struct gm_cell) == GM_CELL, "two lines");
static_assert(offsetof(struct gm_cell, bytes) % 16 == 0, "aligned payload");

#endif
