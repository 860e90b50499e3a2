/* SPDX-License-Identifier: Apache-2.0 */
/* The ring's bell, room and end: who sleeps, who is woken, and when. */
#include "tests/unit/ring_box.h"

TEST(ring_bell_asked_for_once_a_sleep)
{
	struct gm_slip slip;
	struct box box;
	uint64_t s;

	box_open(&box, 256);
	CHECK_OK(box_reserve(&box, 0, 8, &slip));
	CHECK_INT(box_finish(&box, 0, &slip), 0);
	CHECK(!gm_ring_sleep(&box.r));
	gm_ring_awake(&box.r);
	CHECK_INT(box_take(&box, 8), 0);
	gm_ring_release(&box.r);
	CHECK(gm_ring_sleep(&box.r));
	CHECK_OK(box_reserve(&box, 0, 8, &slip));
	s = box_finish(&box, 0, &slip);
	CHECK(s != 0);
	/* nobody has rung yet: the next one does */
	CHECK_OK(box_reserve(&box, 1, 8, &slip));
	CHECK_INT(box_finish(&box, 1, &slip), s);
	gm_ring_rung(box.ring, s);
	CHECK_OK(box_reserve(&box, 1, 8, &slip));
	CHECK_INT(box_finish(&box, 1, &slip), 0);
	gm_ring_awake(&box.r);
	CHECK_OK(box_reserve(&box, 1, 8, &slip));
	CHECK_INT(box_finish(&box, 1, &slip), 0);
	for (int i = 0; i < 4; i++)
		CHECK(box_take(&box, 8) >= 0);
	CHECK_INT(box_take(&box, 8), -1);
	CHECK(gm_ring_sleep(&box.r));
	CHECK_OK(box_reserve(&box, 0, 8, &slip));
	CHECK_INT(box_finish(&box, 0, &slip), s + 1);
	box_check(&box);
	box_close(&box);
}

TEST(ring_sleep_while_holding_keeps_the_record)
{
	struct gm_slip slip;
	struct gm_record record;
	struct box box;

	box_open(&box, 256);
	CHECK_OK(box_send(&box, 0, 3000));
	CHECK_INT(gm_ring_take(&box.r, &record), 1);
	CHECK(gm_ring_sleep(&box.r));
	CHECK_OK(box_reserve(&box, 0, 3000, &slip));
	CHECK_INT(box_finish(&box, 0, &slip), 1);
	CHECK(!gm_ring_sleep(&box.r));
	gm_ring_awake(&box.r);
	CHECK_INT(((const uint8_t *)record.payload)[100], box_byte(0, 0, 100));
	box.taken[0]++;
	CHECK_INT(box_take(&box, 3000), 0);
	box_close(&box);
}

TEST(ring_owner_of_a_pin_rings_a_sleeper)
{
	struct gm_slip slip;
	struct box box;

	box_open(&box, 256);
	CHECK_OK(box_reserve(&box, 0, 100, &slip));
	CHECK_INT(box_take(&box, 0), -1);
	/* an open record is found by the look at the tail, then pinned */
	while (!gm_ring_sleep(&box.r)) {
		gm_ring_awake(&box.r);
		CHECK_INT(box_take(&box, 0), -1);
	}
	CHECK_INT(box.r.n_pins, 1);
	CHECK(box_finish(&box, 0, &slip) != 0);
	gm_ring_awake(&box.r);
	CHECK_INT(box_take(&box, 100), 0);
	gm_ring_release(&box.r);
	CHECK_INT(box.r.n_pins, 0);
	CHECK(gm_ring_sleep(&box.r));
	box_check(&box);
	box_close(&box);
}

