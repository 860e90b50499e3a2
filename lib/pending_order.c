/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that have come, in order of arrival.  The rule: each order is
 * linked both ways, so that the first is at hand and any can leave.
 */
#include "lib/pending.h"

/* Of a tag that is in use. */
static struct gsi_pending *
seat_of(struct gsi_pendings *all, uint64_t tag)
{
	return &all->seats[tag & (all->n_seats - 1)];
}

/* The word that leads from before, or from the start, to what follows. */
static uint64_t *
way_behind(struct gsi_pendings *all, uint64_t before, enum gsi_order order)
{
	return before == 0 ? &all->first[order]
			   : &seat_of(all, before)->beside[order].behind;
}

static uint64_t *
way_before(struct gsi_pendings *all, uint64_t behind, enum gsi_order order)
{
	return behind == 0 ? &all->last[order]
			   : &seat_of(all, behind)->beside[order].before;
}

void
gsi_order_add(
    struct gsi_pendings *all, struct gsi_pending *p, enum gsi_order order)
{
	uint64_t last = all->last[order];

	p->beside[order] = (struct gsi_neighbours){ last, 0 };
	*way_behind(all, last, order) = p->tag;
	all->last[order] = p->tag;
}

void
gsi_order_drop(
    struct gsi_pendings *all, struct gsi_pending *p, enum gsi_order order)
{
	struct gsi_neighbours beside = p->beside[order];

	*way_behind(all, beside.before, order) = beside.behind;
	*way_before(all, beside.behind, order) = beside.before;
}

struct gsi_pending *
gsi_order_first(struct gsi_pendings *all, enum gsi_order order)
{
	return all->first[order] != 0 ? seat_of(all, all->first[order]) : NULL;
}

struct gsi_pending *
gsi_order_next(
    struct gsi_pendings *all, const struct gsi_pending *p, enum gsi_order order)
{
	uint64_t behind = p->beside[order].behind;

	return behind != 0 ? seat_of(all, behind) : NULL;
}
