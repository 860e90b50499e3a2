/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing hash table from bytes to bytes: what kv.c and wordcount.c keep in
 * their states.  It has its own copies, with a NUL behind each.  All zero is
 * an empty table.
 */
#ifndef TABLE_H
#define TABLE_H

#include <genserver/types.h>

struct entry {
	struct entry *next;
	uint64_t hash;
	gs_bytes key;
	gs_bytes value; /* aligned for any object */
};

struct table {
	struct entry **chains;
	size_t room; /* chains, a power of two or none */
	size_t used; /* entries */
};

/* NULL when there is none. */
struct entry *table_get(const struct table *t, gs_bytes key);

/* 0, or -ENOMEM and the table is as it was. */
int table_put(struct table *t, gs_bytes key, gs_bytes value);

/* False when there was none. */
bool table_delete(struct table *t, gs_bytes key);

/* The entry behind e, in no order; the first for NULL. */
struct entry *table_next(const struct table *t, const struct entry *e);

#endif
