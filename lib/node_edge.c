/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The edges of a process: an array, and behind it in the same block, when
 * there are many, an index by hash.  So nothing that is done with one edge
 * looks at all of them.  The rule: the index names each edge once, and what
 * moves an edge tells the index.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/node_parts.h"

#define EDGES_MAX (1u << 20) /* of one process */
#define FEW 8u /* up to which they are looked through */

/* Twice as many places as edges: 1 + where the edge stands, 0 none. */
static uint32_t *
index_of(const struct gsi_proc *at)
{
	return (uint32_t *)(void *)(at->edges + at->max_edges);
}

static bool
indexed(const struct gsi_proc *at)
{
	return at->max_edges > FEW;
}

/* A reference says more than its process, and is what is asked for. */
static uint32_t
home_of(
    const struct gsi_proc *at, uint32_t type, uint64_t process, uint64_t ref)
{
	uint64_t hash = (ref != 0 ? ref : process) * 4 + type;

	hash *= 0x9e3779b97f4a7c15u;
	return (uint32_t)(hash >> 32) & (2 * at->max_edges - 1);
}

static uint32_t
home_of_edge(const struct gsi_proc *at, const struct gsi_edge *edge)
{
	return home_of(
	    at, edge->type, (uint64_t)edge->slot << 32 | edge->gen, edge->ref);
}

static void
index_add(struct gsi_proc *at, uint32_t i)
{
	uint32_t *index = index_of(at), mask = 2 * at->max_edges - 1;
	uint32_t place = home_of_edge(at, &at->edges[i]);

	while (index[place] != 0)
		place = (place + 1) & mask;
	index[place] = i + 1;
}

static uint32_t
index_find(const struct gsi_proc *at, uint32_t i)
{
	const uint32_t *index = index_of(at);
	uint32_t place = home_of_edge(at, &at->edges[i]);

	while (index[place] != i + 1)
		place = (place + 1) & (2 * at->max_edges - 1);
	return place;
}

/* Who stands behind the hole and would not be found moves into it. */
static void
index_drop(struct gsi_proc *at, uint32_t hole)
{
	uint32_t *index = index_of(at), mask = 2 * at->max_edges - 1;
	uint32_t place = hole;

	for (;;) {
		uint32_t home;

		place = (place + 1) & mask;
		if (index[place] == 0)
			break;
		home = home_of_edge(at, &at->edges[index[place] - 1]);
		if (((place - home) & mask) < ((place - hole) & mask))
			continue;
		index[hole] = index[place];
		hole = place;
	}
	index[hole] = 0;
}

static void
index_all(struct gsi_proc *at)
{
	if (!indexed(at))
		return;
	memset(index_of(at), 0, 2 * at->max_edges * sizeof(uint32_t));
	for (uint32_t i = 0; i < at->n_edges; i++)
		index_add(at, i);
}

int
gsi_edge_room(struct gsi_proc *at)
{
	uint32_t max = at->max_edges == 0 ? 4 : at->max_edges * 2;
	size_t size = max * sizeof(struct gsi_edge);
	struct gsi_edge *edges = NULL;

	if (at->n_edges < at->max_edges)
		return 0;
	if (max > FEW)
		size += 2 * max * sizeof(uint32_t);
	if (max <= EDGES_MAX)
		edges = realloc(at->edges, size);
	if (edges == NULL)
		return -ENOMEM;
	at->edges = edges;
	at->max_edges = max;
	index_all(at);
	return 0;
}

int
gsi_edge_add(struct gsi_proc *at, struct gsi_edge edge)
{
	int status = gsi_edge_room(at);

	if (status != 0)
		return status;
	at->edges[at->n_edges++] = edge;
	if (indexed(at))
		index_add(at, at->n_edges - 1);
	return 0;
}

/* other NULL: whoever it is. */
static bool
edge_is(const struct gsi_edge *edge, uint32_t type, const gs_pid *other,
    uint64_t ref)
{
	return edge->type == type && edge->ref == ref &&
	       (other == NULL ||
		   (edge->slot == other->slot && edge->gen == other->gen));
}

/* Where it stands, n_edges: nowhere.  other NULL: by its reference alone. */
static uint32_t
find(
    const struct gsi_proc *at, uint32_t type, const gs_pid *other, uint64_t ref)
{
	const uint32_t *index;
	uint32_t i, place;

	if (!indexed(at)) {
		for (i = 0; i < at->n_edges; i++)
			if (edge_is(&at->edges[i], type, other, ref))
				break;
		return i;
	}
	index = index_of(at);
	place = home_of(at, type,
	    other != NULL ? (uint64_t)other->slot << 32 | other->gen : 0, ref);
	for (; index[place] != 0; place = (place + 1) & (2 * at->max_edges - 1))
		if (edge_is(&at->edges[index[place] - 1], type, other, ref))
			return index[place] - 1;
	return at->n_edges;
}

bool
gsi_edge_has(
    const struct gsi_proc *at, uint32_t type, gs_pid other, uint64_t ref)
{
	return find(at, type, &other, ref) < at->n_edges;
}

void
gsi_edge_drop_at(struct gsi_proc *at, uint32_t i)
{
	uint32_t last = at->n_edges - 1;

	if (indexed(at)) {
		index_drop(at, index_find(at, i));
		if (i != last)
			index_of(at)[index_find(at, last)] = i + 1;
	}
	at->edges[i] = at->edges[last];
	at->n_edges--;
}

bool
gsi_edge_drop(struct gsi_proc *at, uint32_t type, gs_pid other, uint64_t ref)
{
	uint32_t i = find(at, type, &other, ref);

	if (i == at->n_edges)
		return false;
	gsi_edge_drop_at(at, i);
	return true;
}

bool
gsi_edge_take(
    struct gsi_proc *at, uint32_t type, uint64_t ref, struct gsi_edge *out)
{
	uint32_t i = find(at, type, NULL, ref);

	if (i == at->n_edges)
		return false;
	*out = at->edges[i];
	gsi_edge_drop_at(at, i);
	return true;
}

void
gsi_edges_cut(struct gsi_proc *at, uint32_t count)
{
	at->n_edges = count;
	if (at->edges != NULL)
		index_all(at);
}
