/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsctl show: one server from all sides: its process, its supervisor's entry,
 * its links, and the last abnormal ends that the log has.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/gsctl/record.h"
#include "cmd/gsctl/trace.h"

#define CRASHES 3 /* shown, the latest */
#define LINKS 64 /* shown */

enum column {
	NAME,
	PID,
	OS_PID,
	KIND,
	STATE,
	BEHAVIOUR,
	VERSION,
	LABEL,
	PARENT,
	SUPERVISOR,
	TRAP_EXIT,
	CALLING,
	QUEUE,
	QUEUE_BYTES,
	CALLS,
	CASTS,
	INFOS,
	MEMORY,
	MAILBOX_USED,
	MAILBOX_MAX,
	UPTIME,
	CHILD_STATE,
	RESTART,
	SHUTDOWN,
	MAX_RESTARTS,
	MAX_SECONDS,
	RESTARTS,
	WHAT,
	LAST_REASON,
	LINKED,
	CRASHED,
	WIDTH
};

static const struct out_column columns[WIDTH] = {
	[NAME] = { "name", false },
	[PID] = { "pid", false },
	[OS_PID] = { "os_pid", false },
	[KIND] = { "kind", false },
	[STATE] = { "state", false },
	[BEHAVIOUR] = { "behaviour", false },
	[VERSION] = { "version", false },
	[LABEL] = { "label", false },
	[PARENT] = { "parent", false },
	[SUPERVISOR] = { "supervisor", false },
	[TRAP_EXIT] = { "trap_exit", false },
	[CALLING] = { "calling", false },
	[QUEUE] = { "queue", false },
	[QUEUE_BYTES] = { "queue_bytes", false },
	[CALLS] = { "calls", false },
	[CASTS] = { "casts", false },
	[INFOS] = { "infos", false },
	[MEMORY] = { "memory", false },
	[MAILBOX_USED] = { "mailbox_used", false },
	[MAILBOX_MAX] = { "mailbox_max", false },
	[UPTIME] = { "uptime_ms", false },
	[CHILD_STATE] = { "child_state", false },
	[RESTART] = { "restart", false },
	[SHUTDOWN] = { "shutdown", false },
	[MAX_RESTARTS] = { "max_restarts", false },
	[MAX_SECONDS] = { "max_seconds", false },
	[RESTARTS] = { "restarts", false },
	[WHAT] = { "what", false },
	[LAST_REASON] = { "last_reason", false },
	[LINKED] = { "links", false },
	[CRASHED] = { "crashes", false },
};

static void
add_identity(struct out_table *table, const gs_process_info *process)
{
	out_text(table, NAME, process->name);
	out_pid(table, PID, process->pid);
	out_number(table, OS_PID, OUT_NUMBER, process->os_pid);
	out_text(table, KIND, gs_kind_text(process->kind));
	out_text(table, STATE, gs_state_text(process->state));
	out_text(table, BEHAVIOUR, process->behaviour);
	out_text(table, VERSION, process->version);
	out_text(table, LABEL, process->label);
	out_pid(table, PARENT, process->parent);
	out_pid(table, SUPERVISOR, process->supervisor);
	out_number(table, TRAP_EXIT, OUT_BOOL, process->trap_exit);
	out_pid(table, CALLING, process->calling);
}

static void
add_figures(struct out_table *table, const gs_process_info *process)
{
	out_number(table, QUEUE, OUT_NUMBER, (int64_t)process->messages_queued);
	out_number(table, QUEUE_BYTES, OUT_BYTES, (int64_t)process->queue);
	out_number(table, CALLS, OUT_NUMBER, (int64_t)process->calls);
	out_number(table, CASTS, OUT_NUMBER, (int64_t)process->casts);
	out_number(table, INFOS, OUT_NUMBER, (int64_t)process->infos);
	out_number(table, MEMORY, OUT_BYTES, (int64_t)process->memory);
	out_number(
	    table, MAILBOX_USED, OUT_BYTES, (int64_t)process->mailbox_used);
	out_number(
	    table, MAILBOX_MAX, OUT_BYTES, (int64_t)process->mailbox_max);
	out_number(table, UPTIME, OUT_MS, process->uptime);
}

static void
add_child(struct out_table *table, const gs_child *child)
{
	out_text(table, CHILD_STATE, gs_child_state_text(child->state));
	if (child->supervised)
		out_text(table, RESTART, cmd_restart_text(child->restart));
	if (child->shutdown == GS_BRUTAL_KILL)
		out_text(table, SHUTDOWN, "brutal_kill");
	else if (child->shutdown == GS_INFINITY)
		out_text(table, SHUTDOWN, "infinity");
	else
		out_number(table, SHUTDOWN, OUT_NUMBER, child->shutdown);
	out_number(table, MAX_RESTARTS, OUT_NUMBER, child->max_restarts);
	out_number(table, MAX_SECONDS, OUT_NUMBER, child->max_seconds);
	out_number(table, RESTARTS, OUT_NUMBER, child->restarts);
	out_text(table, WHAT, child->what);
	out_text(table, LAST_REASON, child->last_reason);
}

