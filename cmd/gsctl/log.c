/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsctl log: reports and output, from the file that the node's logger writes;
 * also of a node that has ended.  With -f the folder is watched, since the
 * file is renamed to .1 when it is full and a new one takes its place.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/gsctl/record.h"

#define LINE_CUT (1u << 20)

static const struct cmd_option options[] = {
	{ "follow", 'f', NULL, "go on and print what comes" },
	{ NULL, 0, NULL, NULL },
};

struct log {
	const struct cmd_server *server; /* NULL: all */
	bool json;
	char path[512];
	FILE *file;
	char *line;
	size_t room;
	size_t length; /* of an unfinished line */
	bool matched; /* something was printed */
	int error; /* errno of what could not be read */
};

static void
print_line(struct log *log, char *line)
{
	struct record record;

	if (!record_parse(line, &record)) {
		if (log->server == NULL && !log->json) {
			cmd_put_safe(line, strlen(line));
			putchar('\n');
		}
		return;
	}
	if (!record_about(&record, log->server))
		return;
	log->matched = true;
	if (log->json)
		record_json(&record);
	else
		record_print(&record);
}

/* A piece of a line; NULs, which a file system in trouble leaves, are none. */
static void
add_piece(struct log *log, const char *piece, size_t size)
{
	if (log->length + size + 1 > log->room) {
		log->room = 2 * (log->length + size + 1);
		log->line = cmd_memory(log->line, log->room);
	}
	for (size_t i = 0; i < size; i++)
		if (piece[i] != '\0')
			log->line[log->length++] = piece[i];
	log->line[log->length] = '\0';
}

/* Everything up to the end of the file; the last line may not be whole. */
static void
drain(struct log *log)
{
	char data[8192];
	size_t size;

	clearerr(log->file);
	while ((size = fread(data, 1, sizeof(data), log->file)) > 0) {
		const char *at = data, *end;

		while ((end = memchr(at, '\n', size)) != NULL) {
			size_t n = (size_t)(end - at);

			add_piece(log, at, n);
			print_line(log, log->line);
			log->length = 0;
			at += n + 1;
			size -= n + 1;
		}
		add_piece(log, at, size);
		/* longer than any that the logger writes: as it is */
		if (log->length > LINE_CUT) {
			print_line(log, log->line);
			log->length = 0;
		}
	}
	if (ferror(log->file))
		log->error = errno;
}

static bool
open_file(struct log *log)
{
	log->file = fopen(log->path, "re");
	if (log->file == NULL && errno != ENOENT)
		log->error = errno;
	return log->file != NULL;
}

static void
close_file(struct log *log)
{
	fclose(log->file);
	log->file = NULL;
	log->length = 0;
}

/* The older half, if there is one. */
static bool
print_older(struct log *log)
{
	size_t n = strlen(log->path);
	bool there;

	if (n + 3 > sizeof(log->path))
		return false;
	memcpy(log->path + n, ".1", 3);
	there = open_file(log);
	if (there) {
		drain(log);
		close_file(log);
	}
	log->path[n] = '\0';
	return there;
}

static bool
replaced(const struct log *log)
{
	struct stat mine, now;

	return fstat(fileno(log->file), &mine) == 0 &&
	       stat(log->path, &now) == 0 &&
	       (mine.st_ino != now.st_ino || mine.st_dev != now.st_dev);
}

static void
catch_up(struct log *log)
{
	if (log->file == NULL && !open_file(log))
		return;
	drain(log);
	while (replaced(log)) {
		/* What was written between the drain and the rename. */
		drain(log);
		close_file(log);
		if (!open_file(log))
			return;
		drain(log);
	}
}

/* A part of the log that was not shown must not look like all of it. */
static int
readable(const struct log *log)
{
	if (log->error == 0)
		return CMD_DONE;
	return cmd_error(CMD_INTERNAL, "cannot read the log %s: %s", log->path,
	    strerror(log->error));
}

static int
watch(const struct log *log)
{
	char folder[512];
	char *slash;
	int fd = inotify_init1(IN_CLOEXEC);

	snprintf(folder, sizeof(folder), "%s", log->path);
	slash = strrchr(folder, '/');
	if (slash != NULL)
		*slash = '\0';
	if (fd >= 0 && inotify_add_watch(fd, folder,
			   IN_MODIFY | IN_CREATE | IN_MOVED_TO) >= 0)
		return fd;
	cmd_error(CMD_INTERNAL, "cannot watch %s: %s", folder, strerror(errno));
	return -1;
}

/* Watches first, so that nothing is written between reading and watching. */
static int
follow(struct log *log)
{
	char events[4096];
	int fd = watch(log);

	if (fd < 0)
		return CMD_INTERNAL;
	for (;;) {
		catch_up(log);
		if (readable(log) != 0 || out_flush() != 0)
			return CMD_INTERNAL;
		if (read(fd, events, sizeof(events)) < 0 && errno != EINTR)
			return cmd_error(
			    CMD_INTERNAL, "inotify: %s", strerror(errno));
	}
}

static int
no_log(const struct cmd *cmd, const struct log *log)
{
	char hint[CMD_HINT];

	return cmd_error(CMD_NO_NODE,
	    "node '%s' is not running and left no log (%s); "
	    "start it with '%s'",
	    cmd->node, log->path, cmd_hint(cmd, hint, "up", NULL, NULL));
}

static int
run(struct cmd *cmd)
{
	struct cmd_server server;
	struct log log = { .json = cmd->json };
	bool running;
	int status = 0;

	if (cmd->count > 0) {
		status = cmd_server(cmd, cmd->words[0], &server);
		log.server = &server;
	}
	if (status == 0)
		status = record_path(cmd, log.path, sizeof(log.path), &running);
	if (status != 0)
		return status;
	/* A reader is no process of the node. */
	gs_node_close();
	if (log.path[0] == '\0')
		return cmd_error(CMD_NO,
		    "node '%s' writes its log to its own stderr", cmd->node);
	/* A running node writes its first record when there is one. */
	if (!print_older(&log) && !running && access(log.path, F_OK) != 0)
		return no_log(cmd, &log);
	if (cmd_value(cmd, "follow") != NULL)
		return follow(&log);
	catch_up(&log);
	free(log.line);
	if (readable(&log) != 0)
		return CMD_INTERNAL;
	if (log.server != NULL && !log.matched)
		cmd_error(CMD_DONE, "the log of node '%s' has nothing of '%s'",
		    cmd->node, log.server->text);
	return CMD_DONE;
}

const struct cmd_verb cmd_log = {
	.name = "log",
	.operands = "[SERVER]",
	.about = "reports and captured output",
	.text = "Prints the log of the node, or of one server, oldest first: "
		"time, level, name, pid and text, further fields indented "
		"below; output of servers as 'time name| line'. A crash has a "
		"backtrace, with names if its files are still those that ran. "
		"It works for a node that has ended, too. --json prints one "
		"object a line.",
	.options = options,
	.most = 1,
	.data = true,
	.exits = { CMD_NO, CMD_NO_NODE },
	.run = run,
};
