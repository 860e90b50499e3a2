/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What processes say to their node: requests through the ring in their own
 * page, and the packets of the node's Unix socket, which carry descriptors.
 * The rule: the node believes none of it; it checks sizes, slots, names and
 * who is talking before it acts.
 */
#ifndef GSI_WIRE_H
#define GSI_WIRE_H

#include "lib/internal.h"

/* ---- requests: struct gm_request of the own page ---- */

enum gsi_op {
	GSI_OP_REGISTER = 1, /* pid, text: name */
	GSI_OP_UNREGISTER, /* text: name */
	GSI_OP_LINK, /* pid */
	GSI_OP_UNLINK, /* pid; answer: 1 when there was none */
	GSI_OP_MONITOR, /* pid; answer: ref */
	GSI_OP_DEMONITOR, /* ref; answer: 1 when there was none */
	GSI_OP_EXIT, /* pid, text: reason */
	GSI_OP_TRAP, /* flags: on or off; answer: old */
	GSI_OP_WATCH, /* pid; answered when it is gone and reaped */
	GSI_OP_UNWATCH, /* ref: tag of the watch */
	GSI_OP_RING, /* pid: ring its bell for me */
	GSI_OP_LINKS, /* pid; answer: its links */
	GSI_OP_QUIET, /* answer: 1 when nobody sends to my mailbox */
	GSI_OP_CHANGED, /* supervisor: something about my children */
	GSI_OP_BORN, /* forker: struct gsi_born */
	GSI_OP_REAPED, /* forker: pid */
	GSI_OP_ROOM, /* my mailbox has room again */
	GSI_OP_REFUSE, /* pid, ref: tag, flags: errno; no reply, tell it so */
	GSI_OP_COUNT
};

enum gsi_born_flags {
	GSI_BORN_LINK = 1, /* link it to the caller */
	GSI_BORN_MONITOR = 2, /* caller monitors it */
	GSI_BORN_PLAIN = 4, /* has no mailbox loop */
	GSI_BORN_SUPERVISED = 8, /* the forker is its parent */
};

struct gsi_ask {
	gs_pid pid;
	uint32_t flags;
	uint64_t ref;
	uint32_t size;
	char text[256];
};

struct gsi_born {
	uint32_t slot; /* from the pool */
	uint32_t gen;
	int32_t os_pid;
	uint32_t flags;
	gs_pid caller;
	uint64_t ref; /* of the monitor, chosen by the caller */
	uint32_t cells;
	uint32_t name_size;
	char name[GS_NAME_MAX + 1];
};

static_assert(sizeof(struct gsi_ask) <= GM_REQUEST_BYTES - 16, "fits a cell");
static_assert(sizeof(struct gsi_born) <= GM_REQUEST_BYTES - 16, "fits a cell");

#define GSI_ANSWER_LINKS 32u

struct gsi_answer {
	int32_t status;
	uint32_t count;
	uint64_t ref;
	gs_pid pid;
	uint32_t reason_size;
	union {
		char reason[GS_REASON_MAX + 1];
		gs_pid links[GSI_ANSWER_LINKS];
	};
};

/* ---- packets of the socket ---- */

#define GSI_PACKET_MAGIC 0x47534e31u

enum gsi_packet_op {
	GSI_PACKET_ATTACH = 1, /* with a pidfd of the sender */
	GSI_PACKET_FETCH = 2, /* the bell of target */
	GSI_PACKET_DETACH = 3,
	GSI_PACKET_DOWN = 4, /* stop everything; EOF when it is done */
};

struct gsi_packet {
	uint32_t magic;
	uint32_t op;
	uint64_t layout_hash;
	uint32_t cells; /* ATTACH: wanted mailbox */
	gs_pid who; /* FETCH by a server: itself */
	gs_pid target;
};

struct gsi_welcome {
	int32_t status;
	gs_pid pid;
	uint64_t region;
	uint32_t cells;
	int32_t node_os_pid;
	uint32_t n_fds; /* arena, bell, node bell, reports */
	char text[256]; /* why not */
};

/* ---- the node and its forkers: the control socket ---- */

#define GSI_POOL 16u
#define GSI_POOL_CELLS ((1u << 20) / GM_CELL) /* 1 MiB, the usual mailbox */

/* Node to forker: slots to fork into, one bell each. */
struct gsi_pool {
	uint32_t n;
	gs_pid pid[GSI_POOL];
};

/* Node to root, first of all: arena, bell, node bell, reports. */
struct gsi_root_setup {
	gs_pid pid;
	gs_pid node;
	char name[GS_NAME_MAX + 1];
	char path[108];
};

/* Forker to node: the write end of a new life pipe (no body). */

#endif
