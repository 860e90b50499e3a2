/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arena of a node as the threads of one program share it.  The rule: each
 * thread that is in a node holds a reference to that node's arena, so closing
 * and opening another never pulls memory from under a thread.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/attach.h"

struct share {
	struct gm_arena arena; /* first: the arena is the share */
	uint32_t users;
};

struct gm_arena *
gsi_share_take(int fd, uint32_t creation, char *text, size_t size)
{
	struct gsi_home *home = gsi_home();
	struct share *share;
	int status;

	gsi_home_lock();
	share = (struct share *)(void *)home->arena;
	if (share != NULL && share->arena.header->creation == creation) {
		share->users++;
		gsi_home_unlock();
		close(fd);
		return &share->arena;
	}
	share = calloc(1, sizeof(*share));
	status =
	    share == NULL ? -1 : gm_arena_attach(&share->arena, fd, text, size);
	if (status == 0) {
		share->users = 1;
		home->arena = &share->arena;
	} else {
		free(share);
		share = NULL;
	}
	gsi_home_unlock();
	return share != NULL ? &share->arena : NULL;
}

struct gm_arena *
gsi_share_guest(int fd, char *text, size_t size)
{
	struct share *share = calloc(1, sizeof(*share));

	if (share == NULL)
		return NULL;
	if (gm_arena_attach(&share->arena, fd, text, size) != 0) {
		free(share);
		return NULL;
	}
	share->users = 1;
	return &share->arena;
}

void
gsi_share_drop(struct gm_arena *arena)
{
	struct gsi_home *home = gsi_home();
	struct share *share = (struct share *)(void *)arena;
	bool last;

	if (share == NULL)
		return;
	gsi_home_lock();
	last = --share->users == 0;
	if (last && home->arena == arena)
		home->arena = NULL;
	gsi_home_unlock();
	if (last) {
		gm_arena_close(&share->arena);
		free(share);
	}
}

struct gm_arena *
gsi_share_new(const struct gm_arena *arena)
{
	struct share *share = calloc(1, sizeof(*share));

	if (share == NULL)
		return NULL;
	if (arena != NULL)
		share->arena = *arena;
	share->users = 1;
	return &share->arena;
}

/* valgrind misses it in the child and looks for it, word by word, at its end. */
void
gsi_share_not(void *at, size_t size)
{
	const char *before = getenv("LD_PRELOAD");

	if (before == NULL || strstr(before, "/vgpreload_") == NULL)
		madvise(at, size, MADV_DONTFORK);
}
