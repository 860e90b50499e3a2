/* SPDX-License-Identifier: Apache-2.0 */
/* What the arena takes of the memory, and where there is none left. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/arena.h"
#include "shm/proctab.h"
#include "tests/runner.h"

/* Allocated by gm_arena_create: header to heads, first entry, first page. */
#define BORN_BYTES (GM_AT_HEADS + GM_NAME_HEADS * 4 + GM_PAGE + GM_PAGE_BYTES)

static char name[256];
static char why[32];

static void
create(struct gm_arena *arena)
{
	gm_segment_name(name, sizeof(name), test_node());
	CHECK_INT(gm_arena_create(arena, name, why), 0);
}

static void
destroy(struct gm_arena *arena)
{
	gm_arena_close(arena);
	CHECK_INT(shm_unlink(name), 0);
}

TEST(arena_used_is_what_was_allocated)
{
	struct gm_arena arena;
	uint64_t before;

	create(&arena);
	CHECK_INT(gm_arena_used(&arena), BORN_BYTES);
	/* eight entries to a page of the table */
	for (uint32_t slot = 1; slot <= 16; slot++)
		CHECK_INT(gm_arena_grow(&arena, slot), 0);
	CHECK_INT(gm_load(&arena.header->slots_high, relaxed), 17);
	CHECK_INT(gm_arena_used(&arena),
	    BORN_BYTES + 16 * GM_PAGE_BYTES + 2 * GM_PAGE);
	before = gm_arena_used(&arena);
	CHECK_OK(ftruncate(arena.fd, (off_t)(GM_AT_REGIONS + (1 << 20))));
	CHECK_INT(gm_arena_used(&arena), before);
	CHECK_INT(gm_arena_allocate(&arena, GM_AT_REGIONS, 5 * GM_PAGE), 0);
	CHECK_INT(gm_arena_used(&arena), before + 5 * GM_PAGE);
	CHECK_INT(gm_arena_allocate(&arena, GM_AT_REGIONS, 5 * GM_PAGE), 0);
	CHECK_INT(gm_arena_used(&arena), before + 5 * GM_PAGE);
	destroy(&arena);
}

/* A /dev/shm of our own, or none at all with NULL. */
static void
own_shm(const char *options)
{
	if (geteuid() != 0)
		SKIP("needs root for a mount namespace");
	if (unshare(CLONE_NEWNS) != 0)
		SKIP("unshare is refused");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tmpfs", options ? "/dev/shm" : "/dev", "tmpfs", 0,
		options ? options : "size=64k") != 0)
		SKIP("mount is refused");
}

static void
fallen_back(const char *words)
{
	struct gm_arena arena;
	int fds = test_fds();

	create(&arena);
	CHECK_STR(why, words);
	CHECK_INT(arena.lock_fd, -1);
	CHECK_INT(shm_unlink(name), -1);
	CHECK_INT(arena.header->layout, GM_LAYOUT);
	CHECK_INT(gm_arena_grow(&arena, 1), 0);
	gm_store(&gm_arena_page(&arena, 1)->calls, 1, relaxed);
	gm_arena_close(&arena);
	CHECK_INT(test_fds(), fds);
}

TEST(arena_falls_back_where_dev_shm_is_full)
{
	own_shm("size=64k");
	fallen_back("memfd (/dev/shm full)");
}

TEST(arena_falls_back_where_dev_shm_is_absent)
{
	own_shm(NULL);
	fallen_back("memfd (no /dev/shm)");
}

TEST(arena_falls_back_where_dev_shm_is_read_only)
{
	own_shm("ro");
	fallen_back("memfd (/dev/shm not writable)");
}

static void
as_a_stranger(void *data)
{
	CHECK_OK(setgid(54321));
	CHECK_OK(setuid(54321));
	gm_segment_name(name, sizeof(name), test_node());
	CHECK_STR(name, data);
	CHECK_INT(gm_segment_stale(name) < 0, true);
	fallen_back("memfd (taken by uid 0)");
}

/* Whatever another user puts there under our name: we work without it. */
TEST(arena_falls_back_where_a_stranger_has_its_name)
{
	char path[300], theirs[256];

	own_shm("mode=1777");
	snprintf(theirs, sizeof(theirs), "/genserver-54321-%s", test_node());
	for (int mode = 0600; mode <= 0666; mode += 066) {
		int fd = shm_open(theirs, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

		CHECK_OK(fd);
		CHECK_OK(fchmod(fd, (mode_t)mode));
		test_join(test_fork(as_a_stranger, theirs));
		close(fd);
		CHECK_OK(shm_unlink(theirs));
	}
	snprintf(path, sizeof(path), "/dev/shm%s", theirs);
	CHECK_OK(mkdir(path, 0777));
	test_join(test_fork(as_a_stranger, theirs));
	CHECK_OK(rmdir(path));
}

/* A full segment is an error of one growth, never a signal. */
TEST(arena_grow_says_enospc_and_the_slots_before_go_on)
{
	struct gm_arena arena;
	uint32_t slot = 1;
	int status;

	own_shm("size=1m");
	create(&arena);
	CHECK_STR(why, "shm");
	while ((status = gm_arena_grow(&arena, slot)) == 0) {
		gm_store(&arena.table[slot].word, slot, relaxed);
		memset(gm_arena_page(&arena, slot), 1, GM_PAGE_BYTES);
		slot++;
		CHECK(slot < 200);
	}
	CHECK_INT(status, -ENOSPC);
	CHECK(slot > 50);
	CHECK_INT(gm_load(&arena.header->slots_high, relaxed), slot);
	CHECK(gm_entry_at(&arena, slot) == NULL);
	CHECK_INT(
	    gm_load(&gm_entry_at(&arena, slot - 1)->word, relaxed), slot - 1);
	destroy(&arena);
}

TEST(arena_create_without_descriptors_says_emfile)
{
	struct gm_arena arena;
	struct rlimit limit, few;

	gm_segment_name(name, sizeof(name), test_node());
	CHECK_OK(getrlimit(RLIMIT_NOFILE, &limit));
	/* none for the segment, then none for its lock */
	for (unsigned spare = 0; spare < 2; spare++) {
		few = limit;
		few.rlim_cur = 3 + spare;
		CHECK_OK(setrlimit(RLIMIT_NOFILE, &few));
		CHECK_INT(gm_arena_create(&arena, name, why), -EMFILE);
		CHECK_INT(arena.fd, -1);
	}
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
	CHECK_INT(gm_segment_stale(name), -ENOENT);
}
