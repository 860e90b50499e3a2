/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread becomes a process of the node: on first use, and again when what it
 * was is of no use any more.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/attach.h"
#include "lib/self.h"

static struct gsi_self *
attach(int64_t deadline, int *why)
{
	struct gsi_self *me;
	int status;

	*why = -ENOTCONN;
	if (!gsi_home()->open) {
		if (secure_getenv("GS_NODE") == NULL) {
			gsi_fail(-ENOTCONN, "nodedown",
			    "no node is open: call gs_node_open, or set "
			    "GS_NODE");
			return NULL;
		}
		status = gsi_open(NULL, 0, deadline);
		if (status != 0 && status != -EALREADY) {
			if (status == -ETIMEDOUT)
				*why = status;
			return NULL;
		}
		if (gsi_self_peek() != NULL)
			return gsi_self_peek();
	}
	status = gsi_attach(&me, deadline);
	if (status == -ETIMEDOUT)
		*why = status;
	return status == 0 ? me : NULL;
}

/* Its node is still there, or no newer one is open: it stays what it is. */
bool
gsi_stays(struct gsi_self *me)
{
	const struct gsi_home *home = gsi_home();

	if (me == NULL)
		return false;
	if (me->is_server || !home->open)
		return true;
	/* what was scribbled on is left behind: somebody new goes on */
	if (me->damaged)
		return false;
	return home->arena == me->arena ||
	       (!me->node_gone && gsi_node_alive(me));
}

struct gsi_self *
gsi_join(int64_t deadline, int *why)
{
	struct gsi_self *me = gsi_self_peek();

	if (gsi_stays(me))
		return me;
	if (me != NULL) {
		if (me->damaged)
			gsi_words(me->page, "bad_mailbox");
		gsi_self_set(NULL);
		gsi_detach(me, me->damaged);
	}
	return attach(deadline, why);
}
