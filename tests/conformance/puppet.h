/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the puppet: its state, and the script commands by file.
 */
#ifndef GS_TESTS_CONFORMANCE_PUPPET_H
#define GS_TESTS_CONFORMANCE_PUPPET_H

#include "tests/conformance/helpers.h"

#define SCRIPT 2048
#define KEPT 8

/* The state: small, so that the library can put the old one back. */
struct puppet {
	long n;
	char tag[16];
};

/* What a puppet remembers however its callbacks end. */
struct puppet_memory {
	char last[128];
	char at_end[128];
	char at_timeout[128];
	char at_exit[128];
	char at_down[128];
	gs_from kept[KEPT];
	int n_kept;
	gs_ref monitor;
	gs_ref timer;
	gs_reqid request;
};

/* A script being run. */
struct job {
	struct puppet *self;
	struct puppet_memory *memory;
	gs_next next;
	const gs_from *from;
	char *rest; /* of the script, behind this command */
};

struct command {
	const char *verb;
	void (*run)(struct job *job, char *arg);
};

/* Each table ends with a NULL verb. */
extern const struct command plain_commands[]; /* puppet_plain.c */
extern const struct command library_commands[]; /* puppet_library.c */
extern const struct command verdict_commands[]; /* puppet_verdict.c */

/* puppet.c */
void say(const struct puppet *self, const char *format, ...) GS_PRINTF(2, 3);
/* Takes the first word off the text. */
char *word(char **text);
/* A script inside a script, one level nearer to being run. */
const char *inner(char *text);

#endif