static int
add_links(struct out_table *table, gs_pid pid)
{
	gs_pid links[LINKS];
	char text[GS_PID_TEXT];
	int count = gs_links(pid, links, LINKS);

	for (int i = 0; i < count && i < LINKS; i++)
		out_item(table, LINKED, gs_pid_text(links[i], text));
	/* what has just ended has none */
	return count < 0 && count != -ESRCH ? count : 0;
}

/* One abnormal end, as one line. */
static char *
crash_line(const struct record *record)
{
	char time[64], place[512] = "";
	size_t size = strlen(record->text) + sizeof(time) + sizeof(place) +
		      GS_PID_TEXT + 8;
	char *line = cmd_memory(NULL, size);
	struct trace trace;

	if (trace_read(record, &trace)) {
		trace_place(&trace, place, sizeof(place));
		trace_free(&trace);
	}
	snprintf(line, size, "%s %s %s%s",
	    record_time(record, time, sizeof(time)), record->pid, record->text,
	    place);
	/* Items of a list stand on a line each. */
	for (char *at = line; *at != '\0'; at++)
		if (*at == '\n')
			*at = ' ';
	return line;
}

static bool
is_crash(const struct record *record, const struct cmd_server *server)
{
	return (strcmp(record->kind, "server_terminated") == 0 ||
		   strcmp(record->kind, "crash") == 0) &&
	       record_about(record, server);
}

/* Keeps the last CRASHES of one file in a ring; -errno. */
static int
read_crashes(const char *path, const struct cmd_server *server,
    char *ring[CRASHES], unsigned *seen)
{
	FILE *file = fopen(path, "re");
	struct record record;
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	int rc = 0;

	if (file == NULL)
		return errno == ENOENT ? 0 : -errno;
	while ((n = getline(&line, &room, file)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		if (!record_parse(line, &record) || !is_crash(&record, server))
			continue;
		free(ring[*seen % CRASHES]);
		ring[(*seen)++ % CRASHES] = crash_line(&record);
	}
	if (!feof(file))
		rc = -errno;
	free(line);
	fclose(file);
	return rc;
}

static int
add_crashes(struct out_table *table, const struct cmd_server *server)
{
	char *ring[CRASHES] = { NULL };
	char older[sizeof(((gs_node_info *)0)->log) + 3];
	gs_node_info info;
	unsigned seen = 0;
	int rc;

	if (gs_node_inspect(&info) != 0 || info.log[0] == '\0')
		return 0;
	snprintf(older, sizeof(older), "%s.1", info.log);
	rc = read_crashes(older, server, ring, &seen);
	if (rc == 0)
		rc = read_crashes(info.log, server, ring, &seen);
	for (unsigned i = 0; i < CRASHES; i++) {
		char *line = ring[(seen + i) % CRASHES];

		if (line != NULL)
			out_item(table, CRASHED, line);
		free(line);
	}
	if (rc != 0)
		cmd_error(CMD_INTERNAL, "show %s: cannot read %s: %s",
		    server->text, info.log, strerror(-rc));
	return rc != 0 ? CMD_INTERNAL : 0;
}

/* The records of a server that was given by pid stand under its name. */
static void
set_name(struct cmd_server *server, const char *name)
{
	if (gs_addr_kind(server->to) == GS_ADDR_NAME || *name == '\0')
		return;
	snprintf(server->name, sizeof(server->name), "%s", name);
	server->to = gs_to_name(server->name);
}

static int
show(const struct cmd *cmd, struct cmd_server *server)
{
	struct out_table table;
	gs_process_info process;
	gs_child child;
	int rc = gs_process_inspect(server->to, &process);
	int is_child = cmd_child(server, &child), status;

	if (rc != 0 && ((rc != -ENOENT && rc != -ESRCH) || is_child != 0))
		return cmd_fail(cmd, server, rc);
	if (is_child != 0 && is_child != -ENOENT)
		return cmd_fail(cmd, NULL, is_child);
	out_begin(&table, OUT_RECORD, columns, WIDTH);
	out_row(&table, -1);
	out_list(&table, LINKED);
	out_list(&table, CRASHED);
	if (rc == 0) {
		add_identity(&table, &process);
		add_figures(&table, &process);
		rc = add_links(&table, process.pid);
		if (rc != 0)
			return cmd_fail(cmd, server, rc);
		set_name(server, process.name);
	} else {
		out_text(&table, NAME, child.id);
		out_text(&table, STATE, gs_child_state_text(child.state));
	}
	if (is_child == 0)
		add_child(&table, &child);
	status = add_crashes(&table, server);
	return status != 0 ? status : out_end(&table, cmd->json);
}

static int
run(struct cmd *cmd)
{
	struct cmd_server server;
	int status = cmd_reach(cmd, cmd->words[0], &server);

	return status != 0 ? status : show(cmd, &server);
}

const struct cmd_verb cmd_show = {
	.name = "show",
	.operands = "SERVER",
	.about = "everything known about one server",
	.text = "Prints one line for each property of the server: its key and "
		"its value, '-' for what there is not; links and the last "
		"abnormal ends a line each. It works for a server that is "
		"down, too. --json prints one object with the same keys, "
		"links and crashes as arrays.",
	.least = 1,
	.most = 1,
	.data = true,
	.exits = { CMD_UNKNOWN, CMD_NO_NODE },
	.run = run,
};
