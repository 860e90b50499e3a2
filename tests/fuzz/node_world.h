/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target "node": node_world.c has a node without its processes, node.c
 * what strangers do to it.
 */
#ifndef GS_TESTS_FUZZ_NODE_H
#define GS_TESTS_FUZZ_NODE_H

#include <sys/socket.h>
#include <sys/un.h>

#include "lib/attach.h"
#include "lib/node_parts.h"
#include "tests/fuzz/fuzz.h"

#define PEERS 8
#define ROOT_PID 4194400 /* beyond any that the kernel gives */

struct peer {
	int fd; /* -1: not connected */
	gs_pid pid; /* none: not attached */
};

struct world {
	struct gsi_node node;
	struct gsi_proc *procs; /* kept, for it is large */
	struct sockaddr_un address;
	socklen_t address_size;
	int control; /* root's end */
	struct peer peers[PEERS];
	struct gsi_pool pool;
	int born; /* how many children root has made up */
};

/* node_world.c */
void world_make(struct world *w);
void world_end(struct world *w);
/* One turn of the node's loop, then the tables are looked at. */
void world_turn(struct world *w);

#endif
