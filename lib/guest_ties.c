/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links and monitors into other nodes, as the process that has them keeps
 * them: their node delivers, but cannot tell of its own end.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/guest.h"

int
gsi_tie(struct gsi_ties *ties, uint32_t kind, gs_pid pid, uint64_t ref)
{
	if (ties->n == ties->max) {
		uint32_t max = ties->max == 0 ? 8 : 2 * ties->max;
		struct gsi_tie *more = realloc(ties->at, max * sizeof(*more));

		if (more == NULL)
			return -ENOMEM;
		ties->at = more;
		ties->max = max;
	}
	ties->at[ties->n++] = (struct gsi_tie){ kind, pid, ref };
	return 0;
}

static uint32_t
find(const struct gsi_ties *ties, uint32_t kind, gs_pid pid, uint64_t ref)
{
	uint32_t i = ties->n;

	while (i-- > 0) {
		const struct gsi_tie *tie = &ties->at[i];

		if (tie->kind == kind &&
		    (kind == GSI_DOWN ? tie->ref == ref
				      : gs_pid_equal(tie->pid, pid)))
			return i;
	}
	return ties->n;
}

bool
gsi_untie(struct gsi_ties *ties, uint32_t kind, gs_pid pid, uint64_t ref)
{
	uint32_t i = find(ties, kind, pid, ref);

	if (i == ties->n)
		return false;
	ties->at[i] = ties->at[--ties->n];
	return true;
}

struct gsi_self *
gsi_monitors_by(struct gsi_self *me, uint64_t ref)
{
	struct gsi_guest *g = me->guests != NULL ? me->guests->first : NULL;

	while (
	    g != NULL && find(&g->ties, GSI_DOWN, GS_NO_PID, ref) == g->ties.n)
		g = g->next;
	return g != NULL ? &g->self : NULL;
}

void
gsi_ties_cut(struct gsi_guest *guest)
{
	struct gsi_ties *cut = &guest->host->guests->cut;

	/* without memory for it nobody is told */
	for (uint32_t i = 0; i < guest->ties.n; i++) {
		const struct gsi_tie *tie = &guest->ties.at[i];

		if (gsi_tie(cut, tie->kind, tie->pid, tie->ref) != 0)
			break;
	}
	guest->ties.n = 0;
}

int
gsi_tie_nobody(struct gsi_self *me, uint32_t kind, gs_pid pid, uint64_t *ref)
{
	if (me->guests == NULL)
		return -ENOMEM;
	*ref = ++me->next_tag | GSI_GUEST_TAG;
	return gsi_tie(&me->guests->cut, kind, pid, *ref);
}
