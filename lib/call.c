/* SPDX-License-Identifier: Apache-2.0 */
/*
 * call, cast, send, reply, stop: what a message means.  Each is one lookup,
 * one send, and for those with an answer one wait in the reply ring.
 */
#include <errno.h>
#include <stdio.h>

#include "lib/request.h"

gs_pid
gsi_root_pid(const struct gsi_self *me)
{
	uint64_t root = gm_load(&me->arena->header->root, acquire);
	gs_pid pid = { me->pid.node, (uint32_t)(root >> 32), (uint32_t)root };

	return pid;
}

/* ---- failures, in words ---- */

const char *
gsi_addr_text(gs_addr to, char *text, size_t size)
{
	char shown[GS_NAME_MAX * 3 + 1], pid[GS_PID_TEXT];
	const char *name = to.name != NULL ? to.name : "(nil)";

	if (to.kind == GS_ADDR_PID) {
		snprintf(text, size, "%s", gs_pid_text(to.pid, pid));
		return text;
	}
	gsi_printable(shown, sizeof(shown), name, strnlen(name, GS_NAME_MAX));
	if (to.kind == GS_ADDR_NAME_AT)
		snprintf(text, size, "'%s' at node '%s'", shown,
		    to.node != NULL ? to.node : "(nil)");
	else
		snprintf(text, size, "'%s'", shown);
	return text;
}

static const char *
reason_of(int status)
{
	switch (status) {
	case -ENOENT:
	case -ESRCH:
		return "noproc";
	case -EHOSTUNREACH:
	case -ENOTCONN:
		return "nodedown";
	case -EDEADLK:
		return "calling_self";
	case -ETIMEDOUT:
		return "timeout";
	case -EAGAIN:
	case -ENOSPC:
		return "overload";
	case -EMSGSIZE:
	case -E2BIG:
		return "too_large";
	case -EOPNOTSUPP:
		return "no_server";
	default:
		return "badarg";
	}
}

static void
explain(char *text, size_t size, int status, size_t bytes, int timeout,
    const char *reason)
{
	switch (status) {
	case -ENOENT:
		snprintf(text, size, "noproc, no process has that name");
		break;
	case -ESRCH:
		snprintf(text, size, "noproc, the process is dead");
		break;
	case -EHOSTUNREACH:
		snprintf(text, size, "no such node (nodedown)");
		break;
	case -ENOTCONN:
		snprintf(text, size, "the node is down");
		break;
	case -EDEADLK:
		snprintf(text, size, "a process cannot call itself");
		break;
	case -ETIMEDOUT:
		snprintf(text, size, "timeout, nothing within %d ms", timeout);
		break;
	case -ECONNRESET:
		snprintf(text, size, "the server ended: %s", reason);
		break;
	case -EAGAIN:
		snprintf(text, size, "its mailbox is full (overload)");
		break;
	case -ENOSPC:
		snprintf(text, size, "shared memory is full");
		break;
	case -EMSGSIZE:
		snprintf(text, size,
		    "%zu bytes and 16 of head are more than "
		    "a quarter of its mailbox",
		    bytes);
		break;
	case -E2BIG:
		snprintf(text, size,
		    "the reply is larger than a quarter of "
		    "the caller's mailbox");
		break;
	case -EOPNOTSUPP:
		snprintf(text, size, "it is no server: it answers no calls");
		break;
	default:
		snprintf(text, size, "%s", strerror(-status));
		break;
	}
}

/* Operation, target as given, request, time-out, reason: CALL-16. */
static int
failed(int status, const char *operation, gs_addr to, gs_bytes request,
    int timeout, const char *reason)
{
	char where[512], what[64], why[GS_REASON_MAX + 64];
	char node[GS_NAME_MAX + 16];

	if (reason == NULL || reason[0] == '\0')
		reason = reason_of(status);
	if (status == -EHOSTUNREACH && to.kind == GS_ADDR_NAME_AT &&
	    to.node != NULL) {
		snprintf(
		    node, sizeof(node), "nodedown:%.*s", GS_NAME_MAX, to.node);
		reason = node;
	}
	explain(why, sizeof(why), status, request.size, timeout, reason);
	gsi_printable(what, sizeof(what), request.data,
	    request.size < 20 ? request.size : 20);
	gsi_addr_text(to, where, sizeof(where));
	return gsi_fail(status, reason, "%s to %s (request '%s'%s) failed: %s",
	    operation, where, what, request.size > 20 ? "..." : "", why);
}

/* ---- waits that the node must know of ---- */

static void
wait_on(struct gsi_self *me, gs_pid pid)
{
	/* release [T5]: before the look at the entry in the send */
	gm_store(
	    &me->page->wait[0], (uint64_t)pid.slot << 32 | pid.gen, release);
	if (me->sender.fenced)
		gm_fence(seq_cst);
}

