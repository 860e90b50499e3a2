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

/* A word as a shell takes it: in double quotes where it needs any. */
static size_t
put_word(char *out, const char *word)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "-_./:@%+=,";
	bool quotes = word[strspn(word, plain)] != '\0' || *word == '\0';
	char *at = out;

	*at++ = ' ';
	if (quotes)
		*at++ = '"';
	for (; *word != '\0'; word++) {
		if (strchr("\"$`\\", *word) != NULL)
			*at++ = '\\';
		*at++ = *word;
	}
	if (quotes)
		*at++ = '"';
	*at = '\0';
	return (size_t)(at - out);
}

/* Two names or pids, each byte escaped, and two words of ours. */
_Static_assert(CMD_HINT > 4 * (GS_NAME_MAX + 2) + 64, "a hint has room");

const char *
cmd_hint(const struct cmd *cmd, char hint[CMD_HINT], const char *verb,
    const char *whom, const char *rest)
{
	size_t at = (size_t)sprintf(hint, "gsctl");

	if (strcmp(cmd->node, cmd->usual) != 0) {
		at += (size_t)sprintf(hint + at, " -n");
		at += put_word(hint + at, cmd->node);
	}
	at += (size_t)sprintf(hint + at, " %s", verb);
	if (whom != NULL)
		at += put_word(hint + at, whom);
	if (rest != NULL)
		sprintf(hint + at, " %s", rest);
	return hint;
}

/* It ends between two looks, or its supervisor has not heard of it yet. */
static int
just_ended(const struct cmd *cmd, const struct cmd_server *server,
    const gs_child *child, int status)
{
	char hint[CMD_HINT], pid[GS_PID_TEXT];
	gs_process_info info;

	if (gs_process_inspect(gs_to_pid(child->pid), &info) == 0)
		return *info.name == '\0'
			   ? cmd_error(status,
				 "child '%s' on node '%s' has no name; "
				 "its pid is '%s'",
				 server->text, cmd->node,
				 gs_pid_text(child->pid, pid))
			   : cmd_error(status,
				 "server '%s' on node '%s' has just been "
				 "restarted; try again",
				 server->text, cmd->node);
	if (!child->supervised || child->restart == GS_TEMPORARY)
		return cmd_error(status,
		    "server '%s' on node '%s' has just ended", server->text,
		    cmd->node);
	return cmd_error(status,
	    "server '%s' on node '%s' has just ended; '%s' waits until it is "
	    "restarted",
	    server->text, cmd->node,
	    cmd_hint(cmd, hint, "wait", child->id, "--up"));
}

static bool
is_coming(const gs_child *child)
{
	return child->state == GS_CHILD_STARTING ||
	       child->state == GS_CHILD_RESTARTING;
}

int
cmd_no_process(const struct cmd *cmd, const struct cmd_server *server,
    const gs_child *child, int status)
{
	bool ended = *child->last_reason != '\0';
	char hint[CMD_HINT];

	if (child->state == GS_CHILD_RUNNING)
		return just_ended(cmd, server, child, status);
	if (is_coming(child))
		return cmd_error(status,
		    "server '%s' on node '%s' is being %s%s%s%s; "
		    "'%s' waits for it",
		    server->text, cmd->node, ended ? "restarted" : "started",
		    ended ? " (last ended with " : "", child->last_reason,
		    ended ? ")" : "",
		    cmd_hint(cmd, hint, "wait", child->id, "--up"));
	return cmd_error(status,
	    "server '%s' on node '%s' is down: %s%s%s; '%s' starts it",
	    server->text, cmd->node, gs_child_state_text(child->state),
	    ended ? ", last ended with " : "", child->last_reason,
	    cmd_hint(cmd, hint, "restart", child->id, NULL));
}

/* Nobody is there: a child that is down, or nothing that anybody knows. */
static int
absent(const struct cmd *cmd, const struct cmd_server *server)
{
	gs_child child;
	char hint[CMD_HINT];

	if (cmd_child(server, &child) == 0)
		return cmd_no_process(cmd, server, &child, CMD_DOWN);
	cmd_hint(cmd, hint, "ls", NULL, NULL);
	if (gs_addr_kind(server->to) == GS_ADDR_PID)
		return cmd_error(CMD_UNKNOWN,
		    "no process %s on node '%s'; '%s' lists the live",
		    server->text, cmd->node, hint);
	return cmd_error(CMD_UNKNOWN,
	    "no server named '%s' on node '%s'; '%s' lists them", server->name,
	    cmd->node, hint);
}

