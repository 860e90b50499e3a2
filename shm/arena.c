/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making, locking, mapping and sizing the segment of a node.  The lock sits
 * on an open file description of its own that is never handed on, so that it
 * falls with the node and with nobody else.
 */
#include "shm/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/proctab.h"
#include "shm/region.h"

#define TABLE_BYTES ((uint64_t)GM_SLOTS * sizeof(struct gm_entry))
#define PAGES_BYTES ((uint64_t)GM_SLOTS * GM_PAGE_BYTES)
#define HEADS_BYTES ((uint64_t)GM_NAME_HEADS * sizeof(uint32_t))
#define PTE_SPAN (2ull << 20) /* what a page of page tables maps */
#define TABLES_END (GM_AT_TABLE + TABLE_BYTES)

static_assert(GM_AT_HEADS + HEADS_BYTES <= GM_AT_TABLE, "heads fit");
static_assert(GM_PAGE % sizeof(struct gm_entry) == 0, "entries fit pages");
static_assert(TABLES_END <= GM_AT_PAGES, "table fits");
static_assert(GM_AT_PAGES + PAGES_BYTES <= GM_AT_REGIONS, "pages fit");

uint64_t
gm_layout_hash(void)
{
	static const uint64_t facts[] = {
		GM_LAYOUT,
		GM_SLOTS,
		GM_NAME_HEADS,
		GM_CELL,
		GM_RING_CELLS_START,
		GM_RING_RESERVE,
		sizeof(struct gm_header),
		offsetof(struct gm_header, changes),
		sizeof(struct gm_entry),
		offsetof(struct gm_entry, name),
		offsetof(struct gm_entry, reason),
		sizeof(struct gm_page),
		offsetof(struct gm_page, words),
		offsetof(struct gm_page, crash),
		offsetof(struct gm_page, ring_all),
		offsetof(struct gm_page, requests),
	};
	uint64_t hash = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		hash = (hash ^ facts[i]) * 0x100000001b3ull;
	return hash ^ gm_region_span(GM_RING_CELLS_MIN);
}

static int
lock_segment(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_SETLK, &lock) == 0 ? 0 : -errno;
}

int
gm_arena_allocate(struct gm_arena *arena, uint64_t at, uint64_t size)
{
	int status;

	do {
		status = fallocate(arena->fd, 0, (off_t)at, (off_t)size) == 0
			     ? 0
			     : -errno;
	} while (status == -EINTR);
	return status;
}

uint64_t
gm_arena_used(const struct gm_arena *arena)
{
	struct stat st;

	return fstat(arena->fd, &st) == 0 ? (uint64_t)st.st_blocks * 512 : 0;
}

/* Maps [at, at + size), where is NULL or reserved; NULL, errno on failure. */
static void *
map_at(void *where, int fd, uint64_t at, uint64_t size, bool writable)
{
	int prot = writable ? PROT_READ | PROT_WRITE : PROT_READ;
	int fixed = where != NULL ? MAP_FIXED : 0;
	void *p = mmap(where, size, prot, MAP_SHARED | fixed, fd, (off_t)at);

	if (p == MAP_FAILED) {
		if (where != NULL)
			munmap(where, size);
		return NULL;
	}
	/* a core dump must not read the whole sparse segment */
	madvise(p, size, MADV_DONTDUMP);
	return p;
}

static void *
map(int fd, uint64_t at, uint64_t size, bool writable)
{
	return map_at(NULL, fd, at, size, writable);
}

/*
 * Where header and first entries of the table need one page of page tables, in
 * each of some thousand processes, and not two.  NULL: anywhere.
 */
