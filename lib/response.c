/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and their responses, one by one: gs_send_request and its kin. */
#include <errno.h>
#include <stdio.h>

#include "lib/pending.h"
#include "lib/post.h"

#define DRAIN 16u /* out at once from which sending looks for replies */

/* Who was asked, in the words of who asked: the name may be gone by now. */
static void
note_target(struct gsi_pending *p, gs_addr to)
{
	size_t size = sizeof(p->to);
	int n;

	if (gs_addr_kind(to) == GS_ADDR_PID || gs_addr_name(to) == NULL)
		return;
	if (gs_addr_kind(to) == GS_ADDR_NAME_AT && gs_addr_node(to) != NULL)
		n = snprintf(
		    p->to, size, "%s@%s", gs_addr_name(to), gs_addr_node(to));
	else
		n = snprintf(p->to, size, "%s", gs_addr_name(to));
	if (n >= (int)size)
		strcpy(p->to + size - 4, "...");
}

static int
failed(int status, const struct gsi_pending *p, int timeout, const char *reason)
{
	return gsi_failed(status, "request",
	    p->to[0] != '\0' ? GS_NAME(p->to) : GS_PID(p->pid), GS_NONE,
	    timeout, reason);
}

/* What is wrong with the request itself: nothing has been sent. */
static int
refused(int status, gs_addr to, gs_bytes request)
{
	return gsi_failed(status, "request", to, request, 0, "");
}

static int
send_to(
    struct gsi_self *me, gs_pid pid, gs_bytes request, struct gsi_pending *p)
{
	struct gsi_head head = { GSI_CALL, me->pid.gen, p->tag };
	struct gsi_peer *peer;
	int status = gsi_peer_get(me, pid, &peer);

	if (status == 0 && !gsi_peer_answers(peer) &&
	    !gs_pid_equal(pid, me->pid))
		status = -EOPNOTSUPP;
	if (status != 0 ||
	    gsi_post(me, peer, GM_MAILBOX, GSI_CALL, p->tag, request))
		return status;
	return gsi_send_peer(me, peer, GM_MAILBOX, &head, request, 0);
}

/* Who it is and where; a pid says of which node it is. */
static int
find(struct gsi_self *at, gs_addr to, gs_pid *pid)
{
	int status = gsi_resolve(at, to, pid);

	if (status == 0 && pid->node != at->pid.node && !gs_pid_is_none(*pid))
		return -EHOSTUNREACH;
	return status;
}

/* Nobody to send to, which is a response. */
static bool
is_absent(int status)
{
	return status == -ENOENT || status == -ESRCH || status == -EHOSTUNREACH;
}

int
gsi_send_request(gs_addr to, gs_bytes request, int64_t deadline, gs_reqid *id)
{
	struct gsi_self *me = gsi_self(), *at = me;
	struct gsi_pending *p;
	gs_pid pid = GS_NO_PID;
	int found, status;

	if (me == NULL)
		return -ENOTCONN;
	found = find(at, to, &pid);
	if (gsi_elsewhere(&at, to, deadline, &found))
		found = gsi_there(at, find(at, to, &pid));
	if (found != 0 && !is_absent(found))
		return refused(found, to, request);
	if (found != 0) {
		pid = GS_NO_PID;
		at = me;
	}
	status = gsi_pending_new(me, at, pid, &p);
	if (status != 0)
		return refused(status, to, request);
	note_target(p, to);
	status = found == 0 ? send_to(at, pid, request, p) : found;
	if (is_absent(status)) {
		gsi_pending_come(me, p, status,
		    status == -EHOSTUNREACH ? "noconnection" : "noproc");
		status = 0;
	}
	if (status != 0) {
		/* the request may lie in what dropping frees */
		status = refused(status, to, request);
		gsi_pending_drop(me, p);
		return status;
	}
	*id = (gs_reqid){ pid, p->tag };
	/* replies that nobody collects yet must not fill the ring */
	if (me->pendings->out > DRAIN)
		gsi_pendings_drain(me);
	return 0;
}

GS_API int
gs_send_request(gs_addr to, gs_bytes request, gs_reqid *id)
{
	return gsi_send_request(to, request, GSI_SOON, id);
}

/* Hands the response out; the request is done with. */
int
gsi_response(
    struct gsi_self *me, struct gsi_pending *p, gs_bytes reply, gs_bytes *out)
{
	int status = p->status;

	if (status != 0)
		status = failed(status, p, 0, p->reason);
	else if (out != NULL)
		*out = reply;
	gsi_pending_drop(me, p);
	return status;
}

static int
unknown(void)
{
	return gsi_fail(-EINVAL, "badarg",
	    "this thread has no such request, or its response has been "
	    "handed out");
}

/* Another thread's may have the same tag. */
static bool
is_ours(struct gsi_self *me, gs_reqid id)
{
	const struct gsi_pending *p = gsi_pending(me, id.tag);

	return p != NULL && gs_pid_equal(p->pid, id.pid);
}

static int
response(gs_reqid id, gs_bytes *reply, int timeout, bool give_up)
{
	struct gsi_self *me = gsi_self();
	struct gsi_wanted w = { .tag = id.tag };
	struct gsi_pending *p;
	gs_bytes body;
	int status;

	if (me == NULL)
		return -ENOTCONN;
	if (timeout < 0)
		return gsi_fail(-EINVAL, "badarg",
		    "a response: the timeout %d is negative", timeout);
	if (!is_ours(me, id))
		return unknown();
	status = gsi_pending_await(
	    me, &w, timeout == 0 ? 0 : gsi_deadline(timeout), &p, &body);
	if (status == 1)
		return gsi_response(me, p, body, reply);
	p = gsi_pending(me, id.tag);
	failed(status, p, timeout, NULL);
	if (status == -ETIMEDOUT && give_up)
		gsi_pending_drop(me, p);
	return status;
}

GS_API int
gs_wait_response(gs_reqid id, gs_bytes *reply, int timeout)
{
	return response(id, reply, timeout, false);
}

GS_API int
gs_receive_response(gs_reqid id, gs_bytes *reply, int timeout)
{
	return response(id, reply, timeout, true);
}

GS_API int
gs_check_response(const gs_info *message, gs_reqid id, gs_bytes *reply)
{
	struct gsi_self *me = gsi_self();
	struct gsi_wanted w = { .tag = id.tag };
	struct gsi_pending *p;
	gs_bytes body;
	int status;

	if (me == NULL)
		return -ENOTCONN;
	if (message != NULL &&
	    (message->kind != GS_INFO_RESPONSE || message->ref.id != id.tag))
		return -EAGAIN;
	if (!is_ours(me, id))
		return unknown();
	status = gsi_pending_await(me, &w, 0, &p, &body);
	if (status == 1)
		return gsi_response(me, p, body, reply);
	return status == -ETIMEDOUT ? -EAGAIN : status;
}
