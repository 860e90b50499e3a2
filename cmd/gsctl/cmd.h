/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsctl: what its verbs share.  Data goes to stdout, words to stderr.
 */
#ifndef CMD_H
#define CMD_H

#include <genserver.h>

#include "cmd/gsctl/safe.h"
#include "cmd/gsctl/verb.h"

#define CMD_OPTIONS 16 /* options of one verb, at most */
#define CMD_DIGITS 24 /* of a number */
#define CMD_HINT 640 /* room for a command that is told to the user */

enum cmd_exit {
	CMD_DONE = 0,
	CMD_NO = 1,
	CMD_DOWN = 3,
	CMD_UNKNOWN = 4,
	CMD_REFUSED = 5,
	CMD_USAGE = 64,
	CMD_NO_NODE = 69,
	CMD_INTERNAL = 70,
	CMD_FULL = 75,
	CMD_DENIED = 77,
	CMD_TIMED_OUT = 124,
	CMD_DIED = 125,
};

struct cmd_server;

struct cmd {
	const struct cmd_verb *verb;
	const struct cmd_part *part; /* NULL: the verb has none */
	const char *node; /* borrowed from argv or environment */
	const char *usual; /* the node when nobody names one */
	int patience; /* ms to get to the node; 0: as long as it takes */
	bool json;
	int count; /* operands */
	char **words;
	const char *value[CMD_OPTIONS]; /* of verb->options; NULL: not given */
};

/* options.c: argv[0] is the verb; 0, or the exit status and *done */
int cmd_options(struct cmd *cmd, int argc, char **argv, bool *done);
/* The value of an option, "" for a flag; NULL when it was not given. */
const char *cmd_value(const struct cmd *cmd, const char *name);

/* main.c: all of them, NULL at the end */
extern const struct cmd_verb *const cmd_verbs[];

/* help.c */
void cmd_help(const struct cmd_verb *verb);
void cmd_help_all(const struct cmd_verb *const *verbs);
/* ": it is for start, stop, ...", or "" when no verb has such an option. */
const char *cmd_option_for(const char *word, char *text, size_t size);
/* The verb that a mistyped one comes nearest to. */
const char *cmd_nearest(const struct cmd_verb *const *verbs, const char *name);

/* number.c: strict; each prints what is wrong and returns CMD_USAGE */
int cmd_ms(const struct cmd *cmd, const char *option, int least, int *ms);
/* The same with a list of what else is allowed, for the words. */
int cmd_time(const struct cmd *cmd, const char *option, const char *wanted,
    int least, int *ms);
int cmd_number(const struct cmd *cmd, const char *option, int least, int *n);
int cmd_size(const struct cmd *cmd, const char *option, size_t *size);

/* fail.c */
/* "gsctl: words", made printable. */
int cmd_error(int status, const char *format, ...) GS_PRINTF(2, 3);
/* The same with a pointer to the verb's help; returns CMD_USAGE. */
int cmd_usage(const struct cmd *cmd, const char *format, ...) GS_PRINTF(2, 3);
/* Says what a failed function of the library means for server (or NULL). */
int cmd_fail(const struct cmd *cmd, const struct cmd_server *server, int rc);
/* The same for a failed start. */
int cmd_refused(const struct cmd *cmd, const char *what, gs_pid holder, int rc);
/* The child has no process: says how it stands; returns status. */
int cmd_no_process(const struct cmd *cmd, const struct cmd_server *server,
    const gs_child *child, int status);
/* "gsctl -n NODE VERB WHOM REST", to be pasted; all but verb may be NULL. */
const char *cmd_hint(const struct cmd *cmd, char hint[CMD_HINT],
    const char *verb, const char *whom, const char *rest);
/* No memory ends the program. */
void *cmd_memory(void *old, size_t size);
char *cmd_copy(const char *text);

/* In decimal. */
const char *cmd_digits(char digits[CMD_DIGITS], int64_t number);

/* attach.c */
struct cmd_server {
	const char *text; /* as given */
	char name[GS_NAME_MAX + 1]; /* "": given by pid */
	gs_pid pid;
	gs_addr to;
};
/* NAME, <node.slot.gen>, either with @NODE, which sets cmd->node. */
int cmd_server(struct cmd *cmd, const char *text, struct cmd_server *server);
int cmd_check_node(const struct cmd *cmd);
int cmd_open(const struct cmd *cmd);
/* The OS pid of a node that runs, else 0. */
int cmd_node_pid(const char *name);
int cmd_attach(const struct cmd *cmd);
int cmd_reach(struct cmd *cmd, const char *text, struct cmd_server *server);
int cmd_resolve(
    const struct cmd *cmd, const struct cmd_server *server, gs_pid *pid);
/* Is it, given by pid, a process of the node's own?  0: it is not. */
enum gs_process_kind cmd_own(const struct cmd_server *server);

/* launch.c: starts the node unless it runs, and attaches */
int cmd_launch(const struct cmd *cmd);

/* snapshot.c */
/* The child that goes by this name or pid; -ENOENT. */
int cmd_child(const struct cmd_server *server, gs_child *child);
const char *cmd_restart_text(enum gs_restart restart);

#endif
