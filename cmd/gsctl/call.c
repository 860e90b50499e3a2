/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsctl call, cast and send: messages to a server, from words or from stdin.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/gsctl/json.h"
#include "cmd/gsctl/lines.h"
#include "cmd/gsctl/out.h"

#define ROOM_MS 30000 /* that cast --lines waits for room */

struct talk {
	const struct cmd *cmd;
	struct cmd_server server;
	int timeout;
	bool raw;
	bool terminal;
};

typedef int (*sender)(const struct talk *talk, gs_bytes request);

static int
print_reply(const struct talk *talk, gs_bytes reply)
{
	struct json json = { .depth = 0 };

	if (talk->cmd->json) {
		json_open(&json, NULL, '{');
		json_bytes(&json, "reply", reply.data, reply.size);
		json_close(&json, '}');
		json_end(&json);
		return CMD_DONE;
	}
	if (talk->terminal)
		cmd_put_safe(reply.data, reply.size);
	else if (reply.size > 0)
		fwrite_unlocked(reply.data, 1, reply.size, stdout);
	if (!talk->raw)
		putchar_unlocked('\n');
	return CMD_DONE;
}

static int
do_call(const struct talk *talk, gs_bytes request)
{
	gs_bytes reply = GS_NONE;
	int rc = gs_call(talk->server.to, request, &reply, talk->timeout);

	if (rc != 0)
		return cmd_fail(talk->cmd, &talk->server, rc);
	return print_reply(talk, reply);
}

/* The library sends into the void without a word; a person wants to know. */
static int
do_cast(const struct talk *talk, gs_bytes request)
{
	gs_pid pid;
	int status = cmd_resolve(talk->cmd, &talk->server, &pid);
	int rc;

	if (status != 0)
		return status;
	rc = talk->timeout > 0
		 ? gs_cast_wait(talk->server.to, request, talk->timeout)
		 : gs_cast(talk->server.to, request);
	return rc == 0 ? CMD_DONE : cmd_fail(talk->cmd, &talk->server, rc);
}

static int
do_send(const struct talk *talk, gs_bytes message)
{
	gs_pid pid;
	int status = cmd_resolve(talk->cmd, &talk->server, &pid);
	int rc;

	if (status != 0)
		return status;
	rc = gs_send(talk->server.to, message);
	return rc == 0 ? CMD_DONE : cmd_fail(talk->cmd, &talk->server, rc);
}

/* Each line a request, up to the first that fails. */
static int
each_line(const struct talk *talk, sender send)
{
	struct cmd_lines lines = { 0 };
	unsigned long number = 0;
	gs_bytes line;
	int status = 0, rc = 1;

	while (status == 0 && (rc = cmd_line(&lines, &line)) > 0) {
		number++;
		status = send(talk, line);
	}
	if (status != 0)
		cmd_error(status, "stopped at line %lu of stdin", number);
	else if (rc < 0)
		status = cmd_error(
		    CMD_INTERNAL, "cannot read stdin: %s", strerror(-rc));
	cmd_lines_free(&lines);
	return status;
}

/* A "--" behind SERVER is for those who are used to it. */
static void
skip_dashes(struct cmd *cmd)
{
	if (cmd->count < 2 || strcmp(cmd->words[1], "--") != 0)
		return;
	cmd->words[1] = cmd->words[0];
	cmd->words++;
	cmd->count--;
}

static int
check_words(const struct cmd *cmd, bool lines)
{
	if (lines && cmd->count > 1)
		return cmd_usage(cmd,
		    "--lines takes the requests from stdin, not '%s'",
		    cmd->words[1]);
	if (!lines && cmd->count < 2)
		return cmd_usage(cmd, "no %s given; '-' reads it from stdin",
		    strcmp(cmd->verb->name, "send") == 0 ? "message"
							 : "request");
	return 0;
}

/* The node and its root would take a stranger's message for one of theirs. */
static int
check_target(const struct cmd *cmd, const struct cmd_server *server)
{
	enum gs_process_kind kind = cmd_own(server);

	if (kind == 0)
		return 0;
	return cmd_error(CMD_USAGE,
	    "%s %s: it is the %s: it takes no %s from gsctl", cmd->verb->name,
	    server->text,
	    kind == GS_PROCESS_NODE ? "node itself" : "root supervisor",
	    cmd->verb == &cmd_call ? "calls" : "messages");
}

