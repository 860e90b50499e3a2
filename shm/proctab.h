/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process table: one entry for each slot, written by the node alone, read
 * by everybody without a lock.
 *
 *	FREE --birth--> LIVE --death--> DEAD --settled, reaped--> FREE
 *
 * The rule: word (generation and state) is stored last at birth and at death,
 * so who reads word, then the fields, then word again unchanged, has read
 * fields of that generation [G1].  SIGKILL of the node anywhere: every reader
 * dies or is detached with it; nobody repairs.
 */
#ifndef GM_PROCTAB_H
#define GM_PROCTAB_H

#include "shm/arena.h"

#define GM_ENTRY_NAME 127u
#define GM_ENTRY_REASON 255u

enum gm_state {
	GM_FREE = 0,
	GM_LIVE = 1,
	GM_DEAD = 2,
};

enum gm_entry_flags {
	GM_TRAP_EXIT = 1,
	GM_REFUSED = 2, /* born, but must leave: name taken */
};

struct gm_entry {
	/* what a sender reads, one line */
	_Alignas(GM_LINE) _Atomic uint64_t word; /* gen << 32 | state */
	_Atomic uint64_t region; /* file offset of its mailbox, 0 none */
	_Atomic uint32_t cells;
	_Atomic uint32_t os_pid;
	_Atomic uint32_t kind; /* enum gs_process_kind */
	_Atomic uint32_t flags;
	_Atomic uint64_t parent; /* slot << 32 | gen, OTP's parent, 0 none */
	_Atomic uint64_t supervisor; /* who forked it */
	_Atomic int64_t started; /* CLOCK_MONOTONIC ns */
	_Atomic uint64_t bell; /* the node's descriptor of its bell, plus 1 */

	_Alignas(GM_LINE) _Atomic uint32_t name_hash;
	_Atomic uint32_t name_next; /* slot of the next in the chain, 0 end */
	_Atomic uint32_t name_seq; /* odd while the name changes [G2] */
	_Atomic uint32_t name_size;
	char name[GM_ENTRY_NAME + 1];

	uint32_t reason_size;
	char reason[GM_ENTRY_REASON + 1];
	uint32_t pad[3];
};

static_assert(sizeof(struct gm_entry) == 512, "bump GM_LAYOUT");

static inline uint64_t
gm_word_of(uint32_t gen, uint32_t state)
{
	return (uint64_t)gen << 32 | state;
}

/* Entry of a slot that may come from a stranger: NULL when out of range. */
struct gm_entry *gm_entry_at(const struct gm_arena *arena, uint32_t slot);

/* True while (slot, gen) is alive. */
bool gm_entry_live(const struct gm_arena *arena, uint32_t slot, uint32_t gen);

/*
 * The exit reason of (slot, gen): 1 and a NUL-ended copy, 0 when it lives,
 * -ESRCH when that generation is no longer there.
 */
int gm_entry_reason(const struct gm_arena *arena, uint32_t slot, uint32_t gen,
    char reason[GM_ENTRY_REASON + 1]);

/* A consistent copy of the name; "" when it has none. */
void gm_entry_name(const struct gm_entry *entry, char name[GM_ENTRY_NAME + 1]);

/* ---- names: lookup is lock-free, changes are the node's ---- */

/* 0 and slot, gen; -ENOENT. */
int gm_name_find(const struct gm_arena *arena, const char *name, size_t size,
    uint32_t *slot, uint32_t *gen);

void gm_name_put(
    struct gm_arena *arena, uint32_t slot, const char *name, size_t size);
void gm_name_drop(struct gm_arena *arena, uint32_t slot);

/* Proves that chains and entries agree: NULL, or what is wrong. */
const char *gm_names_check(const struct gm_arena *arena);

#endif
