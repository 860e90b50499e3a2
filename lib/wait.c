/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting adaptively: spin while the peer runs on another CPU, yield when it
 * shares mine, sleep after a budget that tunes itself.  A wake-up across CPUs
 * costs tens of microseconds, so the budget is of that order and no more; a
 * process with nothing to do ends up asleep and is not woken again.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include "lib/dispatch.h"
#include "lib/guest.h"
#include "lib/pending.h"
#include "lib/request.h"
#include "lib/watch.h"
#include "shm/ring_get.h"

#define SPIN_MIN_NS 1000
#define SPIN_MAX_NS 50000
#define RELAX_BATCH 16
#define PEEKS 4
#define ALONE_NS 3000 /* spun; then others get the CPU in between */
#define YIELDS 12
#define YIELDS_TIMED 4u
#define CROWDED_NS 200000 /* of a yield: somebody has taken a slice */
#define CROWDED 24u /* what slow ones add up to; others take one off */
#define SLOW 8u
#define CROWDED_WAITS 64u /* without a yield; then twice as many */
#define CROWDED_WAITS_MAX 4096u

/*
 * Where somebody else takes the slice a yield costs more than a wake-up: then
 * there is none for a while.  One slow yield says little; what tells is that
 * there are several among few.
 */
static void
judge(struct gsi_yielding *y, int64_t took)
{
	if (took <= CROWDED_NS)
		y->slow -= y->slow > 0;
	else
		y->slow += SLOW;
	if (y->slow == 0)
		y->pause = CROWDED_WAITS;
	if (y->slow < CROWDED)
		return;
	y->without = y->pause != 0 ? y->pause : CROWDED_WAITS;
	y->slow = CROWDED - SLOW;
	if (y->pause < CROWDED_WAITS_MAX)
		y->pause *= 2;
}

/* Lets the peer run on this CPU; false: sleep instead. */
static bool
yield(struct gsi_self *me)
{
	struct gsi_yielding *y = &me->yielding;
	int64_t before;

	if (y->without > 0) {
		y->without--;
		return false;
	}
	/* as long as none is slow a look at a few of them will do */
	if (y->slow == 0 && ++y->since % YIELDS_TIMED != 0) {
		sched_yield();
		return true;
	}
	before = gsi_now_ns();
	sched_yield();
	judge(y, gsi_now_ns() - before);
	return true;
}

bool
gsi_patient(
    struct gsi_self *me, struct gsi_patience *patience, uint32_t peer_cpu)
{
	uint32_t round = patience->rounds++;
	uint32_t cpu = gsi_cpu();
	int64_t now;

	if (round == 0)
		gm_region_set_cpu(&me->region, cpu);
	if (peer_cpu == cpu || me->spin_ns == 0) {
		if (patience->calls && round == 0 && gsi_part(me, cpu))
			return false;
		return round < YIELDS && yield(me);
	}
	if (round == 0)
		me->place.apart++;
	/* most answers are there before the clock is looked at */
	if (round % RELAX_BATCH == RELAX_BATCH - 1) {
		now = gsi_now_ns();
		if (patience->until == 0) {
			patience->until = now + (int64_t)me->spin_ns;
		} else if (now >= patience->until) {
			return false;
		} else if (patience->until - now <
			       (int64_t)me->spin_ns - ALONE_NS &&
			   !yield(me)) {
			return false;
		}
	}
	gm_relax();
	if (patience->ring != NULL)
		for (int i = 0; i < PEEKS && !gm_ring_may(patience->ring); i++)
			gm_relax();
	return true;
}

/*
 * How long it was asleep before something came, as its sender says; waking may
 * take longer than that.
 */
static int64_t
rested(const struct gsi_self *me, const struct gm_receiver *ring, int64_t from)
{
	int64_t now = gsi_now_ns(), at = gm_ring_rung_at(ring);

	if (ring == &me->mailbox && (at < from || at > now))
		at = gm_ring_rung_at(&me->replies);
	return at < from || at > now ? now - from : at - from;
}

/* It came soon: spinning a little longer would have been cheaper. */
static void
tune(struct gsi_self *me, int64_t slept)
{
	if (me->spin_ns == 0)
		return;
	if (slept < SPIN_MAX_NS)
		me->spin_ns *= 2;
	else
		me->spin_ns /= 2;
	if (me->spin_ns > SPIN_MAX_NS)
		me->spin_ns = SPIN_MAX_NS;
	if (me->spin_ns < SPIN_MIN_NS)
		me->spin_ns = SPIN_MIN_NS;
}

/* Nobody rings for what is damaged: it is looked for before each sleep. */
bool
gsi_sound(struct gsi_self *me)
{
	if (!gm_region_sound(&me->region, me->pid.slot, me->pid.gen) ||
	    !gm_ring_sound(&me->mailbox) || !gm_ring_sound(&me->replies))
		me->damaged = true;
	return !me->damaged;
}

int
gsi_poll(struct gsi_self *me, int64_t deadline)
{
	struct gsi_self *host = gsi_host(me);
	struct gm_event events[4];
	int n;

	if (me->ring_by != 0 && deadline != 0)
		deadline = gsi_request_ring_due(me, deadline);
	n = gm_poll_wait(me->poll, deadline, events, 4);
	for (int i = 0; i < n; i++) {
		uint64_t number = events[i].token >> GSI_TOKEN_SHIFT;

		if (events[i].token == GSI_TOKEN_WATCH)
			host->watches->look = true;
		if ((uint32_t)events[i].token != GSI_TOKEN_NODE ||
		    (events[i].ready & (POLLHUP | POLLERR)) == 0)
			continue;
		if (number == 0)
			host->node_gone = true;
		else
			gsi_guest_gone(host, number);
	}
	/* the poller may have read the bell */
	gsi_kick(host);
	return n;
}

void
gsi_rouse(struct gsi_self *me, struct gm_receiver *ring)
{
	gm_ring_awake(ring);
	if (ring == &me->mailbox && me->replies.asleep)
		gm_ring_awake(&me->replies);
	gsi_kick(me);
}

int
gsi_doze(struct gsi_self *me, struct gm_receiver *ring)
{
	if (!gsi_sound(me))
		return -EBADMSG;
	/* who is asked may be waiting for room here */
	if (ring == &me->replies)
		gm_ring_offer(&me->mailbox);
	/* who takes messages is told of responses as well */
	if (gm_ring_sleep(ring) &&
	    (ring != &me->mailbox || !gsi_requests_out(me) ||
		gm_ring_sleep(&me->replies)))
		return 1;
	gsi_rouse(me, ring);
	return 0;
}

int
gsi_sleep(struct gsi_self *me, struct gm_receiver *ring, int64_t deadline)
{
	int64_t before;
	int n;

	if (me->node_gone)
		return -ENOTCONN;
	n = gsi_doze(me, ring);
	if (n != 1)
		return n;
	before = gsi_now_ns();
	n = gsi_poll(me, deadline);
	gsi_rouse(me, ring);
	if (me->node_gone)
		return -ENOTCONN;
	if (n < 0)
		return -EBADF;
	if (n == 0 && deadline >= 0 && gsi_now_ns() >= deadline)
		return -ETIMEDOUT;
	tune(me, rested(me, ring, before));
	return 0;
}
