/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes and children of a node at about one moment, each with the other:
 * what ls and tree look at.
 */
#ifndef CMD_SNAPSHOT_H
#define CMD_SNAPSHOT_H

#include "cmd/gsctl/out.h"

struct cmd_snapshot {
	gs_process_info *processes; /* in slot order */
	int count;
	gs_child *children; /* oldest first */
	int child_count;
	int *child_of; /* of each process; -1: is no child */
	bool *lives; /* of each child: it has a process */
};

int cmd_snapshot(struct cmd_snapshot *shot);
void cmd_snapshot_free(struct cmd_snapshot *shot);

/* The name; of one that has none a word that is no name, for people. */
void cmd_snapshot_name(
    struct out_table *table, int column, const gs_process_info *process);

#endif
