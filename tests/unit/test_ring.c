/* SPDX-License-Identifier: Apache-2.0 */
/* The ring with everybody alive: records, room, memory, bell. */
#include "tests/unit/ring_box.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

TEST(ring_take_empty_gives_nothing)
{
	struct box box;

	box_open(&box, 256);
	CHECK_INT(box_take(&box, 0), -1);
	CHECK(!gm_ring_release(&box.r));
	CHECK_INT(gm_ring_count(box.ring), 0);
	box_check(&box);
	box_close(&box);
}

TEST(ring_record_of_every_size_comes_out_whole)
{
	struct box box;
	size_t max;

	box_open(&box, 256);
	max = gm_ring_message_max(box.ring);
	CHECK_INT(max, 256 * GM_CELL / 4);
	for (size_t size = 0; size <= max; size++) {
		CHECK_OK(box_send(&box, 0, size));
		CHECK_INT(gm_ring_count(box.ring), 1);
		CHECK_INT(box_take(&box, size), 0);
		CHECK_INT(gm_ring_count(box.ring), 0);
	}
	CHECK_INT(box_send(&box, 0, max + 1), -EMSGSIZE);
	CHECK_INT(gm_load(&box.senders[0].page->send_m, relaxed), 0);
	box_check(&box);
	box_close(&box);
}

TEST(ring_bodies_wrap_at_every_position)
{
	static const size_t sizes[] = { 4096, 1, 500, 112, 113, 0, 2000, 48 };
	struct box box;

	box_open(&box, 256);
	/* one stays in, so that it never rewinds */
	CHECK_OK(box_send(&box, 1, sizes[0]));
	for (int i = 0; i < 20000; i++) {
		CHECK_OK(box_send(&box, 1, sizes[(i + 1) % 8]));
		CHECK_INT(box_take(&box, sizes[i % 8]), 1);
		if (i % 64 == 0)
			box_check(&box);
	}
	box_close(&box);
}

TEST(ring_full_refuses_but_runtime_messages_fit)
{
	struct gm_slip slip;
	struct box box;
	int n = 0, more = 0, status;

	box_open(&box, 256);
	while ((status = box_send(&box, 0, 20)) == 0)
		n++;
	CHECK_INT(status, -EAGAIN);
	CHECK_INT(n, 256 - GM_RING_RESERVE);
	CHECK_INT(gm_load(&box.senders[0].page->send_m, relaxed), 0);
	while ((status = gm_ring_open(&box.senders[0], box.ring,
		    box_alive(&box), 20, GM_SEND_RUNTIME, &slip)) == 0) {
		box_finish(&box, 0, &slip);
		more++;
	}
	CHECK_INT(status, -EAGAIN);
	CHECK_INT(more, GM_RING_RESERVE);
	CHECK_INT(gm_ring_count(box.ring), 256);
	box_check(&box);
	for (int i = 0; i < 256; i++)
		CHECK_INT(box_take(&box, 20), 0);
	CHECK_INT(box_take(&box, 20), -1);
	CHECK_OK(box_send(&box, 0, 4096));
	CHECK_INT(box_take(&box, 4096), 0);
	box_close(&box);
}

TEST(ring_room_comes_back_in_small_steps)
{
	struct box box;

	box_open(&box, 256);
	while (box_send(&box, 0, 20) == 0)
		continue;
	/* at most a 64th of the ring is kept back */
	for (int i = 0; i < 5; i++)
		CHECK_INT(box_take(&box, 20), 0);
	CHECK_OK(box_send(&box, 0, 20));
	box_close(&box);
}

TEST(ring_order_of_each_sender_is_kept)
{
	struct box box;

	box_open(&box, 1024);
	for (int round = 0; round < 300; round++) {
		for (int i = 0; i < 40; i++)
			CHECK_OK(box_send(&box, (i * 7 + round) % 5, 100));
		for (int i = 0; i < 40; i++)
			CHECK_INT(box_take(&box, 100), (i * 7 + round) % 5);
	}
	box_check(&box);
	box_close(&box);
}

TEST(ring_abandoned_reservation_is_skipped)
{
	struct gm_slip slip;
	struct box box;

	box_open(&box, 256);
	CHECK_OK(box_reserve(&box, 0, 1000, &slip));
	CHECK_OK(box_send(&box, 1, 10));
	gm_ring_abandon(&box.senders[0], box.ring, &slip);
	CHECK_INT(box_take(&box, 10), 1);
	CHECK_INT(box_take(&box, 10), -1);
	CHECK_INT(box.r.n_pins, 0);
	box_check(&box);
	box_close(&box);
}

TEST(ring_idle_stays_in_its_first_page)
{
	struct box box;

	box_open(&box, 16384);
	for (int i = 0; i < 1000; i++) {
		CHECK_OK(box_send(&box, 0, 300));
		CHECK_INT(box_take(&box, 300), 0);
		for (int look = 0; look < 10; look++)
			CHECK_INT(box_take(&box, 0), -1);
	}
	CHECK_INT(gm_ring_allocated(box.ring), 2 * 4096);
	CHECK((gm_load(&box.control->tail.lo, relaxed) & 16383) < 64);
	box_check(&box);
	box_close(&box);
}

