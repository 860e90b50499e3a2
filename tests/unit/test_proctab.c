/* SPDX-License-Identifier: Apache-2.0 */
/* The process table: bounds, generations, and copies that are never torn. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "shm/proctab.h"
#include "tests/runner.h"

#define SLOT 5u

static struct gm_arena arena;

static void
with_slots(uint32_t slots)
{
	char why[32];

	CHECK_INT(gm_arena_create(&arena, NULL, why), 0);
	for (uint32_t slot = 1; slot <= slots; slot++)
		CHECK_INT(gm_arena_grow(&arena, slot), 0);
}

static void
word(uint32_t gen, uint32_t state)
{
	gm_store(&arena.table[SLOT].word, gm_word_of(gen, state), release);
}

/* As the node does it at a death: fields, then the word. */
static void
dies(uint32_t gen, const char *reason)
{
	struct gm_entry *entry = &arena.table[SLOT];

	entry->reason_size = (uint32_t)strlen(reason);
	memcpy(entry->reason, reason, strlen(reason));
	word(gen, GM_DEAD);
}

TEST(entry_at_refuses_what_is_not_allocated)
{
	with_slots(8);
	CHECK(gm_entry_at(&arena, 0) == &arena.table[0]);
	CHECK(gm_entry_at(&arena, 8) == &arena.table[8]);
	CHECK(gm_entry_at(&arena, 9) == NULL);
	CHECK(gm_entry_at(&arena, GM_SLOTS) == NULL);
	CHECK(gm_entry_at(&arena, UINT32_MAX) == NULL);
	/* a count that is garbage leads nobody out of the table */
	gm_store(&arena.header->slots_high, UINT32_MAX, relaxed);
	CHECK(gm_entry_at(&arena, GM_SLOTS - 1) != NULL);
	CHECK(gm_entry_at(&arena, GM_SLOTS) == NULL);
	gm_arena_close(&arena);
}

TEST(entry_live_is_one_generation)
{
	with_slots(8);
	CHECK(!gm_entry_live(&arena, SLOT, 0));
	word(7, GM_LIVE);
	CHECK(gm_entry_live(&arena, SLOT, 7));
	CHECK(!gm_entry_live(&arena, SLOT, 6));
	CHECK(!gm_entry_live(&arena, SLOT, 8));
	CHECK(!gm_entry_live(&arena, SLOT + 1, 7));
	CHECK(!gm_entry_live(&arena, 9, 7));
	word(7, GM_DEAD);
	CHECK(!gm_entry_live(&arena, SLOT, 7));
	word(UINT32_MAX, GM_LIVE);
	CHECK(gm_entry_live(&arena, SLOT, UINT32_MAX));
	gm_arena_close(&arena);
}

TEST(entry_reason_only_of_that_death)
{
	char reason[GM_ENTRY_REASON + 1];

	with_slots(8);
	word(7, GM_LIVE);
	CHECK_INT(gm_entry_reason(&arena, SLOT, 7, reason), 0);
	CHECK_STR(reason, "");
	CHECK_INT(gm_entry_reason(&arena, SLOT, 6, reason), -ESRCH);
	CHECK_INT(gm_entry_reason(&arena, SLOT, 8, reason), -ESRCH);
	CHECK_INT(gm_entry_reason(&arena, 9, 7, reason), -ESRCH);
	dies(7, "signal:SIGSEGV");
	CHECK_INT(gm_entry_reason(&arena, SLOT, 7, reason), 1);
	CHECK_STR(reason, "signal:SIGSEGV");
	CHECK_INT(gm_entry_reason(&arena, SLOT, 6, reason), -ESRCH);
	CHECK_STR(reason, "");
	word(7, GM_FREE);
	CHECK_INT(gm_entry_reason(&arena, SLOT, 7, reason), -ESRCH);
	CHECK_STR(reason, "");
	gm_arena_close(&arena);
}

