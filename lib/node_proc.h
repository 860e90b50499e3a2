/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the node knows of one process: in its private memory, an entry for
 * each slot.
 */
#ifndef GSI_NODE_PROC_H
#define GSI_NODE_PROC_H

#include <sys/types.h>

#include "lib/wire.h"

enum gsi_edge_type {
	GSI_EDGE_LINK = 1,
	GSI_EDGE_MONITOR, /* the other one monitors me */
	GSI_EDGE_MONITORING, /* I monitor the other one */
	GSI_EDGE_WATCH, /* the other one waits until I am reaped */
};

struct gsi_edge {
	uint32_t type;
	uint32_t slot;
	uint32_t gen;
	uint32_t quiet; /* not delivered unless the child started */
	uint64_t ref;
};

/* A message that met a full mailbox. */
struct gsi_held {
	struct gsi_held *next;
	struct gsi_head head;
	uint32_t ring;
	size_t size;
	unsigned char body[];
};

enum gsi_slot_state {
	GSI_SLOT_FREE,
	GSI_SLOT_TAKEN, /* promised to nobody yet */
	GSI_SLOT_POOLED, /* promised to a forker */
	GSI_SLOT_LIVE,
	GSI_SLOT_DEAD, /* published; not yet free again */
};

/* A process that is looked at, for want of a pidfd; pid 0: none. */
struct gsi_eye {
	pid_t pid;
	uint64_t start; /* when it started: its number may be another's later */
};

struct gsi_proc {
	uint32_t gen;
	enum gsi_slot_state state;
	enum gs_process_kind kind;
	pid_t os_pid;
	int bell;
	int pidfd; /* of a client, -1: others keep their number, see signal_to */
	int socket; /* of a client, -1 */
	struct gsi_eye eye;
	bool ours; /* our own child, or adopted */
	bool reaped;
	bool gone; /* its end has been noticed, not yet handled */
	bool detached; /* client said good-bye */
	bool lost; /* client that left without a word and may live */
	bool started; /* at death: its init had succeeded */
	bool refused; /* at birth: name taken */
	uint32_t named; /* the last scan in which a live page spoke of it */
	uint32_t sent_to; /* the last scan in which one was sending to it */
	bool spared; /* its region is one of those set aside */
	gs_pid holder;
	gs_pid forker;
	bool asked; /* to end, by its forker, who answers others for it */
	uint32_t told; /* how often the forker was told of its end */
	int64_t tell_at; /* when it is told again, unless it lets go of it */
	gs_pid parent;
	uint64_t region;
	uint32_t cells;
	char *noted; /* the reason we killed it for */
	struct gsi_edge *edges;
	uint32_t n_edges;
	uint32_t max_edges;
	struct gsi_held *held;
	struct gsi_held **held_end;
	size_t held_bytes;
	uint32_t next; /* in the free list */
};

#endif
