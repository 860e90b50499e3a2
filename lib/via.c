/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that a via module keeps: asked for on each use, and held by a server
 * from before its init until its ordered end.
 */
#include <errno.h>

#include "lib/loop.h"
#include "lib/via.h"

bool
gsi_via_whole(const gs_via *via, const char *key)
{
	return via != NULL && key != NULL && via->register_name != NULL &&
	       via->unregister_name != NULL && via->whereis_name != NULL &&
	       via->send != NULL;
}

int
gsi_via_find(gs_addr to, gs_pid *pid)
{
	const gs_via *via = gs_addr_via(to);

	if (!gsi_via_whole(via, gs_addr_name(to)))
		return -EINVAL;
	return via->whereis_name(gs_addr_name(to), pid);
}

int
gsi_via_send(gs_addr to, gs_bytes message)
{
	const gs_via *via = gs_addr_via(to);

	if (!gsi_via_whole(via, gs_addr_name(to)))
		return -EINVAL;
	return via->send(gs_addr_name(to), message);
}

gs_pid
gsi_via_holder(const gs_options *options)
{
	gs_pid pid;

	if (options->via->whereis_name(options->via_key, &pid) != 0)
		return GS_NO_PID;
	return pid;
}

/* Does not return if the name cannot be had. */
void
gsi_via_register(struct gsi_server *s)
{
	const gs_via *via = s->birth.via;
	int status;

	if (via == NULL)
		return;
	status = via->register_name(s->birth.via_key, s->me->pid);
	if (status == 0) {
		s->via_held = true;
		return;
	}
	if (s->birth.refused)
		s->birth.refused(s->me,
		    status == -EEXIST ? "already_started" : "via_failed");
	gsi_finish(s->me, "normal");
}

void
gsi_via_unregister(struct gsi_server *s)
{
	/* once, also when the module leaves by gs_exit */
	if (!s->via_held)
		return;
	s->via_held = false;
	s->birth.via->unregister_name(s->birth.via_key);
}
