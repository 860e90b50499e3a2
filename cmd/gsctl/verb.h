/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A verb of gsctl is one constant struct cmd_verb, from which the options are
 * parsed and the help is printed; its function returns the exit status.
 */
#ifndef CMD_VERB_H
#define CMD_VERB_H

#include <stdbool.h>
#include <stdint.h>

#define CMD_EXITS 9 /* exit statuses of its own, at most */

struct cmd;

struct cmd_option {
	const char *name;
	char letter; /* 0: has none */
	const char *argument; /* NULL: a flag */
	const char *help;
};

/* What a verb of many parts is told to do by its first word. */
struct cmd_part {
	const char *name;
	const char *operands; /* those behind the name */
	const char *about;
	int least; /* operands */
	int most; /* -1: any number */
	bool data; /* takes --json */
	const char *own; /* options not all parts take, a blank around each */
	int (*run)(struct cmd *cmd);
};

struct cmd_verb {
	const char *name;
	const char *operands; /* as in the usage line */
	const char *about; /* for the list of verbs */
	const char *text; /* for the help: one paragraph */
	const struct cmd_option *options; /* ends with name NULL; or NULL */
	const struct cmd_part *parts; /* likewise; they run, it does not */
	const char *common; /* options that all parts take, as part->own */
	int least; /* operands */
	int most; /* -1: any number */
	bool words; /* options end at the first operand */
	bool data; /* prints data: has --json */
	uint8_t exits[CMD_EXITS]; /* besides 0, 64, 70 and 77 */
	int (*run)(struct cmd *cmd);
};

extern const struct cmd_verb cmd_up, cmd_down, cmd_info, cmd_nodes;
extern const struct cmd_verb cmd_start, cmd_stop, cmd_restart, cmd_exit,
    cmd_kill;
extern const struct cmd_verb cmd_call, cmd_cast, cmd_send;
extern const struct cmd_verb cmd_multi_call, cmd_abcast;
extern const struct cmd_verb cmd_whereis, cmd_ls, cmd_tree, cmd_show, cmd_wait,
    cmd_monitor, cmd_log;
extern const struct cmd_verb cmd_sys;

#endif
