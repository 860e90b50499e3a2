/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for responses: one's own or any of a set, and those that become
 * messages of their own.
 */
#include <errno.h>

#include "lib/pending.h"
#include "lib/request.h"

static bool
holds(const struct gsi_wanted *w, uint64_t tag)
{
	uint64_t at = 0;

	for (size_t i = 0; at != tag && (at = w->tag_at(w->set, i)) != 0; i++)
		;
	return at == tag;
}

/* One that is in two collections is looked for in the older one. */
static bool
is_wanted(const struct gsi_wanted *w, const struct gsi_pending *p)
{
	if (w->tag != 0)
		return p->tag == w->tag;
	return p->set == w->set || (p->set != NULL && holds(w, p->tag));
}

static void
first_of(
    struct gsi_pending *p, struct gsi_pending **first, struct gsi_pending **any)
{
	if (p == NULL)
		return;
	*any = p;
	if (p->state == GSI_PENDING_COME &&
	    (*first == NULL || p->order < (*first)->order))
		*first = p;
}

/* The first that has come; *any: one that is wanted at all. */
static struct gsi_pending *
first_come(
    struct gsi_self *me, const struct gsi_wanted *w, struct gsi_pending **any)
{
	struct gsi_pending *first = NULL;
	uint64_t tag;

	*any = NULL;
	if (w->tag != 0)
		first_of(gsi_pending(me, w->tag), &first, any);
	else
		for (size_t i = 0; (tag = w->tag_at(w->set, i)) != 0; i++)
			first_of(gsi_pending(me, tag), &first, any);
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
	bool changed; /* some may have come without being taken */
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
	t->changed = gsi_pendings_bury(me);
	if (t->changed)
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
	struct turns t = {
		.step = GSI_AGAIN_NS, .changed = true, .patience.calls = true
	};
	struct gsi_pending *any = NULL;
	int status = 0, took;

	*out = NULL;
	if (me->pendings == NULL)
		return -ENOENT;
	for (;;) {
		/* else what comes now is taken below */
		if (t.changed)
			*out = first_come(me, w, &any);
		t.changed = false;
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

	if (all->out > 0)
		gsi_pendings_drain(me);
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
