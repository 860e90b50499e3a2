/* SPDX-License-Identifier: Apache-2.0 */
/* What a receiver is stepped through, and what it finds. */
#include "tests/instructions/receiver_acts.h"

#define CELLS RECEIVER_CELLS

struct desk *desk;

/* Takes as many as there are and notes how many; bytes are looked at later. */
VICTIM static void
take(struct scene *s)
{
	(void)s;
	gm_store(&desk->taken, gm_ring_take(&desk->r, &desk->record), release);
}

VICTIM static void
release(struct scene *s)
{
	(void)s;
	gm_ring_release(&desk->r);
}

VICTIM static void
nap(struct scene *s)
{
	(void)s;
	gm_store(&desk->slept, gm_ring_sleep(&desk->r), release);
	gm_store(&desk->rose, true, release);
	gm_ring_awake(&desk->r);
}

static bool
yes(void *data)
{
	(void)data;
	return true;
}

static bool
no(void *data)
{
	(void)data;
	return false;
}

VICTIM static void
trim(struct scene *s)
{
	(void)s;
	gm_ring_trim(&desk->r, yes, NULL);
}

VICTIM static void
trim_in_vain(struct scene *s)
{
	(void)s;
	gm_ring_trim(&desk->r, no, NULL);
}

static void
some(struct scene *s)
{
	for (int i = 0; i < 5; i++)
		CHECK_OK(scene_put(s, OTHER, 30 + 100 * (size_t)i));
}

static void
none(struct scene *s)
{
	some(s);
	scene_drain(s);
}

static void
hold(struct scene *s)
{
	struct gm_record record;

	CHECK_INT(gm_ring_take(&s->box.r, &record), 1);
	s->box.taken[OTHER]++;
}

static void
held(struct scene *s)
{
	some(s);
	hold(s);
}

/* An open record first, more behind it. */
static void
open_first(struct scene *s)
{
	none(s);
	scene_reserve(s);
	some(s);
}

/* Only the tail knows of the last record: the receiver writes its header. */
static void
open_last(struct scene *s)
{
	none(s);
	scene_reserve(s);
}

/* It was passed, and nothing else is there: it may sleep over it. */
static void
open_passed(struct scene *s)
{
	open_first(s);
	scene_sleep(s);
	scene_awake(s);
	CHECK_INT(s->box.r.n_pins, 1);
}

/* It was passed and is complete now. */
static void
passed_and_whole(struct scene *s)
{
	open_first(s);
	scene_drain(s);
	scene_finish(s);
	some(s);
}

/* An open record so near in front that the largest does not fit. */
static void
before_a_pin(struct scene *s)
{
	open_first(s);
	scene_drain(s);
	while (s->box.r.pins[0].next -
		   (gm_load(&s->box.control->tail.lo, relaxed) & GM_POSITION) >
	       CELLS / 4 + GM_RING_RESERVE)
		CHECK_OK(scene_put(s, OTHER, 500));
	s->box.r.jump_look = 0;
}

/* Far into the lap, with nothing there: it rewinds. */
static void
far(struct scene *s)
{
	while ((gm_load(&s->box.control->tail.lo, relaxed) & (CELLS - 1)) < 300)
		CHECK_OK(scene_put(s, OTHER, 500));
	scene_drain(s);
}

/* Grown, and empty. */
static void
wide(struct scene *s)
{
	while (gm_ring_allocated(s->box.ring) < 2ull * CELLS * GM_CELL)
		CHECK_OK(scene_put(s, OTHER, 4000));
	scene_drain(s);
}

/* The ring is full, and others wait for room. */
static void
crowded(struct scene *s)
{
	while (scene_put(s, OTHER, 300) == 0)
		;
	atomic_fetch_or(&s->box.control->room_wanted,
	    GM_WANT_FUTEX | GM_WANT_NODE | GM_WANT_LOOK);
	hold(s);
}

const struct receiver_act receiver_acts[] = {
	{ "take", false, some, take },
	{ "take after another", false, held, take },
	{ "take of nothing", false, none, take },
	{ "pass an open record", false, open_first, take },
	{ "help an open record", false, open_last, nap },
	{ "take a passed record", false, passed_and_whole, take },
	{ "jump", false, before_a_pin, take },
	{ "rewind", false, far, nap },
	{ "release", false, held, release },
	{ "release with others waiting", false, crowded, release },
	{ "sleep and wake", false, none, nap },
	{ "sleep over an open record", false, open_passed, nap },
	{ "fenced sleep over an open record", true, open_passed, nap },
	{ "trim", false, wide, trim },
	{ "trim in vain", false, wide, trim_in_vain },
	{ "fenced trim", true, wide, trim },
	{ .name = NULL },
};
