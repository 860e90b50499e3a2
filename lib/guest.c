/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Becoming a guest of another node, and leaving it.  The rule: a node that is
 * stopped or gone costs who addresses it no more than its timeout; who must
 * not wait at all (cast, send, reply) waits GSI_MOMENT_NS, longer for a node
 * that is slow, and then does not ask it again for a while.
 */
#include "lib/guest.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/attach.h"
#include "lib/dispatch.h"
#include "lib/pending.h"
#include "lib/request.h"
#include "lib/via.h"

#define LOOK_NS NS_PER_MS /* a node is not looked at more often */

/* ---- leaving ---- */

void
gsi_guest_free(struct gsi_guest *guest)
{
	struct gsi_self *host = guest->host;
	struct gsi_guest **at = &host->guests->first;

	pthread_mutex_lock(&host->guests->lock);
	while (*at != guest)
		at = &(*at)->next;
	*at = guest->next;
	pthread_mutex_unlock(&host->guests->lock);
	if (host->guests->used == guest)
		host->guests->used = NULL;
	gsi_leave(&guest->self, !guest->self.node_gone);
	free(guest->ties.at);
	free(guest);
}

void
gsi_guests_free(struct gsi_self *me)
{
	struct gsi_guests *all = me->guests;

	if (all == NULL)
		return;
	while (all->first != NULL)
		gsi_guest_free(all->first);
	me->guests = NULL;
	free(all->cut.at);
	pthread_mutex_destroy(&all->lock);
	free(all);
}

/* ---- finding ---- */

/* A look at whether its node is there, if the last one was not just now. */
static bool
is_there(struct gsi_guest *g)
{
	int64_t now = gsi_now_ns();

	if (!g->self.node_gone && now - g->looked < LOOK_NS)
		return true;
	g->looked = now;
	return !g->self.damaged && gsi_node_alive(&g->self);
}

bool
gsi_guest_of(const struct gsi_guest *g, gs_addr to)
{
	if (gs_addr_kind(to) == GS_ADDR_PID)
		return g->self.pid.node == gs_addr_pid(to).node;
	return strcmp(g->name, gs_addr_node(to)) == 0;
}

struct gsi_guest *
gsi_guest_find(struct gsi_guests *all, gs_addr to)
{
	struct gsi_guest *g;

	for (g = all->first; g != NULL; g = g->next)
		if (gsi_guest_of(g, to) && is_there(g))
			return g;
	return NULL;
}

static int
attach(
    struct gsi_self *me, gs_addr to, int64_t deadline, struct gsi_guest **out)
{
	bool soon = deadline == GSI_SOON;
	struct gsi_guest *g;
	int status = gsi_visit_begin(me, to, soon, &g);

	if (soon)
		deadline = gsi_now_ns() + GSI_MOMENT_NS;
	else if (deadline == GSI_LATER)
		deadline = gsi_deadline(GS_CALL_TIMEOUT);
	if (status == 0)
		status = gsi_visit_end(g, to, deadline, soon, out);
	return status == -ETIMEDOUT && soon ? -EHOSTUNREACH : status;
}

/* The lists that a host has, from its first look at another node on. */
int
gsi_guests_need(struct gsi_self *me)
{
	struct gsi_guests *all;

	if (me->guests == NULL) {
		all = calloc(1, sizeof(*all));
		if (all == NULL)
			return -ENOMEM;
		pthread_mutex_init(&all->lock, NULL);
		me->guests = all;
	}
	return gsi_pendings_need(me) != 0 ? -ENOMEM : 0;
}

bool
gsi_elsewhere_slow(
    struct gsi_self **at, gs_addr to, int64_t deadline, int *status)
{
	struct gsi_self *me = *at;
	struct gsi_guest *g;
	gs_pid found = GS_NO_PID;

	/* a guest is where the address is, or nowhere */
	if (me->guest != NULL)
		return false;
	if (gs_addr_kind(to) == GS_ADDR_NAME_AT &&
	    (gs_addr_node(to) == NULL ||
		gs_name_check(gs_addr_node(to), NULL) != 0)) {
		*status = -EINVAL;
		return false;
	}
	*status = 0;
	if (gs_addr_kind(to) == GS_ADDR_VIA) {
		*status = gsi_via_find(to, &found);
		to = gs_to_pid(found);
	}
	if (*status == 0)
		*status = gsi_guests_need(me);
	if (*status != 0)
		return false;
	g = gsi_guest_find(me->guests, to);
	if (g == NULL)
		*status = attach(me, to, deadline, &g);
	if (*status != 0)
		return false;
	me->guests->used = g;
	*at = &g->self;
	return true;
}

int
gsi_there(const struct gsi_self *at, int status)
{
	if (at->guest != NULL && status == -ENOTCONN)
		return -EHOSTUNREACH;
	return status;
}
