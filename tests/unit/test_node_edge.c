/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The edges of a process, against an array that is looked through: few and
 * many of them, in any order.
 */
#include <stdlib.h>

#include "lib/node_parts.h"
#include "tests/runner.h"

#define MOST 600u
#define STEPS 60000

struct model {
	struct gsi_edge edges[MOST];
	uint32_t count;
	uint32_t seed;
};

static uint32_t
any(struct model *m, uint32_t below)
{
	m->seed = m->seed * 1664525u + 1013904223u;
	return (m->seed >> 8) % below;
}

static gs_pid
other_of(const struct gsi_edge *edge)
{
	return (gs_pid){ 1, edge->slot, edge->gen };
}

/* Links have no reference, a process has one link to another at most. */
static struct gsi_edge
new_edge(struct model *m)
{
	uint32_t type = 1 + any(m, 4);
	struct gsi_edge edge = { type, 1 + any(m, 400), 1 + any(m, 3), 0,
		type == GSI_EDGE_LINK ? 0 : 1 + any(m, 1u << 20) };

	return edge;
}

static void
remove_at(struct model *m, uint32_t i)
{
	m->edges[i] = m->edges[--m->count];
}

static bool
same(const struct gsi_edge *a, const struct gsi_edge *b)
{
	return a->type == b->type && a->slot == b->slot && a->gen == b->gen &&
	       a->ref == b->ref;
}

static bool
in_model(const struct model *m, const struct gsi_edge *edge)
{
	for (uint32_t i = 0; i < m->count; i++)
		if (same(&m->edges[i], edge))
			return true;
	return false;
}

static void
check_all(const struct model *m, const struct gsi_proc *at)
{
	CHECK_INT(at->n_edges, m->count);
	for (uint32_t i = 0; i < m->count; i++)
		CHECK(gsi_edge_has(at, m->edges[i].type, other_of(&m->edges[i]),
		    m->edges[i].ref));
	for (uint32_t i = 0; i < at->n_edges; i++)
		CHECK(in_model(m, &at->edges[i]));
}

static void
add(struct model *m, struct gsi_proc *at)
{
	struct gsi_edge edge = new_edge(m);

	if (m->count == MOST || in_model(m, &edge))
		return;
	CHECK_INT(gsi_edge_add(at, edge), 0);
	m->edges[m->count++] = edge;
}

static void
take(struct model *m, struct gsi_proc *at)
{
	uint32_t i = any(m, m->count);
	struct gsi_edge edge = m->edges[i], got;

	if (edge.ref != 0 && any(m, 2) == 0) {
		CHECK(gsi_edge_take(at, edge.type, edge.ref, &got));
		CHECK(got.type == edge.type && got.ref == edge.ref);
		for (i = 0; !same(&m->edges[i], &got); i++)
			continue;
	} else {
		CHECK(gsi_edge_drop(at, edge.type, other_of(&edge), edge.ref));
		CHECK(!gsi_edge_has(at, edge.type, other_of(&edge), edge.ref));
	}
	remove_at(m, i);
}

/* As a death does: some are moved to the front, the others are gone. */
static void
cut(struct model *m, struct gsi_proc *at)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < at->n_edges; i++)
		if (at->edges[i].type == GSI_EDGE_WATCH)
			at->edges[kept++] = at->edges[i];
	gsi_edges_cut(at, kept);
	m->count = kept;
	memcpy(m->edges, at->edges, kept * sizeof(m->edges[0]));
}

TEST(node_edge_finds_what_was_added_and_nothing_else)
{
	static struct model m = { .seed = 7 };
	struct gsi_proc at = { 0 };
	uint32_t bias = 3;

	for (int step = 0; step < STEPS; step++) {
		if (step % 4000 == 0)
			bias = 1 + any(&m, 5);
		if (m.count == 0 || any(&m, 6) < bias)
			add(&m, &at);
		else
			take(&m, &at);
		if (step % 997 == 0)
			check_all(&m, &at);
		if (step % 9973 == 0)
			cut(&m, &at);
	}
	check_all(&m, &at);
	while (at.n_edges > 0)
		gsi_edge_drop_at(&at, any(&m, at.n_edges));
	CHECK(!gsi_edge_has(&at, GSI_EDGE_LINK, (gs_pid){ 1, 1, 1 }, 0));
	CHECK(!gsi_edge_drop(&at, GSI_EDGE_LINK, (gs_pid){ 1, 1, 1 }, 0));
	free(at.edges);
}

TEST(node_edge_of_nobody_is_not_there)
{
	struct gsi_proc at = { 0 };
	struct gsi_edge edge;

	CHECK(!gsi_edge_has(&at, GSI_EDGE_LINK, (gs_pid){ 1, 1, 1 }, 0));
	CHECK(!gsi_edge_take(&at, GSI_EDGE_MONITORING, 1, &edge));
	gsi_edges_cut(&at, 0);
	CHECK_INT(at.n_edges, 0);
}
