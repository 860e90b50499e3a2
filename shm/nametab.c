/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name table: chains of process entries, changed by the node alone and
 * walked by anybody without a lock.
 *
 * A removed entry keeps its link, so a reader standing on it walks on.  If
 * the entry has meanwhile gone into another chain the reader notices that
 * the hash is foreign and starts again; it does so only because the node is
 * running, so a stopped node holds up nobody.
 *
 * SIGKILL of the node between two stores here: every reader goes with it.
 */
#include <errno.h>
#include <string.h>

#include "shm/proctab.h"

#define RESTARTS 64

static uint32_t
hash_of(const char *name, size_t size)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (uint8_t)name[i]) * 16777619u;
	return hash;
}

/* 1 found, 0 not in this chain, -EAGAIN the walk left the chain. */
static int
walk(const struct gm_arena *arena, uint32_t hash, const char *name, size_t size,
    uint32_t *slot, uint32_t *gen)
{
	uint32_t bucket = hash % GM_NAME_HEADS;
	uint32_t at = gm_load(&arena->heads[bucket], acquire); /* [N1] */

	for (uint32_t steps = 0; at != 0; steps++) {
		const struct gm_entry *entry = gm_entry_at(arena, at);
		uint64_t word;
		uint32_t seq, next, its;
		bool equal;

		if (entry == NULL || steps > GM_SLOTS)
			return -EAGAIN;
		seq = gm_load(&entry->name_seq, acquire); /* [G2] */
		word = gm_load(&entry->word, acquire);
		its = gm_load(&entry->name_hash, relaxed);
		next = gm_load(&entry->name_next, acquire); /* [N1] */
		equal = its == hash && (seq & 1) == 0 &&
			gm_load(&entry->name_size, relaxed) == size &&
			memcmp(entry->name, name, size) == 0;
		gm_fence(acquire);
		if (its % GM_NAME_HEADS != bucket ||
		    gm_load(&entry->name_seq, relaxed) != seq)
			return -EAGAIN;
		if (equal && (uint32_t)word == GM_LIVE) {
			*slot = at;
			*gen = (uint32_t)(word >> 32);
			return 1;
		}
		at = next;
	}
	return 0;
}

int
gm_name_find(const struct gm_arena *arena, const char *name, size_t size,
    uint32_t *slot, uint32_t *gen)
{
	uint32_t hash;

	if (size == 0 || size > GM_ENTRY_NAME)
		return -ENOENT;
	hash = hash_of(name, size);
	for (int i = 0; i < RESTARTS; i++) {
		int found = walk(arena, hash, name, size, slot, gen);

		if (found >= 0)
			return found == 1 ? 0 : -ENOENT;
	}
	return -ENOENT;
}

/*
 * The entry must not be in a chain.  Order: bytes, then visible [G2] even,
 * then linked in [N1]; before the last store nobody finds the name.
 */
void
gm_name_put(
    struct gm_arena *arena, uint32_t slot, const char *name, size_t size)
{
	struct gm_entry *entry = &arena->table[slot];
	uint32_t hash = hash_of(name, size);
	uint32_t seq = gm_load(&entry->name_seq, relaxed);
	uint32_t bucket = hash % GM_NAME_HEADS;

	gm_store(&entry->name_seq, seq + 1, relaxed);
	gm_fence(release); /* [G2]: odd before any byte changes */
	memcpy(entry->name, name, size);
	entry->name[size] = '\0';
	gm_store(&entry->name_size, (uint32_t)size, relaxed);
	gm_store(&entry->name_hash, hash, relaxed);
	gm_store(&entry->name_next, gm_load(&arena->heads[bucket], relaxed),
	    relaxed);
	gm_store(&entry->name_seq, seq + 2, release); /* [G2] */
	gm_store(&arena->heads[bucket], slot, release); /* [N1] */
}

/* Unlinks; the entry's own link stays for readers that stand on it. */
void
gm_name_drop(struct gm_arena *arena, uint32_t slot)
{
	struct gm_entry *entry = &arena->table[slot];
	uint32_t bucket = gm_load(&entry->name_hash, relaxed) % GM_NAME_HEADS;
	_Atomic uint32_t *link = &arena->heads[bucket];
	uint32_t seq = gm_load(&entry->name_seq, relaxed);

	if (gm_load(&entry->name_size, relaxed) == 0)
		return;
	while (gm_load(link, relaxed) != slot)
		link = &arena->table[gm_load(link, relaxed)].name_next;
	gm_store(link, gm_load(&entry->name_next, relaxed), release); /* [N1] */
	gm_store(&entry->name_seq, seq + 1, relaxed);
	gm_fence(release); /* [G2] */
	gm_store(&entry->name_size, 0, relaxed);
	gm_store(&entry->name_seq, seq + 2, release); /* [G2] */
}

const char *
gm_names_check(const struct gm_arena *arena)
{
	uint32_t high = gm_load(&arena->header->slots_high, acquire);
	uint32_t linked = 0, named = 0;

	if (high > GM_SLOTS)
		return "more slots than there can be";

	for (uint32_t b = 0; b < GM_NAME_HEADS; b++) {
		uint32_t at = gm_load(&arena->heads[b], acquire);

		for (uint32_t n = 0; at != 0; n++) {
			const struct gm_entry *entry = gm_entry_at(arena, at);

			if (entry == NULL)
				return "a chain names a slot out of range";
			if (n > high)
				return "a chain runs in a circle";
			if (gm_load(&entry->name_hash, relaxed) %
				GM_NAME_HEADS !=
			    b)
				return "an entry is in a foreign chain";
			if (gm_load(&entry->name_size, relaxed) == 0)
				return "an entry without a name is in a chain";
			linked++;
			at = gm_load(&entry->name_next, acquire);
		}
	}
	for (uint32_t s = 1; s < high; s++)
		named += gm_load(&arena->table[s].name_size, relaxed) != 0;
	return linked == named ? NULL : "a named entry is in no chain";
}