TEST(ring_refused_sender_wakes_a_sleeper_to_look)
{
	struct gm_slip slips[8];
	struct box box;
	uint64_t s;

	box_open(&box, 256);
	CHECK(gm_ring_sleep(&box.r));
	/* all stop before they ring */
	for (int i = 0; i < 3; i++)
		CHECK_OK(box_reserve(&box, i, 8192, &slips[i]));
	CHECK_INT(box_reserve(&box, 3, 8192, &slips[3]), -EAGAIN);
	s = gm_ring_nudge(&box.senders[7], box.ring, box_alive(&box));
	CHECK_INT(s, 1);
	gm_ring_rung(box.ring, s);
	CHECK_INT(gm_ring_nudge(&box.senders[7], box.ring, box_alive(&box)), 0);
	gm_ring_awake(&box.r);
	CHECK_INT(box_take(&box, 0), -1);
	for (int i = 0; i < 3; i++)
		box_finish(&box, i, &slips[i]);
	for (int i = 0; i < 3; i++)
		CHECK_INT(box_take(&box, 8192), i);
	CHECK_INT(box_take(&box, 0), -1);
	box_check(&box);
	box_close(&box);
}

static void
send_when_room(void *data)
{
	struct box *box = data;
	int status;

	gm_store(&box->shared->marks[0], 1, release);
	while ((status = box_send(box, 4, 1000)) == -EAGAIN) {
		gm_store(&box->shared->marks[1], 1, release);
		status = gm_ring_wait_room(&box->senders[4], box->ring,
		    box_alive(box), 1000, now_ns() + 20000000000);
		if (status != 0)
			break;
	}
	CHECK_INT(status,
	    (int)gm_load(&box->shared->marks[2], acquire) == 0 ? 0 : -ESRCH);
}

static bool
waits(void *data)
{
	struct box *box = data;

	return gm_load(&box->shared->marks[1], acquire) == 1 &&
	       (gm_load(&box->control->room_wanted, acquire) & GM_WANT_FUTEX) !=
		   0;
}

/* How long who waits for room takes to have it, in ms. */
static int64_t
room_takes(void)
{
	struct box box;
	int64_t start, took;
	pid_t pid;
	int n = 0;

	box_open(&box, 256);
	while (box_send(&box, 0, 1000) == 0)
		n++;
	pid = test_fork(send_when_room, &box);
	CHECK(eventually(waits, &box, 10000));
	start = now_ms();
	for (int i = 0; i < n; i++)
		CHECK_INT(box_take(&box, 1000), 0);
	gm_ring_release(&box.r);
	test_join(pid);
	took = now_ms() - start;
	CHECK_INT(box_take(&box, 1000), 4);
	box_close(&box);
	return took;
}

/* Not only found by a look after a second; others use the machine, too. */
TEST(ring_waiter_for_room_is_woken)
{
	int64_t took = 900;

	for (int i = 0; i < 10 && took >= 900; i++)
		took = room_takes();
	CHECK(took < 900 || test_slow());
}

static uint32_t
room_seq(const struct box *box)
{
	return gm_load(&box->control->room_seq, relaxed);
}

static void
want_room(struct box *box, uint32_t flags)
{
	atomic_fetch_or(&box->control->room_wanted, flags);
}

/* As if somebody waited again each time. */
TEST(ring_wakes_for_room_are_few_while_messages_come_fast)
{
	struct box box;
	uint32_t before, wakes;
	int64_t start;
	int n = 0;

	box_open(&box, 4096);
	while (box_send(&box, 0, 100) == 0)
		n++;
	start = now_ns();
	before = room_seq(&box);
	for (int i = 0; i < n; i++) {
		CHECK_INT(box_take(&box, 100), 0);
		want_room(&box, GM_WANT_FUTEX);
	}
	wakes = room_seq(&box) - before;
	/* for each half of the ring, and each 100 us */
	CHECK(wakes >= 1 && wakes <= 4 + (now_ns() - start) / 100000);
	/* at the end of all, at once */
	before = room_seq(&box);
	want_room(&box, GM_WANT_FUTEX);
	CHECK(box_take(&box, 100) != 0);
	CHECK(room_seq(&box) != before);
	box_close(&box);
}

/* However few have been taken since. */
TEST(ring_wakes_who_has_waited_for_long)
{
	struct box box;
	uint32_t before;

	box_open(&box, 4096);
	while (box_send(&box, 0, 100) == 0)
		continue;
	for (int i = 0; i < 1000; i++) {
		want_room(&box, GM_WANT_FUTEX);
		CHECK_INT(box_take(&box, 100), 0);
	}
	before = room_seq(&box);
	want_room(&box, GM_WANT_FUTEX | GM_WANT_LONG);
	CHECK_INT(box_take(&box, 100), 0);
	gm_ring_release(&box.r);
	CHECK(room_seq(&box) != before);
	box_close(&box);
}

