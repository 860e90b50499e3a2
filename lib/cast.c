/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages nobody answers: cast, send and reply.  They never wait for the
 * receiver, but for cast_wait, which waits for room; and that nobody is there
 * is no failure.
 */
#include <errno.h>

#include "lib/guest.h"
#include "lib/post.h"
#include "lib/thread.h"
#include "lib/via.h"

/* What is as usual goes without a call.  False: nothing has happened. */
static inline __attribute__((always_inline)) bool
quick(gs_addr to, uint32_t kind, gs_bytes body)
{
	struct gsi_self *me = gsi_self_now();
	struct gsi_peer *peer;

	if (__builtin_expect(me == NULL || gs_addr_kind(to) != GS_ADDR_PID, 0))
		return false;
	peer = gsi_peer_known(me, gs_addr_pid(to));
	return __builtin_expect(peer != NULL && gsi_peer_reads(peer), 1) &&
	       gsi_post(me, peer, GM_MAILBOX, kind, 0, body);
}

static int __attribute__((noinline))
cast(struct gsi_self *me, gs_pid pid, uint32_t kind, gs_bytes body)
{
	struct gsi_head head = { kind, me->pid.gen, 0 };
	struct gsi_peer *peer;
	int status = gsi_peer_get(me, pid, &peer);

	if (status != 0)
		return status;
	/* nobody would ever read it */
	if (!gsi_peer_reads(peer))
		return -EOPNOTSUPP;
	if (gsi_post(me, peer, GM_MAILBOX, kind, 0, body))
		return 0;
	return gsi_send_peer(me, peer, GM_MAILBOX, &head, body, 0);
}

static int
cast_to(struct gsi_self *me, gs_addr to, uint32_t kind, gs_bytes body)
{
	gs_pid pid;
	int status = gsi_resolve(me, to, &pid);

	return status == 0 ? cast(me, pid, kind, body) : status;
}

/* Out of the way of those that stay at home. */
static int __attribute__((cold, noinline)) cast_elsewhere(
    struct gsi_self *me, gs_addr to, uint32_t kind, gs_bytes body, int status)
{
	if (gsi_elsewhere(&me, to, GSI_SOON, &status))
		status = gsi_there(me, cast_to(me, to, kind, body));
	return status;
}

/* Nobody there is no failure of a cast; no room is. */
static int
cast_status(int status)
{
	switch (status) {
	case -ENOENT:
	case -ESRCH:
	case -EHOSTUNREACH:
		return 0;
	default:
		return status;
	}
}

static int __attribute__((noinline)) cast_slowly(gs_addr to, gs_bytes request)
{
	struct gsi_self *me = gsi_self();
	int status;

	if (me == NULL)
		return -ENOTCONN;
	status = cast_to(me, to, GSI_CAST, request);
	if (status == 0)
		return 0;
	status = cast_status(cast_elsewhere(me, to, GSI_CAST, request, status));
	return status == 0 ? 0
			   : gsi_failed(status, "cast", to, request, 0, NULL);
}

int
gs_cast(gs_addr to, gs_bytes request)
{
	return quick(to, GSI_CAST, request) ? 0 : cast_slowly(to, request);
}

/*
 * Until there may be room, a second is over, or the deadline (ns, -1 never).
 * Nobody rings when the node goes, and with it whoever could make room.
 */
static int
await_room(struct gsi_self *me, gs_pid pid, size_t size, int64_t deadline)
{
	struct gsi_patience patience = { 0 };
	const struct gm_ring_ref *ring;
	struct gm_alive alive;
	struct gsi_peer *peer;
	int status = gsi_peer_get(me, pid, &peer);
	int room = 0;

	if (status != 0)
		return status;
	ring = &peer->region.ring[GM_MAILBOX];
	alive = gsi_peer_alive(peer);
	/* a receiver that is at work frees a batch in a moment */
	if (deadline < 0 || gsi_now_ns() < deadline)
		do
			room = gm_ring_has_room(&me->sender, ring, alive, size);
		while (room == 0 && gsi_patient(me, &patience,
					gm_region_cpu(&peer->region)));
	if (room == 0)
		status =
		    gm_ring_wait_room(&me->sender, ring, alive, size, deadline);
	return status == 0 && !gsi_node_alive(me) ? -ENOTCONN : status;
}

/* Refused for want of room: status, and once more when there may be some. */
static int
cast_again(struct gsi_self *me, gs_addr to, gs_bytes request, int64_t deadline,
    int status)
{
	gs_pid pid;

	while (status == -EAGAIN) {
		status = gsi_resolve(me, to, &pid);
		/* waiting for room in one's own mailbox would be for ever */
		if (status == 0 && gs_pid_equal(pid, me->pid))
			return -EAGAIN;
		if (status == 0)
			status = await_room(me, pid,
			    sizeof(struct gsi_head) + request.size, deadline);
		if (status == 0)
			status = cast(me, pid, GSI_CAST, request);
	}
	return status;
}

static int __attribute__((noinline))
cast_wait(gs_addr to, gs_bytes request, int timeout)
{
	struct gsi_self *me;
	int64_t deadline;
	int status;

	if (timeout < 0)
		return gsi_fail(-EINVAL, "badarg",
		    "cast: the timeout %d is "
		    "negative",
		    timeout);
	me = gsi_self_within(timeout, &status);
	if (me == NULL)
		return status;
	status = cast_to(me, to, GSI_CAST, request);
	if (status == 0)
		return 0;
	/* the clock is looked at only by those who wait */
	deadline = gsi_deadline(timeout);
	if (gsi_elsewhere(&me, to, GSI_SOON, &status))
		status = cast_to(me, to, GSI_CAST, request);
	status = cast_again(me, to, request, deadline, status);
	status = cast_status(gsi_there(me, status));
	return status == 0
		   ? 0
		   : gsi_failed(status, "cast", to, request, timeout, NULL);
}

int
gs_cast_wait(gs_addr to, gs_bytes request, int timeout)
{
	return timeout >= 0 && quick(to, GSI_CAST, request)
		   ? 0
		   : cast_wait(to, request, timeout);
}

static int __attribute__((noinline)) send_slowly(gs_addr to, gs_bytes message)
{
	struct gsi_self *me = gsi_self();
	int status;

	if (me == NULL)
		return -ENOTCONN;
	if (gs_addr_kind(to) == GS_ADDR_VIA)
		status = gsi_via_send(to, message);
	else
		status = cast_to(me, to, GSI_INFO, message);
	if (status == 0)
		return 0;
	if (gs_addr_kind(to) != GS_ADDR_VIA)
		status = cast_elsewhere(me, to, GSI_INFO, message, status);
	/* a pid of a node that is gone is of a dead process */
	if (status == -ESRCH ||
	    (status == -EHOSTUNREACH && gs_addr_kind(to) == GS_ADDR_PID))
		return 0;
	return status == 0 ? 0
			   : gsi_failed(status, "send", to, message, 0, NULL);
}

int
gs_send(gs_addr to, gs_bytes message)
{
	return quick(to, GSI_INFO, message) ? 0 : send_slowly(to, message);
}

int
gs_reply(gs_from from, gs_bytes reply)
{
	struct gsi_self *me = gsi_self();
	int status;

	if (me == NULL)
		return -ENOTCONN;
	status = gsi_send_reply(me, from.pid, from.tag, reply);
	/* too large is a bug of the server's that it should hear of */
	return status == -EMSGSIZE ? status : 0;
}
