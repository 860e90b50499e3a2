/* SPDX-License-Identifier: Apache-2.0 */
/* Is everything as it was before?  If not, what. */
#ifndef GS_TESTS_SOAK_COMPARE_H
#define GS_TESTS_SOAK_COMPARE_H

#include "tests/torture/soak_report.h"

/* What may be more: two pools of bells, malloc's and mailboxes' slack. */
#define SPARE_FDS 32
#define SPARE_KB 1024
#define SPARE_ARENA (4ull << 20)
#define SPARE_SLOTS 64u
#define SPARE_MAPS 64
#define SPARE_SERVER_FDS 64

struct pair {
	const struct measure *before;
	struct measure *now;
	const char *what; /* that differs, NULL nothing */
};

static inline const char *
difference(const struct measure *a, const struct measure *b)
{
	if (b->node.processes != a->node.processes || b->live != a->live)
		return "live processes";
	if (b->dead > a->dead || b->high > a->high + SPARE_SLOTS)
		return "slots";
	if (b->children != a->children)
		return "processes of the operating system";
	if (b->zombies > a->zombies)
		return "zombies";
	if (b->segments > a->segments)
		return "segments";
	if (b->node_fds > a->node_fds + SPARE_FDS)
		return "the node's descriptors";
	if (b->root_fds > a->root_fds + SPARE_FDS)
		return "root's descriptors";
	if (b->server_fds > a->server_fds + SPARE_SERVER_FDS)
		return "a server's descriptors";
	if (b->node.arena_used > a->node.arena_used + SPARE_ARENA)
		return "shared memory";
	if (test_slow())
		return NULL;
	if (b->root_maps > a->root_maps + SPARE_MAPS)
		return "root's mappings";
	if (b->node_kb > a->node_kb + SPARE_KB)
		return "the node's memory";
	if (b->root_kb > a->root_kb + SPARE_KB)
		return "root's memory";
	if (b->server_kb > a->server_kb + SPARE_KB)
		return "a server's memory";
	return NULL;
}

static inline bool
as_before(void *data)
{
	struct pair *pair = data;

	look();
	measure(pair->now);
	pair->what = difference(pair->before, pair->now);
	return pair->what == NULL;
}

static inline void
compare(const struct measure *before)
{
	struct measure now;
	struct pair pair = { before, &now, NULL };
	bool same = eventually(as_before, &pair, CALM);

	print_measure("after", &now);
	SHOULD(same, "not as before: %s", pair.what);
}

#endif
