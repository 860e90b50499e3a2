/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests from stdin.  Output is flushed before a read that would wait, so
 * that a program at both ends of the pipes gets its answer before it asks
 * again, and a file at one end is still read and written in large pieces.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/gsctl/lines.h"

#define PIECE 65536

static bool
would_wait(void)
{
	struct pollfd wait = { STDIN_FILENO, POLLIN, 0 };

	return poll(&wait, 1, 0) == 0;
}

/* Reads one piece more: 0, or -errno; sets ended. */
static int
fill(struct cmd_lines *lines)
{
	ssize_t n;

	if (lines->start > 0) {
		memmove(lines->data, lines->data + lines->start,
		    lines->end - lines->start);
		lines->end -= lines->start;
		lines->start = 0;
	}
	if (lines->room - lines->end < PIECE) {
		lines->room = 2 * lines->room + PIECE;
		lines->data = cmd_memory(lines->data, lines->room);
	}
	if (would_wait())
		fflush(stdout);
	do
		n = read(STDIN_FILENO, lines->data + lines->end,
		    lines->room - lines->end);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	lines->ended = n == 0;
	lines->end += (size_t)n;
	return 0;
}

static void
take(struct cmd_lines *lines, gs_bytes *line, size_t size, size_t skip)
{
	/* an empty line is a line, but before the first bytes is nothing */
	*line = lines->data != NULL
		    ? gs_bytes_of(lines->data + lines->start, size)
		    : GS_NONE;
	lines->start += size + skip;
}

int
cmd_line(struct cmd_lines *lines, gs_bytes *line)
{
	size_t looked = 0;

	for (;;) {
		size_t size = lines->end - lines->start;
		const char *from = NULL, *end = NULL;
		int rc;

		/* before the first bytes there is no memory to point into */
		if (lines->data != NULL)
			from = lines->data + lines->start;
		if (size > looked)
			end = memchr(from + looked, '\n', size - looked);
		if (end != NULL) {
			take(lines, line, (size_t)(end - from), 1);
			return 1;
		}
		if (lines->ended) {
			take(lines, line, size, 0);
			return size > 0;
		}
		looked = size;
		rc = fill(lines);
		if (rc != 0)
			return rc;
	}
}

void
cmd_lines_free(struct cmd_lines *lines)
{
	free(lines->data);
	lines->data = NULL;
}

static int
whole(gs_bytes *all)
{
	struct cmd_lines lines = { 0 };
	int rc = 0;

	while (rc == 0 && !lines.ended)
		rc = fill(&lines);
	*all = gs_bytes_of(lines.data, lines.end);
	if (rc != 0)
		return cmd_error(
		    CMD_INTERNAL, "cannot read stdin: %s", strerror(-rc));
	return 0;
}

int
cmd_joined(char **words, int count, gs_bytes *bytes)
{
	size_t size = 0;
	char *text, *at;

	if (count == 1 && strcmp(words[0], "-") == 0)
		return whole(bytes);
	for (int i = 0; i < count; i++)
		size += strlen(words[i]) + 1;
	text = at = cmd_memory(NULL, size);
	for (int i = 0; i < count; i++) {
		size_t n = strlen(words[i]);

		if (i > 0)
			*at++ = ' ';
		memcpy(at, words[i], n);
		at += n;
	}
	*bytes = gs_bytes_of(text, (size_t)(at - text));
	return 0;
}
