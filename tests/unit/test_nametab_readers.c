/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name table under its readers: one process changes it all the time, the
 * others look names up without a lock.
 */
#include "tests/unit/names.h"

#define STAYING 64u
#define COMING 192u
#define MOVERS 256u /* names that come and go, on COMING slots */
#define CHANGES 400000u
#define LOOKS 400000u /* of each reader, at least */

/* A generation tells which name it belongs to, and in which slot. */
#define GEN(turn, slot, mover)                                                 \
	((uint32_t)(turn) << 18 | (uint32_t)(slot) << 9 | (uint32_t)(mover))

struct fair {
	_Atomic uint32_t over;
	_Atomic uint64_t looked[2];
	_Atomic uint64_t met; /* names that come and go, found */
	char stay[STAYING][NAME_SIZE];
	char move[MOVERS][NAME_SIZE];
	char never[STAYING][NAME_SIZE];
};

static struct fair *fair;

/*
 * Chains of many names, in which those that stay stand between those that
 * move.
 */
static void
make_names(void)
{
	static char names[STAYING * 2 + MOVERS][NAME_SIZE];
	uint32_t chains = 8, each = (STAYING * 2 + MOVERS) / chains, n = 0;

	for (uint32_t c = 0; c < chains; c++) {
		char(*to)[NAME_SIZE];
		uint32_t head = 0;

		for (uint32_t i = 0, number = 0; i < each; number++) {
			to = &names[n];
			snprintf(*to, NAME_SIZE, "%c%u", 'a' + (int)c, number);
			if (i == 0)
				head = hash_by(1, *to) % GM_NAME_HEADS;
			if (hash_by(1, *to) % GM_NAME_HEADS != head)
				continue;
			i++;
			n++;
		}
	}
	for (uint32_t i = 0; i < STAYING; i++) {
		memcpy(fair->stay[i], names[6 * i], NAME_SIZE);
		memcpy(fair->never[i], names[6 * i + 1], NAME_SIZE);
		for (uint32_t j = 0; j < 4; j++)
			memcpy(fair->move[4 * i + j], names[6 * i + 2 + j],
			    NAME_SIZE);
	}
}

static int
find(const struct gm_arena *in, const char *name, uint32_t *slot, uint32_t *gen)
{
	return gm_name_find(in, name, strlen(name), slot, gen);
}

static void
look(const struct gm_arena *in, uint32_t i)
{
	uint32_t slot, gen, mover = i % MOVERS;
	char copy[GM_ENTRY_NAME + 1];

	if (find(in, fair->stay[i % STAYING], &slot, &gen) != 0)
		FAIL("%s is not found", fair->stay[i % STAYING]);
	CHECK_INT(slot, i % STAYING + 1);
	CHECK_INT(gen, slot);
	CHECK_INT(find(in, fair->never[i % STAYING], &slot, &gen), -ENOENT);
	if (find(in, fair->move[mover], &slot, &gen) == 0) {
		CHECK(slot > STAYING && slot <= STAYING + COMING);
		CHECK_INT(gen & 511, mover);
		CHECK_INT(gen >> 9 & 511, slot);
		atomic_fetch_add(&fair->met, 1);
	}
	slot = STAYING + 1 + i % COMING;
	gm_entry_name(&in->table[slot], copy);
	if (copy[0] != '\0')
		CHECK(copy[0] >= 'a' && copy[0] <= 'h' && strlen(copy) < 9);
}

static void
reader(void *data)
{
	struct gm_arena mine;
	char text[256];
	uint64_t n = 0;

	CHECK_INT(gm_arena_attach(&mine, dup(arena.fd), text, sizeof(text)), 0);
	while (gm_load(&fair->over, relaxed) == 0) {
		for (uint32_t i = 0; i < 1000; i++)
			look(&mine, (uint32_t)n++);
		gm_store((_Atomic uint64_t *)data, n, relaxed);
	}
}

static bool
looked_enough(void)
{
	return gm_load(&fair->looked[0], relaxed) >= LOOKS &&
	       gm_load(&fair->looked[1], relaxed) >= LOOKS;
}

static uint64_t
chance(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* One birth, death or new name of a slot that comes and goes. */
static void
change(uint32_t turn, uint64_t dice, uint32_t *holds, bool *taken)
{
	uint32_t i = (uint32_t)(dice % COMING), slot = STAYING + 1 + i;
	uint32_t mover = (uint32_t)(dice >> 20) % MOVERS;

	if (holds[i] != MOVERS) {
		taken[holds[i]] = false;
		dies(slot, GEN(turn, slot, holds[i]));
		holds[i] = MOVERS;
	}
	if (taken[mover])
		return;
	taken[mover] = true;
	holds[i] = mover;
	born(slot, GEN(turn, slot, mover), fair->move[mover]);
}

TEST_TIMEOUT(names_are_found_while_others_change, 60)
{
	uint32_t holds[COMING];
	bool taken[MOVERS] = { false };
	uint64_t seed = (uint64_t)now_ns() | 1;
	pid_t readers[2];
	uint32_t turn = 0;

	fair = test_shared(sizeof(*fair));
	with_slots(STAYING + COMING);
	make_names();
	for (uint32_t i = 0; i < COMING; i++)
		holds[i] = MOVERS;
	for (uint32_t i = 0; i < STAYING; i++)
		born(i + 1, i + 1, fair->stay[i]);
	for (int i = 0; i < 2; i++)
		readers[i] = test_fork(reader, &fair->looked[i]);
	while (turn < CHANGES || !looked_enough()) {
		change(turn, chance(&seed), holds, taken);
		if (turn++ % 20000 != 0)
			continue;
		sound();
		CHECK(!test_gone(readers[0]) && !test_gone(readers[1]));
	}
	sound();
	printf("%u changes, %llu + %llu looks, %llu met\n", turn,
	    (unsigned long long)fair->looked[0],
	    (unsigned long long)fair->looked[1], (unsigned long long)fair->met);
	CHECK(fair->met > 0);
	gm_store(&fair->over, 1, relaxed);
	for (int i = 0; i < 2; i++)
		test_join(readers[i]);
	for (uint32_t i = 0; i < COMING; i++)
		if (holds[i] != MOVERS)
			CHECK_INT(
			    holder(fair->move[holds[i]]), STAYING + 1 + i);
	gm_arena_close(&arena);
}