TEST(ring_tells_of_room_and_leaves_no_word_of_it)
{
	const struct gm_page *page;
	struct gm_sender *me;
	struct box box;

	box_open(&box, 256);
	me = &box.senders[4];
	page = me->page;
	CHECK_INT(gm_ring_has_room(me, box.ring, box_alive(&box), 1000), 1);
	while (box_send(&box, 0, 1000) == 0)
		continue;
	CHECK_INT(gm_ring_has_room(me, box.ring, box_alive(&box), 1000), 0);
	CHECK_INT(gm_load(&page->send_m, relaxed), 0);
	CHECK_INT(gm_load(&box.control->room_wanted, relaxed), 0);
	while (box_take(&box, 1000) == 0)
		continue;
	CHECK_INT(gm_ring_has_room(me, box.ring, box_alive(&box), 1000), 1);
	gm_store(&box.shared->alive, 0, release);
	CHECK_INT(
	    gm_ring_has_room(me, box.ring, box_alive(&box), 1000), -ESRCH);
	CHECK_INT(gm_load(&page->send_m, relaxed), 0);
	box_close(&box);
}

TEST(ring_waiter_for_room_times_out)
{
	struct box box;
	int64_t start = now_ns();
	int status;

	box_open(&box, 256);
	while (box_send(&box, 0, 1000) == 0)
		continue;
	do {
		status = gm_ring_wait_room(&box.senders[4], box.ring,
		    box_alive(&box), 1000, start + 50000000);
	} while (status == 0);
	CHECK_INT(status, -ETIMEDOUT);
	CHECK(now_ns() - start >= 50000000);
	box_close(&box);
}

TEST(ring_retire_wakes_waiters_and_refuses)
{
	struct box box;
	pid_t pid;

	box_open(&box, 256);
	while (box_send(&box, 0, 1000) == 0)
		continue;
	gm_store(&box.shared->marks[2], 1, release);
	pid = test_fork(send_when_room, &box);
	CHECK(eventually(waits, &box, 10000));
	/* D1, then the rest of section 5 */
	gm_store(&box.shared->alive, 0, release);
	gm_ring_retire(box.ring);
	test_join(pid);
	CHECK_INT(box_send(&box, 1, 8), -ESRCH);
	gm_region_punch(box.fd, BOX_AT, 256);
	CHECK_INT(box_send(&box, 1, 8), -ESRCH);
	gm_store(&box.shared->alive, 1, release);
	CHECK_INT(box_send(&box, 1, 8), -ESRCH);
	CHECK_INT(gm_load(&box.senders[1].page->send_m, relaxed), 0);
	box_close(&box);
}

TEST(ring_node_is_told_of_room)
{
	struct box box;

	box_open(&box, 256);
	while (box_send(&box, 0, 20) == 0)
		continue;
	CHECK_INT(box_take(&box, 20), 0);
	CHECK(!gm_ring_release(&box.r));
	gm_ring_want_room(box.ring);
	CHECK_INT(box_take(&box, 20), 0);
	CHECK(gm_ring_release(&box.r));
	CHECK(!gm_ring_release(&box.r));
	while (box_take(&box, 20) == 0)
		continue;
	/* asked after the last release: found by the look at nothing */
	gm_ring_want_room(box.ring);
	CHECK_INT(box_take(&box, 20), -1);
	CHECK(gm_ring_release(&box.r));
	box_close(&box);
}

/* Model: room.pml, WANTS_LOST. */
TEST(ring_sleeper_that_learns_of_the_node_tells_it_first)
{
	struct box box;

	box_open(&box, 256);
	CHECK_OK(box_send(&box, 0, 8));
	CHECK_INT(box_take(&box, 8), 0);
	CHECK(!gm_ring_release(&box.r));
	gm_ring_want_room(box.ring);
	CHECK(!gm_ring_sleep(&box.r));
	gm_ring_awake(&box.r);
	CHECK(gm_ring_release(&box.r));
	CHECK(gm_ring_sleep(&box.r));
	gm_ring_awake(&box.r);
	box_close(&box);
}
