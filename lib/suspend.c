/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A suspended server.  It reads on, for what may not wait stands behind what
 * must: system messages and the parent's exit are served, all else is put
 * aside in order.  The rule: what is aside takes as much of the mailbox as if
 * it had not been read, so the cap holds, and the reserve stays free.  That
 * goes for the mailboxes in other nodes, too.
 *
 * SIGKILL: what is aside is lost as all that waits is; the ring and the page
 * end with the process.
 */
#include <stdlib.h>

#include "lib/dispatch.h"
#include "lib/guest.h"
#include "lib/system.h"
#include "lib/watch.h"

static void
show_count(struct gsi_server *s)
{
	/* single writer; a hint for tools */
	gm_store(&s->me->page->aside, s->system->n_aside, relaxed);
}

/* 0 is the own mailbox; NULL: it is gone with its node. */
static struct gsi_self *
by_number(struct gsi_self *me, uint64_t number)
{
	struct gsi_self *at = number ? gsi_guest_next(me, NULL) : me;

	while (at && number && at->guest->number != number)
		at = gsi_guest_next(me, at);
	return at;
}

/* In whose mailbox it lies; NULL: it was made here. */
static struct gsi_self *
holder(struct gsi_self *me, const struct gsi_message *m)
{
	struct gsi_self *at = NULL;

	if (m->kind == GSI_FD || m->kind == GSI_RESPONSE)
		return NULL;
	if (m->from.node == me->pid.node)
		return me;
	do
		at = gsi_guest_next(me, at);
	while (at && at->pid.node != m->from.node);
	return at;
}

static struct gsi_aside *
put_aside(struct gsi_server *s, const struct gsi_message *m)
{
	struct gsi_system *system = s->system;
	struct gsi_aside *a = malloc(sizeof(*a) + m->body.size);

	if (!a)
		gsi_server_end(s, "system_limit");
	a->next = NULL;
	a->cells = a->guest = 0;
	a->message = *m;
	a->message.body.data = a->body;
	if (m->body.size)
		memcpy(a->body, m->body.data, m->body.size);
	*system->end = a;
	system->end = &a->next;
	system->n_aside++;
	show_count(s);
	return a;
}

/* What has just been taken. */
static void
put_taken(struct gsi_server *s, const struct gsi_message *m)
{
	struct gsi_self *at = holder(s->me, m);
	struct gsi_aside *a = put_aside(s, m);

	if (m->kind == GSI_FD)
		a->watch = gsi_watch_hold(s->me, m);
	if (!at)
		return;
	a->guest = at->guest ? at->guest->number : 0;
	a->cells = gm_ring_aside(&at->mailbox);
	/* else it would be counted once more with that guest's next one */
	gsi_mailbox_done(at);
}

static void
give_room(struct gsi_server *s, const struct gsi_aside *a)
{
	struct gsi_self *at = by_number(s->me, a->guest);

	if (!at || !a->cells)
		return;
	gm_ring_aside_end(&at->mailbox, a->cells);
	if (at->guest)
		gsi_mailbox_done(at);
}

/* A message of kind 0; as in the kernel, several of a number are one. */
void
gsi_suspended_signal(struct gsi_server *s, int number)
{
	struct gsi_message m = { .tag = (uint64_t)number };
	uint64_t bit = 1ull << (number - 1);

	if (s->system->signals & bit)
		return;
	s->system->signals |= bit;
	put_aside(s, &m);
}

static bool
from_parent(const struct gsi_message *m)
{
	struct gsi_note note;

	if (m->kind != GSI_EXIT || !m->from_node ||
	    m->body.size < offsetof(struct gsi_note, reason))
		return false;
	memcpy(&note, m->body.data, offsetof(struct gsi_note, reason));
	return (note.flags & GSI_NOTE_PARENT) != 0;
}

/* 0: nothing came until then. */
static int
serve_one(struct gsi_server *s, int64_t deadline)
{
	const struct gsi_message *m = &s->message;
	int status;

	gsi_turn_begin(s);
	gsi_doing(s, GS_STATE_SUSPENDED);
	status = gsi_mailbox_next(s->me, &s->message, deadline);
	if (status == 0)
		return 0;
	if (status != 1) {
		gsi_turn_failed(s, status);
	} else if (m->kind == GSI_SYS) {
		gsi_turn_taken(s);
		gsi_take_sys(s);
	} else if (from_parent(m)) {
		gsi_turn_taken(s);
		gsi_dispatch(s);
	} else {
		put_taken(s, m);
	}
	return 1;
}

static void
handle(struct gsi_server *s, const struct gsi_aside *a)
{
	if (!a->message.kind) {
		s->system->signals &= ~(1ull << (a->message.tag - 1));
		gsi_take_signal(s, (int)a->message.tag);
		return;
	}
	if (a->message.kind == GSI_FD &&
	    !gsi_watch_let_go(s->me, &a->message, a->watch))
		return;
	s->message = a->message;
	gsi_turn_taken(s);
	gsi_dispatch(s);
}

/* As if it had just been read. */
static void
handle_first(struct gsi_server *s)
{
	struct gsi_system *system = s->system;
	struct gsi_aside *a = system->first;

	gsi_turn_begin(s);
	system->first = a->next;
	if (!system->first)
		system->end = &system->first;
	system->n_aside--;
	show_count(s);
	/* before: a callback may never come back (gs_enter_loop) */
	give_room(s, a);
	handle(s, a);
	free(a);
}

/* An event timeout of 0 comes before any message, as it always does. */
static void
handle_next(struct gsi_server *s)
{
	if (s->rest & GSI_REST_EVENT && s->later.at == 0) {
		gsi_turn_begin(s);
		gsi_rest_over(s);
	} else {
		handle_first(s);
	}
}

bool
gsi_suspended_still(const struct gsi_server *s)
{
	return s->suspended || (s->system && s->system->first);
}

bool
gsi_suspended_some(struct gsi_server *s)
{
	if (s->suspended)
		return serve_one(s, 0) != 0;
	gsi_mailbox_done(s->me);
	handle_next(s);
	return true;
}

/* The loop of a program goes on, and comes back with gs_dispatch. */
void
gsi_suspended(struct gsi_server *s)
{
	if (s->serves)
		return;
	do {
		while (s->suspended)
			serve_one(s, -1);
		gsi_mailbox_done(s->me);
		while (s->system->first && !s->suspended)
			handle_next(s);
	} while (s->suspended);
}
