/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of watches: by token (hash chains) and by key.  An index never
 * changes while its watch is taken, so it is also the place in the ring's
 * file table.
 */
#include "shm/poll_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CAP_MIN 8u
#define CAP_MAX (1u << 20)

static uint32_t *
head_of(const struct gm_watches *watches, uint64_t token)
{
	uint64_t mixed = token * 0x9e3779b97f4a7c15u;

	return &watches->heads[(mixed >> 32) & (watches->cap - 1)];
}

/* Puts the watches from..cap-1 on the free list, lowest first. */
static void
free_from(struct gm_watches *watches, uint32_t from)
{
	for (uint32_t i = watches->cap; i-- > from;) {
		watches->at[i].gen = 1;
		watches->at[i].next = watches->free;
		watches->free = i + 1;
	}
}

int
gm_watches_init(struct gm_watches *watches, uint32_t cap)
{
	uint32_t n = CAP_MIN;

	while (n < cap && n < CAP_MAX)
		n *= 2;
	watches->at = calloc(n, sizeof(*watches->at));
	watches->heads = calloc(n, sizeof(*watches->heads));
	watches->cap = n;
	watches->free = 0;
	if (!watches->at || !watches->heads) {
		gm_watches_fini(watches);
		return -ENOMEM;
	}
	free_from(watches, 0);
	return 0;
}

void
gm_watches_fini(struct gm_watches *watches)
{
	free(watches->at);
	free(watches->heads);
	memset(watches, 0, sizeof(*watches));
}

static bool
is_known(const struct gm_watch *watch)
{
	return watch->state == GM_WATCH_ARMED ||
	       watch->state == GM_WATCH_TO_ARM ||
	       watch->state == GM_WATCH_NESTED ||
	       watch->state == GM_WATCH_FAILED;
}

static void
chain(struct gm_watches *watches, struct gm_watch *watch)
{
	uint32_t *head = head_of(watches, watch->token);

	watch->next = *head;
	*head = (uint32_t)(watch - watches->at) + 1;
}

static int
grow(struct gm_watches *watches)
{
	uint32_t old = watches->cap;
	uint32_t cap = old * 2;
	struct gm_watch *at;
	uint32_t *heads;

	if (old >= CAP_MAX)
		return -ENOMEM;
	heads = calloc(cap, sizeof(*heads));
	if (!heads)
		return -ENOMEM;
	at = realloc(watches->at, cap * sizeof(*at));
	if (!at) {
		free(heads);
		return -ENOMEM;
	}
	memset(at + old, 0, (cap - old) * sizeof(*at));
	free(watches->heads);
	watches->at = at;
	watches->heads = heads;
	watches->cap = cap;
	for (uint32_t i = 0; i < old; i++) {
		if (is_known(&at[i]))
			chain(watches, &at[i]);
	}
	free_from(watches, old);
	return 0;
}

int
gm_watches_add(struct gm_watches *watches, uint64_t token, uint32_t *index)
{
	struct gm_watch *watch;
	int err;

	if (gm_watches_find(watches, token))
		return -EEXIST;
	if (!watches->free) {
		err = grow(watches);
		if (err)
			return err;
	}
	*index = watches->free - 1;
	watch = &watches->at[*index];
	watches->free = watch->next;
	watch->token = token;
	watch->state = GM_WATCH_TO_ARM;
	watch->parked = 0;
	watch->todo = 0;
	chain(watches, watch);
	return 0;
}

struct gm_watch *
gm_watches_find(struct gm_watches *watches, uint64_t token)
{
	uint32_t i = *head_of(watches, token);

	while (i && watches->at[i - 1].token != token)
		i = watches->at[i - 1].next;
	return i ? &watches->at[i - 1] : NULL;
}

void
gm_watches_forget(struct gm_watches *watches, struct gm_watch *watch)
{
	uint32_t *link = head_of(watches, watch->token);

	while (&watches->at[*link - 1] != watch)
		link = &watches->at[*link - 1].next;
	*link = watch->next;
	watch->next = 0;
	watch->gen++;
}

void
gm_watches_free(struct gm_watches *watches, struct gm_watch *watch)
{
	watch->state = GM_WATCH_FREE;
	watch->next = watches->free;
	watches->free = (uint32_t)(watch - watches->at) + 1;
}

uint64_t
gm_watches_key(const struct gm_watches *watches, const struct gm_watch *watch)
{
	return (uint64_t)watch->gen << 32 | (uint64_t)(watch - watches->at);
}

struct gm_watch *
gm_watches_by_key(struct gm_watches *watches, uint64_t key)
{
	uint32_t index = (uint32_t)key;

	if (index >= watches->cap)
		return NULL;
	if (watches->at[index].gen != key >> 32)
		return NULL;
	return &watches->at[index];
}
