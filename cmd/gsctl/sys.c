/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsctl sys: system messages to a server.  A server that says no has status 1;
 * one that cannot be asked has that of a call.
 */
#include <errno.h>
#include <stdlib.h>

#include "cmd/gsctl/lines.h"
#include "cmd/gsctl/sys.h"

static int suspend(struct cmd *cmd);
static int terminate(struct cmd *cmd);

/* The node takes no messages, and without its root it would end. */
static int
check_target(const struct cmd *cmd, const struct cmd_server *server)
{
	enum gs_process_kind kind = cmd_own(server);
	char hint[CMD_HINT];

	if (kind == GS_PROCESS_NODE)
		return cmd_error(CMD_USAGE,
		    "sys %s: it is the node itself: it answers no system "
		    "messages",
		    server->text);
	if (kind == GS_PROCESS_SUPERVISOR &&
	    (cmd->part->run == suspend || cmd->part->run == terminate))
		return cmd_error(CMD_USAGE,
		    "sys %s: %s is not for the root supervisor; '%s' ends the "
		    "node",
		    server->text, cmd->part->name,
		    cmd_hint(cmd, hint, "down", NULL, NULL));
	return 0;
}

int
sys_reach(struct cmd *cmd, struct cmd_server *server, int *timeout)
{
	int status;

	*timeout = GS_CALL_TIMEOUT;
	status = cmd_ms(cmd, "timeout", 0, timeout);
	if (status == 0)
		status = cmd_reach(cmd, cmd->words[0], server);
	return status != 0 ? status : check_target(cmd, server);
}

