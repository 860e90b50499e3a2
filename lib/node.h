/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node's own memory.  Nothing in here is in shared memory, so no process
 * can damage what the node knows.
 */
#ifndef GSI_NODE_H
#define GSI_NODE_H

#include "lib/node_proc.h"

/* Tokens of the node's poller: what << 56 | gen << 24 | slot, mostly. */
enum gsi_node_token {
	GSI_AT_BELL = 1,
	GSI_AT_SIGNAL,
	GSI_AT_LISTENER,
	GSI_AT_PROCESS, /* pidfd of a slot */
	GSI_AT_CLIENT, /* socket of a slot */
	GSI_AT_VISITOR, /* a connection that is nobody yet */
	GSI_AT_CONTROL, /* root's control socket */
	GSI_AT_OWNER, /* pidfd of the program we are embedded in */
};

/* A mailbox that stays mapped, because more will be sent there. */
struct gsi_mapped {
	gs_pid pid; /* none: free */
	struct gm_region_ref region;
};

struct gsi_visitor {
	int socket;
	uint32_t id;
};

#define GSI_CLIENT_CELLS ((1u << 20) / GM_CELL) /* 1 MiB */
#define GSI_VISITORS 64
#define GSI_MAPPED 8
#define GSI_PIPES 1024
#define GSI_DEATHS 256
#define GSI_SPARES 4 /* as many as slots are kept */

enum gsi_node_phase {
	GSI_PHASE_UP,
	GSI_PHASE_STOPPING, /* root has been told */
	GSI_PHASE_OVER,
};

struct gsi_node {
	char name[GS_NAME_MAX + 1];
	char path[108]; /* of its socket */
	char log[320];
	uint32_t creation;
	struct gm_arena arena;
	struct gm_poll *poll;
	struct gsi_proc *procs;
	uint32_t high; /* slots ever used */
	uint32_t free_first;
	uint32_t free_last;
	uint32_t n_free;
	uint64_t spare[GSI_SPARES]; /* regions allocated for later; 0 none */
	uint32_t pooled; /* slots the forker has in hand */
	uint32_t made[GSI_POOL]; /* those that it will have next */
	uint32_t n_made;
	uint32_t n_lingering; /* dead, reaped, still named by somebody */
	uint64_t next_ref;
	int bell;
	int signal_fd;
	int listener;
	int lock;
	char lock_path[512];
	int control; /* to root */
	int ledger; /* root's list of children, for the next root; -1 */
	int reports[2]; /* logger reads [0] */
	int output[2];
	int owner; /* pidfd of the program, -1 */
	struct gsi_eye owner_eye; /* when there is no pidfd of it */
	bool eyes; /* somebody is looked at */
	int owner_life; /* write end of its life pipe, -1 */
	pid_t root_pid;
	pid_t logger_pid;
	bool embedded;
	enum gsi_node_phase phase;
	struct gm_sender sender;
	struct gsi_mapped mapped[GSI_MAPPED]; /* by slot */
	int64_t recheck_at; /* when to look at everybody, 0: not */
	uint32_t scans; /* of all live pages, so far */
	bool look_again; /* who lingers may have been let go of */
	int64_t linger_ns; /* until the next look at who is still named */
	bool unfinished; /* connections wait that could not be accepted */
	bool holds; /* messages wait that lack of memory has held up */
	struct gsi_visitor visitors[GSI_VISITORS];
	uint32_t next_visitor;
	int pipes[GSI_PIPES]; /* write ends of life pipes; ours alone */
	uint32_t dead[GSI_DEATHS]; /* noticed in this round */
	uint32_t n_dead;
	bool recheck; /* more ends than dead has room for */
	int out_fd; /* what root and its servers print to */
	int err_fd;
	uint32_t root_slot;
	int64_t root_deaths[4]; /* when, newest first */
	int64_t root_due; /* when to fork it again; 0: it is there */
	gs_pid lost_root; /* whose children wait for the next one */
};

static inline uint64_t
gsi_token(enum gsi_node_token what, uint32_t slot, uint32_t gen)
{
	return (uint64_t)what << 56 | (uint64_t)gen << 24 | slot;
}

#endif
