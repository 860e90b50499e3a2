/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsctl tree: who is whose supervisor.  The links upwards are read from
 * shared memory, so a loop in them must do no harm: each process is put out
 * once, and what hangs on nothing hangs on the node.
 */
#include <stdlib.h>

#include "cmd/gsctl/snapshot.h"

static const struct cmd_option options[] = {
	{ "all", 'a', NULL, "clients too" },
	{ NULL, 0, NULL, NULL },
};

enum column { NAME, PID, OS_PID, KIND, STATE, LABEL, WIDTH };

static const struct out_column columns[WIDTH] = {
	[NAME] = { "name", false },
	[PID] = { "pid", false },
	[OS_PID] = { "os_pid", true },
	[KIND] = { "kind", false },
	[STATE] = { "state", false },
	[LABEL] = { "label", false },
};

struct tree {
	const struct cmd_snapshot *shot;
	struct out_table table;
	bool all;
	bool root_seen;
	int *up; /* of each process: index of its supervisor */
	int *down; /* its first child */
	int *next; /* its next sibling */
	int *row; /* where it stands in the table, -1 nowhere */
	int *stack;
	int height;
	int node; /* index of the node's process, or -1 */
};

static int
find(const struct cmd_snapshot *shot, gs_pid pid)
{
	int low = 0, high = shot->count;

	while (low < high) {
		int middle = (low + high) / 2;

		if (shot->processes[middle].pid.slot < pid.slot)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < shot->count && gs_pid_equal(shot->processes[low].pid, pid))
		return low;
	return -1;
}

/* From the last to the first, so that siblings stand in slot order. */
static void
weave(struct tree *tree)
{
	const struct cmd_snapshot *shot = tree->shot;

	for (int i = 0; i < shot->count; i++) {
		tree->down[i] = tree->next[i] = tree->row[i] = -1;
		tree->up[i] = find(shot, shot->processes[i].supervisor);
		if (shot->processes[i].kind == GS_PROCESS_NODE)
			tree->node = i;
	}
	for (int i = shot->count - 1; i >= 0; i--) {
		int up = tree->up[i];

		if (up < 0 || up == i)
			continue;
		tree->next[i] = tree->down[up];
		tree->down[up] = i;
	}
}

static void
add_process(struct tree *tree, int i, int parent)
{
	const gs_process_info *process = &tree->shot->processes[i];
	struct out_table *table = &tree->table;

	tree->row[i] = out_row(table, parent);
	cmd_snapshot_name(table, NAME, process);
	out_pid(table, PID, process->pid);
	out_number(table, OS_PID, OUT_NUMBER, process->os_pid);
	out_text(table, KIND, gs_kind_text(process->kind));
	out_text(table, STATE, gs_state_text(process->state));
	out_text(table, LABEL, process->label);
}

/* The children that have no process stand below the root supervisor. */
static void
add_down(struct tree *tree, int parent)
{
	const struct cmd_snapshot *shot = tree->shot;
	struct out_table *table = &tree->table;

	for (int i = 0; i < shot->child_count; i++) {
		const gs_child *child = &shot->children[i];

		if (shot->lives[i])
			continue;
		out_row(table, parent);
		out_text(table, NAME, child->id);
		out_text(table, KIND,
		    gs_kind_text(
			child->plain ? GS_PROCESS_PLAIN : GS_PROCESS_SERVER));
		out_text(table, STATE, gs_child_state_text(child->state));
	}
}

static void
push(struct tree *tree, int i)
{
	/* Backwards, so that the first child is taken off first. */
	int top = tree->height;

	for (int child = tree->down[i]; child >= 0; child = tree->next[child])
		tree->stack[tree->height++] = child;
	for (int low = top, high = tree->height - 1; low < high;
	     low++, high--) {
		int spare = tree->stack[low];

		tree->stack[low] = tree->stack[high];
		tree->stack[high] = spare;
	}
}

static void
add_below(struct tree *tree, int i, int parent)
{
	tree->height = 0;
	tree->stack[tree->height++] = i;
	while (tree->height > 0) {
		int at = tree->stack[--tree->height];
		int up = tree->up[at];

		if (tree->row[at] >= 0)
			continue;
		add_process(tree, at,
		    at == i  ? parent
		    : up < 0 ? 0
			     : tree->row[up]);
		if (!tree->root_seen &&
		    tree->shot->processes[at].kind == GS_PROCESS_SUPERVISOR) {
			tree->root_seen = true;
			add_down(tree, tree->row[at]);
		}
		push(tree, at);
	}
}

static void
add_node(struct tree *tree, const struct cmd *cmd)
{
	gs_node_info info;

	if (tree->node >= 0) {
		add_process(tree, tree->node, -1);
	} else {
		out_row(&tree->table, -1);
		out_text(&tree->table, KIND, gs_kind_text(GS_PROCESS_NODE));
		if (gs_node_inspect(&info) == 0)
			out_number(
			    &tree->table, OS_PID, OUT_NUMBER, info.os_pid);
	}
	if (tree->table.cells[NAME].kind == OUT_NONE)
		out_text(&tree->table, NAME, cmd->node);
}

static void
build(struct tree *tree, const struct cmd *cmd)
{
	const struct cmd_snapshot *shot = tree->shot;

	weave(tree);
	add_node(tree, cmd);
	for (int i = 0; i < shot->count; i++) {
		bool client = shot->processes[i].kind == GS_PROCESS_CLIENT;

		if (tree->row[i] >= 0 || (client && !tree->all))
			continue;
		if (tree->up[i] < 0 || tree->up[i] == tree->node)
			add_below(tree, i, 0);
	}
	for (int i = 0; i < shot->count; i++)
		if (tree->row[i] < 0 &&
		    shot->processes[i].kind != GS_PROCESS_CLIENT)
			add_below(tree, i, 0);
}

static int
print_tree(const struct cmd *cmd, const struct cmd_snapshot *shot)
{
	size_t count = (size_t)shot->count + 1;
	int *block = cmd_memory(NULL, 5 * count * sizeof(*block));
	struct tree tree = {
		.shot = shot,
		.all = cmd_value(cmd, "all") != NULL,
		.up = block,
		.down = block + count,
		.next = block + 2 * count,
		.row = block + 3 * count,
		.stack = block + 4 * count,
		.node = -1,
	};

	out_begin(&tree.table, OUT_TREE, columns, WIDTH);
	tree.table.shown = LABEL;
	build(&tree, cmd);
	free(block);
	return out_end(&tree.table, cmd->json);
}

static int
run(struct cmd *cmd)
{
	struct cmd_snapshot shot;
	int status, rc;

	status = cmd_attach(cmd);
	if (status != 0)
		return status;
	rc = cmd_snapshot(&shot);
	if (rc != 0)
		return cmd_fail(cmd, NULL, rc);
	status = print_tree(cmd, &shot);
	cmd_snapshot_free(&shot);
	return status;
}

const struct cmd_verb cmd_tree = {
	.name = "tree",
	.operands = "",
	.about = "the supervision tree",
	.text = "Prints the node, its root supervisor and what is below, each "
		"with pid, OS pid, kind and state; what has no name shows its "
		"label in brackets. Without a terminal: two "
		"blanks before the name for each level, then tab-separated, "
		"no header. --json prints nested objects with \"children\".",
	.options = options,
	.data = true,
	.exits = { CMD_NO_NODE },
	.run = run,
};
