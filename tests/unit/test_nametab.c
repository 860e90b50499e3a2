/* SPDX-License-Identifier: Apache-2.0 */
/* The name table, changed and read by one process. */
#include "tests/unit/names.h"

TEST(name_put_find_drop)
{
	char copy[GM_ENTRY_NAME + 1];

	with_slots(3);
	CHECK_INT(holder("counter"), 0);
	born(2, 5, "counter");
	CHECK_INT(holder("counter"), 2);
	CHECK_INT(holder("counte"), 0);
	CHECK_INT(holder("counters"), 0);
	CHECK_INT(holder("Counter"), 0);
	gm_entry_name(&arena.table[2], copy);
	CHECK_STR(copy, "counter");
	sound();
	gm_name_drop(&arena, 2);
	CHECK_INT(holder("counter"), 0);
	gm_entry_name(&arena.table[2], copy);
	CHECK_STR(copy, "");
	sound();
	born(3, 1, "counter");
	CHECK_INT(holder("counter"), 3);
	/* dropping what has no name does nothing */
	gm_name_drop(&arena, 2);
	gm_name_drop(&arena, 1);
	CHECK_INT(holder("counter"), 3);
	sound();
	gm_arena_close(&arena);
}

TEST(name_find_only_the_living)
{
	with_slots(1);
	gm_name_put(&arena, 1, "early", 5);
	CHECK_INT(holder("early"), 0);
	live(1, 9);
	CHECK_INT(holder("early"), 1);
	gm_store(&arena.table[1].word, gm_word_of(9, GM_DEAD), release);
	CHECK_INT(holder("early"), 0);
	sound();
	gm_arena_close(&arena);
}

TEST(name_find_any_bytes_of_legal_length)
{
	char longest[GM_ENTRY_NAME + 2];
	uint32_t slot, gen;

	with_slots(2);
	memset(longest, 0xff, sizeof(longest));
	gm_name_put(&arena, 1, longest, GM_ENTRY_NAME);
	live(1, 1);
	CHECK_INT(gm_name_find(&arena, longest, GM_ENTRY_NAME, &slot, &gen), 0);
	CHECK_INT(slot, 1);
	CHECK_INT(gm_name_find(&arena, longest, GM_ENTRY_NAME - 1, &slot, &gen),
	    -ENOENT);
	CHECK_INT(gm_name_find(&arena, longest, GM_ENTRY_NAME + 1, &slot, &gen),
	    -ENOENT);
	CHECK_INT(
	    gm_name_find(&arena, longest, SIZE_MAX, &slot, &gen), -ENOENT);
	CHECK_INT(gm_name_find(&arena, longest, 0, &slot, &gen), -ENOENT);
	born(2, 1, "x");
	CHECK_INT(holder("x"), 2);
	sound();
	gm_arena_close(&arena);
}

TEST(names_in_one_chain_are_told_apart)
{
	static char names[12][NAME_SIZE];
	uint32_t head;

	with_slots(12);
	colliding(names, 12, 12);
	for (uint32_t i = 0; i < 11; i++)
		born(i + 1, 1, names[i]);
	head = gm_load(&arena.table[1].name_hash, relaxed) % GM_NAME_HEADS;
	CHECK_INT(gm_load(&arena.heads[head], relaxed), 11);
	sound();
	/* the first, the last and one in the middle of the chain */
	dies(11, 1);
	dies(1, 1);
	dies(6, 1);
	sound();
	for (uint32_t i = 0; i < 12; i++) {
		bool there = i < 10 && i != 0 && i != 5;

		CHECK_INT(holder(names[i]), there ? i + 1 : 0);
	}
	/* one moves within the chain, under another name */
	gm_name_drop(&arena, 4);
	gm_name_put(&arena, 4, names[11], strlen(names[11]));
	CHECK_INT(holder(names[11]), 4);
	CHECK_INT(holder(names[3]), 0);
	sound();
	for (uint32_t i = 0; i < 12; i++)
		dies(i + 1, 1);
	CHECK_INT(gm_load(&arena.heads[head], relaxed), 0);
	sound();
	gm_arena_close(&arena);
}

