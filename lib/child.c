/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Children of the root supervisor: a list in start order.  Pure book-keeping;
 * root_child.c acts.
 *
 *	STARTING -> RUNNING -> RESTARTING -> STARTING ...
 *	    any  -> STOPPING -> STOPPED
 *	    RESTARTING -> FAILED   (more than max restarts in the period)
 */
#include "lib/child.h"

#include <stdio.h>
#include <stdlib.h>

static void
describe(struct gsi_child *child)
{
	const char *path = gsi_spec_text(child->spec, child->spec->path_at);
	const char *name = gsi_spec_text(child->spec, child->spec->name_at);

	if (path[0] != '\0')
		snprintf(child->what, sizeof(child->what), "%s", path);
	if (name[0] != '\0')
		snprintf(child->id, sizeof(child->id), "%s", name);
	else
		snprintf(child->id, sizeof(child->id), "child-%llu",
		    (unsigned long long)child->serial);
}

struct gsi_child *
gsi_child_add(struct gsi_children *children, const struct gsi_spec *spec)
{
	struct gsi_child *child = calloc(1, sizeof(*child));

	if (child == NULL)
		return NULL;
	child->spec = malloc(spec->size);
	if (child->spec == NULL) {
		free(child);
		return NULL;
	}
	memcpy(child->spec, spec, spec->size);
	child->serial = ++children->next_serial;
	child->first = true;
	child->prev = children->last;
	if (children->last != NULL)
		children->last->next = child;
	else
		children->first = child;
	children->last = child;
	describe(child);
	return child;
}

void
gsi_child_remove(struct gsi_children *children, struct gsi_child *child)
{
	if (child->prev != NULL)
		child->prev->next = child->next;
	else
		children->first = child->next;
	if (child->next != NULL)
		child->next->prev = child->prev;
	else
		children->last = child->prev;
	free(child->spec);
	free(child);
}

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

bool
gsi_child_may_restart(struct gsi_child *child, int64_t now)
{
	int64_t from = now - child->spec->max_seconds * 1000ll * NS_PER_MS;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < child->n_deaths; i++)
		if (child->deaths[i] > from)
			child->deaths[kept++] = child->deaths[i];
	child->n_deaths = kept;
	if ((int64_t)kept >= child->spec->max_restarts)
		return false;
	/* more than are kept: the oldest makes room, the count stays low */
	if (kept == GSI_DEATHS_KEPT) {
		memmove(child->deaths, child->deaths + 1,
		    (kept - 1) * sizeof(child->deaths[0]));
		child->n_deaths--;
	}
	child->deaths[child->n_deaths++] = now;
	return true;
}

bool
gsi_child_wants_restart(const struct gsi_child *child, const char *reason)
{
	if ((child->spec->flags & GSI_SPEC_SUPERVISED) == 0)
		return false;
	switch ((enum gs_restart)child->spec->restart) {
	case GS_PERMANENT:
		return true;
	case GS_TRANSIENT:
		return !gsi_reason_clean(reason);
	case GS_TEMPORARY:
		break;
	}
	return false;
}

void
gsi_child_show(const struct gsi_child *child, gs_child *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->id, child->id, sizeof(out->id));
	memcpy(out->what, child->what, sizeof(out->what));
	memcpy(out->last_reason, child->last_reason, sizeof(out->last_reason));
	if (child->os_pid != 0)
		out->pid = child->pid;
	out->state = child->state;
	out->restart = (enum gs_restart)child->spec->restart;
	out->plain = child->spec->code == GSI_CODE_PLAIN;
	out->supervised = (child->spec->flags & GSI_SPEC_SUPERVISED) != 0;
	out->shutdown = child->spec->shutdown;
	out->max_restarts = child->spec->max_restarts;
	out->max_seconds = child->spec->max_seconds;
	out->restarts = child->restarts;
}