static void
wait_off(struct gsi_self *me)
{
	gm_store(&me->page->wait[0], 0, release);
}

/* A program of any kind, or a client, reads no mailbox: it cannot answer. */
static bool
has_loop(struct gsi_self *me, gs_pid pid)
{
	const struct gm_entry *entry = gm_entry_at(me->arena, pid.slot);
	uint32_t kind = entry != NULL ? gm_load(&entry->kind, relaxed) : 0;

	return kind != GS_PROCESS_PLAIN && kind != GS_PROCESS_CLIENT;
}

/* One request of any kind, and its answer. */
static int
ask(struct gsi_self *me, gs_pid pid, uint32_t kind, gs_bytes request,
    gs_bytes *reply, int64_t deadline, char reason[GS_REASON_MAX + 1])
{
	struct gsi_head head = { kind, me->pid.gen, ++me->next_tag };
	uint32_t doing = gm_load(&me->page->doing, relaxed);
	struct gsi_peer *peer;
	int status;

	wait_on(me, pid);
	status = gsi_peer_get(me, pid, &peer);
	if (status == 0 && !has_loop(me, pid))
		status = -EOPNOTSUPP;
	if (status == 0)
		status = gsi_send_peer(me, peer, GM_MAILBOX, &head, request, 0);
	if (status == 0) {
		gm_store(&me->page->doing, GS_STATE_CALLING, relaxed);
		status = gsi_await(me, head.tag, peer, deadline, reply, reason);
		gm_store(&me->page->doing, doing, relaxed);
	} else if (status == -ESRCH &&
		   gm_entry_reason(me->arena, pid.slot, pid.gen, reason) == 1) {
		/* dead already: who asks too late is told noproc */
		gsi_reason_copy(reason, "noproc");
	}
	wait_off(me);
	return status;
}

static int
call(gs_addr to, uint32_t kind, const char *operation, gs_bytes request,
    gs_bytes *reply, int timeout)
{
	struct gsi_self *me = gsi_self();
	char reason[GS_REASON_MAX + 1] = "";
	gs_bytes answer = GS_NONE;
	gs_pid pid;
	int status;

	if (timeout < 0)
		return gsi_fail(-EINVAL, "badarg",
		    "%s: the timeout %d is "
		    "negative",
		    operation, timeout);
	if (me == NULL)
		return -ENOTCONN;
	status = gsi_resolve(me, to, &pid);
	if (status == 0 && gs_pid_equal(pid, me->pid))
		status = -EDEADLK;
	if (status == 0)
		status = ask(me, pid, kind, request, &answer,
		    gsi_deadline(timeout), reason);
	if (status != 0)
		return failed(status, operation, to, request, timeout, reason);
	if (reply != NULL)
		*reply = answer;
	return 0;
}

int
gs_call(gs_addr to, gs_bytes request, gs_bytes *reply, int timeout)
{
	return call(to, GSI_CALL, "call", request, reply, timeout);
}

int
gs_ping(gs_addr to, int timeout)
{
	struct gsi_sys ping = { GSI_SYS_PING, 0 };

	return call(to, GSI_SYS, "ping", GS_OBJECT(ping), NULL, timeout);
}

