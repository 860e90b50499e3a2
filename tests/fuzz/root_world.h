/* SPDX-License-Identifier: Apache-2.0 */
/* The target "root": root.c asks, root_world.c answers in others' places. */
#ifndef GS_TESTS_FUZZ_ROOT_H
#define GS_TESTS_FUZZ_ROOT_H

#include "lib/request.h"
#include "lib/root.h"
#include "tests/fuzz/fuzz.h"

#define QUESTIONS 256u
#define KIDS 64
#define SLOTS 16u

/* A process that root has forked, or thinks it has. */
struct kid {
	pid_t os_pid; /* 0: its end has been told */
	gs_pid pid;
};

struct world {
	struct gsi_root *root;
	struct gsi_forker forker;
	struct gsi_self me;
	struct gm_arena arena;
	int ledger;
	uint64_t asked;
	uint64_t open; /* not answered */
	bool answered[QUESTIONS];
	struct kid kids[KIDS];
	int n_kids;
	char timer[64]; /* the last one set */
	size_t timer_size;
	uint8_t fail; /* 1 timers, 2 forks; 4: names are taken */
};

struct world *world(void);

#endif
