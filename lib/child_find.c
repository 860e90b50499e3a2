/* SPDX-License-Identifier: Apache-2.0 */
/* Finding children of the root supervisor by what others know of them. */
#include "lib/child.h"

struct gsi_child *
gsi_child_by_os_pid(const struct gsi_children *children, pid_t os_pid)
{
	struct gsi_child *child;

	/* newest first: it is the young that die */
	for (child = children->last; child != NULL; child = child->prev)
		if (child->os_pid == os_pid)
			return child;
	return NULL;
}

struct gsi_child *
gsi_child_by_pid(const struct gsi_children *children, gs_pid pid)
{
	struct gsi_child *child;

	for (child = children->last; child != NULL; child = child->prev)
		if (gs_pid_equal(child->pid, pid))
			return child;
	return NULL;
}

struct gsi_child *
gsi_child_by_id(const struct gsi_children *children, const char *id)
{
	struct gsi_child *child, *found = NULL;

	/* a child that runs counts before one that has had the name */
	for (child = children->last; child != NULL; child = child->prev) {
		if (strcmp(child->id, id) != 0)
			continue;
		if (child->os_pid != 0)
			return child;
		if (found == NULL)
			found = child;
	}
	return found;
}

struct gsi_child *
gsi_child_by_serial(const struct gsi_children *children, uint64_t serial)
{
	struct gsi_child *child;

	for (child = children->last; child != NULL; child = child->prev)
		if (child->serial == serial)
			return child;
	return NULL;
}