static int
by_hash(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

#define TRIED 300000u

/* Spread out, unlike names that only count up. */
static void
twin(char name[NAME_SIZE], uint32_t i)
{
	uint64_t x = i * 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 29) * 0xbf58476d1ce4e5b9ull;
	snprintf(name, NAME_SIZE, "%016llx", (unsigned long long)(x ^ x >> 32));
}

TEST(names_of_one_hash_are_told_apart)
{
	uint64_t *seen = calloc(TRIED, sizeof(*seen));
	char one[NAME_SIZE], two[NAME_SIZE];
	uint32_t twins = 0;

	CHECK(seen);
	with_slots(2);
	for (uint32_t i = 0; i < TRIED; i++) {
		twin(one, i);
		seen[i] = (uint64_t)hash_by(1, one) << 32 | i;
	}
	qsort(seen, TRIED, sizeof(*seen), by_hash);
	for (uint32_t i = 1; i < TRIED; i++) {
		if (seen[i] >> 32 != seen[i - 1] >> 32)
			continue;
		twin(one, (uint32_t)seen[i]);
		twin(two, (uint32_t)seen[i - 1]);
		born(1, 1, one);
		CHECK_INT(holder(two), 0);
		born(2, 1, two);
		CHECK_INT(holder(one), 1);
		CHECK_INT(holder(two), 2);
		dies(2, 1);
		CHECK_INT(holder(one), 1);
		CHECK_INT(holder(two), 0);
		dies(1, 1);
		twins++;
	}
	CHECK(twins > 0);
	free(seen);
	gm_arena_close(&arena);
}

#define MANY (GM_SLOTS - 1)

TEST(names_for_every_slot)
{
	char name[NAME_SIZE];

	with_slots(MANY);
	for (uint32_t slot = 1; slot <= MANY; slot++) {
		snprintf(name, sizeof(name), "server %u", slot);
		born(slot, slot, name);
	}
	sound();
	for (uint32_t slot = 1; slot <= MANY; slot++) {
		snprintf(name, sizeof(name), "server %u", slot);
		CHECK_INT(holder(name), slot);
		if (slot % 3 == 0)
			dies(slot, slot);
	}
	sound();
	for (uint32_t slot = 1; slot <= MANY; slot++) {
		snprintf(name, sizeof(name), "server %u", slot);
		CHECK_INT(holder(name), slot % 3 == 0 ? 0 : slot);
	}
	gm_arena_close(&arena);
}

TEST(names_check_finds_what_is_wrong)
{
	static char names[3][NAME_SIZE];
	_Atomic uint32_t *head;

	with_slots(3);
	colliding(names, 3, 3);
	for (uint32_t i = 0; i < 3; i++)
		born(i + 1, 1, names[i]);
	head = &arena.heads[gm_load(&arena.table[1].name_hash, relaxed) %
			    GM_NAME_HEADS];
	sound();
	gm_store(&arena.table[1].name_next, 3, relaxed);
	CHECK_STR(gm_names_check(&arena), "a chain runs in a circle");
	gm_store(&arena.table[1].name_next, 4, relaxed);
	CHECK_STR(gm_names_check(&arena), "a chain names a slot out of range");
	gm_store(&arena.table[1].name_next, 0, relaxed);
	sound();
	gm_store(head, 2, relaxed);
	CHECK_STR(gm_names_check(&arena), "a named entry is in no chain");
	gm_store(head, 3, relaxed);
	gm_store(&arena.table[2].name_size, 0, relaxed);
	CHECK_STR(
	    gm_names_check(&arena), "an entry without a name is in a chain");
	gm_store(&arena.table[2].name_size, 1, relaxed);
	atomic_fetch_add(&arena.table[2].name_hash, 2);
	CHECK_STR(gm_names_check(&arena), "an entry is in a foreign chain");
	gm_arena_close(&arena);
}

/* A damaged chain ends a search, it does not hang it or lead it astray. */
TEST(name_find_ends_in_a_damaged_chain)
{
	static char names[3][NAME_SIZE];

	with_slots(3);
	colliding(names, 3, 3);
	for (uint32_t i = 0; i < 2; i++)
		born(i + 1, 1, names[i]);
	gm_store(&arena.table[1].name_next, 2, relaxed);
	CHECK_INT(holder(names[2]), 0);
	gm_store(&arena.table[1].name_next, UINT32_MAX, relaxed);
	CHECK_INT(holder(names[2]), 0);
	gm_arena_close(&arena);
}
