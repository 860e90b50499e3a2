/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard input, line by line or whole.
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
int cmd_stdin(gs_bytes *all);

#endif
