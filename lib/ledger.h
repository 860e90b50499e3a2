/* SPDX-License-Identifier: Apache-2.0 */
/* What outlives the root supervisor of its children: see ledger.c. */
#ifndef GSI_LEDGER_H
#define GSI_LEDGER_H

#include "lib/internal.h"

#define GSI_LEDGER_TIMES 64u

/* The part of a record that changes, written in one go. */
struct gsi_ledger_head {
	uint32_t units; /* of the whole record; 0: the file ends here */
	uint32_t spec_size;
	uint64_t serial; /* 0: free */
	gs_pid pid;
	gs_pid caller;
	uint32_t state; /* enum gs_child_state */
	uint32_t goal; /* enum gsi_goal */
	uint32_t flags;
	uint32_t restarts;
	uint32_t n_times;
	uint32_t max_times; /* that there is room for */
	uint32_t revision; /* of two with one serial the higher one counts */
	uint32_t spare[15];
};

static_assert(sizeof(struct gsi_ledger_head) == 128, "one unit");

/* The rest that changes: words and times, of use even when torn. */
struct gsi_ledger_tail {
	char last_reason[GS_REASON_MAX + 1];
	int64_t times[GSI_LEDGER_TIMES];
};

struct gsi_ledger_hole {
	uint64_t at;
	uint32_t units;
};

struct gsi_ledger {
	int fd; /* -1: nothing is kept */
	uint64_t end;
	struct gsi_ledger_hole *holes;
	uint32_t n_holes;
	uint32_t max_holes;
};

/*
 * Reads all that is there: each is called with where a record stands, its
 * parts and its spec, of head->spec_size bytes.  fd -1: nothing is kept.
 */
void gsi_ledger_open(struct gsi_ledger *ledger, int fd,
    void (*each)(void *data, uint64_t at, const struct gsi_ledger_head *head,
	const struct gsi_ledger_tail *tail, const void *spec),
    void *data);

/*
 * Adds a record with room for head->max_times: its place in *at and its units
 * in head.  -errno: units is 0, the child is not kept, and the calls below do
 * nothing.
 */
int gsi_ledger_add(struct gsi_ledger *ledger, struct gsi_ledger_head *head,
    const struct gsi_ledger_tail *tail, const void *spec, uint64_t *at);

/* Writes what changes; tail NULL: that has not. */
void gsi_ledger_save(const struct gsi_ledger *ledger, uint64_t at,
    const struct gsi_ledger_head *head, const struct gsi_ledger_tail *tail);

void gsi_ledger_remove(
    struct gsi_ledger *ledger, uint64_t at, const struct gsi_ledger_head *head);

#endif
