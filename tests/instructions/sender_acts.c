/* SPDX-License-Identifier: Apache-2.0 */
/* What a sender is stepped through, and what stands in its way. */
#include <errno.h>

#include "shm/ring_put.h"
#include "tests/instructions/sender_acts.h"

#define CELLS SENDER_CELLS

static void
done(struct scene *s, int status)
{
	_Atomic uint32_t *marks = s->box.shared->marks;

	gm_store(&marks[MARK_STATUS], (uint32_t)-status, release);
	gm_store(&marks[MARK_DONE], status == 0, release);
}

/* What lib/send.c does with a reservation. */
VICTIM static void
finish(struct scene *s, struct gm_slip *slip)
{
	struct gm_sender *me = &s->box.senders[VICTIM_SENDER];
	uint64_t ring;

	memcpy(slip->payload, s->slip.payload, slip->size);
	ring = gm_ring_commit(me, s->box.ring, slip);
	if (ring != 0) {
		scene_ring(s);
		gm_ring_rung(s->box.ring, ring);
	}
	gm_ring_done(me);
}

VICTIM static void
send(struct scene *s)
{
	struct gm_slip slip;
	int status = box_reserve(&s->box, VICTIM_SENDER, s->size, &slip);

	if (status == 0)
		finish(s, &slip);
	done(s, status);
}

/* Library text of its own, or nobody would step through what is inlined. */
static int __attribute__((noinline))
short_way(struct gm_sender *me, const struct gm_ring_ref *ring,
    struct gm_alive alive, const struct gm_parcel *parcel, uint64_t *sleep_no)
{
	return gm_ring_put(me, ring, alive, parcel, sleep_no);
}

/* The short way of lib/post.h. */
VICTIM static void
put(struct scene *s)
{
	struct gm_sender *me = &s->box.senders[VICTIM_SENDER];
	struct gm_alive alive = { &s->box.shared->alive, 1 };
	const uint8_t *bytes = s->slip.payload;
	struct gm_parcel parcel = { .body = bytes + sizeof(parcel.head),
		.size = s->size - sizeof(parcel.head) };
	uint64_t ring;
	int status;

	memcpy(parcel.head, bytes, sizeof(parcel.head));
	status = short_way(me, s->box.ring, alive, &parcel, &ring);
	if (status == 1 && ring != 0) {
		scene_ring(s);
		gm_ring_rung(s->box.ring, ring);
		gm_ring_done(me);
	}
	done(s, status == 1 ? 0 : -EAGAIN);
}

static void
half_full(struct scene *s)
{
	for (int i = 0; i < 30; i++)
		CHECK_OK(scene_put(s, OTHER, 100));
	scene_drain(s);
	for (int i = 0; i < 10; i++)
		CHECK_OK(scene_put(s, OTHER, 100));
}

/* Behind the next ones the lap ends: a long record begins at cell 0. */
static void
near_the_end(struct scene *s)
{
	while ((gm_load(&s->box.control->tail.lo, relaxed) & (CELLS - 1)) <
	       CELLS - 10) {
		CHECK_OK(scene_put(s, OTHER, 40));
		if (gm_ring_count(s->box.ring) > 500) {
			struct gm_record record;

			/* not empty, or it would rewind */
			CHECK_INT(gm_ring_take(&s->box.r, &record), 1);
			s->box.taken[OTHER]++;
		}
	}
	gm_ring_release(&s->box.r);
}

static void
with_open(struct scene *s)
{
	half_full(s);
	scene_reserve(s);
}

static void
sleeping(struct scene *s)
{
	half_full(s);
	scene_drain(s);
	scene_sleep(s);
}

static struct gm_slip held;

static void
reserve_first(struct scene *s)
{
	CHECK_OK(box_reserve(&s->box, VICTIM_SENDER, s->size, &held));
}

VICTIM static void
commit_only(struct scene *s)
{
	finish(s, &held);
	done(s, 0);
}

