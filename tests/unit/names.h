/* SPDX-License-Identifier: Apache-2.0 */
/* A node's tables without a node: slots that get names, live and die. */
#ifndef GS_TESTS_NAMES_H
#define GS_TESTS_NAMES_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "shm/proctab.h"
#include "tests/runner.h"

#define NAME_SIZE 32

static struct gm_arena arena;

static inline void
with_slots(uint32_t slots)
{
	char why[32];

	CHECK_INT(gm_arena_create(&arena, NULL, why), 0);
	for (uint32_t slot = 1; slot <= slots; slot++)
		CHECK_INT(gm_arena_grow(&arena, slot), 0);
}

static inline void
live(uint32_t slot, uint32_t gen)
{
	gm_store(&arena.table[slot].word, gm_word_of(gen, GM_LIVE), release);
}

/* As the node does it: the name first, then the birth. */
static inline void
born(uint32_t slot, uint32_t gen, const char *name)
{
	gm_name_put(&arena, slot, name, strlen(name));
	live(slot, gen);
}

static inline void
dies(uint32_t slot, uint32_t gen)
{
	gm_name_drop(&arena, slot);
	gm_store(&arena.table[slot].word, gm_word_of(gen, GM_DEAD), release);
}

/* The slot that holds a name, 0 for none. */
static inline uint32_t
holder(const char *name)
{
	uint32_t slot, gen;
	int status = gm_name_find(&arena, name, strlen(name), &slot, &gen);

	if (status == -ENOENT)
		return 0;
	CHECK_INT(status, 0);
	CHECK_INT(gm_load(&arena.table[slot].word, relaxed),
	    gm_word_of(gen, GM_LIVE));
	return slot;
}

static inline void
sound(void)
{
	const char *wrong = gm_names_check(&arena);

	if (wrong)
		FAIL("%s", wrong);
}

/* The hash of a name, asked from the table itself. */
static inline uint32_t
hash_by(uint32_t slot, const char *name)
{
	uint32_t hash;

	gm_name_put(&arena, slot, name, strlen(name));
	hash = gm_load(&arena.table[slot].name_hash, relaxed);
	gm_name_drop(&arena, slot);
	return hash;
}

/* Fills names, of one chain; number goes on from one use to the next. */
static inline void
colliding(char (*names)[NAME_SIZE], int n, uint32_t slot)
{
	int number = 0, found = 0;
	uint32_t head = 0;

	while (found < n) {
		uint32_t hash;

		snprintf(names[found], NAME_SIZE, "name-%d", number++);
		hash = hash_by(slot, names[found]) % GM_NAME_HEADS;
		if (found == 0)
			head = hash;
		found += hash == head;
	}
}

#endif
