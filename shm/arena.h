/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arena: the one segment of a node.  Everything in it is found by file
 * offset; nothing is a pointer.
 *
 *	header | dirty bits | name heads | process table | own pages | regions
 *
 * The rule: pages are allocated before they are used, so that a full /dev/shm
 * is an error of one start and never a SIGBUS.  Header, names and table are
 * written by the node alone and mapped read-only by everybody else.
 */
#ifndef GM_ARENA_H
#define GM_ARENA_H

#include <stddef.h>

#include "shm/atom.h"
#include "shm/page.h"

#define GM_LAYOUT 2u
#define GM_MAGIC "GENSERV"
#define GM_SLOTS 32768u /* slot 0 is the node */
#define GM_NAME_HEADS 16384u

#define GM_AT_HEADER 0ull
#define GM_AT_DIRTY 4096ull
#define GM_AT_HEADS 65536ull
#define GM_AT_TABLE (1ull << 20)
#define GM_AT_PAGES (64ull << 20)
#define GM_AT_REGIONS (1ull << 30)

enum gm_header_flags {
	GM_FENCED = 1, /* no membarrier in this node */
};

struct gm_header {
	char magic[8];
	uint32_t layout;
	uint32_t flags;
	uint64_t layout_hash; /* sizes and offsets of every shared struct */
	char version[32];
	char name[128];
	uint32_t creation;
	uint32_t os_pid;
	int64_t started; /* CLOCK_MONOTONIC ns */
	char poller[64];
	char memory[32];
	_Atomic uint32_t fds_used;
	uint32_t fds_max;
	_Atomic uint32_t processes;
	uint32_t processes_max;
	char log[320];

	/* futex word: moves with every birth, end, name.  Node only. */
	_Alignas(GM_LINE) _Atomic uint32_t changes;
	_Atomic uint64_t root; /* slot << 32 | gen of the root supervisor */
	_Atomic uint32_t slots_high; /* entries below it are allocated [G0] */
};

static_assert(sizeof(struct gm_header) <= GM_PAGE, "one page");

/* Set by whoever has put a request into its own page [D1]; node clears. */
struct gm_dirty {
	_Atomic uint64_t bits[GM_SLOTS / 64];
};

static_assert(sizeof(struct gm_dirty) == GM_PAGE, "one page");

struct gm_arena {
	int fd; /* of the segment */
	int lock_fd; /* node: own description that holds the lock */
	bool writable; /* node */
	struct gm_header *header;
	struct gm_dirty *dirty; /* writable for all */
	_Atomic uint32_t *heads;
	struct gm_entry *table;
	struct gm_page *pages; /* node: all, writable; others: read-only */
	uint64_t next_region; /* node: first offset never used */
};

uint64_t gm_layout_hash(void);

/*
 * Node: makes the segment, in /dev/shm under name, or a memfd when name is
 * NULL or /dev/shm will not do (why says so).  -ENOSPC, -EEXIST, -EMFILE...
 */
int gm_arena_create(struct gm_arena *arena, const char *name, char why[32]);

/*
 * Maps a segment by descriptor (taken).  -EPROTO: another layout; text then
 * names both versions.
 */
int gm_arena_attach(struct gm_arena *arena, int fd, char *text, size_t size);

/* Removes the name of the segment, if it is still that one's. */
int gm_arena_unlink(const struct gm_arena *arena, const char *name);
void gm_arena_close(struct gm_arena *arena);

/* Allocates [at, at + size) of the file: 0 or -ENOSPC... */
int gm_arena_allocate(struct gm_arena *arena, uint64_t at, uint64_t size);

/* The page of a slot below slots_high, as this process may see it. */
struct gm_page *gm_arena_page(const struct gm_arena *arena, uint32_t slot);

/* Own page of a slot: maps it writable (the pages array is read-only). */
struct gm_page *gm_arena_own_page(struct gm_arena *arena, uint32_t slot);
void gm_arena_unmap_page(struct gm_page *page);

/* Node: allocates the entry and page of the next new slot. */
int gm_arena_grow(struct gm_arena *arena, uint32_t slot);

/* Nobody holds its lock: 1 stale, 0 locked, -EPERM not ours, -errno. */
int gm_segment_stale(const char *name);

/* The name of the segment of a node of this user. */
void gm_segment_name(char *text, size_t size, const char *node);

/* Bytes allocated. */
uint64_t gm_arena_used(const struct gm_arena *arena);

#endif
