/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/runner.h"

#include "lib/heap.h"

#include <errno.h>
#include <stdlib.h>

#define MANY 5000

static struct gsi_timer *
timer_at(struct gsi_timers *t, int64_t due)
{
	struct gsi_timer *timer = calloc(1, sizeof(*timer));

	CHECK(timer != NULL);
	timer->due = due;
	CHECK_INT(gsi_heap_insert(t, timer), 0);
	return timer;
}

static uint32_t
random_number(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

TEST(heap_gives_the_soonest_first)
{
	struct gsi_timers *t = gsi_heap_new();
	uint32_t seed = 7;
	int64_t last = -1;
	uint64_t last_id = 0;
	struct gsi_timer *timer;

	for (int i = 0; i < MANY; i++)
		timer_at(t, random_number(&seed) % 100);
	while ((timer = gsi_heap_first(t)) != NULL) {
		CHECK(timer->due >= last);
		CHECK(timer->due > last || timer->id >> 24 > last_id >> 24);
		last = timer->due;
		last_id = timer->id;
		gsi_heap_remove(t, timer);
	}
	gsi_heap_free(t);
}

TEST(heap_finds_only_what_is_there)
{
	struct gsi_timers *t = gsi_heap_new();
	struct gsi_timer *timer = timer_at(t, 1);
	uint64_t id = timer->id;

	CHECK(id != 0);
	CHECK(gsi_heap_find(t, id) == timer);
	CHECK(gsi_heap_find(t, 0) == NULL);
	CHECK(gsi_heap_find(t, id + 1) == NULL);
	CHECK(gsi_heap_find(t, UINT64_MAX) == NULL);
	CHECK(gsi_heap_find(NULL, id) == NULL);
	gsi_heap_remove(t, timer);
	CHECK(gsi_heap_find(t, id) == NULL);
	/* the seat is used again, under another id */
	timer = timer_at(t, 1);
	CHECK(timer->id != id);
	CHECK((timer->id & 0xffffff) == (id & 0xffffff));
	CHECK(gsi_heap_find(t, id) == NULL);
	gsi_heap_free(t);
}

TEST(heap_removes_from_anywhere)
{
	struct gsi_timers *t = gsi_heap_new();
	struct gsi_timer *timers[200], *timer;
	uint32_t seed = 3;
	int64_t last = -1;
	int left = 0;

	for (int round = 0; round < 200; round++) {
		for (int i = 0; i < 200; i++)
			timers[i] = timer_at(t, random_number(&seed) % 50);
		for (int i = 0; i < 200; i++) {
			if (random_number(&seed) % 2)
				gsi_heap_remove(t, timers[i]);
			else
				left++;
		}
		last = -1;
		while ((timer = gsi_heap_first(t)) != NULL) {
			CHECK(timer->due >= last);
			last = timer->due;
			gsi_heap_remove(t, timer);
			left--;
		}
		CHECK_INT(left, 0);
	}
	/* memory of a periodic timer does not grow: INFO-13 */
	CHECK_INT(t->room, 256);
	gsi_heap_free(t);
}

TEST(heap_later_moves_down)
{
	struct gsi_timers *t = gsi_heap_new();
	struct gsi_timer *a = timer_at(t, 1), *b = timer_at(t, 2);

	timer_at(t, 3);
	a->due = 5;
	gsi_heap_later(t, a);
	CHECK(gsi_heap_first(t) == b);
	CHECK(gsi_heap_find(t, a->id) == a);
	gsi_heap_free(t);
}
