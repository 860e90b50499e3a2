/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that are out, of a thread, in whichever node.  Their replies arrive
 * in the reply rings in any order and between those of calls: a reply that
 * nobody waits for at the moment is copied to its request, one that somebody
 * waits for is handed out where it stands.
 */
#include "lib/pending.h"

#include "lib/dispatch.h"

#include <errno.h>
#include <stdlib.h>

#define SEATS 32u

/* ---- seats ---- */

struct gsi_pending *
gsi_pending(struct gsi_self *me, uint64_t tag)
{
	struct gsi_pendings *all = me->pendings;
	struct gsi_pending *p;

	/* who is a guest somewhere has them, perhaps without any seat */
	if (all == NULL || all->seats == NULL || tag == 0)
		return NULL;
	p = &all->seats[tag & (all->n_seats - 1)];
	return p->tag == tag ? p : NULL;
}

/* Tags apart in a small table are apart in a larger one. */
static int
grow(struct gsi_pendings *all)
{
	uint32_t n = all->n_seats == 0 ? SEATS : all->n_seats * 2;
	struct gsi_pending *seats = calloc(n, sizeof(*seats));

	if (seats == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < all->n_seats; i++)
		if (all->seats[i].tag != 0)
			seats[all->seats[i].tag & (n - 1)] = all->seats[i];
	free(all->seats);
	all->seats = seats;
	all->n_seats = n;
	return 0;
}

int
gsi_pendings_need(struct gsi_self *me)
{
	if (me->pendings == NULL)
		me->pendings = calloc(1, sizeof(*me->pendings));
	if (me->pendings == NULL)
		return -ENOMEM;
	me->others |= GSI_OTHER_RESPONSES;
	return 0;
}

int
gsi_pending_new(struct gsi_self *me, struct gsi_self *at, gs_pid pid,
    struct gsi_pending **out)
{
	struct gsi_pendings *all;
	struct gsi_pending *p;

	if (gsi_pendings_need(me) != 0 || gsi_watching_need(at) != 0)
		return -ENOMEM;
	all = me->pendings;
	if (all->used >= GS_REQUESTS_MAX)
		return -EAGAIN;
	if (all->used * 2 >= all->n_seats && grow(all) != 0)
		return -ENOMEM;
	/* a tag whose seat is taken is passed over */
	do
		p = &all->seats[++me->next_tag & (all->n_seats - 1)];
	while (p->tag != 0);
	memset(p, 0, sizeof(*p));
	p->tag = me->next_tag;
	p->at = at;
	p->pid = pid;
	p->state = GSI_PENDING_OUT;
	all->used++;
	all->out++;
	if (!at->replies.asleep)
		gsi_kick(me);
	gsi_watch(p);
	*out = p;
	return 0;
}

void
gsi_pending_come(
    struct gsi_self *me, struct gsi_pending *p, int status, const char *reason)
{
	struct gsi_pendings *all = me->pendings;

	if (p->state != GSI_PENDING_OUT)
		return;
	p->state = GSI_PENDING_COME;
	p->status = status;
	if (reason != NULL)
		p->reason = strdup(reason);
	gsi_order_add(all, p, GSI_ALL_COME);
	gsi_order_add(all, p, GSI_ALL_UNTOLD);
	all->out--;
	all->untold++;
	gsi_unwatch(p);
	gsi_kick(me);
}

void
gsi_pending_told(struct gsi_pendings *all, struct gsi_pending *p)
{
	if (p->told)
		return;
	gsi_order_drop(all, p, GSI_ALL_UNTOLD);
	p->told = true;
	all->untold--;
}

void
gsi_pending_drop(struct gsi_self *me, struct gsi_pending *p)
{
	struct gsi_pendings *all = me->pendings;

	if (p->state == GSI_PENDING_OUT) {
		gsi_unwatch(p);
		all->out--;
	} else {
		gsi_order_drop(all, p, GSI_ALL_COME);
		gsi_pending_told(all, p);
	}
	free(all->shown);
	free(all->shown_reason);
	all->shown = p->data;
	all->shown_reason = p->reason;
	p->tag = 0;
	all->used--;
}

