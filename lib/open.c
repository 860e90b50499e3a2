/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening the node of this program: a running one by name, or a private one
 * (private.c).  One program image is in one node at a time.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/attach.h"
#include "lib/runtime.h"

const char *
gs_version(void)
{
	return GS_VERSION;
}

static int
set_home(const char *name)
{
	struct gsi_home *home = gsi_home();

	if (gs_name_check(name, NULL) != 0)
		return gsi_name_refused(name);
	snprintf(home->name, sizeof(home->name), "%s", name);
	return gsi_runtime_file(home->path, sizeof(home->path), name, ".sock");
}

void
gsi_home_named(const char *name)
{
	if (set_home(name) == 0)
		gsi_home()->open = true;
}

int
gsi_open_named(const char *name, int64_t deadline)
{
	struct gsi_home *home = gsi_home();
	struct gsi_self *me;
	int status = set_home(name);

	if (status != 0)
		return status;
	status = gsi_attach(&me, deadline);
	if (status == -ENOENT || status == -ECONNREFUSED ||
	    status == -ECONNRESET)
		return gsi_fail(-ENOTCONN, "nodedown",
		    "no node '%s' is "
		    "running",
		    name);
	home->open = status == 0;
	return status;
}

int
gsi_open(const char *name, unsigned flags, int64_t deadline)
{
	struct gsi_home *home = gsi_home();
	int status;

	if (home->open)
		return gsi_fail(-EALREADY, "badarg",
		    "node '%s' is open "
		    "already",
		    home->name);
	if (name == NULL && (flags & GS_NODE_PRIVATE) == 0) {
		name = secure_getenv("GS_NODE");
		if (name != NULL && name[0] == '\0')
			name = NULL;
	}
	status = name != NULL ? gsi_open_named(name, deadline)
			      : gsi_open_private(flags);
	if (status == 0 && !home->registered)
		home->registered = atexit(gs_node_close) == 0;
	return status;
}

int
gs_node_open(const char *name, unsigned flags)
{
	return gsi_open(name, flags, -1);
}

const char *
gs_poller(void)
{
	struct gsi_home *home = gsi_home();
	char *text = home->poller;
	struct gm_poll *poll;
	int status = gm_poll_open(&poll, 8, secure_getenv("GS_POLLER"));

	if (status != 0) {
		snprintf(
		    text, sizeof(home->poller), "none (%s)", strerror(-status));
		return text;
	}
	snprintf(text, sizeof(home->poller), "%s", gm_poll_name(poll));
	gm_poll_close(poll);
	return text;
}
