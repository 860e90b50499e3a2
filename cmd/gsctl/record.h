/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One record of a node's log, as a line of tab-separated fields: time, level,
 * kind, name, pid, text and further key=value, each with \t \n \\ for the
 * three characters that would break it.
 */
#ifndef CMD_RECORD_H
#define CMD_RECORD_H

#include <stdio.h>

#include "cmd/gsctl/out.h"

#define RECORD_FIELDS 24

struct record {
	long long seconds;
	int micros;
	const char *level;
	const char *kind;
	const char *name;
	const char *pid;
	const char *text;
	int count;
	struct {
		const char *key;
		const char *value;
	} fields[RECORD_FIELDS];
};

/* Takes line apart in place, which the record then borrows from. */
bool record_parse(char *line, struct record *record);
/* Is it about this server (NULL: any)? */
bool record_about(const struct record *record, const struct cmd_server *server);
/* For a person, several lines. */
void record_print(const struct record *record);
/* "2026-11-20 15:00:00.123" */
const char *record_time(const struct record *record, char *buffer, size_t size);
void record_json(const struct record *record);

/* Where the log of the node is, running or not; path[0] '\0': nowhere. */
int record_path(const struct cmd *cmd, char *path, size_t size, bool *running);

#endif
