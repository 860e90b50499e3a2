/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring with open records: others pass them, lap after lap (jumps), and
 * garbage in shared memory, which costs that ring and nobody else.
 */
#include "tests/unit/ring_box.h"

#include <stdio.h>

#define LAPS 50

TEST(ring_open_record_is_passed_and_keeps_its_order)
{
	struct gm_slip slip;
	struct box box;

	box_open(&box, 256);
	CHECK_OK(box_send(&box, 0, 8));
	CHECK_OK(box_reserve(&box, 0, 500, &slip));
	CHECK_OK(box_send(&box, 1, 8));
	CHECK_OK(box_send(&box, 1, 8));
	CHECK_INT(box_take(&box, 8), 0);
	CHECK_INT(box_take(&box, 8), 1);
	CHECK_INT(box.r.n_pins, 1);
	box_finish(&box, 0, &slip);
	CHECK_OK(box_send(&box, 0, 8));
	/* what was complete before goes first */
	CHECK_INT(box_take(&box, 500), 0);
	CHECK_INT(box_take(&box, 8), 1);
	CHECK_INT(box_take(&box, 8), 0);
	CHECK_INT(box_take(&box, 8), -1);
	CHECK_INT(box.r.n_pins, 0);
	box_check(&box);
	box_close(&box);
}

/* Sends and takes for some laps around what is open. */
static void
go_round(struct box *box, size_t size)
{
	uint64_t start = gm_load(&box->control->tail.lo, relaxed);

	while ((gm_load(&box->control->tail.lo, relaxed) - start) <
	       (uint64_t)LAPS * box->ring->cells) {
		CHECK_OK(box_send(box, 7, size));
		CHECK_INT(box_take(box, size), 7);
		gm_ring_release(&box->r);
		CHECK_INT(box_take(box, size), -1);
		gm_ring_sleep(&box->r);
		gm_ring_awake(&box->r);
		box_check(box);
	}
}

TEST(ring_one_open_record_leaves_room_for_the_largest)
{
	static const size_t sizes[] = { 8, 48, 49, 700, 4096 };
	struct gm_slip slip;
	struct box box;

	for (int open = 0; open < 5; open++) {
		for (int i = 0; i < 5; i++) {
			box_open(&box, 512);
			for (int j = 0; j < open * 30; j++) {
				CHECK_OK(box_send(&box, 1, 30));
				CHECK_INT(box_take(&box, 30), 1);
			}
			CHECK_OK(box_reserve(&box, 0, sizes[open], &slip));
			go_round(&box, sizes[i]);
			box_finish(&box, 0, &slip);
			CHECK_INT(box_take(&box, sizes[open]), 0);
			CHECK_INT(box_take(&box, 0), -1);
			CHECK_INT(box.r.n_pins, 0);
			go_round(&box, sizes[i]);
			box_close(&box);
		}
	}
}

TEST(ring_several_open_records_leave_room)
{
	struct gm_slip slips[6];
	struct box box;

	box_open(&box, 1024);
	for (int i = 0; i < 6; i++) {
		CHECK_OK(box_reserve(&box, i, 100 * (size_t)i, &slips[i]));
		for (int j = 0; j < 20 * i; j++) {
			CHECK_OK(box_send(&box, 7, 10));
			CHECK_INT(box_take(&box, 10), 7);
		}
	}
	go_round(&box, 300);
	CHECK_INT(box.r.n_pins, 6);
	for (int i = 5; i >= 0; i--) {
		box_finish(&box, i, &slips[i]);
		CHECK_INT(box_take(&box, 100 * (size_t)i), i);
		go_round(&box, 300);
	}
	CHECK_INT(box.r.n_pins, 0);
	CHECK_OK(box_send(&box, 0, gm_ring_message_max(box.ring)));
	CHECK_INT(box_take(&box, gm_ring_message_max(box.ring)), 0);
	box_close(&box);
}

