/* SPDX-License-Identifier: Apache-2.0 */
/* The arena: where it is made, its lock, what refuses it, what it takes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/arena.h"
#include "shm/proctab.h"
#include "tests/runner.h"

static char name[256];
static char why[32];
static char text[256];

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

TEST(segment_name_holds_user_and_node)
{
	char wanted[256];

	gm_segment_name(name, sizeof(name), "a b.c");
	snprintf(
	    wanted, sizeof(wanted), "/genserver-%u-a b.c", (unsigned)getuid());
	CHECK_STR(name, wanted);
}

TEST(segment_name_escapes_slashes_and_stays_within)
{
	char wanted[64], node[128];

	snprintf(wanted, sizeof(wanted), "/genserver-%u-", (unsigned)getuid());
	gm_segment_name(name, sizeof(name), "a/%b");
	CHECK_STR(name + strlen(wanted), "a%2f%25b");
	memset(node, '/', 127);
	node[127] = '\0';
	for (size_t size = strlen(wanted) + 4; size < 64; size++) {
		char small[65] = { 0 };

		small[size] = 'x';
		gm_segment_name(small, size, node);
		CHECK(strlen(small) < size);
		CHECK_INT(small[size], 'x');
	}
}

TEST(arena_create_makes_a_private_locked_segment)
{
	struct gm_arena arena;
	struct stat st;

	create(&arena);
	CHECK_STR(why, "shm");
	CHECK_OK(fstat(arena.fd, &st));
	CHECK_INT(st.st_mode & 0777, 0600);
	CHECK_INT(st.st_uid, geteuid());
	CHECK(arena.lock_fd >= 0);
	CHECK_INT(gm_segment_stale(name), 0);
	CHECK_STR(arena.header->magic, GM_MAGIC);
	CHECK_INT(arena.header->layout, GM_LAYOUT);
	CHECK_INT(arena.header->layout_hash, gm_layout_hash());
	CHECK_INT(gm_load(&arena.header->slots_high, relaxed), 1);
	CHECK(gm_names_check(&arena) == NULL);
	destroy(&arena);
}

TEST(arena_create_refuses_what_exists_and_leaves_it)
{
	struct gm_arena arena, second;

	create(&arena);
	CHECK_INT(gm_arena_create(&second, name, why), -EEXIST);
	CHECK_INT(gm_segment_stale(name), 0);
	destroy(&arena);
}

static bool
takes_lock(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

TEST(arena_lock_is_on_a_description_of_its_own)
{
	struct gm_arena arena;
	int other;

	create(&arena);
	/* a descriptor as attachers get it cannot take, nor drop, the lock */
	other = dup(arena.fd);
	CHECK(other >= 0);
	CHECK(!takes_lock(other));
	close(other);
	other = shm_open(name, O_RDWR | O_CLOEXEC, 0);
	CHECK(other >= 0);
	CHECK(!takes_lock(other));
	close(other);
	CHECK_INT(gm_segment_stale(name), 0);
	close(arena.lock_fd);
	arena.lock_fd = -1;
	CHECK_INT(gm_segment_stale(name), 1);
	destroy(&arena);
}

static void
be_killed(void *data)
{
	(void)data;
	create(&(struct gm_arena){ 0 });
	raise(SIGKILL);
}

TEST(segment_of_a_killed_node_is_stale)
{
	struct gm_arena arena;

	gm_segment_name(name, sizeof(name), test_node());
	CHECK_INT(gm_segment_stale(name), -ENOENT);
	CHECK_INT(test_wait(test_fork(be_killed, NULL)), SIGKILL);
	CHECK_INT(gm_segment_stale(name), 1);
	/* looking has not taken it; and only its name is in the way */
	CHECK_INT(gm_segment_stale(name), 1);
	CHECK_INT(gm_arena_create(&arena, name, why), -EEXIST);
	CHECK_INT(shm_unlink(name), 0);
	create(&arena);
	destroy(&arena);
}

TEST(arena_without_a_name_is_a_memfd)
{
	struct gm_arena arena;

	CHECK_INT(gm_arena_create(&arena, NULL, why), 0);
	CHECK_STR(why, "memfd (asked for)");
	CHECK_INT(arena.lock_fd, -1);
	gm_arena_close(&arena);
	CHECK_INT(arena.fd, -1);
}

