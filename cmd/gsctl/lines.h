/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes to send: standard input, line by line or whole, and words.
 */
#ifndef CMD_LINES_H
#define CMD_LINES_H

#include "cmd/gsctl/cmd.h"

struct cmd_lines {
	char *data;
	size_t start, end, room;
	bool ended;
};

/* Next line of stdin without its newline: 1, 0 at the end, -errno. */
int cmd_line(struct cmd_lines *lines, gs_bytes *line);
void cmd_lines_free(struct cmd_lines *lines);
/* The words joined by one blank, or all of stdin for '-'; to be freed. */
int cmd_joined(char **words, int count, gs_bytes *bytes);

#endif
