/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The targets "gsctl" and "log": gsctl's own main with words of the input, and
 * a node that is not there (gsctl_node.c), which says what the input says.
 */
#ifndef GS_TESTS_FUZZ_GSCTL_H
#define GS_TESTS_FUZZ_GSCTL_H

#include "cmd/gsctl/cmd.h"
#include "tests/fuzz/fuzz.h"

#define WORDS 24
#define STDIN_MAX 256

struct pretend {
	struct fuzz_input in; /* what the node says */
	const struct cmd *cmd; /* while a verb runs */
	bool node_runs;
	bool terminal;
	int words; /* argv */
	char *word[WORDS + 1];
	char text[WORDS][300];
	char input[STDIN_MAX]; /* standard input */
	size_t input_size;
	size_t input_sent; /* of it, by --lines */
	char error[256]; /* what gs_error_text says */
	char reply[256];
	char folder[100];
};

/* gsctl_node.c: what the node says, taken from the input */
struct pretend *pretend(void);
uint8_t pretend_byte(void);
void pretend_text(char *to, size_t size);
gs_pid pretend_pid(void);
/* 0 mostly; else one of the ways in which things can fail. */
int pretend_status(void);

/* gsctl/main.c, under another name. */
int gsctl_main(int argc, char **argv);

#endif
