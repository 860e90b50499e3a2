/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aliases: addresses of a process that it can switch off.  The receiver knows
 * which are on; a message to another one is dropped when it is taken.
 */
#include <stdlib.h>

#include "lib/internal.h"

struct alias {
	uint64_t id;
	unsigned flags;
};

struct gsi_aliases {
	uint32_t n;
	uint32_t room;
	struct alias at[];
};

static struct alias *
find(const struct gsi_self *me, uint64_t id)
{
	struct gsi_aliases *all = me->aliases;

	for (uint32_t i = 0; all != NULL && i < all->n; i++)
		if (all->at[i].id == id)
			return &all->at[i];
	return NULL;
}

static void
drop(struct gsi_self *me, struct alias *alias)
{
	*alias = me->aliases->at[--me->aliases->n];
}

bool
gsi_alias_takes(struct gsi_self *me, uint64_t id)
{
	struct alias *alias = find(me, id);

	if (alias == NULL)
		return false;
	if (alias->flags & GS_ALIAS_REPLY)
		drop(me, alias);
	return true;
}

static int
make_room(struct gsi_self *me)
{
	struct gsi_aliases *all = me->aliases;
	uint32_t room = all != NULL ? 2 * all->room : 8;

	if (all != NULL && all->n < all->room)
		return 0;
	if (room > GS_ALIASES_MAX)
		return -EAGAIN;
	all = realloc(all, sizeof(*all) + room * sizeof(all->at[0]));
	if (all == NULL)
		return -ENOMEM;
	if (me->aliases == NULL)
		all->n = 0;
	all->room = room;
	me->aliases = all;
	return 0;
}

GS_API int
gs_alias_new(unsigned flags, gs_alias *alias)
{
	struct gsi_self *me = gsi_self();
	int status;

	if (me == NULL)
		return -ENOTCONN;
	if ((flags & ~(unsigned)GS_ALIAS_REPLY) != 0)
		return gsi_fail(
		    -EINVAL, "badarg", "alias: no such flags: 0x%x", flags);
	status = make_room(me);
	if (status != 0)
		return gsi_fail(status, "system_limit",
		    "alias: this process has %u", (unsigned)GS_ALIASES_MAX);
	alias->pid = me->pid;
	alias->spare = 0;
	alias->id = ++me->next_tag;
	me->aliases->at[me->aliases->n++] = (struct alias){ alias->id, flags };
	return 0;
}

GS_API bool
gs_unalias(gs_alias alias)
{
	struct gsi_self *me = gsi_self_peek();
	struct alias *found = NULL;

	if (me != NULL && gs_pid_equal(alias.pid, me->pid))
		found = find(me, alias.id);
	if (found != NULL)
		drop(me, found);
	return found != NULL;
}

GS_API int
gs_send_alias(gs_alias alias, gs_bytes message)
{
	struct gsi_self *me = gsi_self();
	struct gsi_head head = { GSI_INFO, 0, alias.id };
	int status;

	if (me == NULL)
		return -ENOTCONN;
	if (alias.id == 0)
		return gsi_fail(-EINVAL, "badarg", "send: no such alias");
	head.gen = me->pid.gen;
	status = gsi_send(me, alias.pid, GM_MAILBOX, &head, message, 0);
	if (status == 0 || status == -ESRCH)
		return 0;
	return gsi_failed(status, "send", GS_PID(alias.pid), message, 0, NULL);
}

void
gsi_aliases_free(struct gsi_self *me)
{
	free(me->aliases);
	me->aliases = NULL;
}
