/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the node: see request.c. */
#ifndef GSI_REQUEST_H
#define GSI_REQUEST_H

#include "lib/wire.h"

/*
 * Puts a request that is not answered.  It waits for a cell, without limit,
 * while a node that is stopped has read none of the last GM_REQUESTS.
 */
int gsi_request_post(
    struct gsi_self *me, enum gsi_op op, const void *body, size_t size);

/*
 * The same for what can wait: the node is rung with the next request, or in
 * the first sleep of the caller, when ns have passed.
 */
int gsi_request_post_within(struct gsi_self *me, enum gsi_op op,
    const void *body, size_t size, int64_t ns);
/* At once, for what of that is unread. */
void gsi_request_ring_now(struct gsi_self *me);
/* Before a sleep until deadline, if ring_by is set: how long it may be. */
int64_t gsi_request_ring_due(struct gsi_self *me, int64_t deadline);

/*
 * Two that never wait, since without a cell the node does it all the same when
 * it goes on: says that there is room in my rings; has pid's bell rung.
 */
void gsi_request_room(struct gsi_self *me);
void gsi_request_ring(struct gsi_self *me, gs_pid pid);

/* Asks and waits up to deadline (ns): 0 and *answer, or -errno. */
int gsi_request(struct gsi_self *me, enum gsi_op op, const struct gsi_ask *ask,
    struct gsi_answer *answer);

/*
 * Asks now, for gsi_await with the tag returned in *tag; tag NULL: no answer
 * comes.  -ETIMEDOUT: a node that is stopped had read nothing of mine until
 * deadline (ns, -1 never), and nothing is asked.
 */
int gsi_request_start(struct gsi_self *me, enum gsi_op op, const void *body,
    size_t size, uint64_t *tag, int64_t deadline);
int gsi_request_wait(struct gsi_self *me, uint64_t tag, int64_t deadline,
    struct gsi_answer *answer);

/* Fills text; -EINVAL when it is too long. */
int gsi_ask_text(struct gsi_ask *ask, const char *text);

#endif
