/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsctl start: a supervised server.  Everything that can be wrong with the
 * words is found before a node is started or asked.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/gsctl/out.h"

static const struct cmd_option options[] = {
	{ "name", 0, "NAME", "register it under NAME" },
	{ "restart", 0, "WHEN",
	    "permanent (default), transient (after an abnormal end) or "
	    "temporary (never)" },
	{ "shutdown", 0, "MS",
	    "time to end in (default 5000), 'infinity' or 'brutal_kill'" },
	{ "timeout", 0, "MS", "time that init may take (default: infinity)" },
	{ "mailbox", 0, "SIZE", "bytes, 16K to 1G (default 1M)" },
	{ "hibernate-after", 0, "MS",
	    "give memory back after MS without a message (default: never)" },
	{ "debug", 0, "LIST",
	    "watch it from its first message on: trace, log, log(N), "
	    "statistics, log_to_file(PATH), install(NAME), separated by "
	    "commas" },
	{ "max-restarts", 0, "N", "give it up after N restarts (default 3)" },
	{ "max-seconds", 0, "S", "within S seconds (default 5)" },
	{ "plain", 0, NULL,
	    "any program: supervised, named, logged; answers no calls" },
	{ NULL, 0, NULL, NULL },
};

struct start {
	gs_child_spec spec;
	char path[PATH_MAX];
	char directory[PATH_MAX];
	char *argument;
};

static int
set_restart(const struct cmd *cmd, gs_child_spec *spec)
{
	static const enum gs_restart all[] = { GS_PERMANENT, GS_TRANSIENT,
		GS_TEMPORARY };
	const char *text = cmd_value(cmd, "restart");

	if (text == NULL)
		return 0;
	for (int i = 0; i < 3; i++)
		if (strcmp(text, cmd_restart_text(all[i])) == 0) {
			spec->restart = all[i];
			return 0;
		}
	return cmd_usage(cmd,
	    "--restart wants permanent, transient or temporary, not '%s'",
	    text);
}

static int
set_shutdown(const struct cmd *cmd, gs_child_spec *spec)
{
	const char *text = cmd_value(cmd, "shutdown");

	if (text == NULL)
		return 0;
	spec->has_shutdown = true;
	if (strcmp(text, "brutal_kill") == 0) {
		spec->shutdown = GS_BRUTAL_KILL;
		return 0;
	}
	return cmd_time(cmd, "shutdown",
	    "'brutal_kill', 'infinity' or milliseconds", 0, &spec->shutdown);
}

static int
set_intensity(const struct cmd *cmd, gs_child_spec *spec)
{
	int status;

	spec->max_restarts = 3;
	spec->max_seconds = 5;
	spec->has_intensity = true;
	status = cmd_number(cmd, "max-restarts", 0, &spec->max_restarts);
	if (status == 0)
		status = cmd_number(cmd, "max-seconds", 1, &spec->max_seconds);
	return status;
}

static int
set_name(const struct cmd *cmd, gs_options *to)
{
	const char *why = "it is not legal";

	to->name = cmd_value(cmd, "name");
	if (to->name == NULL || gs_name_check(to->name, &why) == 0)
		return 0;
	return cmd_usage(cmd, "--name '%s' cannot be used: %s", to->name, why);
}

static int
set_options(const struct cmd *cmd, gs_options *to)
{
	int status = set_name(cmd, to);

	to->debug = cmd_value(cmd, "debug");
	if (status == 0)
		status = cmd_ms(cmd, "timeout", 1, &to->timeout);
	if (status == 0)
		status =
		    cmd_ms(cmd, "hibernate-after", 1, &to->hibernate_after);
	if (status == 0)
		status = cmd_size(cmd, "mailbox", &to->mailbox);
	/* The library's word for never is 0. */
	if (to->timeout == GS_INFINITY)
		to->timeout = 0;
	if (to->hibernate_after == GS_INFINITY)
		to->hibernate_after = 0;
	return status;
}

/* Looks a program without a slash up where a shell would. */
static bool
search_path(const char *name, char path[PATH_MAX])
{
	const char *at = getenv("PATH");
	char candidate[PATH_MAX];

	if (at == NULL)
		at = "/usr/local/bin:/usr/bin:/bin";
	for (;;) {
		size_t n = strcspn(at, ":");

		snprintf(candidate, sizeof(candidate), "%.*s%s%s", (int)n, at,
		    n > 0 ? "/" : "./", name);
		if (access(candidate, X_OK) == 0 &&
		    realpath(candidate, path) != NULL)
			return true;
		if (at[n] == '\0')
			return false;
		at += n + 1;
	}
}

static bool
is_module(const char *what)
{
	size_t n = strlen(what);

	return n > 3 && strcmp(what + n - 3, ".so") == 0;
}

static int
cannot(const char *what, const char *why)
{
	return cmd_error(CMD_REFUSED,
	    "cannot start '%s': %s; give a module (*.so), or a program by its "
	    "path or as found in $PATH",
	    what, why);
}

