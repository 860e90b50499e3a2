/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that are out: see pending.c. */
#ifndef GSI_PENDING_H
#define GSI_PENDING_H

#include "lib/guest.h"

enum gsi_pending_state {
	GSI_PENDING_OUT = 1,
	GSI_PENDING_COME, /* answered, or known to have failed */
};

/* Lists of requests that have come, in order of arrival. */
enum gsi_order {
	GSI_ALL_COME,
	GSI_ALL_UNTOLD, /* and have not been a message */
	GSI_ORDERS,
};

/* By tags: seats move. */
struct gsi_neighbours {
	uint64_t before; /* 0: it is the first */
	uint64_t behind;
};

struct gsi_pending {
	uint64_t tag; /* 0: the seat is free */
	struct gsi_self *at; /* in which node, while it is out */
	gs_pid pid;
	enum gsi_pending_state state;
	bool told; /* it has been a message */
	uint8_t watch; /* which word of the own page names the server */
	int status;
	struct gsi_neighbours beside[GSI_ORDERS];
	char *data; /* the reply, owned; NULL: still in the ring */
	size_t size;
	char *reason; /* owned, NULL: what status says */
	const void *set; /* the collection it was added to last */
	char to[48]; /* NAME or NAME@NODE, cut, for words; "": a pid */
};

struct gsi_pendings {
	struct gsi_pending *seats; /* by tag */
	uint32_t n_seats; /* a power of two */
	uint32_t used;
	uint32_t out;
	uint32_t untold; /* come, and not yet a message */
	uint64_t first[GSI_ORDERS];
	uint64_t last[GSI_ORDERS];
	char *shown; /* handed out last */
	char *shown_reason;
};

static inline bool
gsi_requests_out(const struct gsi_self *me)
{
	return me->pendings != NULL && me->pendings->out > 0;
}

/* The request of that tag, or NULL. */
struct gsi_pending *gsi_pending(struct gsi_self *me, uint64_t tag);
/* A new one with a tag of its own, watched: -EAGAIN, -ENOMEM. */
int gsi_pending_new(struct gsi_self *me, struct gsi_self *at, gs_pid pid,
    struct gsi_pending **out);
/* So that there is somebody who looks for more than messages. */
int gsi_pendings_need(struct gsi_self *me);
/* Its outcome is known.  reason may be NULL. */
void gsi_pending_come(
    struct gsi_self *me, struct gsi_pending *p, int status, const char *reason);
/* It has been a message, or will not be one. */
void gsi_pending_told(struct gsi_pendings *all, struct gsi_pending *p);
/* Done with: what it owned stays until the next one is. */
void gsi_pending_drop(struct gsi_self *me, struct gsi_pending *p);
void gsi_pendings_free(struct gsi_self *me);

/* pending_watch.c: in each node of its own */
int gsi_watching_need(struct gsi_self *at);
void gsi_watch(struct gsi_pending *p);
void gsi_unwatch(const struct gsi_pending *p);
/* Is any request out there? */
bool gsi_watches(const struct gsi_self *at);
/* May one of those who are watched have ended, or a node have gone? */
bool gsi_watched_ends(struct gsi_self *me);

/* A record of the reply ring that nobody waits for just now. */
void gsi_pending_stash(struct gsi_self *me, const struct gm_record *record);
/* The request that a record answers, which then is no longer out. */
struct gsi_pending *gsi_pending_answered(
    struct gsi_self *me, const struct gm_record *record, gs_bytes *body);
/* Copies its reply, which the ring is about to take back. */
void gsi_pending_keep(struct gsi_pending *p, gs_bytes body);
/*
 * Those whose server is dead have come: true when there are any.  An answer
 * that is in the ring wins over the death.
 */
bool gsi_pendings_bury(struct gsi_self *me);
/* All that has come is copied out of the ring. */
void gsi_pendings_drain(struct gsi_self *me);

/* pending_order.c */
void gsi_order_add(
    struct gsi_pendings *all, struct gsi_pending *p, enum gsi_order order);
void gsi_order_drop(
    struct gsi_pendings *all, struct gsi_pending *p, enum gsi_order order);
/* The first, and the one behind p; NULL at the end. */
struct gsi_pending *gsi_order_first(
    struct gsi_pendings *all, enum gsi_order order);
struct gsi_pending *gsi_order_next(struct gsi_pendings *all,
    const struct gsi_pending *p, enum gsi_order order);

/* One request, or (tag 0) those of a set. */
struct gsi_wanted {
	uint64_t tag;
	void *set;
	bool (*holds)(const void *set, uint64_t tag);
	/* The tag of one of them that may be out, 0: there is none. */
	uint64_t (*some)(void *set, struct gsi_self *me);
};

/* response_wait.c */
/*
 * The first response that has come to one that is wanted: 1, *out, and the
 * reply, borrowed from the ring or from *out; -ENOENT none is out,
 * -ETIMEDOUT, -ENOTCONN.  deadline in ns, -1 never, 0 does not wait.
 */
int gsi_pending_await(struct gsi_self *me, const struct gsi_wanted *w,
    int64_t deadline, struct gsi_pending **out, gs_bytes *reply);
/* Looks; one that is to become a message now, or NULL. */
struct gsi_pending *gsi_pending_news(struct gsi_self *me);

/* response.c */
/* gs_send_request, which waits so long for a node never visited (guest.h). */
int gsi_send_request(
    gs_addr to, gs_bytes request, int64_t deadline, gs_reqid *id);
/* Hands a response out, which is done with: its status. */
int gsi_response(
    struct gsi_self *me, struct gsi_pending *p, gs_bytes reply, gs_bytes *out);

#endif