VICTIM static void
give_up(struct scene *s)
{
	gm_ring_abandon(&s->box.senders[VICTIM_SENDER], s->box.ring, &held);
	done(s, -ECANCELED);
}

/* The receiver has passed its open record and sleeps. */
static void
sleep_over_it(struct scene *s)
{
	scene_drain(s);
	scene_sleep(s);
	CHECK_INT(s->box.r.n_pins, 1);
}

static void
full(struct scene *s)
{
	while (scene_put(s, OTHER, 1000) == 0)
		;
	while (scene_put(s, OTHER, 10) == 0)
		;
}

/* Full, and asleep: who filled it was stopped before it rang. */
static void
full_and_sleeping(struct scene *s)
{
	struct box *box = &s->box;
	struct gm_slip slip;

	half_full(s);
	scene_drain(s);
	scene_sleep(s);
	while (box_reserve(box, OTHER, 1000, &slip) == 0) {
		scene_fill(&slip, OTHER, box->sent[OTHER]++);
		gm_ring_commit(&box->senders[OTHER], box->ring, &slip);
		gm_ring_done(&box->senders[OTHER]);
	}
}

VICTIM static void
send_refused(struct scene *s)
{
	struct gm_sender *me = &s->box.senders[VICTIM_SENDER];
	struct gm_alive alive = { &s->box.shared->alive, 1 };
	struct gm_slip slip;
	uint64_t ring;
	int status = box_reserve(&s->box, VICTIM_SENDER, s->size, &slip);

	if (status == 0)
		finish(s, &slip);
	if (status == -EAGAIN) {
		ring = gm_ring_nudge(me, s->box.ring, alive);
		if (ring != 0) {
			scene_ring(s);
			gm_ring_rung(s->box.ring, ring);
			gm_ring_done(me);
		}
	}
	done(s, status);
}

VICTIM static void
send_when_room(struct scene *s)
{
	struct gm_sender *me = &s->box.senders[VICTIM_SENDER];
	struct gm_alive alive = { &s->box.shared->alive, 1 };
	struct gm_slip slip;
	int status;

	while ((status = box_reserve(&s->box, VICTIM_SENDER, s->size, &slip)) ==
	       -EAGAIN)
		CHECK_OK(gm_ring_wait_room(
		    me, s->box.ring, alive, s->size, now_ns() + 20000000000));
	CHECK_OK(status);
	finish(s, &slip);
	done(s, 0);
}

static bool
make_room(void *data, int turn)
{
	struct scene *s = data;

	if (turn == 0)
		scene_drain(s);
	return turn == 0;
}

const struct act sender_acts[] = {
	{ "send of one cell", 40, .before = half_full, .act = send },
	{ "send of many cells", 2000, .before = half_full, .act = send },
	{ "send across the end", 1000, .before = near_the_end, .act = send },
	{ "send that grows the ring", 9000, .act = send },
	{ "send that helps another", 100, .before = with_open, .act = send },
	{ "send to a sleeper", 40, .before = sleeping, .act = send },
	{ "small send", 80, .before = half_full, .act = put },
	{ "small send that helps another", 80, .before = with_open,
	    .act = put },
	{ "small send to a sleeper", 80, .before = sleeping, .act = put },
	{ "fenced send to a sleeper", 200, true, sleeping, .act = send },
	{ "end of a passed send", 500, .before = half_full,
	    .prologue = reserve_first, .act = commit_only,
	    .ready = sleep_over_it },
	{ "send given up", 500, .before = half_full, .prologue = reserve_first,
	    .act = give_up },
	{ "send refused", 500, .before = full, .act = send_refused },
	{ "send refused by a sleeper", 2000, .before = full_and_sleeping,
	    .act = send_refused },
	{ "wait for room", 500, .before = full, .act = send_when_room,
	    .wake = make_room },
	{ "fenced wait for room", 5000, true, full, .act = send_when_room,
	    .wake = make_room },
	{ .name = NULL },
};
