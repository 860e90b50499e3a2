/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding children of the root supervisor by what others know of them: in
 * constant time by serial, pid and id, so that ten thousand cost a start or an
 * end no more than ten.  Each key has a table of chains, which lead through
 * the children themselves.
 */
#include "lib/child.h"

#define BUCKETS_MIN 64u

/* FNV-1a; never 0. */
uint64_t
gsi_child_hash(uint64_t h, const void *data, size_t size)
{
	const uint8_t *at = data;

	while (size-- > 0)
		h = (h ^ *at++) * 0x100000001b3ull;
	return h | 1;
}

static uint64_t
key_of_id(const char *id)
{
	return gsi_child_hash(GSI_CHILD_HASH, id, strlen(id));
}

static uint64_t
key_of_pid(gs_pid pid)
{
	return (uint64_t)pid.slot << 32 | pid.gen;
}

/* 0: it has none of this kind, and is in no chain. */
static uint64_t
key_of(const struct gsi_child *child, enum gsi_child_key key)
{
	switch (key) {
	case GSI_BY_SERIAL:
		return child->serial;
	case GSI_BY_PID:
		return key_of_pid(child->pid);
	default:
		return key_of_id(child->id);
	}
}

/* Where the chain of that value begins; NULL: there is none. */
static struct gsi_child **
chain(const struct gsi_children *children, enum gsi_child_key key, uint64_t of)
{
	/* Fibonacci hashing: serials and slots follow each other */
	uint64_t h = of * 0x9e3779b97f4a7c15ull >> 32;

	return of == 0 || children->buckets == 0
		   ? NULL
		   : &children->chains[key][h & (children->buckets - 1)];
}

static struct gsi_child *
first(const struct gsi_children *children, enum gsi_child_key key, uint64_t of)
{
	struct gsi_child **at = chain(children, key, of);

	return at != NULL ? *at : NULL;
}

static void
enter(struct gsi_children *children, struct gsi_child *child,
    enum gsi_child_key key)
{
	struct gsi_child **at = chain(children, key, key_of(child, key));

	if (at == NULL)
		return;
	child->chained[key] = *at;
	*at = child;
}

static void
leave(struct gsi_children *children, struct gsi_child *child,
    enum gsi_child_key key)
{
	struct gsi_child **at = chain(children, key, key_of(child, key));

	while (at != NULL && *at != NULL && *at != child)
		at = &(*at)->chained[key];
	if (at != NULL && *at != NULL)
		*at = child->chained[key];
}

/* All of the list into twice as many; without memory the chains get longer. */
static bool
widen(struct gsi_children *children)
{
	uint32_t had = children->buckets;
	uint32_t buckets = had != 0 ? 2 * had : BUCKETS_MIN;
	size_t size = (size_t)buckets * sizeof(struct gsi_child *);
	struct gsi_child **chains =
	    gsi_unshared_take(&children->memory, GSI_CHILD_KEYS * size);

	if (chains == NULL)
		return had != 0;
	gsi_unshared_give(&children->memory, children->chains[0],
	    GSI_CHILD_KEYS * (size_t)had * sizeof(struct gsi_child *));
	children->buckets = buckets;
	for (unsigned key = 0; key < GSI_CHILD_KEYS; key++)
		children->chains[key] = chains + (size_t)key * buckets;
	for (struct gsi_child *c = children->first; c != NULL; c = c->next)
		for (unsigned key = 0; key < GSI_CHILD_KEYS; key++)
			enter(children, c, key);
	return true;
}

bool
gsi_child_room(struct gsi_children *children)
{
	return children->count < children->buckets || widen(children);
}

void
gsi_child_enter(struct gsi_children *children, struct gsi_child *child)
{
	children->count++;
	for (unsigned key = 0; key < GSI_CHILD_KEYS; key++)
		enter(children, child, key);
}

void
gsi_child_leave(struct gsi_children *children, struct gsi_child *child)
{
	children->count--;
	for (unsigned key = 0; key < GSI_CHILD_KEYS; key++)
		leave(children, child, key);
}

void
gsi_child_is(struct gsi_children *children, struct gsi_child *child, gs_pid pid)
{
	leave(children, child, GSI_BY_PID);
	child->pid = pid;
	enter(children, child, GSI_BY_PID);
}

/* Of no key: it is rarely looked for. */
struct gsi_child *
gsi_child_by_os_pid(const struct gsi_children *children, pid_t os_pid)
{
	struct gsi_child *child;

	/* newest first: it is the young that die */
	for (child = children->last; child != NULL; child = child->prev)
		if (child->os_pid == os_pid)
			return child;
	return NULL;
}

struct gsi_child *
gsi_child_by_pid(const struct gsi_children *children, gs_pid pid)
{
	struct gsi_child *child = first(children, GSI_BY_PID, key_of_pid(pid));

	while (child != NULL && !gs_pid_equal(child->pid, pid))
		child = child->chained[GSI_BY_PID];
	return child;
}

/* The newest of those that run, or of those that have had the name. */
static bool
better(const struct gsi_child *a, const struct gsi_child *b)
{
	bool runs = a->os_pid != 0;

	if (b == NULL || runs != (b->os_pid != 0))
		return b == NULL || runs;
	return a->serial > b->serial;
}

struct gsi_child *
gsi_child_by_id(const struct gsi_children *children, const char *id)
{
	struct gsi_child *child = first(children, GSI_BY_ID, key_of_id(id));
	struct gsi_child *found = NULL;

	for (; child != NULL; child = child->chained[GSI_BY_ID])
		if (strcmp(child->id, id) == 0 && better(child, found))
			found = child;
	return found;
}

struct gsi_child *
gsi_child_by_serial(const struct gsi_children *children, uint64_t serial)
{
	struct gsi_child *child = first(children, GSI_BY_SERIAL, serial);

	while (child != NULL && child->serial != serial)
		child = child->chained[GSI_BY_SERIAL];
	return child;
}
