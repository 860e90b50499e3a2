/* SPDX-License-Identifier: Apache-2.0 */
/* How the node learns of ends and what it does about them, by file. */
#ifndef GSI_NODE_ENDS_H
#define GSI_NODE_ENDS_H

#include "lib/node.h"

/* node_watch.c */
/* A pidfd, or -errno: -ENOSYS where there are none. */
int gsi_pidfd(pid_t pid);
/* Of who has connected this socket. */
int gsi_pidfd_of_peer(int socket);
/* Is it alive?  The first look notes who it is. */
bool gsi_eye_sees(struct gsi_eye *eye);
/* By its pidfd, which is taken; -ENOSYS: by looking. */
int gsi_node_watch(struct gsi_node *node, uint32_t slot, int pidfd);
/* When to look at those who have no pidfd, -1: there are none. */
int64_t gsi_node_next_look(const struct gsi_node *node);
void gsi_node_look(struct gsi_node *node);

/* node_death.c */
void gsi_node_gone(struct gsi_node *node, uint32_t slot);
void gsi_node_bury(struct gsi_node *node);
void gsi_node_reaped(struct gsi_node *node, uint32_t slot);
/* Tells a supervisor of the end of its child. */
void gsi_node_tell_forker(struct gsi_node *node, uint32_t slot);
/* The same again when it is time: ns until then, 0: it need not be. */
int64_t gsi_node_tell_again(struct gsi_node *node, uint32_t slot);
void gsi_node_orphans(struct gsi_node *node);

/* node_linger.c */
/* It lives, or has left us and goes on: it may be in the middle of a send. */
static inline bool
gsi_node_runs(const struct gsi_node *node, uint32_t slot)
{
	const struct gsi_proc *proc = &node->procs[slot];

	return proc->state == GSI_SLOT_LIVE ||
	       (proc->state == GSI_SLOT_DEAD && proc->lost);
}
/* D5 and, of those who are reaped, who is no longer named. */
void gsi_node_scan(struct gsi_node *node);
/* Its slot is free now, or when nobody names it any more. */
void gsi_node_let_go(struct gsi_node *node, uint32_t slot);
/* Looks who is still named and frees the slots of those who are not. */
void gsi_node_linger(struct gsi_node *node);
/* The same now and then: ns until the next time, 0 never. */
#define GSI_RECHECK_NS (1000 * NS_PER_MS)
int64_t gsi_node_linger_again(struct gsi_node *node);

/* node_settle.c */
/* The slot whose region a send_m names, 0 none. */
uint32_t gsi_node_whose_region(const struct gsi_node *node, uint64_t id);
/* D3 and D4; and the end of its own mailbox. */
void gsi_node_settle(struct gsi_node *node, uint32_t slot);
void gsi_node_retire(struct gsi_node *node, uint32_t slot);

/* node_status.c */
/* The wait status as wait(2) has it, or -1. */
int gsi_node_wait_status(struct gsi_node *node, uint32_t slot);
/* What the process has said itself; false when it has not. */
bool gsi_node_last_words(
    struct gsi_node *node, uint32_t slot, char reason[GS_REASON_MAX + 1]);
void gsi_node_derive(struct gsi_node *node, uint32_t slot, int status,
    char reason[GS_REASON_MAX + 1]);

/* node_report.c */
/* The end of a process that could not speak for itself, if abnormal. */
void gsi_crash_report(struct gsi_node *node, uint32_t slot, const char *reason);

/* signal.c */
/*
 * The fatal signal of that record in words: name, cause or sender; false: there
 * was none, it has called exit(3).
 */
bool gsi_signal_text(
    const struct gm_crash *crash, int os_pid, char *text, size_t size);

#endif
