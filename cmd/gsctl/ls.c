/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsctl ls: servers one a line, those that are down as well.
 */
#include "cmd/gsctl/snapshot.h"

static const struct cmd_option options[] = {
	{ "all", 'a', NULL, "clients and the node too" },
	{ NULL, 0, NULL, NULL },
};

enum column {
	NAME,
	PID,
	OS_PID,
	STATE,
	QUEUE,
	CALLS,
	CASTS,
	RESTARTS,
	MEMORY,
	UPTIME,
	KIND,
	LABEL,
	WIDTH
};

static const struct out_column columns[WIDTH] = {
	[NAME] = { "name", false },
	[PID] = { "pid", false },
	[OS_PID] = { "os_pid", true },
	[STATE] = { "state", false },
	[QUEUE] = { "queue", true },
	[CALLS] = { "calls", true },
	[CASTS] = { "casts", true },
	[RESTARTS] = { "restarts", true },
	[MEMORY] = { "memory", true },
	[UPTIME] = { "uptime_ms", true },
	[KIND] = { "kind", false },
	[LABEL] = { "label", false },
};

static void
add_process(struct out_table *table, const gs_process_info *process,
    const gs_child *child)
{
	out_row(table, -1);
	cmd_snapshot_name(table, NAME, process);
	out_pid(table, PID, process->pid);
	out_number(table, OS_PID, OUT_NUMBER, process->os_pid);
	out_text(table, STATE, gs_state_text(process->state));
	out_number(table, QUEUE, OUT_NUMBER, (int64_t)process->messages_queued);
	out_number(table, CALLS, OUT_NUMBER, (int64_t)process->calls);
	out_number(table, CASTS, OUT_NUMBER, (int64_t)process->casts);
	if (child != NULL)
		out_number(table, RESTARTS, OUT_NUMBER, child->restarts);
	out_number(table, MEMORY, OUT_BYTES, (int64_t)process->memory);
	out_number(table, UPTIME, OUT_MS, process->uptime);
	out_text(table, KIND, gs_kind_text(process->kind));
	out_text(table, LABEL, process->label);
}

/* A child without a process: stopped, failed, or about to start again. */
static void
add_down(struct out_table *table, const gs_child *child)
{
	out_row(table, -1);
	out_text(table, NAME, child->id);
	out_text(table, STATE, gs_child_state_text(child->state));
	out_number(table, RESTARTS, OUT_NUMBER, child->restarts);
	out_text(table, KIND,
	    gs_kind_text(child->plain ? GS_PROCESS_PLAIN : GS_PROCESS_SERVER));
}

static bool
wanted(const gs_process_info *process, bool all)
{
	return all || (process->kind != GS_PROCESS_CLIENT &&
			  process->kind != GS_PROCESS_NODE);
}

static int
run(struct cmd *cmd)
{
	bool all = cmd_value(cmd, "all") != NULL;
	struct cmd_snapshot shot;
	struct out_table table;
	int status, rc;

	status = cmd_attach(cmd);
	if (status != 0)
		return status;
	rc = cmd_snapshot(&shot);
	if (rc != 0)
		return cmd_fail(cmd, NULL, rc);
	out_begin(&table, OUT_TABLE, columns, WIDTH);
	table.shown = LABEL;
	for (int i = 0; i < shot.count; i++)
		if (wanted(&shot.processes[i], all))
			add_process(&table, &shot.processes[i],
			    shot.child_of[i] < 0
				? NULL
				: &shot.children[shot.child_of[i]]);
	for (int i = 0; i < shot.child_count; i++)
		if (!shot.lives[i])
			add_down(&table, &shot.children[i]);
	cmd_snapshot_free(&shot);
	return out_end(&table, cmd->json);
}

const struct cmd_verb cmd_ls = {
	.name = "ls",
	.operands = "",
	.about = "the servers, one a line",
	.text = "Prints name, pid, OS pid, state, messages in the queue, calls "
		"and casts handled, restarts, memory, uptime and kind of each "
		"server, also of those that are down. What has no name shows "
		"its label in brackets. Without a terminal: "
		"tab-separated, bytes and milliseconds, no header, '-' for "
		"what there is not. --json prints an array of objects with "
		"the column names as keys, and \"label\".",
	.options = options,
	.data = true,
	.exits = { CMD_NO_NODE },
	.run = run,
};