TEST(entry_reason_and_name_stay_within)
{
	char text[GM_ENTRY_REASON + 2];

	with_slots(8);
	memset(arena.table[SLOT].reason, 'r', GM_ENTRY_REASON + 1);
	arena.table[SLOT].reason_size = UINT32_MAX;
	word(7, GM_DEAD);
	text[GM_ENTRY_REASON + 1] = '!';
	CHECK_INT(gm_entry_reason(&arena, SLOT, 7, text), 1);
	CHECK_INT(strlen(text), GM_ENTRY_REASON);
	CHECK_INT(text[GM_ENTRY_REASON + 1], '!');
	gm_name_put(&arena, SLOT, "name", 4);
	gm_store(&arena.table[SLOT].name_size, UINT32_MAX, relaxed);
	gm_entry_name(&arena.table[SLOT], text);
	CHECK_STR(text, "");
	/* the node stopped in the middle of a change */
	gm_store(&arena.table[SLOT].name_size, 4, relaxed);
	gm_entry_name(&arena.table[SLOT], text);
	CHECK_STR(text, "name");
	atomic_fetch_add(&arena.table[SLOT].name_seq, 1);
	gm_entry_name(&arena.table[SLOT], text);
	CHECK_STR(text, "");
	gm_arena_close(&arena);
}

/* ---- a reader beside the writer ---- */

#define TURNS 300000u
#define LOOKS 300000u

struct fair {
	_Atomic uint32_t over;
	_Atomic uint64_t looked;
	_Atomic uint64_t met;
};

static struct fair *fair;

/* A generation's words: so many of its letter. */
static void
words_of(uint32_t gen, uint32_t max, char *text)
{
	uint32_t size = 1 + gen * 7919u % max;

	memset(text, 'a' + (int)(gen % 26), size);
	text[size] = '\0';
}

static bool
whole(const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		if (*c != *text)
			return false;
	return true;
}

static void
reader(void *data)
{
	char text[256], wanted[256];
	struct gm_arena mine;
	uint64_t looked = 0, met = 0;

	(void)data;
	CHECK_INT(gm_arena_attach(&mine, dup(arena.fd), text, sizeof(text)), 0);
	while (gm_load(&fair->over, relaxed) == 0) {
		const struct gm_entry *entry = gm_entry_at(&mine, SLOT);
		uint32_t gen = (uint32_t)(gm_load(&entry->word, acquire) >> 32);
		int status = gm_entry_reason(&mine, SLOT, gen, text);

		words_of(gen, GM_ENTRY_REASON, wanted);
		CHECK_STR(text, status == 1 ? wanted : "");
		met += status == 1;
		gm_entry_name(entry, text);
		CHECK(whole(text));
		met += text[0] != '\0';
		gm_store(&fair->looked, ++looked, relaxed);
		gm_store(&fair->met, met, relaxed);
	}
}

/* Now and then a state lasts, so that readers meet it. */
static void
linger(uint32_t gen)
{
	for (int i = 0; gen % 64 == 0 && i < 200; i++)
		gm_relax();
}

/* Lives, gets a name, loses it, dies; and the next generation. */
TEST(entry_is_never_read_torn)
{
	char text[256];
	uint32_t gen = 0;
	pid_t pid;

	fair = test_shared(sizeof(*fair));
	with_slots(8);
	dies(0, "a");
	words_of(0, GM_ENTRY_REASON, text);
	dies(0, text);
	pid = test_fork(reader, NULL);
	while (gen < TURNS || gm_load(&fair->looked, relaxed) < LOOKS ||
	       gm_load(&fair->met, relaxed) == 0) {
		word(++gen, GM_LIVE);
		words_of(gen, GM_ENTRY_NAME, text);
		gm_name_put(&arena, SLOT, text, strlen(text));
		linger(gen);
		gm_name_drop(&arena, SLOT);
		words_of(gen, GM_ENTRY_REASON, text);
		dies(gen, text);
		linger(gen);
		if (gen % 10000 == 0)
			CHECK(!test_gone(pid));
	}
	gm_store(&fair->over, 1, relaxed);
	test_join(pid);
	printf("%u turns, %llu looks, %llu met\n", gen,
	    (unsigned long long)fair->looked, (unsigned long long)fair->met);
	gm_arena_close(&arena);
}
