/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target "server": server.c has the others, who send, server_callbacks.c
 * what the server's own code does.
 */
#ifndef GS_TESTS_FUZZ_SERVER_H
#define GS_TESTS_FUZZ_SERVER_H

#include <setjmp.h>

#include "lib/attach.h"
#include "lib/debug.h"
#include "tests/fuzz/fuzz.h"

#define SLOTS 4u /* 1 is the server */
#define FORGED 66u /* a slot that only those who lie speak of */

struct world {
	struct fuzz_input in;
	struct gm_arena arena;
	struct gsi_self me;
	jmp_buf out;
	bool supervisor;
};

struct world *world(void);
const gs_behaviour *world_behaviour(void);
gs_next world_child(void *state, const struct gsi_message *m);

#endif
