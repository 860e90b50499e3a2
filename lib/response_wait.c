/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for responses: one's own or any of a set, and those that become
 * messages of their own.
 */
#include <errno.h>

#include "lib/pending.h"
#include "lib/request.h"

static bool
is_wanted(const struct gsi_wanted *w, const struct gsi_pending *p)
{
	return w->tag != 0 ? p->tag == w->tag
			   : p->tag != 0 && w->holds(w->data, p->tag);
}

/* The first that has come; *any: one that is wanted at all. */
static struct gsi_pending *
first_come(const struct gsi_pendings *all, const struct gsi_wanted *w,
    struct gsi_pending **any)
{
	uint32_t mask = all->n_seats - 1;
	uint32_t i = (uint32_t)w->tag & mask, n = w->tag != 0 ? 1 : mask + 1;
	struct gsi_pending *first = NULL;

	*any = NULL;
	for (; n > 0; n--, i = (i + 1) & mask) {
		struct gsi_pending *p = &all->seats[i];

		if (!is_wanted(w, p))
			continue;
		*any = p;
		if (p->state == GSI_PENDING_COME &&
		    (first == NULL || p->order < first->order))
			first = p;
	}
	return first;
}

/* Takes until one that is wanted comes: 1 and where it stands; 0 none. */
static int
take(struct gsi_self *me, const struct gsi_wanted *w, struct gsi_pending **out,
    gs_bytes *reply)
{
	struct gm_record record;
	int status;

	while ((status = gm_ring_take(&me->replies, &record)) == 1) {
		struct gsi_pending *p =
		    gsi_pending_answered(me, &record, reply);

		if (p == NULL)
			continue;
		if (is_wanted(w, p)) {
			*out = p;
			return 1;
		}
		gsi_pending_keep(p, *reply);
	}
	if (status == -EBADMSG)
		me->damaged = true;
	return status;
}

/* One wait, so far. */
struct turns {
	struct gsi_patience patience;
	struct gsi_peer *peer; /* one of those that are waited for */
	int64_t step; /* until it is rung again */
};

static uint32_t
cpu_of(const struct gsi_peer *peer)
{
	return peer != NULL ? gm_region_cpu(&peer->region) : GSI_NO_CPU;
}

/* 0: look again; a death is looked for only before sleeping. */
static int
wait_more(struct gsi_self *me, struct turns *t, int64_t deadline)
{
	if (deadline != 0 && gsi_patient(me, &t->patience, cpu_of(t->peer)))
		return 0;
	if (gsi_pendings_bury(me))
		return 0;
	if (deadline == 0)
		return -ETIMEDOUT;
	if (gm_ring_release(&me->replies))
		gsi_request_post(me, GSI_OP_ROOM, NULL, 0);
	return gsi_sleep_on(me, t->peer, deadline, &t->step);
}

int
gsi_pending_await(struct gsi_self *me, const struct gsi_wanted *w,
    int64_t deadline, struct gsi_pending **out, gs_bytes *reply)
{
	struct turns t = { .step = GSI_AGAIN_NS };
	struct gsi_pending *any = NULL;
	int status = 0, took;

	if (me->pendings == NULL)
		return -ENOENT;
	for (;;) {
		*out = first_come(me->pendings, w, &any);
		if (*out != NULL) {
			*reply = gs_bytes_of((*out)->data, (*out)->size);
			return 1;
		}
		if (any == NULL)
			return -ENOENT;
		/* at the deadline there is one more look */
		took = take(me, w, out, reply);
		if (took != 0)
			return took;
		if (status != 0)
			return status;
		if (t.peer == NULL && gsi_peer_get(me, any->pid, &t.peer) != 0)
			t.peer = NULL;
		status = wait_more(me, &t, deadline);
	}
}

struct gsi_pending *
gsi_pending_news(struct gsi_self *me)
{
	struct gsi_pendings *all = me->pendings;
	struct gsi_pending *first = NULL;

	if (all->out > 0) {
		gsi_pendings_drain(me);
		gsi_pendings_bury(me);
	}
	if (all->untold == 0)
		return NULL;
	for (uint32_t i = 0; i < all->n_seats; i++) {
		struct gsi_pending *p = &all->seats[i];

		if (p->tag != 0 && p->state == GSI_PENDING_COME && !p->told &&
		    (first == NULL || p->order < first->order))
			first = p;
	}
	if (first != NULL) {
		first->told = true;
		all->untold--;
	}
	return first;
}
