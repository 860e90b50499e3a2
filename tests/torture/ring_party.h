/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the processes of ring_of_senders share, and the messages they send.
 * The rule: a message tells everything that its receiver must check.
 */
#ifndef GS_TESTS_RING_PARTY_H
#define GS_TESTS_RING_PARTY_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "shm/region.h"

#define SENDERS_MAX 16
#define STEPS 16 /* enum gm_fault */

struct letter {
	uint32_t slot;
	uint32_t gen;
	uint64_t number; /* of this generation, from 1 */
	uint64_t first; /* this one's first in this region */
	uint64_t before; /* what the generation before completed there */
	uint32_t region;
	uint32_t size;
};

static_assert(sizeof(struct letter) == 40, "fits inline");

/* One sender, as the others see it. */
struct desk {
	_Alignas(GM_LINE) _Atomic uint64_t completed;
	_Atomic uint64_t taken; /* by the receiver, of this gen */
	_Atomic uint32_t region; /* where completed counts */
	_Atomic uint32_t paused;
	_Atomic uint64_t before; /* by the dead generation */
	_Atomic uint32_t before_region;
};

struct party {
	struct gm_page pages[SENDERS_MAX];
	struct desk desks[SENDERS_MAX];
	_Atomic uint32_t region; /* number of the present one */
	_Atomic uint64_t alive; /* the same, 0 when it died */
	_Atomic uint64_t at; /* of its region */
	_Atomic uint32_t pause;
	_Atomic uint32_t drain; /* asked */
	_Atomic uint32_t drained; /* answered */
	_Atomic uint32_t stopped; /* now */
	_Atomic uint32_t calm; /* no faults */
	_Atomic uint32_t victim; /* slot that is to stop in S7 */
	_Atomic uint64_t messages;
	_Atomic uint64_t bytes;
	_Atomic uint64_t passed;
	_Atomic uint64_t jumps;
	_Atomic uint64_t sleeps;
	_Atomic uint64_t trims;
	_Atomic uint64_t refused;
	_Atomic uint64_t laps;
	_Atomic uint64_t killed_at[STEPS];
	_Atomic uint64_t stopped_at[STEPS];
	_Atomic uint32_t failed;
	char failure[400];
};

static struct party *party;
static bool am_node = true;

static inline void
add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

/* The first to fail says why; nobody goes on. */
__attribute__((format(printf, 1, 2))) static inline _Noreturn void
fail(const char *fmt, ...)
{
	uint32_t none = 0;
	va_list args;

	if (atomic_compare_exchange_strong_explicit(&party->failed, &none, 1,
		memory_order_acq_rel, memory_order_acquire)) {
		va_start(args, fmt);
		vsnprintf(party->failure, sizeof(party->failure), fmt, args);
		va_end(args);
		gm_store(&party->failed, 2, release);
	}
	if (am_node) {
		printf("not ok 1 - ring_of_senders\n# %s\n", party->failure);
		fflush(NULL);
	}
	_exit(1);
}

static inline uint64_t
chance(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed * 0x2545f4914f6cdd1dull >> 8;
}

static inline uint8_t
letter_byte(const struct letter *letter, size_t i)
{
	return (uint8_t)(letter->number * 131 + letter->slot * 17 +
			 letter->gen * 3 + i * 7);
}

static inline void
letter_write(void *payload, const struct letter *letter)
{
	uint8_t *bytes = payload;

	memcpy(bytes, letter, sizeof(*letter));
	for (size_t i = sizeof(*letter); i < letter->size; i++)
		bytes[i] = letter_byte(letter, i);
}

static inline bool
letter_whole(const void *payload, size_t size, struct letter *letter)
{
	const uint8_t *bytes = payload;

	if (size < sizeof(*letter))
		return false;
	memcpy(letter, bytes, sizeof(*letter));
	if (letter->size != size)
		return false;
	for (size_t i = sizeof(*letter); i < size; i++) {
		if (bytes[i] != letter_byte(letter, i))
			return false;
	}
	return true;
}

#endif
