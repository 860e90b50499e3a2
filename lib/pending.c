/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that are out.  Their replies arrive in the reply ring in any order
 * and between those of calls: a reply that nobody waits for at the moment is
 * copied to its request, one that somebody waits for is handed out where it
 * stands.
 *
 * The rule: while a request is out, a word of the own page names its server,
 * so the node rings when that dies [T5] and keeps its reason readable.
 */
#include "lib/pending.h"

#include <errno.h>
#include <stdlib.h>

#define SEATS 32u

/* ---- who is watched ---- */

static void
say_any(struct gsi_self *me)
{
	const struct gsi_pendings *all = me->pendings;
	uint32_t any = (all->watched > 0 ? GM_WAIT_WATCH : 0) |
		       (all->watching[GM_WATCHES] > 0 ? GM_WAIT_MORE : 0);

	gm_store(&me->page->wait_any, any, release); /* [T5] */
}

static void
watch(struct gsi_self *me, struct gsi_pending *p)
{
	struct gsi_pendings *all = me->pendings;
	uint64_t word = (uint64_t)p->pid.slot << 32 | p->pid.gen;
	uint32_t i, free = GM_WATCHES;

	for (i = 0; i < GM_WATCHES; i++) {
		if (all->watching[i] == 0 && free == GM_WATCHES)
			free = i;
		else if (all->watching[i] > 0 && all->word[i] == word)
			break;
	}
	if (i == GM_WATCHES)
		i = free;
	p->watch = (uint8_t)i;
	if (all->watching[i]++ > 0)
		return;
	/* release [T5]: before the look at the entry in the send */
	if (i < GM_WATCHES) {
		all->word[i] = word;
		gm_store(&me->page->watch[i], word, release);
		all->watched++;
	}
	say_any(me);
	if (me->sender.fenced)
		gm_fence(seq_cst);
}

static void
unwatch(struct gsi_self *me, const struct gsi_pending *p)
{
	struct gsi_pendings *all = me->pendings;

	if (--all->watching[p->watch] > 0)
		return;
	if (p->watch < GM_WATCHES) {
		gm_store(&me->page->watch[p->watch], 0, release);
		all->watched--;
	}
	say_any(me);
}

/* ---- seats ---- */

struct gsi_pending *
gsi_pending(struct gsi_self *me, uint64_t tag)
{
	struct gsi_pendings *all = me->pendings;
	struct gsi_pending *p;

	if (all == NULL || tag == 0)
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
gsi_pending_new(struct gsi_self *me, gs_pid pid, struct gsi_pending **out)
{
	struct gsi_pendings *all = me->pendings;
	struct gsi_pending *p;

	if (all == NULL)
		all = me->pendings = calloc(1, sizeof(*all));
	if (all == NULL)
		return -ENOMEM;
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
	p->pid = pid;
	p->state = GSI_PENDING_OUT;
	all->used++;
	all->out++;
	watch(me, p);
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
	unwatch(me, p);
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
		unwatch(me, p);
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
	if (p == NULL || p->state != GSI_PENDING_OUT)
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
void
gsi_pendings_drain(struct gsi_self *me)
{
	struct gm_record record;

	int status;

	while ((status = gm_ring_take(&me->replies, &record)) == 1)
		gsi_pending_stash(me, &record);
	if (status == -EBADMSG)
		me->damaged = true;
}

/* While all have a word of their own, those words say enough. */
static bool
some_dead(struct gsi_self *me)
{
	const struct gsi_pendings *all = me->pendings;

	if (all->watching[GM_WATCHES] > 0)
		return true;
	for (uint32_t i = 0; i < GM_WATCHES; i++) {
		uint64_t word = all->word[i];

		if (all->watching[i] > 0 &&
		    !gm_entry_live(
			me->arena, (uint32_t)(word >> 32), (uint32_t)word))
			return true;
	}
	return false;
}

/*
 * Those whose server is dead: true when there are any.  An answer that is in
 * the ring wins over the death.
 */
bool
gsi_pendings_bury(struct gsi_self *me)
{
	struct gsi_pendings *all = me->pendings;
	char reason[GS_REASON_MAX + 1];
	bool drained = false;

	if (!some_dead(me))
		return false;
	for (uint32_t i = 0; i < all->n_seats && all->out > 0; i++) {
		struct gsi_pending *p = &all->seats[i];

		if (p->tag == 0 || p->state != GSI_PENDING_OUT ||
		    gm_entry_live(me->arena, p->pid.slot, p->pid.gen))
			continue;
		if (!drained)
			gsi_pendings_drain(me);
		drained = true;
		if (p->state != GSI_PENDING_OUT)
			continue;
		if (gm_entry_reason(
			me->arena, p->pid.slot, p->pid.gen, reason) != 1)
			gsi_reason_copy(reason, "noproc");
		gsi_pending_come(me, p, -ECONNRESET, reason);
	}
	return drained;
}