void
gsi_pendings_free(struct gsi_self *me)
{
	struct gsi_pendings *all = me->pendings;

	if (all == NULL)
		return;
	for (uint32_t i = 0; i < all->n_seats; i++)
		if (all->seats[i].tag != 0)
			gsi_pending_drop(me, &all->seats[i]);
	free(all->shown);
	free(all->shown_reason);
	free(all->seats);
	free(all);
	me->pendings = NULL;
	me->others &= ~GSI_OTHER_RESPONSES;
}

/* ---- replies ---- */

/* The request that a record answers, which is then no longer out. */
struct gsi_pending *
gsi_pending_answered(
    struct gsi_self *me, const struct gm_record *record, gs_bytes *body)
{
	struct gsi_pending *p;
	struct gsi_head head;

	if (record->size < sizeof(head))
		return NULL;
	memcpy(&head, record->payload, sizeof(head));
	p = gsi_pending(me, head.tag);
	if (p == NULL || p->state != GSI_PENDING_OUT || p->at != me)
		return NULL;
	body->data = (const char *)record->payload + sizeof(head);
	body->size = record->size - sizeof(head);
	head.kind &= GSI_KIND;
	if (head.kind == GSI_REPLY)
		gsi_pending_come(me, p, 0, NULL);
	else if (head.kind == GSI_REFUSAL)
		gsi_pending_come(me, p, gsi_refusal(record), NULL);
	else
		return NULL;
	return p;
}

void
gsi_pending_keep(struct gsi_pending *p, gs_bytes body)
{
	if (p->status != 0)
		return;
	p->data = malloc(body.size + 1);
	if (p->data == NULL) {
		p->status = -ENOMEM;
		return;
	}
	if (body.size > 0)
		memcpy(p->data, body.data, body.size);
	p->size = body.size;
}

void
gsi_pending_stash(struct gsi_self *me, const struct gm_record *record)
{
	gs_bytes body;
	struct gsi_pending *p = gsi_pending_answered(me, record, &body);

	if (p != NULL)
		gsi_pending_keep(p, body);
}

/* All that has come is copied; what this costs is paid by who lets it lie. */
static void
drain(struct gsi_self *at)
{
	struct gm_record record;
	int status;

	while ((status = gm_ring_take(&at->replies, &record)) == 1)
		gsi_pending_stash(at, &record);
	if (status == -EBADMSG)
		at->damaged = true;
}

void
gsi_pendings_drain(struct gsi_self *me)
{
	drain(me);
	for (struct gsi_self *at = gsi_guest_next(me, NULL); at != NULL;
	     at = gsi_guest_next(me, at))
		if (gsi_watches(at))
			drain(at);
}

/* Is its server still there, as far as can be seen? */
static bool
is_served(const struct gsi_pending *p)
{
	return !gsi_node_lost(p->at) &&
	       gm_entry_live(p->at->arena, p->pid.slot, p->pid.gen);
}

static void
bury(struct gsi_self *me, struct gsi_pending *p)
{
	char reason[GS_REASON_MAX + 1];

	if (gsi_node_lost(p->at)) {
		gsi_pending_come(me, p, -EHOSTUNREACH, "noconnection");
		return;
	}
	if (gm_entry_reason(p->at->arena, p->pid.slot, p->pid.gen, reason) != 1)
		gsi_reason_copy(reason, "noproc");
	gsi_pending_come(me, p, -ECONNRESET, reason);
}

/*
 * Those whose server is dead: true when there are any.  An answer that is in
 * the ring wins over the death.
 */
bool
gsi_pendings_bury(struct gsi_self *me)
{
	struct gsi_pendings *all = me->pendings;
	bool drained = false;

	if (!gsi_watched_ends(me))
		return false;
	for (uint32_t i = 0; i < all->n_seats && all->out > 0; i++) {
		struct gsi_pending *p = &all->seats[i];

		if (p->tag == 0 || p->state != GSI_PENDING_OUT || is_served(p))
			continue;
		if (!drained)
			gsi_pendings_drain(me);
		drained = true;
		if (p->state == GSI_PENDING_OUT)
			bury(me, p);
	}
	return drained;
}
