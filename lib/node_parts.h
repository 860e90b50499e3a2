/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the node does, by the file that does it.  All of it runs in the node's
 * one thread and none of it waits.
 */
#ifndef GSI_NODE_PARTS_H
#define GSI_NODE_PARTS_H

#include "lib/node.h"
#include "lib/node_ends.h"
#include "lib/node_guard.h"

/* node.c */
/* Becomes a node: everything between the first fork and the last unlink. */
int gsi_node_main(struct gsi_node *node, int ready);
/* Begins the orderly shutdown. */
void gsi_node_stop(struct gsi_node *node);
gs_pid gsi_node_pid(const struct gsi_node *node, uint32_t slot);
/* The live process of that id, else NULL. */
struct gsi_proc *gsi_node_proc(struct gsi_node *node, gs_pid pid);
/* Takes the write end of a life pipe. */
void gsi_node_pipe(struct gsi_node *node, int fd);
uint32_t gsi_node_fds(const struct gsi_node *node);

/* node_setup.c */
int gsi_node_setup(struct gsi_node *node);

/* node_teardown.c */
void gsi_node_teardown(struct gsi_node *node);

/* node_fork.c */
int gsi_node_fork_root(struct gsi_node *node);
int gsi_node_install_root(struct gsi_node *node);
int gsi_node_fork_logger(struct gsi_node *node);
/* Packets of the control socket: write ends of life pipes. */
void gsi_node_control(struct gsi_node *node);

/* node_root.c */
/* Its end: the next one is forked, unless this is the end of everything. */
void gsi_node_root_dead(struct gsi_node *node, const char *reason);
/* Forks it again when that is due. */
void gsi_node_revive(struct gsi_node *node);

/* node_pool.c */
int gsi_node_slot_take(struct gsi_node *node, bool last_too, uint32_t *slot);
/* Slots and memory set aside for clients. */
void gsi_node_reserve(struct gsi_node *node);
/* The caller has made sure that nobody names the old generation. */
void gsi_node_slot_free(struct gsi_node *node, uint32_t slot);
/* Fills the forker's hand when it is half empty. */
void gsi_node_pool_refill(struct gsi_node *node);

/* node_birth.c */
/* Wakes whoever waits for a change of the tables. */
void gsi_node_changed(struct gsi_node *node);
void gsi_node_spare(struct gsi_node *node);
/* Gives a slot of the pool the mailbox that most want. */
void gsi_node_furnish(struct gsi_node *node, uint32_t slot);
/* The memory of a slot, given back or set aside again. */
void gsi_node_region_free(struct gsi_node *node, struct gsi_proc *proc);
/*
 * Makes the mailbox of a slot and publishes it as alive.  Whoever waits for a
 * change is woken by the caller, when there is nothing more urgent.
 */
int gsi_node_publish(struct gsi_node *node, uint32_t slot,
    enum gs_process_kind kind, pid_t os_pid, uint32_t cells);
void gsi_node_unpublish(struct gsi_node *node, uint32_t slot);
void gsi_node_born(
    struct gsi_node *node, uint32_t forker, const struct gsi_born *born);

/* node_request.c */
void gsi_node_drain(struct gsi_node *node);
void gsi_node_drain_slot(struct gsi_node *node, uint32_t slot);

/* node_edge.c */
/* Room for one more, so that both ends of a relation can be had: -ENOMEM. */
int gsi_edge_room(struct gsi_proc *at);
int gsi_edge_add(struct gsi_proc *at, struct gsi_edge edge);
bool gsi_edge_has(
    const struct gsi_proc *at, uint32_t type, gs_pid other, uint64_t ref);
bool gsi_edge_drop(
    struct gsi_proc *at, uint32_t type, gs_pid other, uint64_t ref);
/* The last one takes its place. */
void gsi_edge_drop_at(struct gsi_proc *at, uint32_t i);
/* Out by its reference alone, whoever the other one is. */
bool gsi_edge_take(
    struct gsi_proc *at, uint32_t type, uint64_t ref, struct gsi_edge *out);
/* The first of the array, which were moved there, are all that is left. */
void gsi_edges_cut(struct gsi_proc *at, uint32_t count);

/* node_link.c */
int gsi_node_link(struct gsi_node *node, uint32_t a, gs_pid b, bool quiet);
void gsi_node_unlink(struct gsi_node *node, uint32_t a, gs_pid b);
uint64_t gsi_node_monitor(struct gsi_node *node, uint32_t who, gs_pid target,
    uint64_t ref, bool quiet);
bool gsi_node_demonitor(struct gsi_node *node, uint32_t who, uint64_t ref);
/* Forgets all relations of a process, telling nobody. */
void gsi_node_edges_clear(struct gsi_node *node, uint32_t slot);
/* SIGKILL, for that reason. */
void gsi_node_kill(struct gsi_proc *proc, const char *reason);
void gsi_node_exit(struct gsi_node *node, gs_pid from, gs_pid to,
    const char *reason, bool by_link);
/* A process has ended: tells everybody who asked. */
void gsi_node_spread(struct gsi_node *node, uint32_t slot, const char *reason);
/* It is reaped: answers those who waited for that. */
void gsi_node_spread_reaped(
    struct gsi_node *node, uint32_t slot, const char *reason);

/* node_send.c */
/* Nothing waits in its mailbox, or for it: false also when that is unknown. */
bool gsi_node_has_read(struct gsi_node *node, uint32_t slot);
/* Delivers or holds; never fails visibly, never waits. */
void gsi_node_send(struct gsi_node *node, uint32_t slot, enum gm_which ring,
    const struct gsi_head *head, const void *body, size_t size);
void gsi_node_answer(struct gsi_node *node, uint32_t slot, uint64_t tag,
    const struct gsi_answer *answer);
/* Says for a server that has no memory to reply that there is no reply. */
void gsi_node_refuse(
    struct gsi_node *node, const struct gsi_ask *ask, uint32_t gen);
void gsi_node_note(struct gsi_node *node, uint32_t slot, uint32_t kind,
    uint64_t tag, const struct gsi_note *note);
void gsi_node_held_retry(struct gsi_node *node, uint32_t slot);
/* What this process could not ask for while its cells were full. */
void gsi_node_rest(struct gsi_node *node, uint32_t slot);
void gsi_node_held_all(struct gsi_node *node);
void gsi_node_held_free(struct gsi_proc *slot);
void gsi_node_ring(struct gsi_node *node, uint32_t slot);
/* Its end: nothing is sent there any more. */
void gsi_node_unmap(struct gsi_node *node, uint32_t slot);
int gsi_node_map(
    struct gsi_node *node, uint32_t slot, struct gm_region_ref *out);

/* node_socket.c */
int gsi_node_listen(struct gsi_node *node);
void gsi_node_visit(struct gsi_node *node);
void gsi_node_visitor(struct gsi_node *node, uint32_t id);
/* Answers with the bell of the target. */
void gsi_node_fetch(
    struct gsi_node *node, int socket, const struct gsi_packet *packet);

/* node_client.c */
void gsi_node_client(
    struct gsi_node *node, uint32_t slot, uint32_t gen, uint32_t ready);

#endif
