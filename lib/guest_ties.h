/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest has in its node: see guest_ties.c. */
#ifndef GSI_GUEST_TIES_H
#define GSI_GUEST_TIES_H

#include "lib/internal.h"

/* A monitor or a link into another node. */
struct gsi_tie {
	uint32_t kind; /* GSI_DOWN or GSI_EXIT: what its end would be */
	gs_pid pid;
	uint64_t ref;
};

struct gsi_ties {
	struct gsi_tie *at;
	uint32_t n;
	uint32_t max;
};

int gsi_tie(struct gsi_ties *ties, uint32_t kind, gs_pid pid, uint64_t ref);
/* Drops it, if it is there; a link by pid, a monitor by ref. */
bool gsi_untie(struct gsi_ties *ties, uint32_t kind, gs_pid pid, uint64_t ref);
/* The guest that has this monitor, or NULL. */
struct gsi_self *gsi_monitors_by(struct gsi_self *me, uint64_t ref);
/* The node has gone: all of them are told, from now on. */
void gsi_ties_cut(struct gsi_guest *guest);
/* A link or monitor to a node that is not there. */
int gsi_tie_nobody(
    struct gsi_self *me, uint32_t kind, gs_pid pid, uint64_t *ref);

#endif
