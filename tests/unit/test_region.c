/* SPDX-License-Identifier: Apache-2.0 */
/* Regions: geometry, what is refused, and memory that comes and goes. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/region.h"
#include "shm/ring_layout.h"
#include "tests/runner.h"

#define AT (3ull << 20)

static int
segment(void)
{
	int fd = memfd_create("region", MFD_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

static int64_t
memory(int fd)
{
	struct stat st;

	CHECK_OK(fstat(fd, &st));
	return (int64_t)st.st_blocks * 512;
}

TEST(region_cells_rounds_up_within_bounds)
{
	CHECK_INT(gm_region_cells(0), 0);
	CHECK_INT(gm_region_cells(1), GM_RING_CELLS_MIN);
	CHECK_INT(gm_region_cells(16384), 16384 / GM_CELL);
	CHECK_INT(gm_region_cells(16385), 32768 / GM_CELL);
	CHECK_INT(gm_region_cells(1 << 20), (1 << 20) / GM_CELL);
	CHECK_INT(gm_region_cells(1 << 30), GM_RING_CELLS_MAX);
	CHECK_INT(gm_region_cells((1 << 30) + 1), 0);
	CHECK_INT(gm_region_cells(SIZE_MAX), 0);
}

TEST(region_id_tells_ring_and_place)
{
	CHECK(gm_region_id(AT, GM_MAILBOX) != gm_region_id(AT, GM_REPLIES));
	CHECK(gm_region_id(0, GM_MAILBOX) != 0);
	CHECK_INT(gm_region_id_at(gm_region_id(AT, GM_REPLIES)), AT);
	CHECK_INT(gm_region_id_which(gm_region_id(AT, GM_REPLIES)), GM_REPLIES);
	CHECK_INT(gm_region_id_which(gm_region_id(AT, GM_MAILBOX)), GM_MAILBOX);
}

TEST(region_create_takes_five_pages_and_gives_them_back)
{
	int fd = segment();

	CHECK_OK(gm_region_create(fd, AT, 1024, 5, 9));
	CHECK_INT(memory(fd), 5 * 4096);
	gm_region_punch(fd, AT, 1024);
	CHECK_INT(memory(fd), 0);
	CHECK_INT(gm_region_create(fd, AT + 1, 1024, 5, 9), -EINVAL);
	CHECK_INT(gm_region_create(fd, AT, 1000, 5, 9), -EINVAL);
	CHECK_INT(
	    gm_region_create(fd, AT, GM_RING_CELLS_MIN / 2, 5, 9), -EINVAL);
	CHECK_INT(memory(fd), 0);
	close(fd);
}

/* Who sends before the receiver is there does not rely on its membarrier. */
TEST(region_has_rings_that_fence_until_their_receiver_knows_better)
{
	struct gm_receiver receiver;
	struct gm_region_ref ref;
	int fd = segment();

	CHECK_OK(gm_region_create(fd, AT, 1024, 5, 9));
	CHECK_OK(gm_region_map(fd, AT, 5, 9, true, &ref));
	for (int i = 0; i < 2; i++)
		CHECK_INT(gm_load(&ref.ring[i].ring->fenced, relaxed), 1);
	gm_receiver_init(&receiver, &ref.ring[GM_MAILBOX], false);
	CHECK_INT(gm_load(&ref.ring[GM_MAILBOX].ring->fenced, relaxed), 0);
	gm_receiver_fini(&receiver);
	gm_receiver_init(&receiver, &ref.ring[GM_REPLIES], true);
	CHECK_INT(gm_load(&ref.ring[GM_REPLIES].ring->fenced, relaxed), 1);
	gm_receiver_fini(&receiver);
	gm_region_unmap(&ref);
	close(fd);
}

/* Its next owner finds what a new region has, and needs no page more. */
TEST(region_clean_keeps_its_pages_and_nothing_in_them)
{
	struct gm_region_ref ref;
	unsigned char *bytes;
	int fd = segment();

	CHECK_OK(gm_region_create(fd, AT, 1024, 5, 9));
	CHECK_OK(gm_region_map(fd, AT, 5, 9, true, &ref));
	memset(ref.region, 0xa5, ref.mapped);
	CHECK_INT(memory(fd), ref.mapped);
	CHECK(gm_region_clean(fd, AT, 1024));
	CHECK_INT(memory(fd), 5 * 4096);
	/* reading the holes gives them pages, so this comes last */
	bytes = (unsigned char *)ref.region;
	for (size_t i = 0; i < ref.mapped; i++)
		CHECK(bytes[i] == 0);
	gm_region_unmap(&ref);
	close(fd);
}

TEST(region_map_gives_two_rings_that_do_not_meet)
{
	struct gm_region_ref ref;
	int fd = segment();

	CHECK_OK(gm_region_create(fd, AT, 256, 5, 9));
	CHECK_OK(gm_region_map(fd, AT, 5, 9, true, &ref));
	CHECK_INT(ref.cells, 256);
	CHECK_INT(ref.mapped, gm_region_span(256));
	CHECK_INT(ref.ring[0].heads_at, AT + 4096);
	CHECK_INT(ref.ring[0].bodies_at, AT + 4096 + 256 * GM_CELL);
	CHECK_INT(ref.ring[1].heads_at, AT + 4096 + 2 * 256 * GM_CELL);
	CHECK_INT(ref.ring[1].bodies_at + 256 * GM_CELL, AT + ref.mapped);
	CHECK_INT((uint8_t *)ref.ring[1].bodies - (uint8_t *)ref.region,
	    ref.ring[1].bodies_at - AT);
	CHECK_INT(gm_region_cpu(&ref), 0);
	gm_region_set_cpu(&ref, 3);
	CHECK_INT(gm_region_cpu(&ref), 3);
	gm_region_unmap(&ref);
	gm_region_unmap(&ref);
	close(fd);
}