static int
cast(struct gsi_self *me, gs_pid pid, uint32_t kind, gs_bytes body)
{
	struct gsi_head head = { kind, me->pid.gen, 0 };
	struct gsi_peer *peer;
	int status = gsi_peer_get(me, pid, &peer);

	if (status != 0)
		return status;
	/* nobody would ever read it */
	if (gm_load(&peer->entry->kind, relaxed) == GS_PROCESS_PLAIN)
		return -EOPNOTSUPP;
	return gsi_send_peer(me, peer, GM_MAILBOX, &head, body, 0);
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

int
gs_cast(gs_addr to, gs_bytes request)
{
	struct gsi_self *me = gsi_self();
	gs_pid pid;
	int status;

	if (me == NULL)
		return -ENOTCONN;
	status = gsi_resolve(me, to, &pid);
	if (status == 0)
		status = cast(me, pid, GSI_CAST, request);
	status = cast_status(status);
	return status == 0 ? 0 : failed(status, "cast", to, request, 0, NULL);
}

int
gs_cast_wait(gs_addr to, gs_bytes request, int timeout)
{
	struct gsi_self *me = gsi_self();
	int64_t deadline = 0;
	bool waited = false;
	struct gsi_peer *peer;
	gs_pid pid;
	int status;

	if (timeout < 0)
		return gsi_fail(-EINVAL, "badarg",
		    "cast: the timeout %d is "
		    "negative",
		    timeout);
	if (me == NULL)
		return -ENOTCONN;
	status = gsi_resolve(me, to, &pid);
	while (status == 0) {
		status = cast(me, pid, GSI_CAST, request);
		/* waiting for room in one's own mailbox would be for ever */
		if (status != -EAGAIN || gs_pid_equal(pid, me->pid))
			break;
		/* the clock is looked at only by those who wait */
		if (!waited)
			deadline = gsi_deadline(timeout);
		waited = true;
		status = gsi_peer_get(me, pid, &peer);
		if (status == 0)
			status = gm_ring_wait_room(&me->sender,
			    &peer->region.ring[GM_MAILBOX],
			    gsi_peer_alive(peer),
			    sizeof(struct gsi_head) + request.size, deadline);
	}
	status = cast_status(status);
	return status == 0 ? 0
			   : failed(status, "cast", to, request, timeout, NULL);
}

int
gs_send(gs_addr to, gs_bytes message)
{
	struct gsi_self *me = gsi_self();
	gs_pid pid;
	int status;

	if (me == NULL)
		return -ENOTCONN;
	status = gsi_resolve(me, to, &pid);
	if (status == 0) {
		status = cast(me, pid, GSI_INFO, message);
		if (status == -ESRCH)
			return 0;
	}
	return status == 0 ? 0 : failed(status, "send", to, message, 0, NULL);
}

int
gs_reply(gs_from from, gs_bytes reply)
{
	struct gsi_self *me = gsi_self();
	int status;

	if (me == NULL)
		return -ENOTCONN;
	status = gsi_send_reply(me, from, reply);
	/* too large is a bug of the server's that it should hear of */
	return status == -EMSGSIZE ? status : 0;
}

/* ---- stop ---- */

static int
send_terminate(struct gsi_self *me, gs_pid pid, const char *reason)
{
	struct gsi_head head = { GSI_SYS, me->pid.gen, 0 };
	struct gsi_sys sys = { GSI_SYS_TERMINATE, (uint32_t)strlen(reason) };
	char body[sizeof(sys) + GS_REASON_MAX + 1];

	if (!has_loop(me, pid))
		return gs_exit_signal(gs_to_pid(pid), reason);
	memcpy(body, &sys, sizeof(sys));
	memcpy(body + sizeof(sys), reason, sys.size);
	return gsi_send(me, pid, GM_MAILBOX, &head,
	    gs_bytes_of(body, sizeof(sys) + sys.size), 0);
}

/* The watch comes first, so that the end cannot be missed. */
static int
stop(struct gsi_self *me, gs_pid pid, const char *reason, int64_t deadline,
    char ended[GS_REASON_MAX + 1])
{
	struct gsi_ask watch = { .pid = pid };
	struct gsi_answer answer;
	uint64_t tag;
	int status;

	if (gs_pid_is_none(pid))
		return -ESRCH;
	if (pid.node != me->pid.node)
		return -EHOSTUNREACH;
	if (pid.slot == 0)
		return -EPERM;
	status =
	    gsi_request_start(me, GSI_OP_WATCH, &watch, sizeof(watch), &tag);
	if (status == 0)
		status = send_terminate(me, pid, reason);
	if (status == 0 || status == -ESRCH) {
		int sent = status;

		status = gsi_request_wait(me, tag, deadline, &answer);
		if (status == 0 && sent != 0)
			answer.status = -ESRCH;
	}
	if (status != 0) {
		watch.ref = tag;
		gsi_request_post(me, GSI_OP_UNWATCH, &watch, sizeof(watch));
		return status;
	}
	gsi_reason_copy(ended, answer.reason);
	return answer.status;
}

int
gs_stop(gs_addr to, const char *reason, int timeout)
{
	struct gsi_self *me = gsi_self();
	char wanted[GS_REASON_MAX + 1], ended[GS_REASON_MAX + 1] = "";
	gs_pid pid;
	int status;

	if (timeout < 0)
		return gsi_fail(-EINVAL, "badarg",
		    "stop: the timeout %d is "
		    "negative",
		    timeout);
	if (me == NULL)
		return -ENOTCONN;
	gsi_reason_copy(wanted, reason);
	status = gsi_resolve(me, to, &pid);
	if (status == 0 && gs_pid_equal(pid, me->pid))
		status = -EDEADLK;
	if (status == 0)
		status = stop(me, pid, wanted, gsi_deadline(timeout), ended);
	if (status == 0 && strcmp(ended, wanted) != 0)
		status = -ECONNRESET;
	if (status == 0)
		return 0;
	return failed(status, "stop", to, gs_text(wanted), timeout,
	    status == -ECONNRESET ? ended : NULL);
}