/* ---- attaching ---- */

static void
see_it(void *data)
{
	const struct gm_arena *from = data;
	struct gm_arena arena;

	CHECK_INT(
	    gm_arena_attach(&arena, dup(from->fd), text, sizeof(text)), 0);
	CHECK(!arena.writable);
	CHECK_STR(arena.header->name, "seen");
	gm_store(&arena.dirty->bits[3], 7, relaxed);
	CHECK_INT(gm_load(&gm_arena_page(&arena, 1)->calls, relaxed), 42);
	gm_store(&gm_arena_own_page(&arena, 1)->casts, 43, relaxed);
}

static void
scribble(void *data)
{
	const struct gm_arena *from = data;
	struct gm_arena arena;

	CHECK_INT(
	    gm_arena_attach(&arena, dup(from->fd), text, sizeof(text)), 0);
	arena.header->creation = 1;
}

static void
scribble_page(void *data)
{
	const struct gm_arena *from = data;
	struct gm_arena arena;

	CHECK_INT(
	    gm_arena_attach(&arena, dup(from->fd), text, sizeof(text)), 0);
	gm_store(&gm_arena_page(&arena, 1)->calls, 1, relaxed);
}

TEST(arena_attach_sees_it_and_writes_only_its_own_page)
{
	struct gm_arena arena;

	create(&arena);
	CHECK_INT(gm_arena_grow(&arena, 1), 0);
	snprintf(arena.header->name, sizeof(arena.header->name), "seen");
	gm_store(&gm_arena_page(&arena, 1)->calls, 42, relaxed);
	test_join(test_fork(see_it, &arena));
	CHECK_INT(gm_load(&arena.dirty->bits[3], relaxed), 7);
	CHECK_INT(gm_load(&gm_arena_page(&arena, 1)->casts, relaxed), 43);
	/* a sanitizer may turn the signal into a status of its own */
	CHECK(test_wait(test_fork(scribble, &arena)) != 0);
	CHECK(test_wait(test_fork(scribble_page, &arena)) != 0);
	CHECK_INT(arena.header->creation, 0);
	CHECK_INT(gm_load(&gm_arena_page(&arena, 1)->calls, relaxed), 42);
	destroy(&arena);
}

/* Refused with words that have both parts; the descriptor is taken. */
static void
refused(int fd, const char *part, const char *other)
{
	struct gm_arena arena;
	int fds = test_fds();

	memset(text, 0, sizeof(text));
	CHECK_INT(gm_arena_attach(&arena, fd, text, sizeof(text)), -EPROTO);
	if (!strstr(text, part) || !strstr(text, other))
		FAIL("'%s' without '%s' and '%s'", text, part, other);
	CHECK_INT(test_fds(), fds - 1);
}

TEST(arena_attach_refuses_a_foreign_layout_naming_both)
{
	struct gm_arena arena;
	char mine[32];

	create(&arena);
	snprintf(mine, sizeof(mine), "this is layout %u", GM_LAYOUT);
	snprintf(arena.header->version, sizeof(arena.header->version), "9.8.7");
	arena.header->layout = 4711;
	refused(dup(arena.fd), "genserver 9.8.7 (layout 4711)", mine);
	/* the same number, but other sizes */
	arena.header->layout = GM_LAYOUT;
	arena.header->layout_hash ^= 1;
	refused(dup(arena.fd), "genserver 9.8.7", mine);
	/* a version without an end */
	memset(arena.header->version, 'v', sizeof(arena.header->version));
	refused(dup(arena.fd), "vvv (layout", mine);
	destroy(&arena);
}

TEST(arena_attach_refuses_what_is_none)
{
	struct gm_arena arena;
	int fd = memfd_create("x", MFD_CLOEXEC);

	refused(fd, "no segment", "");
	fd = memfd_create("x", MFD_CLOEXEC);
	CHECK_OK(ftruncate(fd, 1 << 20));
	refused(fd, "no segment", "");
	CHECK_INT(gm_arena_create(&arena, NULL, why), 0);
	arena.header->magic[0] = 'g';
	refused(dup(arena.fd), "no segment", "");
	gm_arena_close(&arena);
}
