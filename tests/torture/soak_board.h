/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all processes of the soak share, outside the node: what is going on,
 * a diary of the last things done, and what went wrong first.  Whoever finds
 * something wrong writes it here; the main program reads it out.
 */
#ifndef GS_TESTS_SOAK_BOARD_H
#define GS_TESTS_SOAK_BOARD_H

#include <errno.h>
#include <genserver.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "shm/atom.h"
#include "tests/runner.h"

#define SERVERS 100u
#define SEATS 20u /* client processes at a time */
#define THREADS 3u /* that one of them may have */
#define VOICES (SEATS * THREADS) /* a voice is a thread of a client */
#define NOBODY UINT32_MAX

#define SLACK 5000 /* ms by which a busy machine may be late */
#define PATIENT 10000 /* ms, a call that must not time out */
#define CALM 20000 /* ms, for what must happen in the end */

/* What is counted; the report has them by these names. */
#define COUNTS(X)                                                              \
	X(births)                                                              \
	X(lives)                                                               \
	X(puts)                                                                \
	X(gets)                                                                \
	X(lost)                                                                \
	X(casts)                                                               \
	X(echoes)                                                              \
	X(late)                                                                \
	X(timeouts)                                                            \
	X(resets)                                                              \
	X(absent)                                                              \
	X(full)                                                                \
	X(downs)                                                               \
	X(exits)                                                               \
	X(timers)                                                              \
	X(names)                                                               \
	X(guests)                                                              \
	X(restarts)                                                            \
	X(lines)                                                               \
	X(kills)                                                               \
	X(stops)                                                               \
	X(crashes)                                                             \
	X(roots)                                                               \
	X(unborn)                                                              \
	X(unjudged)                                                            \
	X(bytes)

#define X(name) N_##name,
enum count { COUNTS(X) COUNTED };
#undef X

/* One thread of a client, as the main program sees it. */
struct voice_board {
	_Atomic uint32_t life; /* 0: nobody speaks here */
	_Atomic uint32_t op;
	_Atomic int64_t until; /* ms; what it is in must be over by then */
	_Atomic uint64_t pid; /* slot << 32 | gen */
	_Atomic uint32_t restarts; /* the server + 1 that it has restarted */
};

#define DIARY 32768u

struct entry {
	int64_t at; /* us */
	uint32_t voice; /* or NOBODY */
	uint32_t server; /* or NOBODY */
	char words[80];
};

struct board {
	uint64_t seed;
	int64_t began; /* us */
	char node[GS_NAME_MAX + 1];
	_Atomic uint32_t finish; /* clients are to go */
	_Atomic uint32_t next_life;
	_Atomic uint64_t births[SERVERS];
	_Atomic uint64_t holder[SERVERS]; /* slot << 32 | gen */
	_Atomic int64_t restarted[SERVERS]; /* ms, when that was over */
	_Atomic uint32_t stops[SEATS]; /* odd: stopped */
	struct voice_board voice[VOICES];
	_Atomic uint64_t count[COUNTED];
	_Atomic int64_t slowest; /* ms to learn of a kill in a call */
	_Atomic uint32_t failed; /* 1 being written, 2 written */
	uint32_t about_voice;
	uint32_t about_server;
	char words[400];
	_Atomic uint64_t next_entry;
	struct entry entry[DIARY];
};

static struct board *board;

static inline void
count(enum count what, uint64_t n)
{
	atomic_fetch_add_explicit(&board->count[what], n, memory_order_relaxed);
}

/* One line of the diary. */
static inline void GS_PRINTF(3, 4)
    note(uint32_t voice, uint32_t server, const char *format, ...)
{
	uint64_t n = atomic_fetch_add_explicit(
	    &board->next_entry, 1, memory_order_relaxed);
	struct entry *e = &board->entry[n % DIARY];
	va_list args;

	e->at = now_ns() / 1000 - board->began;
	e->voice = voice;
	e->server = server;
	va_start(args, format);
	vsnprintf(e->words, sizeof(e->words), format, args);
	va_end(args);
}

/* The first one counts. */
static inline void GS_PRINTF(3, 4)
    wrong(uint32_t voice, uint32_t server, const char *format, ...)
{
	uint32_t none = 0;
	va_list args;

	if (!atomic_compare_exchange_strong(&board->failed, &none, 1))
		return;
	board->about_voice = voice;
	board->about_server = server;
	va_start(args, format);
	vsnprintf(board->words, sizeof(board->words), format, args);
	va_end(args);
	note(voice, server, "WRONG");
	gm_store(&board->failed, 2, release);
}

#endif
