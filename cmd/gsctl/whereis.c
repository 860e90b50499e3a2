/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsctl whereis: the process that holds a name.
 */
#include <errno.h>
#include <stdio.h>

#include "cmd/gsctl/out.h"

static const struct cmd_option options[] = {
	{ "os-pid", 0, NULL, "print the pid of the operating system" },
	{ NULL, 0, NULL, NULL },
};

static const struct out_column columns[] = {
	{ "name", false },
	{ "pid", false },
	{ "os_pid", true },
};

static int
nobody(const struct cmd *cmd, const struct cmd_server *server)
{
	char hint[CMD_HINT];
	gs_child child;

	if (cmd_child(server, &child) == 0)
		return cmd_no_process(cmd, server, &child, CMD_UNKNOWN);
	return cmd_error(CMD_UNKNOWN,
	    "nobody is '%s' on node '%s'; '%s' lists the servers", server->text,
	    cmd->node, cmd_hint(cmd, hint, "ls", NULL, NULL));
}

static int
print_json(const struct cmd_server *server, gs_pid pid, int os_pid)
{
	struct out_table table;

	out_begin(&table, OUT_RECORD, columns, 3);
	out_row(&table, -1);
	out_text(&table, 0, server->name);
	out_pid(&table, 1, pid);
	out_number(&table, 2, OUT_NUMBER, os_pid);
	return out_end(&table, true);
}

static int
run(struct cmd *cmd)
{
	bool os = cmd_value(cmd, "os-pid") != NULL;
	struct cmd_server server;
	gs_process_info info;
	char text[GS_PID_TEXT];
	gs_pid pid;
	int status, rc;

	status = cmd_reach(cmd, cmd->words[0], &server);
	if (status != 0)
		return status;
	rc = gs_resolve(server.to, &pid);
	if (rc == 0 && !gs_alive(pid))
		rc = -ESRCH;
	if (rc == 0 && (os || cmd->json))
		rc = gs_process_inspect(gs_to_pid(pid), &info);
	if (rc == -ENOENT || rc == -ESRCH)
		return nobody(cmd, &server);
	if (rc != 0)
		return cmd_fail(cmd, &server, rc);
	if (cmd->json)
		return print_json(&server, pid, info.os_pid);
	if (os)
		printf("%d\n", info.os_pid);
	else
		puts(gs_pid_text(pid, text));
	return CMD_DONE;
}

const struct cmd_verb cmd_whereis = {
	.name = "whereis",
	.operands = "NAME",
	.about = "the pid behind a name",
	.text = "Prints the pid of the process that holds the name.",
	.options = options,
	.least = 1,
	.most = 1,
	.data = true,
	.exits = { CMD_UNKNOWN, CMD_NO_NODE },
	.run = run,
};
