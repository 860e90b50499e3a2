/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ending a server: gsctl stop, by its supervisor and for good; gsctl exit and
 * kill, by a signal that its supervisor may answer with a restart.
 */
#include <errno.h>

#include "cmd/gsctl/cmd.h"

static const struct cmd_option stop_options[] = {
	{ "timeout", 0, "MS", "give up waiting after MS (default: infinity)" },
	{ NULL, 0, NULL, NULL },
};

/* The root has no such child; why, depends on what there is. */
static int
no_child(const struct cmd *cmd, const struct cmd_server *server)
{
	char text[GS_PID_TEXT], hint[CMD_HINT];
	gs_pid pid;

	if (gs_resolve(server->to, &pid) != 0 || !gs_alive(pid))
		return cmd_fail(cmd, server, -ENOENT);
	if (cmd_own(server) != 0)
		return cmd_error(CMD_USAGE,
		    "'%s' ends with the node; '%s' ends both", server->text,
		    cmd_hint(cmd, hint, "down", NULL, NULL));
	return cmd_error(CMD_UNKNOWN,
	    "'%s' has no supervisor that could stop it; "
	    "'%s' asks it to end",
	    server->text,
	    cmd_hint(cmd, hint, "exit",
		*server->name ? server->name : gs_pid_text(pid, text), NULL));
}

static int
run_stop(struct cmd *cmd)
{
	struct cmd_server server;
	int timeout = GS_INFINITY, status, rc;

	status = cmd_ms(cmd, "timeout", 0, &timeout);
	if (status == 0)
		status = cmd_reach(cmd, cmd->words[0], &server);
	if (status != 0)
		return status;
	rc = gs_child_stop(server.to, timeout);
	if (rc == -ENOENT || rc == -ESRCH)
		return no_child(cmd, &server);
	return rc == 0 ? CMD_DONE : cmd_fail(cmd, &server, rc);
}

const struct cmd_verb cmd_stop = {
	.name = "stop",
	.operands = "SERVER",
	.about = "stop a server; it stays down",
	.text = "Has its supervisor stop the server, within the server's "
		"shutdown time, and returns when it is gone and its name free. "
		"It stays down until 'gsctl restart'; a temporary one is "
		"forgotten.",
	.options = stop_options,
	.least = 1,
	.most = 1,
	.exits = { CMD_UNKNOWN, CMD_NO_NODE, CMD_TIMED_OUT },
	.run = run_stop,
};

static int
signal_exit(struct cmd *cmd, const char *reason)
{
	struct cmd_server server;
	char hint[CMD_HINT];
	gs_pid pid;
	int status, rc;

	if (*reason == '\0' || strlen(reason) > GS_REASON_MAX)
		return cmd_usage(
		    cmd, "a reason has 1 to %d bytes", GS_REASON_MAX);
	status = cmd_reach(cmd, cmd->words[0], &server);
	if (status == 0)
		status = cmd_resolve(cmd, &server, &pid);
	if (status != 0)
		return status;
	if (cmd_own(&server) == GS_PROCESS_NODE)
		return cmd_error(CMD_USAGE,
		    "%s %s: it is the node itself; '%s' ends it",
		    cmd->verb->name, server.text,
		    cmd_hint(cmd, hint, "down", NULL, NULL));
	rc = gs_exit_signal(gs_to_pid(pid), reason);
	return rc == 0 ? CMD_DONE : cmd_fail(cmd, &server, rc);
}

static int
run_exit(struct cmd *cmd)
{
	return signal_exit(cmd, cmd->count > 1 ? cmd->words[1] : "shutdown");
}

static int
run_kill(struct cmd *cmd)
{
	return signal_exit(cmd, "kill");
}

const struct cmd_verb cmd_exit = {
	.name = "exit",
	.operands = "SERVER [REASON]",
	.about = "send an exit signal",
	.text = "Sends an exit signal with REASON (default: shutdown) and does "
		"not wait. A server that traps exits sees it as a message; "
		"'normal' ends nobody but those; 'kill' cannot be trapped. The "
		"supervisor restarts what it is to restart.",
	.least = 1,
	.most = 2,
	.exits = { CMD_DOWN, CMD_UNKNOWN, CMD_NO_NODE },
	.run = run_exit,
};

const struct cmd_verb cmd_kill = {
	.name = "kill",
	.operands = "SERVER",
	.about = "send the exit signal that cannot be trapped",
	.text = "The same as 'gsctl exit SERVER kill': the server ends at once "
		"with the reason 'killed'. The supervisor restarts what it is "
		"to restart.",
	.least = 1,
	.most = 1,
	.exits = { CMD_DOWN, CMD_UNKNOWN, CMD_NO_NODE },
	.run = run_kill,
};
