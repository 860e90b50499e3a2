/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node's own memory and the functions of its files.  Nothing in here is
 * in shared memory, so no process can damage what the node knows.
 */
#ifndef GSI_NODE_H
#define GSI_NODE_H

#include <sys/types.h>

#include "lib/wire.h"

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
	GSI_AT_LOGGER,
};

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
	GSI_SLOT_POOLED, /* promised to a forker */
	GSI_SLOT_LIVE,
	GSI_SLOT_DEAD, /* published; not yet free again */
};

struct gsi_proc {
	uint32_t gen;
	enum gsi_slot_state state;
	enum gs_process_kind kind;
	pid_t os_pid;
	int bell;
	int socket; /* of a client, -1 */
	bool ours; /* our own child, or adopted */
	bool reaped;
	bool gone; /* its end has been noticed, not yet handled */
	bool detached; /* client said good-bye */
	bool started; /* at death: its init had succeeded */
	bool refused; /* at birth: name taken */
	bool named; /* a live page speaks of it, as of the last scan */
	gs_pid holder;
	gs_pid forker;
	gs_pid parent;
	uint64_t region;
	uint32_t cells;
	char *noted; /* the reason we killed it for */
	struct gsi_edge *edges;
	uint32_t n_edges;
	uint32_t max_edges;
	struct gsi_held *held;
	struct gsi_held **held_end;
	uint32_t next; /* in the free list */
};

struct gsi_visitor {
	int socket;
	uint32_t id;
};

#define GSI_CLIENT_CELLS 16384u /* 1 MiB */
#define GSI_VISITORS 64
#define GSI_PIPES 1024
#define GSI_DEATHS 256

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
	uint64_t spare_region; /* allocated, nobody's yet; 0 none */
	uint32_t pooled; /* slots the forker has in hand */
	uint32_t n_lingering; /* dead, reaped, still named by somebody */
	uint64_t next_ref;
	int bell;
	int signal_fd;
	int listener;
	int lock;
	int control; /* to root */
	int reports[2]; /* logger reads [0] */
	int output[2];
	int owner; /* pidfd of the program, -1 */
	int owner_life; /* write end of its life pipe, -1 */
	pid_t root_pid;
	pid_t logger_pid;
	bool embedded;
	enum gsi_node_phase phase;
	struct gm_sender sender;
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
};

static inline uint64_t
gsi_token(enum gsi_node_token what, uint32_t slot, uint32_t gen)
{
	return (uint64_t)what << 56 | (uint64_t)gen << 24 | slot;
}

/* node.c */
/* Becomes a node: everything between the first fork and the last unlink. */
int gsi_node_main(struct gsi_node *node, int ready);
/* Begins the orderly shutdown. */
void gsi_node_stop(struct gsi_node *node);
gs_pid gsi_node_pid(const struct gsi_node *node, uint32_t slot);
/* The live process of that id, else NULL. */
struct gsi_proc *gsi_node_proc(struct gsi_node *node, gs_pid pid);
void gsi_node_changed(struct gsi_node *node);
/* Takes the write end of a life pipe. */
void gsi_node_pipe(struct gsi_node *node, int fd);
uint32_t gsi_node_fds(const struct gsi_node *node);

/* Root or a client has ended: what that means for the node itself. */
void gsi_node_dead(struct gsi_node *node, uint32_t slot, const char *reason);

/* node_setup.c */
int gsi_node_setup(struct gsi_node *node);
void gsi_node_teardown(struct gsi_node *node);
int gsi_node_fork_root(struct gsi_node *node);
int gsi_node_install_root(struct gsi_node *node);
int gsi_node_fork_logger(struct gsi_node *node);
/* Packets of the control socket: write ends of life pipes. */
void gsi_node_control(struct gsi_node *node);

/* node_birth.c */
int gsi_node_slot_take(struct gsi_node *node, uint32_t *slot);
void gsi_node_spare(struct gsi_node *node);
void gsi_node_slot_free(struct gsi_node *node, uint32_t slot);
/* Makes mailbox and bell of a slot and publishes it as alive. */
int gsi_node_publish(struct gsi_node *node, uint32_t slot,
    enum gs_process_kind kind, pid_t os_pid, uint32_t cells);
void gsi_node_unpublish(struct gsi_node *node, uint32_t slot);
void gsi_node_pool_refill(struct gsi_node *node);
void gsi_node_born(
    struct gsi_node *node, uint32_t forker, const struct gsi_born *born);
int gsi_node_watch(struct gsi_node *node, uint32_t slot, int pidfd);

/* node_death.c */
void gsi_node_gone(struct gsi_node *node, uint32_t slot);
void gsi_node_bury(struct gsi_node *node);
void gsi_node_reaped(struct gsi_node *node, uint32_t slot);
void gsi_node_orphans(struct gsi_node *node);
/* Frees lingering slots that nobody names any more. */
void gsi_node_linger(struct gsi_node *node);

/* node_report.c */
/* The end of a process that could not speak for itself, if abnormal. */
void gsi_crash_report(struct gsi_node *node, uint32_t slot, const char *reason);

/* node_request.c */
void gsi_node_drain(struct gsi_node *node);
void gsi_node_drain_slot(struct gsi_node *node, uint32_t slot);

/* node_link.c */
int gsi_edge_add(struct gsi_proc *at, struct gsi_edge edge);
/* Removes the first edge like this: true when there was one. */
bool gsi_edge_drop(
    struct gsi_proc *at, uint32_t type, gs_pid other, uint64_t ref);
void gsi_node_link(struct gsi_node *node, uint32_t a, gs_pid b);
void gsi_node_unlink(struct gsi_node *node, uint32_t a, gs_pid b);
uint64_t gsi_node_monitor(struct gsi_node *node, uint32_t who, gs_pid target,
    uint64_t ref, bool quiet);
bool gsi_node_demonitor(struct gsi_node *node, uint32_t who, uint64_t ref);
/* Forgets all relations of a process, telling nobody. */
void gsi_node_edges_clear(struct gsi_node *node, uint32_t slot);
void gsi_node_exit(struct gsi_node *node, gs_pid from, gs_pid to,
    const char *reason, bool by_link);
/* A process has ended: tells everybody who asked. */
void gsi_node_spread(struct gsi_node *node, uint32_t slot, const char *reason);
/* It is reaped: answers those who waited for that. */
void gsi_node_spread_reaped(
    struct gsi_node *node, uint32_t slot, const char *reason);

/* node_send.c */
/* Delivers or holds; never fails visibly, never waits. */
void gsi_node_send(struct gsi_node *node, uint32_t slot, enum gm_which ring,
    const struct gsi_head *head, const void *body, size_t size);
void gsi_node_answer(struct gsi_node *node, uint32_t slot, uint64_t tag,
    const struct gsi_answer *answer);
void gsi_node_note(struct gsi_node *node, uint32_t slot, uint32_t kind,
    uint64_t tag, const struct gsi_note *note);
void gsi_node_held_retry(struct gsi_node *node, uint32_t slot);
void gsi_node_held_free(struct gsi_proc *slot);
void gsi_node_ring(struct gsi_node *node, uint32_t slot);
int gsi_node_map(
    struct gsi_node *node, uint32_t slot, struct gm_region_ref *out);

/* node_socket.c */
int gsi_node_listen(struct gsi_node *node);
void gsi_node_visit(struct gsi_node *node);
void gsi_node_visitor(struct gsi_node *node, uint32_t id);
void gsi_node_client(
    struct gsi_node *node, uint32_t slot, uint32_t gen, uint32_t ready);

#endif
