/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes from other nodes, for the one loop that waits for all of it:
 * messages to guests, and the ends of nodes.
 *
 * The rule: a guest whose node is gone stays until its mailbox has been read;
 * then its links and monitors are told noconnection, and it is freed.
 */
#include <errno.h>

#include "lib/dispatch.h"
#include "lib/pending.h"
#include "lib/request.h"

void
gsi_guest_gone(struct gsi_self *me, uint64_t number)
{
	struct gsi_self *at = gsi_guest_next(me, NULL);

	while (at != NULL && at->guest->number != number)
		at = gsi_guest_next(me, at);
	if (at != NULL)
		at->node_gone = true;
}

void
gsi_guests_words(struct gsi_self *me, const char *reason)
{
	struct gsi_guests *all = me->guests;
	/* whose own handler may have come just between lock and unlock */
	bool other = all != NULL && !gsi_crash_thread();

	if (other)
		pthread_mutex_lock(&all->lock);
	for (struct gsi_self *at = gsi_guest_next(me, NULL); at != NULL;
	     at = gsi_guest_next(me, at))
		gsi_words(at->page, reason);
	if (other)
		pthread_mutex_unlock(&all->lock);
}

/* ---- exits ---- */

/* The own node does what it does with any exit signal. */
static void
end_host(struct gsi_self *me, const char *reason)
{
	struct gsi_ask ask = { .pid = me->pid };

	if (gsi_ask_text(&ask, reason) == 0)
		gsi_request_post(me, GSI_OP_EXIT, &ask, sizeof(ask));
}

/* A server's guest traps exits for it; what is no message ends it, or not. */
static bool
is_message(struct gsi_self *me, const struct gsi_note *note)
{
	if (!me->is_server || me->trap_exit)
		return true;
	if (strcmp(note->reason, "normal") != 0)
		end_host(me, note->reason);
	return false;
}

static bool
accept_note(
    struct gsi_self *me, struct gsi_self *at, const struct gsi_message *m)
{
	struct gsi_note note;

	memcpy(&note, m->body.data, sizeof(note));
	note.reason[GS_REASON_MAX] = '\0';
	if (m->kind == GSI_DOWN) {
		gsi_untie(&at->guest->ties, GSI_DOWN, note.who, m->tag);
		return true;
	}
	if ((note.flags & GSI_NOTE_LINK) != 0)
		gsi_untie(&at->guest->ties, GSI_EXIT, note.who, 0);
	return is_message(me, &note);
}

/* ---- taking ---- */

static bool
take_at(struct gsi_self *me, struct gsi_self *at, struct gsi_message *message)
{
	int status;

	while ((status = gsi_mailbox_take(at, message)) == 1) {
		/* nobody there is a parent of mine, or a child */
		if (message->kind == GSI_CHILD || message->kind == GSI_STARTED)
			continue;
		if ((message->kind != GSI_EXIT && message->kind != GSI_DOWN) ||
		    accept_note(me, at, message))
			return true;
	}
	if (status == -EBADMSG)
		at->damaged = at->node_gone = true;
	return false;
}

/* A link or monitor whose node is gone, one by one. */
static bool
take_cut(struct gsi_self *me, struct gsi_message *message)
{
	struct gsi_ties *cut = &me->guests->cut;
	struct gsi_note *note = &me->guests->note;

	while (cut->n > 0) {
		struct gsi_tie tie = cut->at[--cut->n];

		memset(note, 0, sizeof(*note));
		note->who = tie.pid;
		if (tie.kind == GSI_EXIT)
			note->flags = GSI_NOTE_LINK;
		gsi_reason_copy(note->reason, "noconnection");
		note->reason_size = (uint32_t)strlen(note->reason);
		if (tie.kind == GSI_EXIT && !is_message(me, note))
			continue;
		*message = (struct gsi_message){ .kind = tie.kind,
			.from = tie.pid,
			.tag = tie.ref,
			.body = GS_OBJECT(*note),
			.from_node = true };
		return true;
	}
	return false;
}

bool
gsi_guests_take(struct gsi_self *me, struct gsi_message *message)
{
	struct gsi_self *at, *next;
	bool found = false;

	if (me->guests == NULL)
		return false;
	if (me->mailbox.holding)
		gsi_mailbox_done(me);
	for (at = gsi_guest_next(me, NULL); at != NULL && !found; at = next) {
		next = gsi_guest_next(me, at);
		found = take_at(me, at, message);
		if (found || !at->node_gone)
			continue;
		gsi_pendings_bury(me);
		gsi_ties_cut(at->guest);
		gsi_guest_free(at->guest);
	}
	return found || take_cut(me, message);
}

/* ---- sleeping ---- */

static bool
doze(struct gsi_self *at, bool mail)
{
	if (!mail && !gsi_watches(at))
		return true;
	if (at->node_gone || !gsi_sound(at)) {
		at->node_gone = true;
		return false;
	}
	if (mail) {
		gsi_mailbox_done(at);
		if (!gm_ring_sleep(&at->mailbox))
			return false;
	}
	return !gsi_watches(at) || gm_ring_sleep(&at->replies);
}

bool
gsi_guests_doze(struct gsi_self *me, bool mail)
{
	struct gsi_self *at;
	bool quiet = true;

	for (at = gsi_guest_next(me, NULL); at != NULL && quiet;
	     at = gsi_guest_next(me, at))
		quiet = doze(at, mail);
	return quiet;
}

void
gsi_guests_rouse(struct gsi_self *me)
{
	for (struct gsi_self *at = gsi_guest_next(me, NULL); at != NULL;
	     at = gsi_guest_next(me, at)) {
		gm_ring_awake(&at->mailbox);
		gm_ring_awake(&at->replies);
		gsi_kick(me);
	}
}

int
gsi_sleep_everywhere(
    struct gsi_self *me, struct gm_receiver *ring, int64_t deadline)
{
	int status = 0;

	if (gsi_guests_doze(me, ring == &me->mailbox))
		status = gsi_sleep(me, ring, deadline);
	gsi_guests_rouse(me);
	return status;
}
