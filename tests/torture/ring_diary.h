/* SPDX-License-Identifier: Apache-2.0 */
/* What all processes of ring_of_processes write down. */
#ifndef GS_TESTS_RING_DIARY_H
#define GS_TESTS_RING_DIARY_H

#include <errno.h>
#include <genserver.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "shm/atom.h"
#include "tests/runner.h"

/* Shared by all: what went wrong first, and what was done. */
struct diary {
	_Atomic uint32_t failed; /* 1 being written, 2 written */
	char words[300];
	_Atomic uint64_t births;
	_Atomic uint64_t hops;
	_Atomic uint64_t bytes;
	_Atomic uint64_t refused;
	_Atomic uint64_t full; /* parcels dropped before a full mailbox */
};

static struct diary *diary;

static inline void
count(_Atomic uint64_t *what, uint64_t n)
{
	atomic_fetch_add_explicit(what, n, memory_order_relaxed);
}

/* Whoever finds something wrong first has it read out by the main program. */
static inline void GS_PRINTF(1, 2) wrong(const char *format, ...)
{
	uint32_t none = 0;
	va_list args;

	if (!atomic_compare_exchange_strong(&diary->failed, &none, 1))
		return;
	va_start(args, format);
	vsnprintf(diary->words, sizeof(diary->words), format, args);
	va_end(args);
	gm_store(&diary->failed, 2, release);
}

#endif
