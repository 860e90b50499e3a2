/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sending: one reservation, one copy, one commit, and the bell if the
 * receiver sleeps.  A SIGKILL anywhere in here leaves at most one record that
 * the node turns into SKIP (mailbox-protocol: gs-layout(7)).
 */
#include <errno.h>
#include <sched.h>
#include <time.h>

#include "lib/guest.h"
#include "lib/post.h"
#include "lib/request.h"

#define REWIND_YIELDS 10
#define REWIND_TRIES 60 /* one each ms */

void
gsi_ring_it(struct gsi_self *me, struct gsi_peer *peer,
    const struct gm_ring_ref *ring, uint64_t sleep_no)
{
	gsi_peer_ring(me, peer);
	gm_ring_rung(ring, sleep_no);
	gm_ring_done(&me->sender);
}

/*
 * Refused for lack of room: the receiver may be asleep behind records that
 * stopped senders have not rung for, so it is asked to look.
 */
static void
nudge(
    struct gsi_self *me, struct gsi_peer *peer, const struct gm_ring_ref *ring)
{
	uint64_t sleep_no =
	    gm_ring_nudge(&me->sender, ring, gsi_peer_alive(peer));

	if (sleep_no != 0)
		gsi_ring_it(me, peer, ring, sleep_no);
}

static int
put(struct gsi_self *me, struct gsi_peer *peer, const struct gm_ring_ref *ring,
    const struct gsi_head *head, gs_bytes body, unsigned flags)
{
	struct gsi_head *at;
	struct gm_slip slip;
	uint64_t sleep_no;
	int status;

	gsi_send_begins(me);
	status = gm_ring_open(&me->sender, ring, gsi_peer_alive(peer),
	    sizeof(*head) + body.size, flags, &slip);
	if (status != 0)
		return status;
	/* written in place: a copy of what was just written stalls */
	at = slip.payload;
	at->kind = head->kind | (gsi_cpu() + 1) << GSI_CPU_SHIFT;
	at->gen = head->gen;
	at->tag = head->tag;
	if (body.size > 0)
		memcpy(
		    (char *)slip.payload + sizeof(*head), body.data, body.size);
	sleep_no = gm_ring_commit(&me->sender, ring, &slip);
	if (sleep_no != 0)
		gsi_ring_it(me, peer, ring, sleep_no);
	else
		gm_ring_done(&me->sender);
	return 0;
}

/*
 * Shared memory is full, but a receiver that has read everything goes back to
 * the cells that there are when it is asked to look, and so there is room.
 */
static int
put_again(struct gsi_self *me, struct gsi_peer *peer,
    const struct gm_ring_ref *ring, const struct gsi_head *head, gs_bytes body,
    unsigned flags)
{
	struct timespec pause = { 0, NS_PER_MS };
	int status = -ENOSPC;

	nudge(me, peer, ring);
	for (int i = 0; i < REWIND_TRIES && status == -ENOSPC; i++) {
		if (!gm_ring_read_up(&me->sender, ring, gsi_peer_alive(peer)))
			break;
		if (i < REWIND_YIELDS)
			sched_yield();
		else
			nanosleep(&pause, NULL);
		status = put(me, peer, ring, head, body, flags);
	}
	return status;
}

int
gsi_send_peer(struct gsi_self *me, struct gsi_peer *peer, enum gm_which which,
    const struct gsi_head *head, gs_bytes body, unsigned flags)
{
	const struct gm_ring_ref *ring = &peer->region.ring[which];
	int status;

	if (body.data == NULL && body.size > 0)
		return -EINVAL;
	if (body.size > gm_ring_message_max(ring))
		return -EMSGSIZE;
	status = put(me, peer, ring, head, body, flags);
	/* gone while its owner lives: damaged.  acquire [T7] */
	if (status == -ESRCH && gm_load(&peer->entry->word, acquire) ==
				    gm_word_of(peer->pid.gen, GM_LIVE))
		status = -EBADMSG;
	if (status == -ENOSPC)
		status = put_again(me, peer, ring, head, body, flags);
	if (status == -EAGAIN) {
		gm_store(&me->page->refused,
		    gm_load(&me->page->refused, relaxed) + 1, relaxed);
		nudge(me, peer, ring);
	}
	/* it is to look at itself */
	if (status == -EBADMSG)
		gsi_peer_ring(me, peer);
	return status;
}

int
gsi_send(struct gsi_self *me, gs_pid to, enum gm_which ring,
    const struct gsi_head *head, gs_bytes body, unsigned flags)
{
	struct gsi_peer *peer;
	int status = gsi_peer_get(me, to, &peer);

	if (status != 0)
		return status;
	return gsi_send_peer(me, peer, ring, head, body, flags);
}

/* As anybody's, which waits for a trim; in the reserve if there is no room. */
int
gsi_send_system(
    struct gsi_self *me, gs_pid to, const struct gsi_head *head, gs_bytes body)
{
	int status = gsi_send(me, to, GM_MAILBOX, head, body, 0);

	if (status == -EAGAIN)
		status =
		    gsi_send(me, to, GM_MAILBOX, head, body, GM_SEND_RUNTIME);
	return status;
}

/*
 * The caller is not left waiting for what can never come.  The node says it
 * for who cannot even reach the caller: that needs only the own page.
 */
static int
refuse(struct gsi_self *me, struct gsi_peer *peer, gs_from from, int why)
{
	struct gsi_head head = { GSI_REFUSAL, me->pid.gen, from.tag };
	struct gsi_ask ask = { .pid = from.pid, .ref = from.tag };
	int32_t status = why;

	if (peer != NULL && gsi_send_peer(me, peer, GM_REPLIES, &head,
				GS_OBJECT(status), GM_SEND_RUNTIME) == 0)
		return why;
	ask.flags = (uint32_t)-why;
	gsi_request_post(me, GSI_OP_REFUSE, &ask, sizeof(ask));
	return why;
}

/* It is gone, or nothing can be said to it any more. */
static bool
gone(int status)
{
	return status == -ESRCH || status == -EHOSTUNREACH ||
	       status == -EBADMSG;
}

static int
reply(struct gsi_self *me, gs_from from, gs_bytes body)
{
	struct gsi_head head = { GSI_REPLY, me->pid.gen, from.tag };
	struct gsi_peer *peer = NULL;
	int status = gsi_peer_get(me, from.pid, &peer);

	if (status == 0)
		status = gsi_send_peer(me, peer, GM_REPLIES, &head, body, 0);
	return status == 0 || gone(status) ? status
					   : refuse(me, peer, from, status);
}

/* Out of the way of small ones to callers at home. */
static int __attribute__((cold, noinline))
reply_slowly(struct gsi_self *me, gs_from from, gs_bytes body)
{
	int status = reply(me, from, body);

	if (gsi_elsewhere(&me, GS_PID(from.pid), GSI_SOON, &status))
		status = reply(me, from, body);
	return status == -EHOSTUNREACH ? -ESRCH : status;
}

int
gsi_send_reply(struct gsi_self *me, gs_pid to, uint64_t tag, gs_bytes body)
{
	struct gsi_peer *peer = gsi_peer_known(me, to);

	if (__builtin_expect(peer != NULL, 1) &&
	    gsi_post(me, peer, GM_REPLIES, GSI_REPLY, tag, body))
		return 0;
	return reply_slowly(me, (gs_from){ .pid = to, .tag = tag }, body);
}
