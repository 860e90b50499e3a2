/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the poller over io_uring.  The rule: the ring is only touched by
 * the thread that made it.
 */
#ifndef GM_POLL_URING_H
#define GM_POLL_URING_H

#include <liburing.h>
#include <sys/types.h>

#include "shm/poll_impl.h"

/* The key of completions that nobody waits for. */
#define GM_URING_NO_KEY UINT64_MAX
/* The key of the inner epoll. */
#define GM_URING_INNER_KEY (UINT64_MAX - 1)

struct gm_uring {
	struct gm_poll base;
	struct io_uring ring;
	uint32_t todo_head; /* index + 1 of watches to arm or disarm */
	uint32_t todo_tail;
	uint32_t places; /* size of the ring's file table */
	uint32_t dropped; /* completions the kernel lost, as last seen */
	pid_t pid; /* a child's close must cancel nothing */
	bool park_refused;
	bool turn; /* whose events go first, for fairness */
	bool inner_ready; /* look into inner before waiting */
	bool inner_to_arm; /* its poll has ended, or never began */
	struct gm_poll *inner; /* of sockets and pipes; NULL at first */
};

/* poll_setup.c */

/* -errno: io_uring is refused, or too old. */
int gm_uring_start(struct io_uring *ring, unsigned entries);

/* A ring is taken down later, by a worker; its polls would hold files on. */
void gm_uring_cancel_all(struct io_uring *ring);

/* poll_arm.c */

/* Queues a watch that is to be armed or disarmed. */
void gm_uring_queue(struct gm_uring *u, struct gm_watch *watch);

/*
 * What finds no room stays queued for next time.  Arming may complete at
 * once, and a full completion queue ends polls, which then have to be armed
 * again, and so on for ever: so no more than that queue takes.
 */
void gm_uring_work_off(struct gm_uring *u);

/*
 * Completions were lost for want of memory: begins anew with every watch.
 * One that is already queued will report for itself.
 */
void gm_uring_arm_all(struct gm_uring *u);

/* Into the ring's file table; on any failure fd just stays where it is. */
void gm_uring_park(struct gm_uring *u, struct gm_watch *watch);
void gm_uring_unpark(struct gm_uring *u, struct gm_watch *watch);

/* poll_inner.c */

/* Watches through the inner epoll.  -errno: it has to be watched directly. */
int gm_uring_nest(struct gm_uring *u, struct gm_watch *watch);
void gm_uring_unnest(struct gm_uring *u, const struct gm_watch *watch);
void gm_uring_arm_inner(struct gm_uring *u, struct io_uring_sqe *sqe);
int gm_uring_inner_wait(struct gm_uring *u, struct gm_event *events, int max);

#endif
