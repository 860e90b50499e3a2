/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting: one poller for each process, over io_uring or epoll, that waits
 * for descriptors and a deadline together.  The rule: it is edge-triggered;
 * after each event and after each arming, look for work before waiting.
 */
#ifndef GM_POLL_H
#define GM_POLL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gm_poll;

enum gm_poll_flags {
	GM_POLL_OUT = 1, /* writable as well as readable */
	GM_POLL_OWN = 2, /* the poller takes fd and closes it; with
				   io_uring it then counts in no fd table */
};

struct gm_event {
	uint64_t token;
	uint32_t ready; /* POLLIN, POLLOUT, POLLHUP, POLLERR */
};

/*
 * entries: how many descriptors at first (grows).  which: NULL or "" for the
 * best that works, "io_uring" or "epoll" to force one (-ENOSYS, -EPERM then).
 */
int gm_poll_open(struct gm_poll **out, unsigned entries, const char *which);
/*
 * A poller for this eventfd of ours, which rings it with token: made at no
 * cost.  It becomes one of gm_poll_open when a descriptor is added, or when it
 * has been waited for often; at once if which asks for io_uring.
 */
int gm_poll_open_bell(
    struct gm_poll **out, int bell, uint64_t token, const char *which);
void gm_poll_close(struct gm_poll *poll);

/* "io_uring", or "epoll" with the reason in brackets. */
const char *gm_poll_name(const struct gm_poll *poll);

/* Descriptors the poller holds in this process's fd table. */
unsigned gm_poll_fds(const struct gm_poll *poll);

/*
 * Watches fd until removed; the token is the caller's and must be unique.
 * Takes fd with GM_POLL_OWN also on failure.
 */
int gm_poll_add(struct gm_poll *poll, int fd, uint64_t token, unsigned flags);

/* No event of this token is returned afterwards. */
void gm_poll_remove(struct gm_poll *poll, uint64_t token);

/*
 * Waits until something is ready or deadline (CLOCK_MONOTONIC in ns, -1 for
 * ever, 0 not at all).  Returns the number of events, 0 at the deadline or
 * when a signal handler ran (-EINTR is never returned).
 */
int gm_poll_wait(
    struct gm_poll *poll, int64_t deadline, struct gm_event *events, int max);

#endif
