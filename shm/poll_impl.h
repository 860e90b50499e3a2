/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the poller: its table of watches, and what each of the two
 * backends must do.  The rule: the kernel is given a key (index and
 * generation), never the caller's token, so what it still reports about a
 * removed watch is recognised and dropped.
 *
 * A poller belongs to the thread that opened it: a forked child must not use
 * its parent's (it may only close it), nor may another thread.
 */
#ifndef GM_POLL_IMPL_H
#define GM_POLL_IMPL_H

#include "shm/poll.h"

#define GM_WATCH_NONE UINT32_MAX

enum gm_watch_state {
	GM_WATCH_FREE,
	GM_WATCH_ARMED, /* the kernel knows it */
	GM_WATCH_TO_ARM, /* queued */
	GM_WATCH_TO_DISARM, /* queued, token forgotten already */
	GM_WATCH_DROPPED, /* removed while TO_ARM; queued */
	GM_WATCH_NESTED, /* armed, in the inner epoll of a ring */
	GM_WATCH_FAILED, /* the kernel refused it; reported */
};

struct gm_watch {
	uint64_t token;
	uint32_t gen;
	uint32_t next; /* index + 1 in its hash chain or free list */
	uint32_t todo; /* index + 1 in the backend's queue */
	int32_t fd; /* -1: only in the ring's file table */
	uint8_t flags;
	uint8_t state;
	uint8_t parked;
	uint8_t peered; /* socket or pipe: somebody sees it close */
};

struct gm_watches {
	struct gm_watch *at;
	uint32_t *heads; /* index + 1, by hash of the token */
	uint32_t cap; /* a power of two */
	uint32_t free; /* index + 1 */
};

int gm_watches_init(struct gm_watches *watches, uint32_t cap);
void gm_watches_fini(struct gm_watches *watches);

/* 0 and *index, -EEXIST, -ENOMEM.  May move all watches. */
int gm_watches_add(struct gm_watches *watches, uint64_t token, uint32_t *index);
/* NULL when there is no such token. */
struct gm_watch *gm_watches_find(struct gm_watches *watches, uint64_t token);
/* Forgets the token; the watch stays taken, with a new generation. */
void gm_watches_forget(struct gm_watches *watches, struct gm_watch *watch);
/* After forget: may be taken again. */
void gm_watches_free(struct gm_watches *watches, struct gm_watch *watch);

uint64_t gm_watches_key(
    const struct gm_watches *watches, const struct gm_watch *watch);
/* NULL when the key is of an older generation. */
struct gm_watch *gm_watches_by_key(struct gm_watches *watches, uint64_t key);

struct gm_poll_ops {
	const char *name;
	/* Puts an object with ops set in *out, or -errno. */
	int (*open)(struct gm_poll **out, unsigned entries);
	void (*close)(struct gm_poll *poll);
	/* watch has token, fd, flags, peered; may set fd to -1 (parked). */
	int (*add)(struct gm_poll *poll, struct gm_watch *watch);
	/* Forgets and, now or later, frees the watch; fd is closed after. */
	void (*remove)(struct gm_poll *poll, struct gm_watch *watch);
	int (*wait)(struct gm_poll *poll, int64_t deadline,
	    struct gm_event *events, int max);
};

struct gm_poll {
	const struct gm_poll_ops *ops;
	struct gm_watches watches;
	unsigned fds; /* its own and owned ones not parked */
	char name[64];
};

extern const struct gm_poll_ops gm_poll_epoll;
int gm_poll_epoll_fd(struct gm_poll *poll);
#ifdef GM_HAVE_URING
extern const struct gm_poll_ops gm_poll_uring;
#endif

/* A value of which, NULL apart, that gm_poll_open knows. */
bool gm_poll_known(const char *which);
/* ns until deadline, 0 when past; deadline must not be -1. */
int64_t gm_poll_left(int64_t deadline);

#endif