static int
status_of(int rc)
{
	switch (rc) {
	case -EINVAL:
	case -EMSGSIZE:
	case -ENAMETOOLONG:
	case -EOPNOTSUPP:
	case -E2BIG:
		return CMD_USAGE;
	case -ENOTCONN:
	case -EHOSTUNREACH:
		return CMD_NO_NODE;
	case -EAGAIN:
	case -ENOSPC:
	case -ESTALE:
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
words_of(const struct cmd *cmd, int rc)
{
	switch (rc) {
	case -EAGAIN:
		return "the mailbox is full; try again, or start the server "
		       "with a larger --mailbox";
	case -EMSGSIZE:
		return "the message is too large; it may fill a quarter of "
		       "the --mailbox";
	case -E2BIG:
		return "the reply is too large; gsctl takes up to 262128 "
		       "bytes: ask for it in parts";
	case -EOPNOTSUPP:
		return cmd->verb == &cmd_call
			   ? "it is no server: it answers no calls"
		       : cmd->verb == &cmd_sys
			   ? "it is no server: it answers no system messages"
			   : "it is no server: it takes no messages";
	case -ETIMEDOUT:
		return "not done in time; --timeout waits longer, and 'gsctl "
		       "show' says what a server is doing";
	default:
		return NULL;
	}
}

/* "Invalid argument" of a node that is there means the environment. */
static bool
bad_poller(int rc, const char **poller)
{
	*poller = getenv("GS_POLLER");
	return rc == -EINVAL && *poller != NULL &&
	       strcmp(*poller, "io_uring") != 0 &&
	       strcmp(*poller, "epoll") != 0;
}

static int
failed(const struct cmd *cmd, const char *whom, int rc)
{
	const char *text = gs_error_text(), *words = words_of(cmd, rc), *poller;
	char hint[CMD_HINT];

	if (rc == -ENOTCONN)
		return cmd_error(CMD_NO_NODE,
		    "%s %s: the node is gone; '%s' starts one", cmd->verb->name,
		    whom, cmd_hint(cmd, hint, "up", NULL, NULL));
	if (bad_poller(rc, &poller))
		return cmd_error(CMD_USAGE,
		    "GS_POLLER is '%s'; it may be 'io_uring' or 'epoll'",
		    poller);
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

/* Only a supervisor's child is freed by a stop. */
static int
name_taken(const struct cmd *cmd, const char *what, gs_pid holder)
{
	char pid[GS_PID_TEXT], hint[CMD_HINT];
	gs_process_info info;
	bool known = gs_process_inspect(gs_to_pid(holder), &info) == 0;
	const char *name = known && *info.name ? info.name : what;

	gs_pid_text(holder, pid);
	if (known && info.kind == GS_PROCESS_CLIENT)
		return cmd_error(CMD_REFUSED,
		    "%s %s: already_started: the name '%s' is held by %s, "
		    "a client (process %d)",
		    cmd->verb->name, what, name, pid, info.os_pid);
	return cmd_error(CMD_REFUSED,
	    "%s %s: already_started: the name '%s' is held by %s; "
	    "'%s' frees it",
	    cmd->verb->name, what, name, pid,
	    cmd_hint(cmd, hint, "stop", name, NULL));
}

int
cmd_refused(const struct cmd *cmd, const char *what, gs_pid holder, int rc)
{
	const char *verb = cmd->verb->name;
	char hint[CMD_HINT];

	switch (rc) {
	case -EEXIST:
		return name_taken(cmd, what, holder);
	case -ECANCELED:
		return cmd_error(CMD_REFUSED,
		    "%s %s: ignore: its init wants no server", verb, what);
	case -ETIMEDOUT:
		return cmd_error(CMD_REFUSED,
		    "%s %s: timeout: its init took too long and was ended",
		    verb, what);
	case -ECHILD:
		return cmd_error(CMD_REFUSED,
		    "%s %s: %s: its init did not succeed; '%s' has more", verb,
		    what, gs_error_reason(),
		    cmd_hint(cmd, hint, "log", NULL, NULL));
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
