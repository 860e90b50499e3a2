/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors that are watched for their owner: see watch.c. */
#ifndef GSI_WATCH_H
#define GSI_WATCH_H

#include <sys/epoll.h>

#include "lib/internal.h"

#define GSI_WATCH_BATCH 32

struct gsi_watch {
	uint32_t gen; /* of this watching; what is of an older one is stale */
	uint32_t events; /* 0: not watched */
};

/* In events: a message about it waits to be handled (gsi_watch_hold). */
#define GSI_WATCH_HELD (1u << 31)

struct gsi_watches {
	int epoll; /* level-triggered, in the poller as one descriptor */
	bool look; /* it may have something */
	bool last; /* the last message was about a descriptor */
	uint32_t gen;
	int n; /* taken from the kernel, */
	int at; /* handed out of those */
	uint32_t room;
	struct gsi_watch *table; /* by descriptor */
	struct epoll_event batch[GSI_WATCH_BATCH];
};

/*
 * One event as a message.  busy: the mailbox may have more, so that it is in
 * turn with descriptors; look: time to ask the kernel even so.
 */
bool gsi_watch_take(
    struct gsi_self *me, struct gsi_message *message, bool busy, bool look);
/* Work comes by descriptors: nobody's answer is worth spinning for. */
static inline bool
gsi_watch_driven(const struct gsi_self *me)
{
	return me->watches != NULL && me->watches->last;
}
/*
 * The descriptor of a message that was taken, and waits to be handled, is
 * silent until it is: else it would be told again and again.  Returns which
 * watching it is of; false: that is over meanwhile, and so is the message.
 */
uint32_t gsi_watch_hold(struct gsi_self *me, const struct gsi_message *message);
bool gsi_watch_let_go(
    struct gsi_self *me, const struct gsi_message *message, uint32_t gen);
void gsi_watches_free(struct gsi_self *me);
/* A fork of a server: its copy is closed. */
void gsi_watches_forked(struct gsi_self *me);

/* info of a message of kind GSI_FD. */
static inline void
gsi_watch_info(const struct gsi_message *m, gs_info *info)
{
	info->fd = (int)(uint32_t)m->tag;
	info->events = (uint32_t)(m->tag >> 32);
}

#endif
