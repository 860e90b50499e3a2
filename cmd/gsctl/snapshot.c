/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes and children of a node at about one moment, each with the other.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/gsctl/snapshot.h"

/* Room for one more in an array that doubles. */
static void *
grow(void *array, int count, size_t size)
{
	if ((count & (count - 1)) != 0)
		return array;
	return cmd_memory(array, (count > 0 ? 2 * (size_t)count : 1) * size);
}

static int
add_process(const gs_process_info *process, void *data)
{
	struct cmd_snapshot *shot = data;

	shot->processes = grow(shot->processes, shot->count, sizeof(*process));
	shot->processes[shot->count++] = *process;
	return 0;
}

static int
add_child(const gs_child *child, void *data)
{
	struct cmd_snapshot *shot = data;

	shot->children =
	    grow(shot->children, shot->child_count, sizeof(*child));
	shot->children[shot->child_count++] = *child;
	return 0;
}

static int
by_slot(const void *key, const void *element)
{
	const gs_pid *pid = key;
	const gs_process_info *process = element;

	return pid->slot < process->pid.slot ? -1
					     : pid->slot > process->pid.slot;
}

static void
join(struct cmd_snapshot *shot)
{
	for (int i = 0; i < shot->count; i++)
		shot->child_of[i] = -1;
	for (int i = 0; i < shot->child_count; i++) {
		const gs_process_info *process = NULL;
		gs_pid pid = shot->children[i].pid;

		if (!gs_pid_is_none(pid) && shot->count > 0)
			process = bsearch(&pid, shot->processes,
			    (size_t)shot->count, sizeof(*process), by_slot);
		shot->lives[i] =
		    process != NULL && gs_pid_equal(process->pid, pid);
		if (shot->lives[i])
			shot->child_of[process - shot->processes] = i;
	}
}

static int
take(struct cmd_snapshot *shot)
{
	int rc;

	shot->count = 0;
	shot->child_count = 0;
	rc = gs_children(add_child, shot);
	return rc < 0 ? rc : gs_processes(add_process, shot);
}

/* A server that restarts between the two halves would be in both. */
int
cmd_snapshot(struct cmd_snapshot *shot)
{
	uint32_t seen;
	int rc, tries = 5;

	memset(shot, 0, sizeof(*shot));
	do {
		seen = gs_changes();
		rc = take(shot);
		if (rc < 0)
			return rc;
	} while (gs_changes() != seen && --tries > 0);
	shot->child_of =
	    cmd_memory(NULL, (size_t)shot->count * sizeof(*shot->child_of));
	shot->lives =
	    cmd_memory(NULL, (size_t)shot->child_count * sizeof(*shot->lives));
	join(shot);
	return 0;
}

void
cmd_snapshot_free(struct cmd_snapshot *shot)
{
	free(shot->processes);
	free(shot->children);
	free(shot->child_of);
	free(shot->lives);
}

void
cmd_snapshot_name(
    struct out_table *table, int column, const gs_process_info *process)
{
	char text[GS_NAME_MAX + 3];

	if (*process->name != '\0') {
		out_text(table, column, process->name);
	} else if (*process->label != '\0') {
		snprintf(text, sizeof(text), "(%s)", process->label);
		out_stand_in(table, column, text);
	} else if (process->kind == GS_PROCESS_SUPERVISOR) {
		out_stand_in(table, column, "(root)");
	}
}

struct search {
	const struct cmd_server *server;
	gs_child *child;
	bool found;
};

static int
match(const gs_child *child, void *data)
{
	struct search *search = data;
	const struct cmd_server *server = search->server;

	if (gs_addr_kind(server->to) == GS_ADDR_PID
		? gs_pid_is_none(child->pid) ||
		      !gs_pid_equal(child->pid, server->pid)
		: strcmp(child->id, server->name) != 0)
		return 0;
	*search->child = *child;
	search->found = true;
	return 1;
}

int
cmd_child(const struct cmd_server *server, gs_child *child)
{
	struct search search = { server, child, false };
	int rc = gs_children(match, &search);

	if (search.found)
		return 0;
	return rc < 0 ? rc : -ENOENT;
}

const char *
cmd_restart_text(enum gs_restart restart)
{
	switch (restart) {
	case GS_PERMANENT:
		return "permanent";
	case GS_TRANSIENT:
		return "transient";
	case GS_TEMPORARY:
		return "temporary";
	}
	return "unknown";
}
