/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsctl monitor: the ends of servers, a line each.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/gsctl/json.h"
#include "cmd/gsctl/out.h"

struct watched {
	struct cmd_server server;
	gs_ref ref;
	gs_pid pid;
	bool ended;
};

/* The end of this one: it is told once. */
static void
print_down(const struct cmd *cmd, struct watched *one, const gs_info *info)
{
	char pid[GS_PID_TEXT], name[CMD_SAFE(GS_NAME_MAX)];
	char reason[CMD_SAFE(GS_REASON_MAX)];
	gs_pid who = gs_pid_is_none(info->from) ? one->pid : info->from;
	struct json json = { .depth = 0 };

	gs_pid_text(who, pid);
	if (cmd->json) {
		json_open(&json, NULL, '{');
		json_text(&json, "event", "DOWN");
		json_text(&json, "name", one->server.name);
		json_text(&json, "pid", gs_pid_is_none(who) ? NULL : pid);
		json_bytes(&json, "reason", info->reason, strlen(info->reason));
		json_close(&json, '}');
		json_end(&json);
	} else {
		cmd_safe(name, sizeof(name), one->server.name,
		    strlen(one->server.name));
		cmd_safe(
		    reason, sizeof(reason), info->reason, strlen(info->reason));
		printf("DOWN\t%s\t%s\t%s\n", *name ? name : "-",
		    gs_pid_is_none(who) ? "-" : pid, reason);
	}
	fflush(stdout);
	one->ended = true;
}

/* From the node of the first the others are reached as well. */
static int
parse_all(struct cmd *cmd, struct watched *all)
{
	const char *usual = cmd->node, *first = NULL;

	for (int i = 0; i < cmd->count; i++) {
		struct cmd_server *server = &all[i].server;
		int status;

		cmd->node = usual;
		status = cmd_server(cmd, cmd->words[i], server);
		if (status != 0)
			return status;
		if (gs_addr_kind(server->to) == GS_ADDR_NAME)
			server->to = gs_to_name_at(server->name, cmd->node);
		if (first == NULL)
			first = cmd->node;
	}
	cmd->node = first;
	return 0;
}

static int
monitor_all(const struct cmd *cmd, struct watched *all)
{
	for (int i = 0; i < cmd->count; i++) {
		struct cmd_server *server = &all[i].server;
		int rc;

		if (gs_resolve(server->to, &all[i].pid) != 0)
			all[i].pid = GS_NO_PID;
		rc = gs_monitor(server->to, &all[i].ref);
		if (rc != 0)
			return cmd_fail(cmd, server, rc);
	}
	return 0;
}

/* The first of whom no end has come, or NULL. */
static struct watched *
next_open(const struct cmd *cmd, struct watched *all)
{
	for (int i = 0; i < cmd->count; i++)
		if (!all[i].ended)
			return &all[i];
	return NULL;
}

struct found {
	uint32_t creation;
	char name[GS_NAME_MAX + 1];
};

static int
find_node(const gs_node_entry *node, void *data)
{
	struct found *found = data;

	if (!node->running || node->creation != found->creation)
		return 0;
	memcpy(found->name, node->name, sizeof(found->name));
	return 1;
}

/*
 * Our own node is gone, and with it all that was there; the others are watched
 * from the node of one of them.
 */
static int
go_on(struct cmd *cmd, struct watched *all, uint32_t gone)
{
	static struct found found;
	const gs_info lost = { .kind = GS_INFO_DOWN, .reason = "noconnection" };
	struct watched *one;
	int status, rc;

	for (int i = 0; i < cmd->count; i++)
		if (!all[i].ended &&
		    (gs_pid_is_none(all[i].pid) || all[i].pid.node == gone))
			print_down(cmd, &all[i], &lost);
	gs_node_close();
	while ((one = next_open(cmd, all)) != NULL) {
		found.creation = one->pid.node;
		if (gs_nodes(find_node, &found) == 1)
			break;
		print_down(cmd, one, &lost);
	}
	if (one == NULL)
		return 0;
	cmd->node = found.name;
	status = cmd_attach(cmd);
	for (int i = 0; i < cmd->count && status == 0; i++) {
		if (all[i].ended)
			continue;
		rc = gs_monitor(gs_to_pid(all[i].pid), &all[i].ref);
		if (rc != 0)
			status = cmd_fail(cmd, &all[i].server, rc);
	}
	return status;
}

static int
receive_all(struct cmd *cmd, struct watched *all)
{
	gs_pid self = GS_NO_PID;
	int rc, status = 0;

	while (next_open(cmd, all) != NULL && status == 0) {
		gs_info info;

		/* as long as there is a node */
		(void)!gs_self(&self);
		rc = gs_receive(&info, GS_INFINITY);
		if (rc == -ENOTCONN)
			status = go_on(cmd, all, self.node);
		else if (rc != 0)
			status = cmd_fail(cmd, NULL, rc);
		for (int i = 0; i < cmd->count && rc == 0; i++)
			if (info.kind == GS_INFO_DOWN && !all[i].ended &&
			    all[i].ref.id == info.ref.id)
				print_down(cmd, &all[i], &info);
	}
	return status;
}

static int
run(struct cmd *cmd)
{
	size_t size = (size_t)cmd->count * sizeof(struct watched);
	struct watched *all = cmd_memory(NULL, size);
	int status;

	memset(all, 0, size);
	status = parse_all(cmd, all);
	if (status == 0)
		status = cmd_attach(cmd);
	if (status == 0)
		status = monitor_all(cmd, all);
	if (status == 0)
		status = receive_all(cmd, all);
	free(all);
	return status;
}

const struct cmd_verb cmd_monitor = {
	.name = "monitor",
	.operands = "SERVER...",
	.about = "print a line when a server ends",
	.text = "Waits for the end of each server and prints, tab-separated, "
		"the word DOWN, its name, its pid and the reason; for one that "
		"is not there at once, with the reason noproc, and for one "
		"whose node is gone with noconnection. Ends when all have "
		"ended; their restarts are not watched. --json prints one "
		"object a line.",
	.least = 1,
	.most = -1,
	.data = true,
	.exits = { CMD_NO_NODE },
	.run = run,
};
