/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for responses: one's own or any of a set, and those that become
 * messages of their own.
 */
#include <errno.h>

#include "lib/pending.h"
#include "lib/request.h"

/* One that is in two collections is looked for in the older one. */
static bool
is_wanted(const struct gsi_wanted *w, const struct gsi_pending *p)
{
	if (w->tag != 0)
		return p->tag == w->tag;
	return p->set == w->set || w->holds(w->set, p->tag);
}

/* The first that has come; *any: one that is wanted at all. */
static struct gsi_pending *
first_come(
    struct gsi_self *me, const struct gsi_wanted *w, struct gsi_pending **any)
{
	struct gsi_pendings *all = me->pendings;
	struct gsi_pending *p;

	*any = gsi_pending(me, w->tag != 0 ? w->tag : w->some(w->set, me));
	if (*any == NULL)
		return NULL;
	if (w->tag != 0)
		return (*any)->state == GSI_PENDING_COME ? *any : NULL;
	p = gsi_order_first(all, GSI_ALL_COME);
	while (p != NULL && !is_wanted(w, p))
		p = gsi_order_next(all, p, GSI_ALL_COME);
	return p;
}

/* Takes until one that is wanted comes: 1 and where it stands; 0 none. */
static int
take_at(struct gsi_self *me, const struct gsi_wanted *w,
    struct gsi_pending **out, gs_bytes *reply)
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

static int
take(struct gsi_self *me, const struct gsi_wanted *w, struct gsi_pending **out,
    gs_bytes *reply)
{
	int status = take_at(me, w, out, reply);

	for (struct gsi_self *at = gsi_guest_next(me, NULL);
	     at != NULL && status == 0; at = gsi_guest_next(me, at)) {
		/* what is damaged there ends what is out there */
		if (gsi_watches(at) && take_at(at, w, out, reply) == 1)
			status = 1;
	}
	return status;
}

/* There is room again in the rings that have been looked at in vain. */
static void
tell_of_room(struct gsi_self *me)
{
	struct gsi_self *at = NULL;

	if (gm_ring_release(&me->replies))
		gsi_request_room(me);
	while ((at = gsi_guest_next(me, at)) != NULL)
		if (gm_ring_release(&at->replies))
			gsi_request_room(at);
}

/* One wait, so far. */
struct turns {
	struct gsi_patience patience;
	struct gsi_self *at; /* where one of those is that are waited for */
	struct gsi_peer *peer; /* and who */
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
	tell_of_room(me);
	return gsi_sleep_on(
	    me, gsi_sleep_everywhere, t->at, t->peer, deadline, &t->step);
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
		/* while it is out its guest stays */
		t.at = any->state == GSI_PENDING_OUT ? any->at : NULL;
		t.peer = NULL;
		if (t.at != NULL && gsi_peer_get(t.at, any->pid, &t.peer) != 0)
			t.peer = NULL;
		status = wait_more(me, &t, deadline);
	}
}

struct gsi_pending *
gsi_pending_news(struct gsi_self *me)
{
	struct gsi_pendings *all = me->pendings;
	struct gsi_pending *first;

	if (all->out > 0)
		gsi_pendings_drain(me);
	first = gsi_order_first(all, GSI_ALL_UNTOLD);
	if (first != NULL)
		gsi_pending_told(all, first);
	return first;
}
