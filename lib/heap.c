/* SPDX-License-Identifier: Apache-2.0 */
/* The heap of timers: see heap.h.  Knows no clock and sends nothing. */
#include <stdlib.h>

#include "lib/heap.h"

#define SEAT_BITS 24
#define SEATS_MAX (1u << SEAT_BITS)

static struct gsi_timer *
timer_at(const struct gsi_timers *t, uint32_t at)
{
	return t->seats[t->heap[at]].timer;
}

/* Equal times fire in the order they were made. */
static bool
sooner(const struct gsi_timer *a, const struct gsi_timer *b)
{
	return a->due != b->due ? a->due < b->due : a->id < b->id;
}

static void
place(struct gsi_timers *t, uint32_t at, uint32_t seat)
{
	t->heap[at] = seat;
	t->seats[seat].at = at;
}

static void
rise(struct gsi_timers *t, uint32_t at)
{
	uint32_t seat = t->heap[at];

	while (at > 0) {
		uint32_t up = (at - 1) / 2;

		if (!sooner(t->seats[seat].timer, timer_at(t, up)))
			break;
		place(t, at, t->heap[up]);
		at = up;
	}
	place(t, at, seat);
}

static void
sink(struct gsi_timers *t, uint32_t at)
{
	uint32_t seat = t->heap[at];

	for (;;) {
		uint32_t down = 2 * at + 1;

		if (down >= t->n)
			break;
		if (down + 1 < t->n &&
		    sooner(timer_at(t, down + 1), timer_at(t, down)))
			down++;
		if (!sooner(timer_at(t, down), t->seats[seat].timer))
			break;
		place(t, at, t->heap[down]);
		at = down;
	}
	place(t, at, seat);
}

static int
grow(struct gsi_timers *t)
{
	uint32_t room = t->room ? t->room * 2 : 8;
	struct gsi_seat *seats;
	uint32_t *heap;

	if (t->room >= SEATS_MAX)
		return -ENOMEM;
	seats = realloc(t->seats, room * sizeof(*seats));
	if (!seats)
		return -ENOMEM;
	t->seats = seats;
	heap = realloc(t->heap, room * sizeof(*heap));
	if (!heap)
		return -ENOMEM;
	t->heap = heap;
	t->room = room;
	return 0;
}

static uint32_t
seat_of(uint64_t id)
{
	return (uint32_t)(id & (SEATS_MAX - 1));
}

int
gsi_heap_insert(struct gsi_timers *t, struct gsi_timer *timer)
{
	uint32_t seat = t->empty;

	if (t->n == t->room && grow(t) < 0)
		return -ENOMEM;
	if (seat != GSI_NO_SEAT)
		t->empty = t->seats[seat].at;
	else
		seat = t->used++;
	timer->id = ++t->serial << SEAT_BITS | seat;
	t->seats[seat].timer = timer;
	t->heap[t->n] = seat;
	rise(t, t->n++);
	return 0;
}

struct gsi_timer *
gsi_heap_first(const struct gsi_timers *t)
{
	return t && t->n ? timer_at(t, 0) : NULL;
}

struct gsi_timer *
gsi_heap_find(const struct gsi_timers *t, uint64_t id)
{
	uint32_t seat = seat_of(id);
	struct gsi_timer *timer;

	if (!t || seat >= t->used)
		return NULL;
	timer = t->seats[seat].timer;
	return timer && timer->id == id ? timer : NULL;
}

void
gsi_heap_remove(struct gsi_timers *t, struct gsi_timer *timer)
{
	uint32_t seat = seat_of(timer->id);
	uint32_t at = t->seats[seat].at;
	uint32_t last = t->heap[--t->n];

	if (at < t->n) {
		place(t, at, last);
		sink(t, at);
		rise(t, t->seats[last].at);
	}
	free(timer);
	t->seats[seat].timer = NULL;
	t->seats[seat].at = t->empty;
	t->empty = seat;
}

void
gsi_heap_later(struct gsi_timers *t, struct gsi_timer *timer)
{
	sink(t, t->seats[seat_of(timer->id)].at);
}

struct gsi_timers *
gsi_heap_new(void)
{
	struct gsi_timers *t = calloc(1, sizeof(*t));

	if (t)
		t->empty = GSI_NO_SEAT;
	return t;
}

void
gsi_heap_free(struct gsi_timers *t)
{
	if (!t)
		return;
	for (uint32_t i = 0; i < t->n; i++)
		free(timer_at(t, i));
	free(t->seats);
	free(t->heap);
	free(t);
}
