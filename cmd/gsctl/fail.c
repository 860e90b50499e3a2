/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors: the status and the words.  Each says what happened, to what, and
 * what to do.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/gsctl/cmd.h"

static void
print(const char *format, va_list ap)
{
	char text[2048], safe[CMD_SAFE(sizeof(text))];

	vsnprintf(text, sizeof(text), format, ap);
	fflush(stdout);
	fprintf(stderr, "gsctl: %s",
	    cmd_safe(safe, sizeof(safe), text, strlen(text)));
}

int
cmd_error(int status, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	print(format, ap);
	va_end(ap);
	fputc('\n', stderr);
	return status;
}

int
cmd_usage(const struct cmd *cmd, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	print(format, ap);
	va_end(ap);
	fprintf(stderr, "; see 'gsctl %s --help'\n", cmd->verb->name);
	return CMD_USAGE;
}

void *
cmd_memory(void *old, size_t size)
{
	void *block = realloc(old, size > 0 ? size : 1);

	if (block == NULL)
		exit(cmd_error(CMD_INTERNAL, "out of memory"));
	return block;
}

char *
cmd_copy(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(cmd_memory(NULL, size), text, size);
}

/* Nobody is there: a child that is down, or nothing that anybody knows. */
static int
absent(const struct cmd *cmd, const struct cmd_server *server)
{
	gs_child child;

	if (cmd_child(server, &child) == 0)
		return cmd_error(CMD_DOWN,
		    "server '%s' on node '%s' is down: %s%s%s; "
		    "'gsctl restart %s' starts it",
		    server->text, cmd->node, gs_child_state_text(child.state),
		    *child.last_reason ? ", last ended with " : "",
		    child.last_reason, child.id);
	if (server->to.kind == GS_ADDR_PID)
		return cmd_error(CMD_UNKNOWN,
		    "no process %s on node '%s'; 'gsctl ls' lists the live",
		    server->text, cmd->node);
	return cmd_error(CMD_UNKNOWN,
	    "no server named '%s' on node '%s'; 'gsctl ls' lists them",
	    server->name, cmd->node);
}

static int
status_of(int rc)
{
	switch (rc) {
	case -EINVAL:
	case -EMSGSIZE:
	case -ENAMETOOLONG:
		return CMD_USAGE;
	case -ENOTCONN:
	case -EHOSTUNREACH:
		return CMD_NO_NODE;
	case -EAGAIN:
		return CMD_FULL;
	case -EPERM:
	case -EACCES:
		return CMD_DENIED;
	case -ETIMEDOUT:
		return CMD_TIMED_OUT;
	case -ECONNRESET:
		return CMD_DIED;
	default:
		return CMD_INTERNAL;
	}
}

/* Where our words are better than the library's: they know what was asked. */
static const char *
words_of(int rc)
{
	switch (rc) {
	case -EAGAIN:
		return "the mailbox is full; try again, or start the server "
		       "with a larger --mailbox";
	case -EMSGSIZE:
		return "the message is too large; it may fill a quarter of "
		       "the --mailbox";
	case -ETIMEDOUT:
		return "not done in time; 'gsctl show' says what a server is "
		       "doing, --timeout waits longer";
	case -ENOTCONN:
		return "the node is gone; 'gsctl up' starts one";
	default:
		return NULL;
	}
}

static int
failed(const struct cmd *cmd, const char *whom, int rc)
{
	const char *text = gs_error_text(), *words = words_of(rc);

	/* A sentence of the library's says whom and what itself. */
	if (words == NULL && text != NULL && *text != '\0')
		return cmd_error(status_of(rc), "%s", text);
	return cmd_error(status_of(rc), "%s %s: %s", cmd->verb->name, whom,
	    words != NULL ? words : strerror(-rc));
}

int
cmd_fail(const struct cmd *cmd, const struct cmd_server *server, int rc)
{
	if (server == NULL)
		return failed(cmd, cmd->node, rc);
	/* A pid of another node, or of this one's life before. */
	if (rc == -ENOENT || rc == -ESRCH || rc == -EHOSTUNREACH)
		return absent(cmd, server);
	if (rc == -ECONNRESET)
		return cmd_error(CMD_DIED, "%s %s: the server ended: %s",
		    cmd->verb->name, server->text, gs_error_reason());
	return failed(cmd, server->text, rc);
}

int
cmd_refused(const struct cmd *cmd, const char *what, gs_pid holder, int rc)
{
	const char *verb = cmd->verb->name;
	char pid[GS_PID_TEXT];

	switch (rc) {
	case -EEXIST:
		return cmd_error(CMD_REFUSED,
		    "%s %s: already_started: the name is held by %s; "
		    "'gsctl stop' frees it",
		    verb, what, gs_pid_text(holder, pid));
	case -ECANCELED:
		return cmd_error(CMD_REFUSED,
		    "%s %s: ignore: its init wants no server", verb, what);
	case -ETIMEDOUT:
		return cmd_error(CMD_REFUSED,
		    "%s %s: timeout: its init took too long and was ended",
		    verb, what);
	case -ECHILD:
		return cmd_error(CMD_REFUSED,
		    "%s %s: %s: its init did not succeed; 'gsctl log' has more",
		    verb, what, gs_error_reason());
	case -EAGAIN:
		return cmd_error(CMD_REFUSED, "%s %s: system_limit: %s", verb,
		    what, gs_error_text());
	case -ENOTSUP:
		return cmd_error(CMD_REFUSED, "%s %s: not_supported: %s", verb,
		    what, gs_error_text());
	default:
		return failed(cmd, what, rc);
	}
}