static void *
reserve_tables(void)
{
	char *p = mmap(NULL, TABLES_END + PTE_SPAN, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t before;

	if (p == MAP_FAILED)
		return NULL;
	before = -(uint64_t)(uintptr_t)p % PTE_SPAN;
	if (before > 0)
		munmap(p, before);
	if (before < PTE_SPAN)
		munmap(p + before + TABLES_END, PTE_SPAN - before);
	return p + before;
}

static int
map_all(struct gm_arena *arena)
{
	char *base = reserve_tables();

	base = map_at(base, arena->fd, 0, TABLES_END, arena->writable);
	if (base == NULL)
		return -errno;
	arena->header = (void *)(base + GM_AT_HEADER);
	arena->heads = (void *)(base + GM_AT_HEADS);
	arena->table = (void *)(base + GM_AT_TABLE);
	arena->dirty = map(arena->fd, GM_AT_DIRTY, GM_PAGE, true);
	if (arena->dirty == NULL)
		return -errno;
	arena->pages =
	    map(arena->fd, GM_AT_PAGES, PAGES_BYTES, arena->writable);
	return arena->pages == NULL ? -errno : 0;
}

/* One of the two homes of a segment: 0, or -errno with nothing left. */
static int
create_in(struct gm_arena *arena, const char *name)
{
	int status;

	arena->lock_fd = -1;
	arena->writable = true;
	if (name != NULL)
		arena->fd =
		    shm_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	else
		arena->fd =
		    memfd_create("genserver", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (arena->fd < 0)
		return -errno;
	status = ftruncate(arena->fd, (off_t)GM_AT_REGIONS) == 0 ? 0 : -errno;
	/* it grows with each mailbox; nobody is to cut it off */
	if (status == 0 && name == NULL)
		fcntl(arena->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL);
	if (status == 0)
		status = gm_arena_allocate(arena, 0, GM_AT_HEADS + HEADS_BYTES);
	if (status == 0)
		status = gm_arena_allocate(arena, GM_AT_TABLE, GM_PAGE);
	if (status == 0)
		status = gm_arena_allocate(arena, GM_AT_PAGES, GM_PAGE_BYTES);
	if (status == 0 && name != NULL) {
		arena->lock_fd = shm_open(name, O_RDWR | O_CLOEXEC, 0);
		status =
		    arena->lock_fd < 0 ? -errno : lock_segment(arena->lock_fd);
	}
	if (status == 0)
		status = map_all(arena);
	if (status == 0)
		return 0;
	gm_arena_close(arena);
	if (name != NULL)
		shm_unlink(name);
	return status;
}

/* Why it is not in /dev/shm. */
static void
say_why(char why[32], const char *name, int status)
{
	struct stat st;
	char path[300];

	snprintf(path, sizeof(path), "/dev/shm%s", name != NULL ? name : "");
	if (name == NULL)
		snprintf(why, 32, "memfd (asked for)");
	else if (status == -EPERM && lstat(path, &st) == 0)
		snprintf(
		    why, 32, "memfd (taken by uid %u)", (unsigned)st.st_uid);
	else if (status == -EROFS || status == -EACCES)
		snprintf(why, 32, "memfd (/dev/shm not writable)");
	else
		snprintf(why, 32, "memfd (%s)",
		    status == -ENOSPC ? "/dev/shm full" : "no /dev/shm");
}

int
gm_arena_create(struct gm_arena *arena, const char *name, char why[32])
{
	int status = -ENOENT;

	memset(arena, 0, sizeof(*arena));
	if (name != NULL) {
		status = create_in(arena, name);
		/* a stranger who takes our name keeps nobody from working */
		if (status == -EEXIST && gm_segment_stale(name) < 0)
			status = -EPERM;
		if (status == -EEXIST || status == -EMFILE)
			return status;
	}
	snprintf(why, 32, "shm");
	if (status != 0) {
		say_why(why, name, status);
		status = create_in(arena, NULL);
		if (status != 0)
			return status;
	}
	memcpy(arena->header->magic, GM_MAGIC, sizeof(GM_MAGIC));
	arena->header->layout = GM_LAYOUT;
	arena->header->layout_hash = gm_layout_hash();
	gm_store(&arena->header->slots_high, 1, release); /* [G0] */
	arena->next_region = GM_AT_REGIONS;
	return 0;
}

/* The header alone is read first: the rest is mapped only if it fits us. */
static int
check_header(int fd, char *text, size_t size)
{
	struct gm_header header;
	struct stat st;
	ssize_t n = pread(fd, &header, sizeof(header), 0);

	/* what is mapped behind the end would be SIGBUS */
	if (n != (ssize_t)sizeof(header) || fstat(fd, &st) != 0 ||
	    st.st_size < (off_t)GM_AT_REGIONS ||
	    memcmp(header.magic, GM_MAGIC, sizeof(GM_MAGIC)) != 0) {
		snprintf(text, size, "that is no segment of a node");
		return -EPROTO;
	}
	if (header.layout == GM_LAYOUT &&
	    header.layout_hash == gm_layout_hash())
		return 0;
	header.version[sizeof(header.version) - 1] = '\0';
	snprintf(text, size,
	    "the node was started by genserver %s (layout %u), this is layout "
	    "%u: restart the node with this version, or use the other gsctl",
	    header.version, header.layout, GM_LAYOUT);
	return -EPROTO;
}

int
gm_arena_attach(struct gm_arena *arena, int fd, char *text, size_t size)
{
	int status;

	memset(arena, 0, sizeof(*arena));
	arena->fd = fd;
	arena->lock_fd = -1;
	status = check_header(fd, text, size);
	if (status == 0) {
		status = map_all(arena);
		if (status != 0)
			snprintf(text, size, "cannot map the segment: %s",
			    strerror(-status));
	}
	if (status != 0)
		gm_arena_close(arena);
	return status;
}

void
gm_arena_close(struct gm_arena *arena)
{
	if (arena->header != NULL)
		munmap(arena->header, TABLES_END);
	if (arena->dirty != NULL)
		munmap(arena->dirty, GM_PAGE);
	if (arena->pages != NULL)
		munmap(arena->pages, PAGES_BYTES);
	if (arena->fd >= 0)
		close(arena->fd);
	if (arena->lock_fd >= 0)
		close(arena->lock_fd);
	memset(arena, 0, sizeof(*arena));
	arena->fd = -1;
	arena->lock_fd = -1;
}

/* pages is an array of GM_PAGE_BYTES strides, not of struct sizes. */
struct gm_page *
gm_arena_page(const struct gm_arena *arena, uint32_t slot)
{
	return (void *)((char *)arena->pages + (size_t)slot * GM_PAGE_BYTES);
}

struct gm_page *
gm_arena_own_page(struct gm_arena *arena, uint32_t slot)
{
	return map(arena->fd, GM_AT_PAGES + (uint64_t)slot * GM_PAGE_BYTES,
	    GM_PAGE_BYTES, true);
}

void
gm_arena_unmap_page(struct gm_page *page)
{
	munmap(page, GM_PAGE_BYTES);
}

int
gm_arena_grow(struct gm_arena *arena, uint32_t slot)
{
	uint64_t table = GM_AT_TABLE + slot * sizeof(struct gm_entry);
	int status = 0;

	/* the first of a page brings those behind it along */
	if (table % GM_PAGE == 0)
		status = gm_arena_allocate(arena, table, GM_PAGE);
	if (status == 0)
		status = gm_arena_allocate(arena,
		    GM_AT_PAGES + (uint64_t)slot * GM_PAGE_BYTES,
		    GM_PAGE_BYTES);
	/* after the allocation [G0]: readers touch only what is allocated */
	if (status == 0)
		gm_store(&arena->header->slots_high, slot + 1, release);
	return status;
}
