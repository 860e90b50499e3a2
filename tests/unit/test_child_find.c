/* SPDX-License-Identifier: Apache-2.0 */
/* Children are found by serial, pid and id, however many: lib/child_find.c. */
#include <stdio.h>

#include "tests/unit/children.h"

#define MANY 5000u

static struct gsi_child *
add(struct gsi_children *list, const char *name)
{
	gs_child_spec wanted = { .path = "/x/server.so",
		.options = { .name = name } };

	return child_added(list, &wanted);
}

static gs_pid
pid_of(uint32_t i)
{
	return (gs_pid){ 1, i + 1, 7 };
}

static void
add_many(struct gsi_children *list, struct gsi_child **all)
{
	char name[32];

	gsi_children_open(list, -1);
	for (uint32_t i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		all[i] = add(list, name);
		gsi_child_is(list, all[i], pid_of(i));
		all[i]->os_pid = (pid_t)i + 100;
	}
}

static void
found(const struct gsi_children *list, uint32_t i, struct gsi_child *want)
{
	char name[32];

	snprintf(name, sizeof(name), "n%u", i);
	CHECK(gsi_child_by_id(list, name) == want);
	CHECK(gsi_child_by_pid(list, pid_of(i)) == want);
	CHECK(gsi_child_by_os_pid(list, (pid_t)i + 100) == want);
}

TEST(child_is_found_by_each_key_until_it_is_removed)
{
	struct gsi_children list = { 0 };
	struct gsi_child *all[MANY];
	uint64_t serial;

	add_many(&list, all);
	for (uint32_t i = 0; i < MANY; i += 7) {
		found(&list, i, all[i]);
		CHECK(gsi_child_by_serial(&list, all[i]->serial) == all[i]);
	}
	for (uint32_t i = 0; i < MANY; i += 3) {
		serial = all[i]->serial;
		gsi_child_remove(&list, all[i]);
		found(&list, i, NULL);
		CHECK(gsi_child_by_serial(&list, serial) == NULL);
		found(&list, i + 1, all[i + 1]);
	}
	gsi_children_close(&list);
}

TEST(child_is_found_by_the_pid_it_has_now)
{
	gs_pid later = { 1, 9, 9 };
	struct gsi_children list = { 0 };
	struct gsi_child *all[MANY];

	add_many(&list, all);
	gsi_child_is(&list, all[5], later);
	CHECK(gsi_child_by_pid(&list, pid_of(5)) == NULL);
	CHECK(gsi_child_by_pid(&list, later) == all[5]);
	/* the same slot, another generation */
	later.gen++;
	CHECK(gsi_child_by_pid(&list, later) == NULL);
	gsi_child_is(&list, all[5], GS_NO_PID);
	later.gen--;
	CHECK(gsi_child_by_pid(&list, later) == NULL);
	CHECK(gsi_child_by_pid(&list, GS_NO_PID) == NULL);
	gsi_child_remove(&list, all[5]);
	gsi_children_close(&list);
}

TEST(child_that_runs_is_found_before_those_that_had_its_name)
{
	struct gsi_children list = { 0 };
	struct gsi_child *first, *second, *third;

	gsi_children_open(&list, -1);
	CHECK(gsi_child_by_id(&list, "a") == NULL);
	first = add(&list, "a");
	second = add(&list, "a");
	third = add(&list, "a");
	CHECK(gsi_child_by_id(&list, "a") == third);
	first->os_pid = 5;
	CHECK(gsi_child_by_id(&list, "a") == first);
	second->os_pid = 6;
	CHECK(gsi_child_by_id(&list, "a") == second);
	gsi_child_remove(&list, second);
	CHECK(gsi_child_by_id(&list, "a") == first);
	CHECK(gsi_child_by_id(&list, "b") == NULL);
	gsi_children_close(&list);
}
