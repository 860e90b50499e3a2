/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Becoming a guest of another node, and leaving it.  The rule: a node that is
 * stopped or gone costs who addresses it no more than its timeout; who must
 * not wait at all (cast, send, reply) waits MOMENT_NS, and then does not ask
 * that node again for SILENT_NS.
 */
#include "lib/guest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/dispatch.h"
#include "lib/pending.h"
#include "lib/request.h"
#include "lib/runtime.h"
#include "lib/via.h"

#define MOMENT_NS (100 * NS_PER_MS)
#define SILENT_NS (1000 * NS_PER_MS)
#define LOOK_NS NS_PER_MS /* a node is not looked at more often */
#define GONE_MAX 8u /* guests of nodes that are gone, kept to be read */

/* ---- nodes that do not answer ---- */

static bool
is_silent(const struct gsi_guests *all, const char *name)
{
	for (uint32_t i = 0; i < GSI_SILENT; i++)
		if (strcmp(all->silent[i].name, name) == 0)
			return gsi_now_ns() < all->silent[i].until;
	return false;
}

static void
note_silent(struct gsi_guests *all, const char *name)
{
	uint32_t i;

	for (i = 0; i < GSI_SILENT; i++)
		if (strcmp(all->silent[i].name, name) == 0)
			break;
	if (i == GSI_SILENT)
		i = all->next_silent++ % GSI_SILENT;
	snprintf(all->silent[i].name, sizeof(all->silent[i].name), "%s", name);
	all->silent[i].until = gsi_now_ns() + SILENT_NS;
}

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

/*
 * Whoever takes no messages still has them for his guests of nodes that are
 * gone; the oldest go, but not one whose reply he may be holding.
 */
static void
sweep(struct gsi_guests *all)
{
	struct gsi_guest *g = all->first, *next;
	uint32_t gone = 0;

	for (; g != NULL; g = next) {
		next = g->next;
		if (!g->self.node_gone || ++gone <= GONE_MAX ||
		    g == all->used || g->self.mailbox.holding)
			continue;
		gsi_pendings_bury(g->host);
		gsi_ties_cut(g);
		gsi_guest_free(g);
	}
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

static bool
is_of(const struct gsi_guest *g, gs_addr to)
{
	if (to.kind == GS_ADDR_PID)
		return g->self.pid.node == to.pid.node;
	return strcmp(g->name, to.node) == 0;
}

static struct gsi_guest *
find(struct gsi_guests *all, gs_addr to)
{
	struct gsi_guest *g;

	for (g = all->first; g != NULL; g = g->next)
		if (is_of(g, to) && is_there(g))
			return g;
	return NULL;
}

/* ---- attaching ---- */

static bool
traps(struct gsi_guest *g)
{
	struct gsi_ask ask = { .flags = 1 };

	/* a server learns of an EXIT from its guest and acts on it itself */
	return !(g->host->is_server || g->host->trap_exit) ||
	       gsi_request_post(&g->self, GSI_OP_TRAP, &ask, sizeof(ask)) == 0;
}

static struct gsi_guest *
new_guest(struct gsi_self *host, const char *name)
{
	struct gsi_guest *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	snprintf(g->name, sizeof(g->name), "%s", name);
	g->host = host;
	g->number = ++host->guests->numbers;
	g->self.guest = g;
	g->self.pendings = host->pendings;
	g->self.trap_exit = true;
	return g;
}

static int
visit(struct gsi_self *host, const char *name, int64_t deadline,
    struct gsi_guest **out)
{
	struct gsi_guest *g = new_guest(host, name);
	struct gsi_door door = { name, NULL, SOCK_NONBLOCK, deadline };
	int status;

	if (g == NULL)
		return -ENOMEM;
	status = gsi_runtime_file(g->path, sizeof(g->path), name, ".sock");
	door.path = g->path;
	if (status == 0)
		status = gsi_enter(&g->self, &door);
	if (status != 0) {
		free(g);
		return status;
	}
	pthread_mutex_lock(&host->guests->lock);
	g->next = host->guests->first;
	/* a signal handler of this thread finds the list whole */
	gm_compiler_fence();
	host->guests->first = g;
	pthread_mutex_unlock(&host->guests->lock);
	if (!traps(g)) {
		gsi_guest_free(g);
		return -ENOTCONN;
	}
	/* it has not said that it sleeps: a loop of others looks once more */
	gsi_kick(host);
	*out = g;
	return 0;
}

/* What there is no node for, in one word. */
static int
absent(int status)
{
	switch (status) {
	case -ENOENT:
	case -ECONNREFUSED:
	case -ECONNRESET:
	case -ENOTCONN:
	case -EPIPE:
	case -ESRCH:
		return -EHOSTUNREACH;
	case -EAGAIN: /* its queue of connections is full */
		return -ETIMEDOUT;
	default:
		return status;
	}
}

static int
attach(
    struct gsi_self *me, gs_addr to, int64_t deadline, struct gsi_guest **out)
{
	char found[GS_NAME_MAX + 1];
	const char *name = to.node;
	bool soon = deadline == GSI_SOON;
	int status;

	if (to.kind == GS_ADDR_PID) {
		if (gsi_node_of(to.pid.node, found) != 0)
			return -EHOSTUNREACH;
		name = found;
	}
	if (soon && is_silent(me->guests, name))
		return -EHOSTUNREACH;
	if (soon)
		deadline = gsi_now_ns() + MOMENT_NS;
	else if (deadline == GSI_LATER)
		deadline = gsi_deadline(GS_CALL_TIMEOUT);
	sweep(me->guests);
	status = absent(visit(me, name, deadline, out));
	if (status == -ETIMEDOUT)
		note_silent(me->guests, name);
	if (status == -ETIMEDOUT && soon)
		return -EHOSTUNREACH;
	/* another has taken its name meanwhile: it is a guest of that now */
	if (status == 0 && !is_of(*out, to))
		return -EHOSTUNREACH;
	return status;
}

/* The lists that a host has, from its first look at another node on. */
static int
prepare(struct gsi_self *me)
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

	/* a guest is where the address is, or nowhere */
	if (me->guest != NULL)
		return false;
	if (to.kind == GS_ADDR_NAME_AT &&
	    (to.node == NULL || gs_name_check(to.node, NULL) != 0)) {
		*status = -EINVAL;
		return false;
	}
	*status = to.kind == GS_ADDR_VIA ? gsi_via_find(to, &to.pid) : 0;
	if (to.kind == GS_ADDR_VIA)
		to.kind = GS_ADDR_PID;
	if (*status == 0)
		*status = prepare(me);
	if (*status != 0)
		return false;
	g = find(me->guests, to);
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
