/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsctl nodes: all nodes of this user, and what dead ones left.
 */
#include <stdio.h>

#include "cmd/gsctl/out.h"

static const struct cmd_option options[] = {
	{ "prune", 0, NULL, "first remove what dead nodes left" },
	{ NULL, 0, NULL, NULL },
};

static const struct out_column columns[] = {
	{ "name", false },
	{ "os_pid", true },
	{ "state", false },
};

static int
add(const gs_node_entry *node, void *data)
{
	struct out_table *table = data;

	out_row(table, -1);
	out_text(table, 0, node->name);
	if (node->os_pid > 0)
		out_number(table, 1, OUT_NUMBER, node->os_pid);
	out_text(table, 2, node->running ? "running" : "stale");
	return 0;
}

static int
run(struct cmd *cmd)
{
	struct out_table table;
	int rc;

	if (cmd_value(cmd, "prune") != NULL) {
		rc = gs_nodes_prune();
		if (rc < 0)
			return cmd_fail(cmd, NULL, rc);
		if (rc > 0)
			fprintf(stderr, "gsctl: removed %d stale node%s\n", rc,
			    rc == 1 ? "" : "s");
	}
	out_begin(&table, OUT_TABLE, columns, 3);
	rc = gs_nodes(add, &table);
	if (rc < 0)
		return cmd_fail(cmd, NULL, rc);
	return out_end(&table, cmd->json);
}

const struct cmd_verb cmd_nodes = {
	.name = "nodes",
	.operands = "",
	.about = "the nodes of this user, running and stale",
	.text = "Prints the name, the OS pid and the state (running or stale) "
		"of every node of this user. A stale node was killed and left "
		"shared memory behind; --prune removes that, as the next start "
		"of the same node does.",
	.options = options,
	.data = true,
	.run = run,
};
