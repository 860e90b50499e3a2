/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fates: who makes a process end says so here first, by its pid, and how.
 * So nobody may end without a fate.
 */
#ifndef GS_TESTS_SOAK_FATE_H
#define GS_TESTS_SOAK_FATE_H

#include "tests/torture/soak_chance.h"

enum fate {
	BY_KILL = 0, /* SIGKILL, or the exit signal kill */
	BY_SEGV,
	BY_ABORT,
	BY_TERM,
	BY_EXIT,
	BY_END, /* normal: its own end */
	BY_LEFT, /* gs_exit in a callback */
	BY_BORED, /* a verdict */
	BY_BLOW, /* an exit signal */
	BY_SHUTDOWN,
	BY_LINK, /* tied to a client, whose reason it has then */
	FATES,
};

/* No fate: it has come as far as its init. */
#define BORN (1u << 31)

static const char *const fate_reason[FATES] = {
	[BY_KILL] = "killed",
	[BY_SEGV] = "signal:11",
	[BY_ABORT] = "signal:6",
	[BY_TERM] = "signal:15",
	[BY_EXIT] = "exit:7",
	[BY_END] = "normal",
	[BY_LEFT] = "left",
	[BY_BORED] = "bored",
	[BY_BLOW] = "blow",
	[BY_SHUTDOWN] = "shutdown",
	[BY_LINK] = "signal:11",
};

#define FATE_SLOTS 4096u
#define FATE_GENS 8u

struct doom {
	_Atomic uint64_t word; /* gen << 32 | a bit for each fate */
	_Atomic int64_t at; /* ms, of the last */
};

static struct doom (*dooms)[FATE_GENS];

static inline struct doom *
doom_of(gs_pid pid)
{
	return &dooms[pid.slot % FATE_SLOTS][pid.gen % FATE_GENS];
}

static inline void
add_fate(gs_pid pid, uint32_t bit)
{
	struct doom *doom = doom_of(pid);
	uint64_t old = gm_load(&doom->word, acquire), new;

	do {
		if (old >> 32 > pid.gen)
			return;
		new = old >> 32 == pid.gen ? old : (uint64_t)pid.gen << 32;
		new |= bit;
	} while (!atomic_compare_exchange_weak(&doom->word, &old, new));
}

static inline void
condemn(gs_pid pid, enum fate fate)
{
	gm_store(&doom_of(pid)->at, now_ms(), relaxed);
	add_fate(pid, 1u << fate);
}

/* Its fates as bits; UINT32_MAX when that is long forgotten. */
static inline uint32_t
fates_of(gs_pid pid)
{
	uint64_t word = gm_load(&doom_of(pid)->word, acquire);

	if (word >> 32 > pid.gen) {
		count(N_unjudged, 1);
		return UINT32_MAX;
	}
	return word >> 32 == pid.gen ? (uint32_t)word : 0;
}

#endif