TEST(region_map_refuses_what_is_not_one)
{
	struct gm_region_ref ref;
	uint32_t word;
	int fd = segment();

	CHECK_INT(gm_region_map(fd, AT, 5, 9, true, &ref), -EBADMSG);
	CHECK_OK(gm_region_create(fd, AT, 256, 5, 9));
	CHECK_INT(gm_region_map(fd, AT, 6, 9, true, &ref), -EBADMSG);
	CHECK_INT(gm_region_map(fd, AT, 5, 8, true, &ref), -EBADMSG);
	CHECK_INT(gm_region_map(fd, AT + 64, 5, 9, true, &ref), -EBADMSG);
	CHECK_INT(gm_region_map(fd, AT + 4096, 5, 9, true, &ref), -EBADMSG);
	for (uint32_t cells = 1; cells != 0; cells <<= 1) {
		/* valid alone, but the file ends before it */
		word = cells == 256 || cells == 128 ? 512 : cells;
		CHECK(pwrite(fd, &word, 4, AT + 8) == 4);
		CHECK_INT(gm_region_map(fd, AT, 5, 9, true, &ref), -EBADMSG);
	}
	word = 384;
	CHECK(pwrite(fd, &word, 4, AT + 8) == 4);
	CHECK_INT(gm_region_map(fd, AT, 5, 9, true, &ref), -EBADMSG);
	word = 256;
	CHECK(pwrite(fd, &word, 4, AT + 8) == 4);
	CHECK_OK(gm_region_map(fd, AT, 5, 9, false, &ref));
	CHECK_INT(gm_ring_count(&ref.ring[0]), 0);
	CHECK_INT(gm_ring_allocated(&ref.ring[0]), 2 * 4096);
	gm_region_unmap(&ref);
	gm_region_punch(fd, AT, 256);
	CHECK_INT(gm_region_map(fd, AT, 5, 9, true, &ref), -EBADMSG);
	close(fd);
}

/* What a tool sees of a mailbox, and that looking costs no memory. */
TEST(region_look_counts_and_allocates_nothing)
{
	struct gm_region_ref ref;
	struct gm_page *page = test_shared(sizeof(*page));
	struct gm_sender me = { page, 1, true };
	_Atomic uint64_t word = 1;
	struct gm_region_load load;
	struct gm_slip slip;
	int fd = segment();

	CHECK_OK(gm_region_create(fd, AT, 1024, 5, 9));
	CHECK_OK(gm_region_look(fd, AT, 1024, 5, 9, &load));
	CHECK_INT(load.messages, 0);
	CHECK_INT(load.bytes, 4 * 4096);
	CHECK_OK(gm_region_map(fd, AT, 5, 9, true, &ref));
	for (int i = 0; i < 7; i++) {
		CHECK_OK(gm_ring_open(&me, &ref.ring[GM_MAILBOX],
		    (struct gm_alive){ &word, 1 }, 100, 0, &slip));
		gm_ring_commit(&me, &ref.ring[GM_MAILBOX], &slip);
		gm_ring_done(&me);
	}
	gm_region_unmap(&ref);
	CHECK_OK(gm_region_look(fd, AT, 1024, 5, 9, &load));
	CHECK_INT(load.messages, 7);
	CHECK_INT(gm_region_look(fd, AT, 2048, 5, 9, &load), -EBADMSG);
	CHECK_INT(gm_region_look(fd, AT, 1000, 5, 9, &load), -EBADMSG);
	CHECK_INT(gm_region_look(fd, AT, 1024, 6, 9, &load), -EBADMSG);
	CHECK_INT(gm_region_look(fd, AT, 1024, 5, 8, &load), -EBADMSG);
	gm_region_punch(fd, AT, 1024);
	CHECK_INT(gm_region_look(fd, AT, 1024, 5, 9, &load), -EBADMSG);
	CHECK_INT(memory(fd), 0);
	close(fd);
}

/* Cells of 1 GiB and more: offsets do not overflow, holes cost nothing. */
TEST(region_of_the_largest_size_works)
{
	struct gm_region_ref ref;
	struct gm_page *page = test_shared(sizeof(*page));
	struct gm_sender me = { page, 1, true };
	_Atomic uint64_t word = 1;
	struct gm_receiver r;
	struct gm_record record;
	struct gm_slip slip;
	int fd = segment();

	CHECK_OK(gm_region_create(fd, AT, GM_RING_CELLS_MAX, 5, 9));
	CHECK_INT(memory(fd), 5 * 4096);
	CHECK_OK(gm_region_map(fd, AT, 5, 9, true, &ref));
	gm_receiver_init(&r, &ref.ring[GM_REPLIES], true);
	CHECK_OK(gm_ring_open(&me, &ref.ring[GM_REPLIES],
	    (struct gm_alive){ &word, 1 }, 100000, 0, &slip));
	memset(slip.payload, 'x', slip.size);
	gm_ring_commit(&me, &ref.ring[GM_REPLIES], &slip);
	gm_ring_done(&me);
	CHECK_INT(gm_ring_take(&r, &record), 1);
	CHECK_INT(record.size, 100000);
	CHECK_INT(((const char *)record.payload)[99999], 'x');
	CHECK(gm_ring_check(&r) == NULL);
	gm_receiver_fini(&r);
	gm_region_unmap(&ref);
	close(fd);
}