static int
find_path(const char *what, char path[PATH_MAX])
{
	bool module = is_module(what);
	struct stat st;

	if (!module && strchr(what, '/') == NULL) {
		if (!search_path(what, path))
			return cannot(what, "no such program in $PATH");
	} else if (realpath(what, path) == NULL) {
		return cannot(what, strerror(errno));
	}
	if (stat(path, &st) != 0)
		return cannot(what, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return cannot(what, "it is not a file");
	if (access(path, module ? R_OK : X_OK) != 0)
		return cannot(what, strerror(errno));
	return 0;
}

/* The words behind WHAT, joined by one blank. */
static char *
join(char **words, int count)
{
	size_t size = 1;
	char *text, *at;

	for (int i = 0; i < count; i++)
		size += strlen(words[i]) + 1;
	text = at = cmd_memory(NULL, size);
	*at = '\0';
	for (int i = 0; i < count; i++)
		at += sprintf(at, "%s%s", i > 0 ? " " : "", words[i]);
	return text;
}

static int
set_what(const struct cmd *cmd, struct start *start)
{
	gs_child_spec *spec = &start->spec;
	int status = find_path(cmd->words[0], start->path);

	if (status != 0)
		return status;
	if (getcwd(start->directory, sizeof(start->directory)) == NULL)
		return cmd_error(
		    CMD_INTERNAL, "no working folder: %s", strerror(errno));
	spec->path = start->path;
	spec->directory = start->directory;
	spec->plain = cmd_value(cmd, "plain") != NULL;
	if (!is_module(start->path))
		spec->argv = (const char *const *)cmd->words + 1;
	start->argument = join(cmd->words + 1, cmd->count - 1);
	spec->argument = gs_text(start->argument);
	return 0;
}

static const struct out_column columns[] = {
	{ "name", false },
	{ "pid", false },
};

static int
print_pid(const struct cmd *cmd, const char *name, gs_pid pid)
{
	char text[GS_PID_TEXT];
	struct out_table table;

	if (!cmd->json) {
		puts(gs_pid_text(pid, text));
		return CMD_DONE;
	}
	out_begin(&table, OUT_RECORD, columns, 2);
	out_row(&table, -1);
	out_text(&table, 0, name);
	out_pid(&table, 1, pid);
	return out_end(&table, true);
}

static int
prepare(const struct cmd *cmd, struct start *start)
{
	int status = set_options(cmd, &start->spec.options);

	if (status == 0)
		status = set_restart(cmd, &start->spec);
	if (status == 0)
		status = set_shutdown(cmd, &start->spec);
	if (status == 0)
		status = set_intensity(cmd, &start->spec);
	if (status == 0)
		status = set_what(cmd, start);
	return status;
}

static int
run_start(struct cmd *cmd)
{
	struct start start = { .argument = NULL };
	gs_pid pid = GS_NO_PID;
	int status, rc;

	status = prepare(cmd, &start);
	if (status == 0)
		status = cmd_launch(cmd);
	if (status != 0)
		return status;
	rc = gs_child_start(&start.spec, &pid);
	if (rc != 0)
		return cmd_refused(cmd,
		    start.spec.options.name ? start.spec.options.name
					    : cmd->words[0],
		    pid, rc);
	free(start.argument);
	return print_pid(cmd, start.spec.options.name, pid);
}

const struct cmd_verb cmd_start = {
	.name = "start",
	.operands = "WHAT [ARG...]",
	.about = "start a supervised server",
	.text = "Starts a server below the node's root supervisor and prints "
		"its pid. WHAT is a module (*.so), a program linked with the "
		"library, or with --plain any program. The words behind it, "
		"joined by one blank, are the argument of its init; a program "
		"gets them as its arguments too. Options end at WHAT. A node "
		"is started if none runs.",
	.options = options,
	.least = 1,
	.most = -1,
	.words = true,
	.data = true,
	.exits = { CMD_REFUSED, CMD_TIMED_OUT },
	.run = run_start,
};

static const struct cmd_option restart_options[] = {
	{ "timeout", 0, "MS", "give up waiting after MS (default: infinity)" },
	{ NULL, 0, NULL, NULL },
};

static int
run_restart(struct cmd *cmd)
{
	struct cmd_server server;
	gs_pid pid = GS_NO_PID;
	int timeout = GS_INFINITY, status, rc;

	status = cmd_ms(cmd, "timeout", 0, &timeout);
	if (status == 0)
		status = cmd_reach(cmd, cmd->words[0], &server);
	if (status != 0)
		return status;
	rc = gs_child_restart(server.to, &pid, timeout);
	if (rc == 0)
		return print_pid(cmd, server.name, pid);
	if (rc == -ENOENT || rc == -ESRCH ||
	    (rc == -ETIMEDOUT && timeout != GS_INFINITY))
		return cmd_fail(cmd, &server, rc);
	return cmd_refused(cmd, server.text, pid, rc);
}

const struct cmd_verb cmd_restart = {
	.name = "restart",
	.operands = "SERVER",
	.about = "stop and start a server by its supervisor",
	.text = "Has its supervisor stop the server and start it again, and "
		"prints its new pid. A server that is stopped or failed is "
		"started.",
	.options = restart_options,
	.least = 1,
	.most = 1,
	.data = true,
	.exits = { CMD_UNKNOWN, CMD_REFUSED, CMD_NO_NODE, CMD_TIMED_OUT },
	.run = run_restart,
};
