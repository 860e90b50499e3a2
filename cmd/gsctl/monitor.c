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

static void
print_down(
    const struct cmd *cmd, const struct watched *one, const gs_info *info)
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
		if (server->to.kind == GS_ADDR_NAME)
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

static int
receive_all(const struct cmd *cmd, struct watched *all)
{
	int open = cmd->count;

	while (open > 0) {
		gs_info info;
		int rc = gs_receive(&info, GS_INFINITY);

		if (rc != 0)
			return cmd_fail(cmd, NULL, rc);
		if (info.kind != GS_INFO_DOWN)
			continue;
		for (int i = 0; i < cmd->count; i++) {
			if (all[i].ended || all[i].ref.id != info.ref.id)
				continue;
			print_down(cmd, &all[i], &info);
			all[i].ended = true;
			open--;
		}
	}
	return CMD_DONE;
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
		"is not there at once, with the reason noproc. Ends when all "
		"have ended; their restarts are not watched. --json prints one "
		"object a line.",
	.least = 1,
	.most = -1,
	.data = true,
	.exits = { CMD_NO_NODE },
	.run = run,
};
