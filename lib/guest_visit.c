/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first visit to another node, in two steps, so that many can be visited
 * at once: saying hello, and waiting to be let in.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "lib/attach.h"
#include "lib/dispatch.h"
#include "lib/guest.h"
#include "lib/pending.h"
#include "lib/procfs.h"
#include "lib/request.h"
#include "lib/runtime.h"

#define SILENT_NS (1000 * NS_PER_MS)
#define SLOW_NS (2000 * NS_PER_MS) /* more, for who is not stopped */
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

/* ---- who has left ---- */

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

/* ---- visiting ---- */

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
begin(struct gsi_guest *g, int64_t deadline)
{
	struct gsi_door door = { g->name, g->path, SOCK_NONBLOCK, deadline };
	int status =
	    gsi_runtime_file(g->path, sizeof(g->path), g->name, ".sock");

	return status == 0 ? gsi_enter_begin(&g->self, &door) : status;
}

int
gsi_visit_begin(
    struct gsi_self *me, gs_addr to, bool soon, struct gsi_guest **out)
{
	char found[GS_NAME_MAX + 1];
	const char *name = gs_addr_node(to);
	int status;

	if (gs_addr_kind(to) == GS_ADDR_PID) {
		if (gsi_node_of(gs_addr_pid(to).node, found) != 0)
			return -EHOSTUNREACH;
		name = found;
	}
	if (soon && is_silent(me->guests, name))
		return -EHOSTUNREACH;
	sweep(me->guests);
	*out = new_guest(me, name);
	if (*out == NULL)
		return -ENOMEM;
	status = absent(begin(*out, -1));
	if (status == -ETIMEDOUT)
		note_silent(me->guests, name);
	if (status != 0)
		free(*out);
	return status;
}

static void
add(struct gsi_guest *g)
{
	struct gsi_guests *all = g->host->guests;

	pthread_mutex_lock(&all->lock);
	g->next = all->first;
	/* a signal handler of this thread finds the list whole */
	gm_compiler_fence();
	all->first = g;
	pthread_mutex_unlock(&all->lock);
}

/* Its listener, by the kernel's word; another namespace's cannot be told. */
static bool
is_stopped(const struct gsi_guest *g)
{
	char text[GSI_STAT];
	const char *stat = NULL;
	struct ucred node;
	socklen_t size = sizeof(node);

	if (getsockopt(g->self.socket, SOL_SOCKET, SO_PEERCRED, &node, &size) ==
		0 &&
	    node.pid > 0)
		stat = gsi_proc_stat(node.pid, text);
	return stat == NULL || gsi_stat_stopped(stat);
}

/*
 * Who must not wait gives up a node that is stopped.  One that others, or the
 * machine, keep from running is none: what is for it is not lost for that.
 */
static int64_t
for_the_slow(const struct gsi_guest *g, int64_t moment)
{
	struct pollfd p = { .fd = g->self.socket, .events = POLLIN };
	const int64_t most = moment + SLOW_NS;
	int64_t now = gsi_now_ns(), until = moment;

	for (;;) {
		int left =
		    until > now ? (int)((until - now) / NS_PER_MS) + 1 : 0;

		if (poll(&p, 1, left) > 0)
			return most;
		now = gsi_now_ns();
		if (now < until)
			continue;
		if (now >= most || is_stopped(g))
			return moment;
		until = now + GSI_MOMENT_NS;
	}
}

int
gsi_visit_end(struct gsi_guest *g, gs_addr to, int64_t deadline, bool soon,
    struct gsi_guest **out)
{
	struct gsi_door door = { g->name, g->path, SOCK_NONBLOCK,
		soon ? for_the_slow(g, deadline) : deadline };
	struct gsi_guests *all = g->host->guests;
	int status = absent(gsi_enter_end(&g->self, &door));

	if (status == -ETIMEDOUT)
		note_silent(all, g->name);
	/* asked for twice */
	*out = gsi_guest_find(all, to);
	if (status == 0 && *out != NULL)
		gsi_leave(&g->self, true);
	if (status != 0 || *out != NULL) {
		free(g);
		return status;
	}
	add(g);
	if (!traps(g)) {
		gsi_guest_free(g);
		return -EHOSTUNREACH;
	}
	/* it has not said that it sleeps: a loop of others looks once more */
	gsi_kick(g->host);
	*out = g;
	/* another has taken its name meanwhile: it is a guest of that now */
	return gsi_guest_of(g, to) ? 0 : -EHOSTUNREACH;
}