static int
talk(struct cmd *cmd, struct talk *talk, sender send)
{
	bool lines = cmd_value(cmd, "lines") != NULL;
	gs_bytes request;
	int status;

	talk->cmd = cmd;
	skip_dashes(cmd);
	status = check_words(cmd, lines);
	if (status == 0)
		status = cmd_server(cmd, cmd->words[0], &talk->server);
	if (status == 0 && !lines)
		status = cmd_joined(cmd->words + 1, cmd->count - 1, &request);
	if (status == 0)
		status = cmd_attach(cmd);
	if (status == 0)
		status = check_target(cmd, &talk->server);
	if (status != 0)
		return status;
	if (lines)
		return each_line(talk, send);
	status = send(talk, request);
	free((void *)(uintptr_t)request.data);
	return status;
}

static int
run_call(struct cmd *cmd)
{
	struct talk with = {
		.timeout = GS_CALL_TIMEOUT,
		.raw = cmd_value(cmd, "raw") != NULL,
		.terminal = isatty(STDOUT_FILENO),
	};
	int status = cmd_ms(cmd, "timeout", 0, &with.timeout);

	if (status != 0)
		return status;
	if (with.raw && cmd->json)
		return cmd_usage(cmd, "--raw and --json exclude each other");
	return talk(cmd, &with, do_call);
}

static int
run_cast(struct cmd *cmd)
{
	struct talk with = {
		.timeout = cmd_value(cmd, "lines") != NULL ? ROOM_MS : 0,
	};
	int status = cmd_ms(cmd, "timeout", 0, &with.timeout);

	return status != 0 ? status : talk(cmd, &with, do_cast);
}

static int
run_send(struct cmd *cmd)
{
	struct talk with = { .timeout = 0 };

	return talk(cmd, &with, do_send);
}

static const struct cmd_option call_options[] = {
	{ "timeout", 0, "MS",
	    "wait MS for the reply, or 'infinity' (default 5000)" },
	{ "raw", 0, NULL, "print the bytes of the reply alone, no newline" },
	{ "lines", 0, NULL, "one request for each line of stdin" },
	{ NULL, 0, NULL, NULL },
};

const struct cmd_verb cmd_call = {
	.name = "call",
	.operands = "SERVER REQUEST... | SERVER -",
	.about = "send a request and print the reply",
	.text = "Sends the words, joined by one blank, as one request and "
		"prints the reply and a newline; '-' sends all of stdin. "
		"Options end at SERVER; a '--' behind it is dropped. With "
		"--lines each line of stdin, "
		"without its newline, is a request, and each reply is printed "
		"as it is with a newline behind it; the first that fails ends "
		"it and its line number is printed. On a terminal control "
		"characters are shown as \\xNN. --json prints an object "
		"{\"reply\": ...} for each reply, on one line, bytes that "
		"are not UTF-8 as \\xNN.",
	.options = call_options,
	.least = 1,
	.most = -1,
	.words = true,
	.data = true,
	.exits = { CMD_DOWN, CMD_UNKNOWN, CMD_NO_NODE, CMD_FULL, CMD_TIMED_OUT,
	    CMD_DIED },
	.run = run_call,
};

static const struct cmd_option cast_options[] = {
	{ "timeout", 0, "MS",
	    "wait MS for room in a full mailbox, or 'infinity' (default 0; "
	    "30000 with --lines)" },
	{ "lines", 0, NULL, "one request for each line of stdin" },
	{ NULL, 0, NULL, NULL },
};

const struct cmd_verb cmd_cast = {
	.name = "cast",
	.operands = "SERVER REQUEST... | SERVER -",
	.about = "send a request that has no reply",
	.text = "Sends the words, joined by one blank, as one request and does "
		"not wait for it to be handled; '-' sends all of stdin. "
		"Options end at SERVER. With --lines each line of stdin is a "
		"request; it waits for room and returns when the mailbox has "
		"taken all of them. The first that fails ends it and its line "
		"number is printed.",
	.options = cast_options,
	.least = 1,
	.most = -1,
	.words = true,
	.exits = { CMD_DOWN, CMD_UNKNOWN, CMD_NO_NODE, CMD_FULL,
	    CMD_TIMED_OUT },
	.run = run_cast,
};

static const struct cmd_option send_options[] = {
	{ "lines", 0, NULL, "one message for each line of stdin" },
	{ NULL, 0, NULL, NULL },
};

const struct cmd_verb cmd_send = {
	.name = "send",
	.operands = "SERVER MESSAGE... | SERVER -",
	.about = "send an info message",
	.text =
	    "Sends the words, joined by one blank, as one info message; '-' "
	    "sends all of stdin. Options end at SERVER. With --lines each "
	    "line of stdin is a message.",
	.options = send_options,
	.least = 1,
	.most = -1,
	.words = true,
	.exits = { CMD_DOWN, CMD_UNKNOWN, CMD_NO_NODE, CMD_FULL },
	.run = run_send,
};
