/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which node and which server is meant, and getting there.
 */
#include <errno.h>
#include <stdio.h>

#include "cmd/gsctl/cmd.h"

int
cmd_check_node(const struct cmd *cmd)
{
	const char *why;

	if (gs_name_check(cmd->node, &why) == 0)
		return 0;
	return cmd_usage(cmd, "'%s' cannot be a node: %s", cmd->node, why);
}

static int
check_name(const struct cmd *cmd, const char *text, const char *name)
{
	const char *why = "it is not a legal name";

	if (gs_name_check(name, &why) == 0)
		return 0;
	return cmd_usage(cmd, "'%s' cannot be a server: %s", text, why);
}

/* Where nothing stands on one side of the '@', it is no legal name. */
int
cmd_server(struct cmd *cmd, const char *text, struct cmd_server *server)
{
	const char *at = strrchr(text, '@');
	size_t length = strlen(text);
	char name[GS_NAME_MAX + 2];
	int status;

	memset(server, 0, sizeof(*server));
	server->text = text;
	if (at != NULL && at > text && at[1] != '\0') {
		cmd->node = at + 1;
		length = (size_t)(at - text);
	}
	if (length > GS_NAME_MAX)
		return cmd_usage(cmd,
		    "'%s' cannot be a server: longer than %d bytes", text,
		    GS_NAME_MAX);
	snprintf(name, sizeof(name), "%.*s", (int)length, text);
	if (name[0] == '<') {
		if (gs_pid_parse(name, &server->pid) != 0)
			return cmd_usage(cmd,
			    "'%s' is no pid: wanted <node.slot.generation>",
			    text);
		server->to = gs_to_pid(server->pid);
		return cmd_check_node(cmd);
	}
	memcpy(server->name, name, length + 1);
	server->to = gs_to_name(server->name);
	status = check_name(cmd, text, name);
	return status != 0 ? status : cmd_check_node(cmd);
}

int
cmd_open(const struct cmd *cmd)
{
	int rc = gs_node_open(cmd->node, 0);

	/* It ended between our knock and its answer. */
	return rc == -ECONNRESET || rc == -EPIPE ? -ENOTCONN : rc;
}

int
cmd_attach(const struct cmd *cmd)
{
	int rc = cmd_open(cmd);

	if (rc == 0)
		return 0;
	if (rc == -ENOTCONN)
		return cmd_error(CMD_NO_NODE,
		    "no node '%s' is running; start one with 'gsctl up'",
		    cmd->node);
	return cmd_fail(cmd, NULL, rc);
}

int
cmd_reach(struct cmd *cmd, const char *text, struct cmd_server *server)
{
	int status = cmd_server(cmd, text, server);

	return status != 0 ? status : cmd_attach(cmd);
}

int
cmd_resolve(const struct cmd *cmd, const struct cmd_server *server, gs_pid *pid)
{
	int rc = gs_resolve(server->to, pid);

	if (rc == 0 && !gs_alive(*pid))
		rc = -ESRCH;
	return rc == 0 ? 0 : cmd_fail(cmd, server, rc);
}
