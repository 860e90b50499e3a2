/* SPDX-License-Identifier: Apache-2.0 */
/* How often a child may be restarted, and what is kept of it: lib/child.c. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/children.h"

#define SECOND (1000 * NS_PER_MS)

static struct gsi_child *
child_with(struct gsi_children *list, int restarts, int seconds)
{
	gs_child_spec wanted = {
		.path = "/x/server.so",
		.options = { .name = "one" },
		.max_restarts = restarts,
		.max_seconds = seconds,
		.has_intensity = true,
	};

	gsi_children_open(list, -1);
	return child_added(list, &wanted);
}

/* Restarts that are allowed at that moment. */
static int
allowed(struct gsi_child *child, int64_t now)
{
	int n = 0;

	while (n < 100000 && gsi_child_may_restart(child, now))
		n++;
	return n;
}

static void
limit_holds(int restarts, int seconds)
{
	struct gsi_children list = { 0 };
	struct gsi_child *child = child_with(&list, restarts, seconds);
	int64_t now = 1000 * SECOND;
	int late;

	CHECK_INT(allowed(child, now), restarts);
	CHECK_INT(allowed(child, now + seconds * SECOND - 1), 0);
	/* above 64 it is kept to a 64th */
	late = allowed(child, now + seconds * SECOND + 1);
	CHECK(late <= restarts && late >= restarts - restarts / 32 - 1);
	gsi_child_remove(&list, child);
}

TEST(child_is_restarted_as_often_as_its_limit_says)
{
	limit_holds(0, 5);
	limit_holds(1, 1);
	limit_holds(3, 5);
	limit_holds(64, 5);
	limit_holds(65, 1);
	limit_holds(100, 10);
	limit_holds(1000, 1);
	limit_holds(50000, 60);
}

/* Slow enough is for ever. */
TEST(child_that_stays_below_its_limit_is_not_given_up)
{
	static const int limits[] = { 1, 3, 64, 65, 1000 };

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct gsi_children list = { 0 };
		struct gsi_child *child = child_with(&list, limits[i], 10);
		int64_t step = 11 * SECOND / limits[i];
		int64_t now = 1000 * SECOND;

		for (int n = 0; n < 5000; n++, now += step)
			CHECK(gsi_child_may_restart(child, now));
		gsi_child_remove(&list, child);
	}
}

static const char *
module_of(const struct gsi_child *child)
{
	return gsi_spec_text(child->spec, child->spec->module_at);
}

/* What the next root finds there. */
static void
kept_module(int fd, const char *module)
{
	struct gsi_children list = { 0 };

	gsi_children_open(&list, fd);
	CHECK(list.first != NULL && list.first->next == NULL);
	CHECK_STR(module_of(list.first), module);
	gsi_children_close(&list);
}

TEST(child_is_changed_only_where_that_can_be_kept)
{
	gs_child_spec wanted = { .path = "/x/server.so" };
	struct gsi_children list = { 0 };
	struct gsi_child *child;
	int fd = memfd_create("ledger", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	CHECK_OK(fd);
	gsi_children_open(&list, fd);
	child = child_added(&list, &wanted);
	gsi_child_save(&list, child);
	CHECK(gsi_child_change(&list, child, "/x/first.so"));
	kept_module(fd, "/x/first.so");
	CHECK_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
	/* the hole that the last one left is too small for it */
	CHECK(!gsi_child_change(&list, child,
	    "/x/one/with/a/name/that/takes/more/than/one/of/the/units/in/which/"
	    "the/ledger/is/counted/and/that/may/well/be/the/case/when/the/"
	    "folder/of/a/release/has/its/number/and/its/date/second.so"));
	CHECK_STR(module_of(child), "/x/first.so");
	kept_module(fd, "/x/first.so");
	/* and can be saved and removed as before */
	child->restarts = 3;
	gsi_child_save(&list, child);
	kept_module(fd, "/x/first.so");
	gsi_child_remove(&list, child);
	gsi_children_close(&list);
	gsi_children_open(&list, fd);
	CHECK(list.first == NULL);
	gsi_children_close(&list);
	close(fd);
}
