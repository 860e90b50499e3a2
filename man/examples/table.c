/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table with chains, doubled whenever it has an entry for each. */
#include "table.h"

#include <errno.h>
#include <stdlib.h>

/* FNV-1a. */
static uint64_t
hash_of(gs_bytes key)
{
	const unsigned char *bytes = key.data;
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < key.size; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3;
	return hash ^ hash >> 32;
}

static bool
same(gs_bytes a, gs_bytes b)
{
	return a.size == b.size &&
	       (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* The pointer that points, or would point, to the entry of the key. */
static struct entry **
find(const struct table *t, gs_bytes key, uint64_t hash)
{
	struct entry **at = &t->chains[hash & (t->room - 1)];

	while (*at && ((*at)->hash != hash || !same((*at)->key, key)))
		at = &(*at)->next;
	return at;
}

static int
grow(struct table *t)
{
	struct table bigger = { .room = t->room ? 2 * t->room : 16 };
	struct entry *e, *next;

	bigger.chains = calloc(bigger.room, sizeof(*bigger.chains));
	if (!bigger.chains)
		return -ENOMEM;
	for (e = table_next(t, NULL); e; e = next) {
		struct entry **to = &bigger.chains[e->hash & (bigger.room - 1)];

		next = table_next(t, e);
		e->next = *to;
		*to = e;
	}
	free(t->chains);
	t->chains = bigger.chains;
	t->room = bigger.room;
	return 0;
}

static int
copy(gs_bytes *out, gs_bytes from)
{
	char *data = malloc(from.size + 1);

	if (!data)
		return -ENOMEM;
	if (from.size > 0)
		memcpy(data, from.data, from.size);
	data[from.size] = '\0';
	*out = GS_BYTES(data, from.size);
	return 0;
}

static void
entry_free(struct entry *e)
{
	free((void *)e->key.data);
	free((void *)e->value.data);
	free(e);
}

static struct entry *
entry_new(gs_bytes key, gs_bytes value, uint64_t hash)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->hash = hash;
	if (copy(&e->key, key) == 0 && copy(&e->value, value) == 0)
		return e;
	entry_free(e);
	return NULL;
}

static int
replace(struct entry *e, gs_bytes value)
{
	gs_bytes old = e->value;
	int status = copy(&e->value, value);

	if (status == 0)
		free((void *)old.data);
	return status;
}

struct entry *
table_get(const struct table *t, gs_bytes key)
{
	return t->room ? *find(t, key, hash_of(key)) : NULL;
}

int
table_put(struct table *t, gs_bytes key, gs_bytes value)
{
	uint64_t hash = hash_of(key);
	struct entry **at;

	if (t->used == t->room && grow(t) < 0)
		return -ENOMEM;
	at = find(t, key, hash);
	if (*at)
		return replace(*at, value);
	*at = entry_new(key, value, hash);
	if (!*at)
		return -ENOMEM;
	t->used++;
	return 0;
}

bool
table_delete(struct table *t, gs_bytes key)
{
	struct entry **at = t->room ? find(t, key, hash_of(key)) : NULL;
	struct entry *e = at ? *at : NULL;

	if (!e)
		return false;
	*at = e->next;
	entry_free(e);
	t->used--;
	return true;
}

struct entry *
table_next(const struct table *t, const struct entry *e)
{
	size_t i = e ? (e->hash & (t->room - 1)) + 1 : 0;

	if (e && e->next)
		return e->next;
	while (i < t->room && !t->chains[i])
		i++;
	return i < t->room ? t->chains[i] : NULL;
}