/* Words of the library that stand for an answer, whatever number they have. */
static bool
is_answer(const char *reason)
{
	static const char *const words[] = { "bad_abi", "callback_failed",
		"no_behaviour", "no_statistics", "not_loadable", "open_file",
		"undef", "unknown_system_msg" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strncmp(reason, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

int
sys_failed(const struct cmd *cmd, const struct cmd_server *server, int rc)
{
	const char *reason = gs_error_reason();

	/* the reason of code_change is anybody's */
	if (rc == -ECANCELED || (rc != -ECONNRESET && is_answer(reason)))
		return cmd_error(CMD_NO, "%s", gs_error_text());
	return cmd_fail(cmd, server, rc);
}

int
sys_switch(const struct cmd *cmd, bool *on)
{
	const char *word = cmd->words[1];

	*on = strcmp(word, "on") == 0;
	if (*on || strcmp(word, "off") == 0)
		return 0;
	return cmd_usage(
	    cmd, "%s: wanted 'on' or 'off', not '%s'", cmd->part->name, word);
}

static int
finish(const struct cmd *cmd, const struct cmd_server *server, int rc)
{
	return rc == 0 ? CMD_DONE : sys_failed(cmd, server, rc);
}

typedef int (*plain_request)(gs_addr to, int timeout);

/* Those that take nothing and give nothing. */
static int
plain(struct cmd *cmd, plain_request request)
{
	struct cmd_server server;
	int timeout;
	int status = sys_reach(cmd, &server, &timeout);

	return status != 0 ? status
			   : finish(cmd, &server, request(server.to, timeout));
}

static int
suspend(struct cmd *cmd)
{
	return plain(cmd, gs_sys_suspend);
}

static int
resume(struct cmd *cmd)
{
	return plain(cmd, gs_sys_resume);
}

static int
no_debug(struct cmd *cmd)
{
	return plain(cmd, gs_sys_no_debug);
}

static int
terminate(struct cmd *cmd)
{
	const char *reason = cmd->count > 1 ? cmd->words[1] : "normal";
	struct cmd_server server;
	int timeout, status;

	if (*reason == '\0')
		return cmd_usage(cmd, "terminate: the reason is empty");
	status = sys_reach(cmd, &server, &timeout);
	return status != 0 ? status
			   : finish(cmd, &server,
				 gs_sys_terminate(server.to, reason, timeout));
}

static int
log_to_file(struct cmd *cmd)
{
	const char *path = cmd->words[1];
	struct cmd_server server;
	int timeout, status;

	if (strcmp(path, "off") == 0)
		path = NULL;
	status = sys_reach(cmd, &server, &timeout);
	return status != 0 ? status
			   : finish(cmd, &server,
				 gs_sys_log_to_file(server.to, path, timeout));
}

static int
install(struct cmd *cmd)
{
	const char *id = cmd_value(cmd, "id");
	struct cmd_server server;
	int timeout;
	gs_bytes state;
	int status = cmd_joined(cmd->words + 2, cmd->count - 2, &state);

	if (status == 0)
		status = sys_reach(cmd, &server, &timeout);
	if (status == 0)
		status = finish(cmd, &server,
		    gs_sys_install(
			server.to, cmd->words[1], id, state, timeout));
	free((void *)(uintptr_t)state.data);
	return status;
}

static int
take_out(struct cmd *cmd)
{
	struct cmd_server server;
	int timeout;
	int status = sys_reach(cmd, &server, &timeout);

	return status != 0
		   ? status
		   : finish(cmd, &server,
			 gs_sys_remove(server.to, cmd->words[1], timeout));
}

/* In one request: nothing can come between, not even our end. */
static int
change_code(struct cmd *cmd)
{
	gs_sys_code code = {
		.module = cmd->words[1],
		.down = cmd_value(cmd, "down") != NULL,
		.suspend = true,
	};
	struct cmd_server server;
	int timeout;
	int status = cmd_joined(cmd->words + 2, cmd->count - 2, &code.extra);

	if (status == 0)
		status = sys_reach(cmd, &server, &timeout);
	if (status == 0)
		status = finish(cmd, &server,
		    gs_sys_change_code(server.to, &code, timeout));
	free((void *)(uintptr_t)code.extra.data);
	return status;
}

static const struct cmd_part parts[] = {
	{ "get-state", "SERVER", "print the bytes of the state and a newline",
	    1, 1, true, " raw ", sys_get_state },
	{ "replace-state", "SERVER BYTES... | SERVER -",
	    "make these bytes, of the same size, the state, and print it; "
	    "with --function have that function make it",
	    1, -1, true, " raw function ", sys_replace_state },
	{ "get-status", "SERVER", "print who it is, how it is, its state", 1, 1,
	    true, NULL, sys_get_status },
	{ "suspend", "SERVER", "let all but system messages wait", 1, 1, false,
	    NULL, suspend },
	{ "resume", "SERVER", "go on", 1, 1, false, NULL, resume },
	{ "statistics", "SERVER [on|off]",
	    "count messages, count no more, or print what was counted", 1, 2,
	    true, NULL, sys_statistics },
	{ "trace", "SERVER [on|off]",
	    "print its events, until interrupted; on and off: in its log", 1, 2,
	    true, NULL, sys_trace },
	{ "log", "SERVER [on [N]|off]",
	    "keep the last N events (default 10, up to 1024), keep none, or "
	    "print those kept",
	    1, 3, true, NULL, sys_log },
	{ "log-to-file", "SERVER FILE|off",
	    "write events to the file, emptied first; off closes it", 2, 2,
	    false, NULL, log_to_file },
	{ "install", "SERVER FUNCTION [STATE... | -]",
	    "call a function of its module for each event", 2, -1, false,
	    " id ", install },
	{ "remove", "SERVER FUNCTION|ID", "call it no more", 2, 2, false, NULL,
	    take_out },
	{ "no-debug", "SERVER",
	    "end statistics, trace, log, file and functions", 1, 1, false, NULL,
	    no_debug },
	{ "change-code", "SERVER NEW.so [EXTRA... | -]",
	    "suspend it, let code_change make the new state, put the new code "
	    "in place, resume; when that fails with the old code and state",
	    2, -1, false, " down ", change_code },
	{ "terminate", "SERVER [REASON]",
	    "end it with the reason (default normal)", 1, 2, false, NULL,
	    terminate },
	{ NULL, NULL, NULL, 0, 0, false, NULL, NULL },
};

static const struct cmd_option options[] = {
	{ "timeout", 0, "MS",
	    "wait MS for the answer, or 'infinity' (default 5000)" },
	{ "raw", 0, NULL,
	    "get-state, replace-state: print the bytes alone, no newline" },
	{ "function", 0, "NAME",
	    "replace-state: NAME of the module makes it, BYTES its argument" },
	{ "id", 0, "ID", "install: once for each ID" },
	{ "down", 0, NULL, "change-code: to an older version" },
	{ NULL, 0, NULL, NULL },
};

const struct cmd_verb cmd_sys = {
	.name = "sys",
	.operands = "WORD SERVER ...",
	.about = "look into a running server and change it",
	.text = "Sends a system message and waits for the answer. It gets "
		"through when the mailbox is full, too, and while the server "
		"is suspended. What has not been done in time is not done "
		"later. Bytes are words joined by one blank, or all of stdin "
		"for '-'; '--' ends the options. WORD is:",
	.options = options,
	.parts = parts,
	.common = " timeout ",
	.least = 1,
	.most = -1,
	.data = true,
	.exits = { CMD_NO, CMD_DOWN, CMD_UNKNOWN, CMD_NO_NODE, CMD_FULL,
	    CMD_TIMED_OUT, CMD_DIED },
};
