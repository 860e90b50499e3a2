/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking messages from the own mailbox, in arrival order, one at a time; due
 * timers are turned into messages on the way.
 */
#include <errno.h>

#include "lib/internal.h"
#include "lib/pending.h"
#include "lib/request.h"
#include "lib/take.h"
#include "lib/watch.h"

#define STREAM 512u /* casts in a row */
#define WORTH 8u /* casts that came while they gathered */
#define GATHER_NS 5000

/* An end of which the table, which nobody else can write, knows nothing. */
static bool
is_alive(struct gsi_self *me, const struct gsi_message *message)
{
	struct gsi_note note;

	if (message->kind == GSI_EXIT)
		return false; /* a signal of the living */
	memcpy(&note, message->body.data, sizeof(note));
	return gm_entry_live(me->arena, note.who.slot, note.who.gen);
}

/* Only the node speaks of ends; anybody else who does is not believed. */
static bool
believable(struct gsi_self *me, const struct gsi_message *message)
{
	switch (message->kind) {
	case GSI_EXIT:
	case GSI_DOWN:
	case GSI_CHILD:
		return message->from_node &&
		       message->body.size >= sizeof(struct gsi_note) &&
		       !is_alive(me, message) && !gsi_flushed(me, message);
	case GSI_RESPONSE:
	case GSI_FD:
		return false; /* made below, and nowhere else */
	case GSI_CANCELLED:
		return gs_pid_equal(message->from, me->pid) &&
		       message->body.size == sizeof(int64_t);
	case GSI_INFO:
		return message->tag == 0 || gsi_alias_takes(me, message->tag);
	default:
		return true;
	}
}

/* The node holds messages back for me and wants to know of room. */
static void __attribute__((cold, noinline)) want_room(struct gsi_self *me)
{
	me->mailbox.node_wants = false;
	gsi_request_room(me);
}

static inline int
take(struct gsi_self *me, struct gsi_message *message)
{
	struct gm_record record;
	struct gsi_head head;
	int status;

	for (;;) {
		status = gm_ring_take(&me->mailbox, &record);
		if (__builtin_expect(me->mailbox.node_wants, 0))
			want_room(me);
		if (status != 1)
			return status;
		/* a damaged record costs itself */
		if (!gsi_head_of(&record, &head))
			continue;
		gsi_decode(me, &record, &head, message);
		if (message->kind == GSI_CALL || message->kind == GSI_CAST ||
		    believable(me, message))
			return 1;
	}
}

int
gsi_mailbox_take(struct gsi_self *me, struct gsi_message *message)
{
	return take(me, message);
}

void
gsi_mailbox_done(struct gsi_self *me)
{
	if (gm_ring_release(&me->mailbox))
		want_room(me);
}

static int64_t
earlier(int64_t a, int64_t b)
{
	if (a < 0)
		return b;
	return b < 0 || a < b ? a : b;
}

/*
 * A mailbox that is never empty must not keep timers from firing.  A message
 * takes a cell at least, so a look each so many cells is one each so many.
 */
static void
look_at_timers(struct gsi_self *me)
{
	uint64_t from = me->mailbox.cur, to = me->mailbox.held_end;

	if (me->timers && (from ^ to) >= GSI_BUSY)
		gsi_timers_fire(me, gsi_now_ns());
}

/* A response to a request that is out becomes a message, once. */
static bool
take_response(struct gsi_self *me, struct gsi_message *message)
{
	struct gsi_pending *p = gsi_pending_news(me);

	if (p == NULL)
		return false;
	*message = (struct gsi_message){
		.kind = GSI_RESPONSE, .from = p->pid, .tag = p->tag
	};
	return true;
}

/*
 * What is no message of the mailbox.  busy: that may have more; it must not
 * hide the others, so they have their turns.
 */
static bool __attribute__((noinline))
take_other(struct gsi_self *me, struct gsi_message *message, bool busy)
{
	bool look = busy && ++me->turn % GSI_BUSY == 0;
	bool took = false;

	/* while there is always something nobody else looks after these */
	if (look && me->timers != NULL)
		gsi_timers_fire(me, gsi_now_ns());
	if (look && me->pendings != NULL)
		gsi_pendings_bury(me);
	if (me->pendings != NULL && (!busy || look))
		took =
		    take_response(me, message) || gsi_guests_take(me, message);
	if (!took && me->watches != NULL)
		took = gsi_watch_take(me, message, busy, look);
	if (took && me->mailbox.holding)
		gsi_mailbox_done(me);
	return took;
}

/*
 * Who casts does not wait.  So in a long stream of casts the next look is put
 * off, until some have gathered: a look at the cell that is being written
 * takes its line from the sender, and costs both more than the message.  Not
 * when little has come of it: two may be casting to each other.
 */
static bool
gather(struct gsi_self *me)
{
	uint32_t since = me->stream - me->gathered;
	int64_t end;

	if (me->stream < STREAM || me->spin_ns == 0)
		return false;
	if (me->gathered != 0 && since < WORTH) {
		me->stream = me->gathered = 0;
		return false;
	}
	me->gathered = me->stream;
	end = gsi_now_ns() + GATHER_NS;
	do
		for (int i = 0; i < 32; i++)
			gm_relax();
	while (gsi_now_ns() < end);
	return true;
}

static int __attribute__((noinline))
next_slowly(struct gsi_self *me, struct gsi_message *message, int64_t deadline)
{
	struct gsi_patience patience = { 0 };
	int64_t timer, until;
	int status;

	for (;;) {
		if (me->others != 0 && take_other(me, message, true))
			return 1;
		status = me->damaged ? -EBADMSG : take(me, message);
		if (status == 0 && me->others != 0 &&
		    take_other(me, message, false))
			return 1;
		if (status == 1)
			look_at_timers(me);
		if (status == -EBADMSG)
			me->damaged = true;
		if (status != 0)
			return status;
		if (gsi_signal_pending(me))
			return -EINTR;
		if (gather(me))
			continue;
		timer = gsi_timers_next(me);
		until = earlier(deadline, timer);
		if (until >= 0 && gsi_now_ns() >= until) {
			if (until == timer) {
				gsi_timers_fire(me, gsi_now_ns());
				continue;
			}
			gsi_give_back(me);
			if (me->pendings != NULL && gsi_pendings_bury(me))
				continue;
			return 0;
		}
		patience.ring = me->others == 0 ? &me->mailbox : NULL;
		if (!gsi_watch_driven(me) &&
		    gsi_patient(me, &patience, me->peer_cpu))
			continue;
		if (me->pendings != NULL && gsi_pendings_bury(me))
			continue;
		/* the look in vain may have seen that the node wants room */
		gsi_mailbox_done(me);
		if (me->pendings != NULL && gm_ring_release(&me->replies))
			gsi_request_room(me);
		status = gsi_sleep_everywhere(
		    me, &me->mailbox, earlier(until, gsi_give_back(me)));
		if (status < 0 && status != -ETIMEDOUT)
			return status;
		patience = (struct gsi_patience){ 0 };
	}
}

int
gsi_mailbox_next(
    struct gsi_self *me, struct gsi_message *message, int64_t deadline)
{
	/* often there is one, and nothing else to look after */
	if (me->others == 0 && !me->damaged && take(me, message) == 1) {
		look_at_timers(me);
		return 1;
	}
	return next_slowly(me, message, deadline);
}