TEST(ring_rewinds_less_when_positions_run_out)
{
	struct box box;

	box_open(&box, 1024);
	box.r.cur = box.r.looked = GM_POSITION / 4 + 1;
	box.r.limit = box.r.cur + 1024;
	gm_store(&box.control->tail.lo, box.r.cur, relaxed);
	gm_store(&box.control->taken, box.r.cur, relaxed);
	gm_store(&box.control->limit, box.r.limit, relaxed);
	for (int i = 0; i < 40; i++) {
		CHECK_OK(box_send(&box, 0, 8));
		CHECK_INT(box_take(&box, 8), 0);
		CHECK_INT(box_take(&box, 8), -1);
		CHECK(gm_ring_sleep(&box.r));
		gm_ring_awake(&box.r);
		CHECK_INT((box.r.cur & 1023) == 0, i == 39);
	}
	box_check(&box);
	box_close(&box);
}

static off_t
blocks(struct box *box)
{
	struct stat st;

	CHECK_OK(fstat(box->fd, &st));
	return st.st_blocks * 512;
}

static bool
is_quiet(void *data)
{
	return *(const bool *)data;
}

TEST(ring_grows_and_trims)
{
	bool quiet = false;
	off_t before;
	struct box box;
	int n = 0;

	box_open(&box, 4096);
	before = blocks(&box);
	CHECK_INT(before, 5 * 4096);
	while (box_send(&box, 0, 3000) == 0)
		n++;
	CHECK_INT(gm_ring_allocated(box.ring), 2 * 4096 * GM_CELL);
	CHECK(blocks(&box) >= 2 * 4096 * GM_CELL);
	CHECK_INT(gm_ring_trim(&box.r, is_quiet, &quiet), 0);
	for (int i = 0; i < n; i++)
		CHECK_INT(box_take(&box, 3000), 0);
	/* still borrowed */
	quiet = true;
	CHECK_INT(gm_ring_trim(&box.r, is_quiet, &quiet), 0);
	gm_ring_release(&box.r);
	quiet = false;
	CHECK_INT(gm_ring_trim(&box.r, is_quiet, &quiet), 0);
	box_check(&box);
	CHECK_INT(gm_ring_allocated(box.ring), 2 * 4096 * GM_CELL);
	quiet = true;
	CHECK_INT(
	    gm_ring_trim(&box.r, is_quiet, &quiet), 2 * (4096 - 160) * GM_CELL);
	CHECK_INT(gm_ring_allocated(box.ring), 2 * 160 * GM_CELL);
	/* two rings, one page each of the other */
	CHECK_INT(blocks(&box), 4096 + 2 * 160 * GM_CELL + 2 * 4096);
	box_check(&box);
	CHECK_INT(gm_ring_trim(&box.r, is_quiet, &quiet), 0);
	for (int i = 0; i < n; i++)
		CHECK_OK(box_send(&box, 0, 3000));
	for (int i = 0; i < n; i++)
		CHECK_INT(box_take(&box, 3000), 0);
	box_check(&box);
	box_close(&box);
}

/* Senders that come while it trims: within what is kept, or told to wait. */
static bool
send_meanwhile(void *data)
{
	struct box *box = data;
	int n = 0;

	CHECK((gm_load(&box->control->allocated, relaxed) & GM_TRIMMING) != 0);
	while (box_send(box, 2, 30) == 0)
		n++;
	CHECK_INT(n, 128 - GM_RING_RESERVE);
	CHECK_INT(box_take(box, 30), 2);
	CHECK_INT(box_send(box, 2, 30), -EAGAIN);
	return true;
}

TEST(ring_trim_survives_senders_and_takes_meanwhile)
{
	struct box box;

	box_open(&box, 4096);
	while (box_send(&box, 0, 3000) == 0)
		continue;
	while (box_take(&box, 3000) == 0)
		continue;
	CHECK(gm_ring_trim(&box.r, send_meanwhile, &box) > 0);
	box_check(&box);
	for (int i = 1; i < 128 - (int)GM_RING_RESERVE; i++)
		CHECK_INT(box_take(&box, 30), 2);
	CHECK_INT(box_take(&box, 30), -1);
	for (int i = 0; i < 5000; i++) {
		CHECK_OK(box_send(&box, 2, 200));
		CHECK_OK(box_send(&box, 3, 200));
		CHECK_INT(box_take(&box, 200), 2);
		CHECK_INT(box_take(&box, 200), 3);
	}
	box_check(&box);
	box_close(&box);
}

/* A tmpfs of this many bytes, or the test is skipped. */
static int
small_file(const char *options)
{
	char path[300];

	if (unshare(CLONE_NEWNS) < 0 &&
	    unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		SKIP("no mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", test_dir(), "tmpfs", 0, options) < 0)
		SKIP("no tmpfs of its own");
	snprintf(path, sizeof(path), "%s/segment", test_dir());
	return open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

TEST(ring_full_tmpfs_is_enospc_never_sigbus)
{
	struct box box;
	int n = 0, status;

	box_open_fd(&box, 4096, small_file("size=64k"));
	while ((status = box_send(&box, 0, 40)) == 0)
		n++;
	CHECK_INT(status, -ENOSPC);
	CHECK(n >= 128 && n < 1024);
	CHECK_INT(gm_load(&box.senders[0].page->send_m, relaxed), 0);
	box_check(&box);
	for (int i = 0; i < n; i++)
		CHECK_INT(box_take(&box, 40), 0);
	/* and goes on, within its pages */
	for (int i = 0; i < 1000; i++) {
		CHECK_INT(box_take(&box, 40), -1);
		CHECK(gm_ring_sleep(&box.r));
		gm_ring_awake(&box.r);
		CHECK_OK(box_send(&box, 0, 40));
		CHECK_INT(box_take(&box, 40), 0);
	}
	box_check(&box);
	CHECK_INT(gm_region_create(box.fd, 1ull << 30, 256, 1, 1), -ENOSPC);
	box_close(&box);
	CHECK_OK(umount2(test_dir(), MNT_DETACH));
}
