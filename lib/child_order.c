/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of children that were read from the ledger, whose holes are filled
 * again by anybody: all at once, since one by one it would take the next root
 * seconds with ten thousand.
 */
#include "lib/child.h"

static struct gsi_child *
merged(struct gsi_child *a, struct gsi_child *b)
{
	struct gsi_child *first = NULL, **at = &first;

	while (a != NULL && b != NULL) {
		struct gsi_child **least = a->serial < b->serial ? &a : &b;

		*at = *least;
		*least = (*least)->next;
		at = &(*at)->next;
	}
	*at = a != NULL ? a : b;
	return first;
}

/* The first n of the rest, which goes on behind them. */
static struct gsi_child *
sorted(struct gsi_child **rest, uint32_t n)
{
	struct gsi_child *a = *rest, *b;

	if (n <= 1) {
		*rest = a->next;
		a->next = NULL;
		return a;
	}
	a = sorted(rest, n / 2);
	b = sorted(rest, n - n / 2);
	return merged(a, b);
}

void
gsi_children_order(struct gsi_children *children)
{
	struct gsi_child *rest = children->first, *before = NULL;

	if (children->count == 0)
		return;
	children->first = sorted(&rest, children->count);
	for (struct gsi_child *c = children->first; c != NULL; c = c->next) {
		c->prev = before;
		before = c;
	}
	children->last = before;
}
