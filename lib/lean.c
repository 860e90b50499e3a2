/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Giving memory back: pages of rings that were grown for a burst, and at
 * hibernation also what malloc keeps.
 */
#include <malloc.h>

#include "lib/guest.h"
#include "lib/missing.h"
#include "lib/request.h"

#define QUIET_NS (10 * NS_PER_MS)

static bool
quiet(void *data)
{
	struct gsi_self *me = data;
	struct gsi_ask ask = { .pid = me->pid };
	struct gsi_answer answer;
	int64_t until = gsi_now_ns() + QUIET_NS;
	uint64_t tag;

	/* a node that is slow to answer must not keep a server from serving */
	return gsi_request_start(
		   me, GSI_OP_QUIET, &ask, sizeof(ask), &tag, until) == 0 &&
	       gsi_request_wait(me, tag, until, &answer) == 0 &&
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
	const struct gsi_self *at = NULL;
	bool found = is_wide(&me->mailbox) || is_wide(&me->replies);

	while (!found && (at = gsi_guest_next(me, at)) != NULL)
		found = wide(at);
	return found;
}

/* Also what it has in other nodes, each of which is asked itself. */
static void
trim(struct gsi_self *me)
{
	struct gsi_self *at = NULL;

	if (is_wide(&me->mailbox))
		gm_ring_trim(&me->mailbox, quiet, me);
	if (is_wide(&me->replies)) {
		/* the last reply was lent until now */
		if (gm_ring_release(&me->replies))
			gsi_request_room(me);
		gm_ring_trim(&me->replies, quiet, me);
	}
	while ((at = gsi_guest_next(me, at)) != NULL)
		if (!at->node_gone)
			trim(at);
}

/* How far all of its rings are. */
static uint64_t
seen(const struct gsi_self *me)
{
	const struct gsi_self *at = NULL;
	uint64_t sum = me->mailbox.cur + me->replies.cur;

	while ((at = gsi_guest_next(me, at)) != NULL)
		sum += seen(at);
	return sum;
}

/* What was grown for a burst is given back once it has been idle. */
#define IDLE_NS (100 * NS_PER_MS)
#define IDLE_MAX_NS (60000 * NS_PER_MS)

static void
idle_from(struct gsi_self *me, int64_t now, int64_t wait)
{
	me->idle.seen = seen(me);
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
	if (me->idle.wait == 0 || me->idle.seen != seen(me))
		idle_from(me, now, IDLE_NS);
	if (now < me->idle.until)
		return me->idle.until;
	trim(me);
	idle_from(me, gsi_now_ns(),
	    me->idle.wait < IDLE_MAX_NS ? 2 * me->idle.wait : IDLE_MAX_NS);
	return wide(me) ? me->idle.until : -1;
}

void
gsi_hibernate(struct gsi_self *me)
{
	struct gsi_self *at = NULL;

	if (me->mailbox.holding)
		gsi_mailbox_done(me);
	while ((at = gsi_guest_next(me, at)) != NULL)
		gsi_mailbox_done(at);
	malloc_trim(0);
	trim(me);
}