/* A full ring of records behind one that is open, taken one by one. */
TEST(ring_busy_receiver_jumps_too)
{
	struct gm_slip slip;
	struct box box;
	int backlog = 0;

	box_open(&box, 256);
	CHECK_OK(box_reserve(&box, 0, 1000, &slip));
	for (int i = 0; i < 20000; i++) {
		while (box_send(&box, 1, 10) == 0)
			backlog++;
		gm_ring_nudge(&box.senders[7], box.ring, box_alive(&box));
		CHECK(backlog > 0);
		CHECK_INT(box_take(&box, 10), 1);
		backlog--;
	}
	gm_ring_release(&box.r);
	box_check(&box);
	box_finish(&box, 0, &slip);
	CHECK_INT(box_take(&box, 1000), 0);
	while (backlog-- > 0)
		CHECK_INT(box_take(&box, 10), 1);
	CHECK_INT(box_take(&box, 10), -1);
	box_check(&box);
	box_close(&box);
}

static uint64_t
chance(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* One word somewhere becomes something nasty. */
static void
scribble(struct box *box, uint64_t *seed)
{
	uint64_t *words = (uint64_t *)(void *)box->control;
	uint64_t what = chance(seed), n = box->ring->cells;

	if (what % 3 == 0)
		words = &words[chance(seed) % (sizeof(*box->control) / 8)];
	else
		words = (uint64_t *)(void *)&box->ring
			    ->heads[(box->r.cur + chance(seed) % 3) & (n - 1)] +
			chance(seed) % 2;
	switch (what / 3 % 6) {
	case 0:
		*words = chance(seed);
		break;
	case 1:
		*words ^= 1ull << chance(seed) % 64;
		break;
	case 2:
		*words += chance(seed) % (2 * n) - n;
		break;
	case 3:
		*words = (box->r.cur + chance(seed) % 4) | chance(seed) % 4
							       << 56;
		break;
	case 4:
		*words = ~0ull << chance(seed) % 64;
		break;
	default:
		*words = chance(seed) % (n + 2);
	}
}

static bool
yes(void *data)
{
	return data != NULL;
}

static void
use(struct box *box, uint64_t *seed)
{
	const uint8_t *base = (const uint8_t *)box->region.region;
	struct gm_record record;
	struct gm_slip slip;
	bool quiet = true;

	if (box_reserve(box, (int)(chance(seed) % 4), chance(seed) % 4097,
		&slip) == 0) {
		CHECK((uint8_t *)slip.payload >= base + 4096 &&
		      (uint8_t *)slip.payload + slip.size <=
			  base + box->region.mapped);
		if (chance(seed) % 4 != 0)
			gm_ring_commit(&box->senders[0], box->ring, &slip);
	}
	while (gm_ring_take(&box->r, &record) == 1) {
		CHECK((const uint8_t *)record.payload >= base + 4096 &&
		      (const uint8_t *)record.payload + record.size <=
			  base + box->region.mapped);
		gm_ring_release(&box->r);
	}
	gm_ring_settle(box->ring, (uint32_t)(chance(seed) % 4) + 1,
	    box->r.cur - chance(seed) % 3);
	gm_ring_count(box->ring);
	gm_ring_check(&box->r);
	gm_ring_nudge(&box->senders[7], box->ring, box_alive(box));
	if (gm_ring_sleep(&box->r) || chance(seed) % 2 == 0)
		gm_ring_awake(&box->r);
	gm_ring_wait_room(&box->senders[4], box->ring, box_alive(box), 10, 1);
	if (chance(seed) % 16 == 0)
		gm_ring_trim(&box->r, yes, &quiet);
}

TEST_TIMEOUT(ring_garbage_hurts_nobody, 120)
{
	const uint64_t first = (uint64_t)now_ns() | 1;
	uint64_t seed = first;
	struct box box;

	printf("# seed %llu\n", (unsigned long long)first);
	for (int round = 0; round < 300; round++) {
		box_open(&box, 256);
		for (int i = 0; i < 40; i++) {
			use(&box, &seed);
			if (i > 4)
				scribble(&box, &seed);
		}
		munmap(box.shared, sizeof(*box.shared));
		box_close(&box);
	}
}
