/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking messages from the own mailbox, in arrival order, one at a time; due
 * timers are turned into messages on the way.
 */
#include <errno.h>
#include <malloc.h>

#include "lib/internal.h"
#include "lib/missing.h"
#include "lib/pending.h"
#include "lib/request.h"
#include "lib/watch.h"

#define STREAM 512u /* casts in a row */
#define WORTH 8u /* casts that came while they gathered */
#define GATHER_NS 5000
#define BUSY 64u /* a power of two */

/* A damaged record costs itself: too short for a head is nothing. */
static bool
decode(struct gsi_self *me, const struct gm_record *record,
    struct gsi_message *message)
{
	struct gsi_head head;

	if (record->size < sizeof(head))
		return false;
	memcpy(&head, record->payload, sizeof(head));
	message->kind = head.kind & GSI_KIND;
	if (message->kind == GSI_CAST)
		me->stream++;
	else
		me->stream = me->gathered = 0;
	if (head.kind >> GSI_CPU_SHIFT != 0)
		me->peer_cpu = (head.kind >> GSI_CPU_SHIFT) - 1;
	message->from.node = me->pid.node;
	message->from.slot = record->owner;
	message->from.gen = head.gen;
	message->tag = head.tag;
	message->body.data = (const char *)record->payload + sizeof(head);
	message->body.size = record->size - sizeof(head);
	message->from_node = record->owner == 0;
	return true;
}

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

static inline int
take(struct gsi_self *me, struct gsi_message *message)
{
	struct gm_record record;
	int status;

	for (;;) {
		if (me->mailbox.holding)
			gsi_mailbox_done(me);
		status = gm_ring_take(&me->mailbox, &record);
		if (status != 1)
			return status;
		if (decode(me, &record, message) && believable(me, message))
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
	/* the node holds messages back for me and wants to know of room */
	if (gm_ring_release(&me->mailbox))
		gsi_request_post(me, GSI_OP_ROOM, NULL, 0);
}

#define QUIET_NS (10 * NS_PER_MS)

static bool
quiet(void *data)
{
	struct gsi_self *me = data;
	struct gsi_ask ask = { .pid = me->pid };
	struct gsi_answer answer;
	uint64_t tag;

	/* a node that is slow to answer must not keep a server from serving */
	return gsi_request_start(me, GSI_OP_QUIET, &ask, sizeof(ask), &tag) ==
		   0 &&
	       gsi_request_wait(me, tag, gsi_now_ns() + QUIET_NS, &answer) ==
		   0 &&
	       answer.status == 1;
}

/* What trimming leaves: looked for in vain it would wake us for ever. */
#define LEAN (2ull * (GM_RING_CELLS_MIN * GM_CELL + GM_PAGE))

/* More than an idle process should hold: give it back. */
static bool
is_wide(const struct gm_receiver *r)
{
	return gm_ring_allocated(&r->ref) > LEAN;
}

static bool
wide(const struct gsi_self *me)
{
	return is_wide(&me->mailbox) || is_wide(&me->replies);
}

static void
trim(struct gsi_self *me)
{
	if (is_wide(&me->mailbox))
		gm_ring_trim(&me->mailbox, quiet, me);
	if (is_wide(&me->replies))
		gm_ring_trim(&me->replies, quiet, me);
}

static int64_t
earlier(int64_t a, int64_t b)
{
	if (a < 0)
		return b;
	return b < 0 || a < b ? a : b;
}

/* What was grown for a burst is given back once it has been idle. */
#define IDLE_NS (100 * NS_PER_MS)
#define IDLE_MAX_NS (60000 * NS_PER_MS)

static void
idle_from(struct gsi_self *me, int64_t now, int64_t wait)
{
	me->idle.seen = me->mailbox.cur + me->replies.cur;
	me->idle.wait = wait;
	me->idle.until = now + wait;
}

/*
 * Called when there is nothing to take: trims if that has been so for long,
 * in this call or since an earlier one, and tells when to come again, or -1.
 * What stands in the way, a stopped sender or node, may stand there for ever:
 * so it is tried less and less often.
 */
int64_t
gsi_give_back(struct gsi_self *me)
{
	int64_t now;

	if (!wide(me))
		return -1;
	now = gsi_now_ns();
	if (me->idle.wait == 0 ||
	    me->idle.seen != me->mailbox.cur + me->replies.cur)
		idle_from(me, now, IDLE_NS);
	if (now < me->idle.until)
		return me->idle.until;
	trim(me);
	idle_from(me, gsi_now_ns(),
	    me->idle.wait < IDLE_MAX_NS ? 2 * me->idle.wait : IDLE_MAX_NS);
	return wide(me) ? me->idle.until : -1;
}

/*
 * A mailbox that is never empty must not keep timers from firing.  A message
 * takes a cell at least, so a look each BUSY cells is one each BUSY messages.
 */
static void
look_at_timers(struct gsi_self *me)
{
	uint64_t from = me->mailbox.cur, to = me->mailbox.held_end;

	if (me->timers && (from ^ to) >= BUSY)
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
	bool look = busy && ++me->turn % BUSY == 0;
	bool took = false;

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

int
gsi_mailbox_next(
    struct gsi_self *me, struct gsi_message *message, int64_t deadline)
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
		if (!gsi_watch_driven(me) &&
		    gsi_patient(me, &patience, me->peer_cpu))
			continue;
		if (me->pendings != NULL && gsi_pendings_bury(me))
			continue;
		/* the look in vain may have seen that the node wants room */
		gsi_mailbox_done(me);
		if (me->pendings != NULL && gm_ring_release(&me->replies))
			gsi_request_post(me, GSI_OP_ROOM, NULL, 0);
		status = gsi_sleep_everywhere(
		    me, &me->mailbox, earlier(until, gsi_give_back(me)));
		if (status < 0 && status != -ETIMEDOUT)
			return status;
		patience = (struct gsi_patience){ 0 };
	}
}

void
gsi_hibernate(struct gsi_self *me)
{
	if (me->mailbox.holding)
		gsi_mailbox_done(me);
	malloc_trim(0);
	trim(me);
}
