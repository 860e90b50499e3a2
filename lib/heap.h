/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The timers of a process: a binary heap by due time, and seats.  A ref is a
 * serial number above the index of a seat; the seat knows where in the heap
 * its timer is, so cancelling is logarithmic and an old ref finds either its
 * own timer or nothing.
 */
#ifndef GSI_HEAP_H
#define GSI_HEAP_H

#include "lib/internal.h"

struct gsi_timer {
	int64_t due; /* ns */
	int64_t retry; /* ns to wait after the next full mailbox */
	uint64_t id;
	gs_addr to; /* its texts are ours, behind the body */
	size_t size;
	char body[];
};

struct gsi_seat {
	struct gsi_timer *timer; /* NULL: empty */
	uint32_t at; /* in the heap, or the next empty seat */
};

struct gsi_timers {
	uint64_t serial;
	uint32_t n;
	uint32_t room; /* of both arrays */
	uint32_t used; /* seats ever taken */
	uint32_t empty; /* first empty seat, GSI_NO_SEAT */
	struct gsi_seat *seats;
	uint32_t *heap; /* seats, soonest first */
};

#define GSI_NO_SEAT UINT32_MAX

struct gsi_timers *gsi_heap_new(void);
/* Frees it and all timers. */
void gsi_heap_free(struct gsi_timers *t);

/* Takes a malloc'ed timer and gives it its id; -ENOMEM: not taken. */
int gsi_heap_insert(struct gsi_timers *t, struct gsi_timer *timer);

/* The soonest, NULL when there is none. */
struct gsi_timer *gsi_heap_first(const struct gsi_timers *t);

/* NULL unless this very timer is still there. */
struct gsi_timer *gsi_heap_find(const struct gsi_timers *t, uint64_t id);

/* Takes it out and frees it. */
void gsi_heap_remove(struct gsi_timers *t, struct gsi_timer *timer);

/* Its due has become later. */
void gsi_heap_later(struct gsi_timers *t, struct gsi_timer *timer);

#endif
