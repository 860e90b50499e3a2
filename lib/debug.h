/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watching a server: its events to its output, to a file, into a short memory,
 * into counters.  The rule: s->debug is NULL unless something is switched on,
 * and that one look is all that the loop pays.
 */
#ifndef GSI_DEBUG_H
#define GSI_DEBUG_H

#include <stdio.h>

#include "lib/told.h"

struct gsi_statistics {
	int64_t start; /* CLOCK_REALTIME in us */
	int64_t now;
	int64_t work; /* ns of processor time since start */
	uint64_t in; /* calls, casts, infos */
	uint64_t out; /* replies by return value */
};

#define GSI_LOG_MAX 1024
#define GSI_INSTALLED_MAX 8u

struct gsi_installed {
	gs_debug_function function;
	char *name;
	char *id; /* NULL: goes by its name */
	char *state;
	size_t size;
};

/* Who gets the events as messages. */
struct gsi_tracer {
	gs_pid pid;
	uint64_t dropped; /* since the last one that fitted */
};

#define GSI_TRACERS_MAX 8u

struct gsi_debug {
	bool trace;
	bool counting;
	int file; /* -1 none */
	char *path; /* of it */
	uint32_t log_max; /* 0: none is kept */
	uint32_t log_n;
	char **log; /* oldest first; NULL where memory was short */
	struct gsi_statistics statistics;
	uint32_t n_installed;
	uint32_t n_tracers;
	struct gsi_installed installed[GSI_INSTALLED_MAX];
	struct gsi_tracer tracers[GSI_TRACERS_MAX];
};

/* ---- debug.c: the events; only when s->debug is there ---- */

/* The message in hand, or info if that is not NULL. */
void gsi_debug_got(struct gsi_server *s, const gs_info *info);
void gsi_debug_continue(struct gsi_server *s, gs_bytes argument);
/* state: in words already, or NULL. */
void gsi_debug_sent(
    struct gsi_server *s, gs_pid to, gs_bytes reply, const char *state);
void gsi_debug_state(struct gsi_server *s);
/* Is any event put into words at all? */
bool gsi_debug_worded(const struct gsi_debug *d);

/* ---- debug_set.c: the switches ---- */

/* The start option: what is not understood is reported once and ignored. */
void gsi_debug_start(struct gsi_server *s, const char *list);
/*
 * One word: trace, log, log(N), statistics, log_to_file(PATH), install(NAME).
 * 0, -EINVAL not such a word, -ERANGE not such an N, -ESRCH no such function, or
 * why the file cannot be opened.
 */
int gsi_debug_set(struct gsi_server *s, gs_bytes word);
/* trace, log, statistics, log_to_file or install; NULL is all of them. */
void gsi_debug_unset(struct gsi_server *s, const char *word);
/* False: no statistics are kept. */
bool gsi_debug_statistics(
    const struct gsi_server *s, struct gsi_statistics *out);
/*
 * The kept events, oldest first, a line each, to be freed; NULL: there are
 * none.  brief: the newest that fit a field of a report, each cut.
 */
char *gsi_debug_log(const struct gsi_server *s, bool brief);
/* What is on, in the words of the start option. */
void gsi_debug_words(const struct gsi_server *s, FILE *out);
/* The switches; NULL without memory. */
struct gsi_debug *gsi_debug_switched(struct gsi_server *s);
/* When nothing is on any more, nothing is paid any more. */
void gsi_debug_settle(struct gsi_server *s);

/* ---- debug_function.c ---- */

/* 0, -ESRCH no such function, -ENOSPC, -ENOMEM.  id NULL: none. */
int gsi_debug_install(
    struct gsi_server *s, const char *name, const char *id, gs_bytes state);
/* NULL is all of them. */
void gsi_debug_remove(struct gsi_debug *d, const char *name_or_id);
void gsi_debug_hand_over(struct gsi_server *s, const char *event);

/* ---- debug_tracer.c ---- */

/* 0, -ENOSPC. */
int gsi_debug_trace_to(struct gsi_debug *d, gs_pid pid);
void gsi_debug_trace_no_more(struct gsi_debug *d, gs_pid pid);
/* Nobody is sent any more, which all are told. */
void gsi_debug_trace_end(struct gsi_server *s);
/* Never waits; who is gone is forgotten. */
void gsi_debug_send(struct gsi_server *s, gs_bytes line);

#endif
