/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsctl info: the node in figures.
 */
#include "cmd/gsctl/out.h"

static const struct out_column columns[] = {
	{ "name", false },
	{ "creation", false },
	{ "os_pid", false },
	{ "version", false },
	{ "poller", false },
	{ "memory", false },
	{ "arena_used", false },
	{ "processes", false },
	{ "processes_max", false },
	{ "fds_used", false },
	{ "fds_max", false },
	{ "uptime_ms", false },
	{ "runtime", false },
	{ "log", false },
};

#define WIDTH ((int)(sizeof(columns) / sizeof(columns[0])))

static int
run(struct cmd *cmd)
{
	struct out_table table;
	gs_node_info info;
	int status, rc, i = 0;

	status = cmd_attach(cmd);
	if (status != 0)
		return status;
	rc = gs_node_inspect(&info);
	if (rc != 0)
		return cmd_fail(cmd, NULL, rc);
	out_begin(&table, OUT_RECORD, columns, WIDTH);
	out_row(&table, -1);
	out_text(&table, i++, info.name);
	out_number(&table, i++, OUT_NUMBER, info.creation);
	out_number(&table, i++, OUT_NUMBER, info.os_pid);
	out_text(&table, i++, info.version);
	out_text(&table, i++, info.poller);
	out_text(&table, i++, info.memory);
	out_number(&table, i++, OUT_BYTES, (int64_t)info.arena_used);
	out_number(&table, i++, OUT_NUMBER, info.processes);
	out_number(&table, i++, OUT_NUMBER, info.processes_max);
	out_number(&table, i++, OUT_NUMBER, info.fds_used);
	out_number(&table, i++, OUT_NUMBER, info.fds_max);
	out_number(&table, i++, OUT_MS, info.uptime);
	out_text(&table, i++, info.runtime);
	out_text(&table, i++, info.log);
	return out_end(&table, cmd->json);
}

const struct cmd_verb cmd_info = {
	.name = "info",
	.operands = "",
	.about = "the node: pid, poller, memory, limits",
	.text =
	    "Prints one line for each property of the node: its key and its "
	    "value, sizes in bytes and times in milliseconds unless "
	    "stdout is a terminal. --json prints one object with the same "
	    "keys.",
	.data = true,
	.exits = { CMD_NO_NODE },
	.run = run,
};
