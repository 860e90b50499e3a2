/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer of the tables stopped at each instruction of a change: whoever
 * reads finds at once every name that does not change, finds the one that
 * does or not, and never a wrong holder.  And a reader stopped at each
 * instruction of a lookup, while the tables change under it.
 */
#include <stdio.h>

#include "tests/instructions/plan.h"
#include "tests/instructions/step.h"
#include "tests/unit/names.h"

#define STAY 6
#define MOVER 7 /* the slot whose name comes and goes */
#define SECOND 8
#define AT (STAY + 2)

/* All in one chain. */
static char chain[16][NAME_SIZE];

static void
make_chain(void)
{
	with_slots(1);
	colliding(chain, 16, 1);
	gm_arena_close(&arena);
}

/* Names 0 to 2 stand before the mover's in the chain, 3 to 5 behind it. */
static void
set_up(bool with_mover)
{
	with_slots(SECOND);
	for (uint32_t i = 3; i < STAY; i++)
		born(i + 1, i + 1, chain[i]);
	if (with_mover)
		born(MOVER, MOVER, chain[MOVER]);
	for (uint32_t i = 0; i < 3; i++)
		born(i + 1, i + 1, chain[i]);
	live(SECOND, SECOND);
}

static void
take_down(void)
{
	gm_arena_close(&arena);
}

VICTIM static void
put(void)
{
	gm_name_put(&arena, MOVER, chain[MOVER], strlen(chain[MOVER]));
}

VICTIM static void
drop(void)
{
	gm_name_drop(&arena, MOVER);
}

VICTIM static void
die(void)
{
	dies(MOVER, MOVER);
}

VICTIM static void
move_to_another(void)
{
	gm_name_drop(&arena, MOVER);
	gm_name_put(&arena, MOVER, "elsewhere", 9);
	gm_name_put(&arena, SECOND, chain[MOVER], strlen(chain[MOVER]));
}

VICTIM static void
grow(void)
{
	CHECK_OK(gm_arena_grow(&arena, SECOND + 1));
}

static const struct change {
	const char *name;
	bool with_mover;
	bool lives; /* all the time */
	void (*act)(void);
} changes[] = {
	{ "name taken", false, true, put },
	{ "name dropped", true, true, drop },
	{ "end of a named one", true, false, die },
	{ "name moves", true, true, move_to_another },
	{ "table grows", true, true, grow },
};
#define CHANGES (int)(sizeof(changes) / sizeof(changes[0]))

static void
look(const struct change *change)
{
	char name[GM_ENTRY_NAME + 1], reason[GM_ENTRY_REASON + 1];
	uint32_t slot, gen;
	int status;

	for (uint32_t i = 0; i < STAY; i++) {
		CHECK_INT(holder(chain[i]), i + 1);
		gm_entry_name(&arena.table[i + 1], name);
		CHECK_STR(name, chain[i]);
	}
	for (uint32_t i = SECOND + 1; i < 16; i++)
		CHECK_INT(holder(chain[i]), 0);
	status = gm_name_find(
	    &arena, chain[MOVER], strlen(chain[MOVER]), &slot, &gen);
	if (status == 0)
		CHECK(slot == gen && (slot == MOVER || slot == SECOND));
	else
		CHECK_INT(status, -ENOENT);
	gm_entry_name(&arena.table[MOVER], name);
	if (name[0] != '\0' && strcmp(name, chain[MOVER]) != 0)
		CHECK_STR(name, "elsewhere");
	CHECK(!change->lives || gm_entry_live(&arena, MOVER, MOVER));
	CHECK(gm_entry_reason(&arena, STAY, STAY, reason) == 0);
	CHECK(gm_entry_at(&arena, SECOND + 2) == NULL);
}

static void
victim(void *data)
{
	const struct change *change = data;

	step_me();
	step_mark();
	change->act();
	step_mark();
}

/* One way: the table is looked at from each point of it. */
TEST_TIMEOUT(name_writer_stopped_at_every_instruction, 60)
{
	const char *why = step_refused();

	if (why != NULL)
		SKIP(why);
	step_near();
	make_chain();
	for (int i = 0; i < CHANGES; i++) {
		struct stepper s = { 0 };
		uintptr_t at;
		int points = 0;

		set_up(changes[i].with_mover);
		if (!changes[i].with_mover)
			live(MOVER, MOVER);
		step_child(&s, test_fork(victim, (void *)&changes[i]));
		while (step_next(&s, &at) == STEP_POINT) {
			points++;
			look(&changes[i]);
		}
		step_free(&s);
		test_join(s.pid);
		CHECK_STR(gm_names_check(&arena), NULL);
		take_down();
		printf("# %s, writer stopped: %d points tried\n",
		    changes[i].name, points);
	}
}

/* ---- readers ---- */

struct found {
	_Atomic int status;
	_Atomic uint32_t slot;
};

static struct found *found;

VICTIM static void
lookup(const char *name)
{
	uint32_t slot = 0, gen;
	int status = gm_name_find(&arena, name, strlen(name), &slot, &gen);

	gm_store(&found->slot, slot, relaxed);
	gm_store(&found->status, status, release);
}

static void
reader(void *data)
{
	step_me();
	step_mark();
	lookup(data);
	step_mark();
}

/* What it may find depends on what was true at any time meanwhile. */
static void
check_found(const char *name, uint32_t stays)
{
	int status = gm_load(&found->status, acquire);
	uint32_t slot = gm_load(&found->slot, relaxed);

	if (stays != 0) {
		CHECK_INT(status, 0);
		CHECK_INT(slot, stays);
	} else if (status == 0) {
		CHECK(name == chain[MOVER]);
		CHECK(slot == MOVER || slot == SECOND);
	} else {
		CHECK_INT(status, -ENOENT);
	}
}

static void
change_under_it(uint32_t dice)
{
	switch (dice % 4) {
	case 0:
		drop();
		break;
	case 1:
		move_to_another();
		break;
	case 2:
		die();
		break;
	default:
		move_to_another();
		gm_name_drop(&arena, SECOND);
		gm_name_put(&arena, SECOND, "again", 5);
		break;
	}
}

static void
read_at_each_point(const char *name, uint32_t stays, int parts)
{
	struct trace trace;
	struct plan plan;
	struct stepper s = { 0 };
	uint32_t k;

	set_up(true);
	step_child(&s, test_fork(reader, (void *)name));
	CHECK_INT(step_record(&s, &trace), STEP_MARK);
	step_free(&s);
	test_join(s.pid);
	check_found(name, stays);
	take_down();
	plan_begin(&plan, 4 * trace.n, parts, "lookup of %s, reader stopped",
	    stays ? "one that stays" : "one that moves");
	while (plan_next(&plan, &k)) {
		set_up(true);
		step_child(&s, test_fork(reader, (void *)name));
		step_go(&s, &trace, k / 4);
		change_under_it(k);
		CHECK_STR(gm_names_check(&arena), NULL);
		CHECK_INT(holder(chain[5]), 6);
		step_free(&s);
		test_join(s.pid);
		check_found(name, stays);
		take_down();
	}
	plan_end(&plan);
	trace_free(&trace);
}

TEST_TIMEOUT(name_reader_stopped_at_every_instruction, 60)
{
	const char *why = step_refused();

	if (why != NULL)
		SKIP(why);
	step_near();
	plan_time(1);
	make_chain();
	found = test_shared(sizeof(*found));
	read_at_each_point(chain[4], 5, 3);
	read_at_each_point(chain[1], 2, 2);
	read_at_each_point(chain[MOVER], 0, 1);
}
