/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scene played once: a node of its own, commands one after another, at most
 * one call of them failing, and then a look at what has become of it all.
 */
#ifndef GS_TESTS_SYSCALLS_STAGE_H
#define GS_TESTS_SYSCALLS_STAGE_H

#include "tests/syscalls/pump.h"
#include "tests/syscalls/trap.h"

#define STEPS 8
#define WORDS 10
#define OUTPUT 4096
#define TROUBLE 2048
#define NODE_PIPES 1 /* among the COUNTS */
#define NODE_BELLS 4
#define ROOT_BELLS 9
#define COUNTS 10 /* kinds of descriptors, of the node and of root */

enum step_flags {
	STEP_ARMED = 1, /* calls are counted and may fail */
	STEP_BACK = 2, /* goes on in the background until the others end */
	STEP_KILL = 4, /* no command: kill -9 of the process named */
	STEP_LOG = 8, /* no command: makes the log as long as it may be */
	STEP_IDLE = 16, /* no command: a server has time to hibernate */
};

struct step {
	unsigned flags;
	const char *words[WORDS];
};

struct scene {
	const char *name;
	/* what the scene is about ends the node */
	bool ends;
	/* the node is started, with a bystander, before the first step */
	bool set;
	struct step steps[STEPS];
};

/* What one command came to. */
struct outcome {
	int status; /* of wait(2); -1: it did not end */
	char output[OUTPUT];
};

struct play {
	const struct scene *scene;
	enum trap_what what;
	const struct point *aim; /* NULL: nothing fails */
	int *least; /* the fewest descriptors of each kind, plus one */
	struct outcome *wanted; /* of the armed steps, when nothing fails */
	/* results */
	bool hit;
	struct outcome got[STEPS];
	char trouble[TROUBLE]; /* "" when all is well */
	struct pump_seen *seen; /* NULL: not asked for */
	int n_seen;
};

void stage_play(struct play *play);

/* words.c: those of the commands, counted, for a person to judge. */
void words_show(void);
void words_note(const char *output);
/* Without numbers and states, which are different each time. */
void words_plain(const char *from, char *to, size_t size);

/* ---- between stage.c and judge.c ---- */

struct stage {
	struct play *play;
	struct pump *pump;
	char dir[200];
	char node[60];
	int number; /* of the step */
	char bystander[200];
};

void stage_trouble(struct stage *stage, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct command {
	pid_t pid;
	int out;
};

/* command.c */
struct command command_begin(struct stage *stage, const char *const *words);
void command_finish(
    struct stage *stage, struct command *c, struct outcome *outcome);
/* Says where a process hangs; for pump_each, data is the stage. */
void command_describe(pid_t pid, void *data);
/* Runs a command to its end. */
void stage_run(
    struct stage *stage, struct outcome *outcome, const char *const *words);

/* holdings.c: COUNTS / 2 kinds of the node, then of root */
void holdings_count(struct stage *stage, int *counts);
/* The most that may be where these are the fewest, plus one; one has more. */
int holdings_most(const int *least, int i);
bool holdings_more(const int *counts, const int *least);

/* judge.c */
void judge_step(struct stage *stage, const struct step *step,
    const struct outcome *got, const struct outcome *wanted);
void judge_node(struct stage *stage);
/* What there is before the first fault. */
void judge_before(struct stage *stage);
void judge_end(struct stage *stage);

#endif
