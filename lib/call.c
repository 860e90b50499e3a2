/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that are answered: call and ping.  Each is one lookup, one send and
 * one wait in the reply ring; the node knows from the own page whom we wait
 * for, so a death ends the wait.
 */
#include <errno.h>

#include "lib/guest.h"
#include "lib/post.h"
#include "lib/thread.h"

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

bool
gsi_has_loop(struct gsi_self *me, gs_pid pid)
{
	const struct gm_entry *entry = gm_entry_at(me->arena, pid.slot);

	return entry == NULL || gsi_entry_answers(entry);
}

static int __attribute__((noinline))
send_slowly(struct gsi_self *me, gs_pid pid, const struct gsi_head *head,
    gs_bytes request, struct gsi_peer **peer)
{
	int status = gsi_peer_get(me, pid, peer);

	if (status == 0 && !gsi_peer_answers(*peer))
		status = -EOPNOTSUPP;
	if (status != 0)
		return status;
	if (head->kind == GSI_SYS)
		return gsi_send_system(me, pid, head, request);
	return gsi_send_peer(me, *peer, GM_MAILBOX, head, request, 0);
}

static inline __attribute__((always_inline)) int
send(struct gsi_self *me, gs_pid pid, uint32_t kind, uint64_t tag,
    gs_bytes request, struct gsi_peer **peer)
{
	struct gsi_head head;

	*peer = gsi_peer_known(me, pid);
	if (kind == GSI_CALL && __builtin_expect(*peer != NULL, 1) &&
	    gsi_peer_answers(*peer) &&
	    gsi_post(me, *peer, GM_MAILBOX, kind, tag, request))
		return 0;
	head = (struct gsi_head){ kind, me->pid.gen, tag };
	return send_slowly(me, pid, &head, request, peer);
}

/* One request of any kind, and its answer. */
static inline __attribute__((always_inline)) int
ask(struct gsi_self *me, gs_pid pid, uint32_t kind, gs_bytes request,
    gs_bytes *reply, int64_t deadline, char reason[GS_REASON_MAX + 1])
{
	uint64_t tag = ++me->next_tag;
	uint32_t doing = gm_load(&me->page->doing, relaxed);
	struct gsi_peer *peer;
	int status;

	wait_on(me, pid);
	status = send(me, pid, kind, tag, request, &peer);
	if (__builtin_expect(status == 0, 1)) {
		gm_store(&me->page->doing, GS_STATE_CALLING, relaxed);
		status = gsi_await(me, tag, peer, deadline, reply, reason);
		gm_store(&me->page->doing, doing, relaxed);
	} else if (status == -ESRCH &&
		   gm_entry_reason(me->arena, pid.slot, pid.gen, reason) == 1) {
		/* dead already: who asks too late is told noproc */
		gsi_reason_copy(reason, "noproc");
	}
	wait_off(me);
	return status;
}

static inline __attribute__((always_inline)) int
call_at(struct gsi_self *me, gs_addr to, uint32_t kind, gs_bytes request,
    gs_bytes *reply, int64_t deadline, char reason[GS_REASON_MAX + 1])
{
	gs_pid pid;
	int status = gsi_resolve(me, to, &pid);

	if (status == 0 && __builtin_expect(gs_pid_equal(pid, me->pid), 0))
		status = -EDEADLK;
	if (status == 0)
		status = ask(me, pid, kind, request, reply, deadline, reason);
	return status;
}

/* Out of the way of those that stay at home. */
static int __attribute__((cold, noinline))
call_elsewhere(struct gsi_self *me, gs_addr to, uint32_t kind, gs_bytes request,
    gs_bytes *reply, int timeout, char reason[GS_REASON_MAX + 1])
{
	int64_t deadline = gsi_deadline(timeout);
	int status = -EHOSTUNREACH;

	if (gsi_elsewhere(&me, to, deadline, &status))
		status = gsi_there(me,
		    call_at(me, to, kind, request, reply, deadline, reason));
	return status;
}

/* One copy for each kind, so that neither asks which one it is. */
static inline __attribute__((always_inline)) int
call(gs_addr to, uint32_t kind, const char *operation, gs_bytes request,
    gs_bytes *reply, int timeout)
{
	struct gsi_self *me = gsi_self_now();
	char reason[GS_REASON_MAX + 1];
	gs_bytes nobody_asked;
	int status;

	if (timeout < 0)
		return gsi_fail(-EINVAL, "badarg",
		    "%s: the timeout %d is "
		    "negative",
		    operation, timeout);
	if (__builtin_expect(me == NULL, 0)) {
		me = gsi_self_within(timeout, &status);
		if (me == NULL)
			return status;
	}
	if (reply == NULL)
		reply = &nobody_asked;
	reason[0] = '\0';
	status = call_at(me, to, kind, request, reply, GSI_IN(timeout), reason);
	if (status == -EHOSTUNREACH)
		status = call_elsewhere(
		    me, to, kind, request, reply, timeout, reason);
	if (status != 0) {
		/* the bytes of a system message are the library's own */
		if (kind == GSI_SYS)
			request.data = NULL;
		return gsi_failed(
		    status, operation, to, request, timeout, reason);
	}
	return 0;
}

int
gs_call(gs_addr to, gs_bytes request, gs_bytes *reply, int timeout)
{
	return call(to, GSI_CALL, "call", request, reply, timeout);
}

int
gsi_system_call(gs_addr to, const char *operation, gs_bytes request,
    gs_bytes *reply, int timeout)
{
	return call(to, GSI_SYS, operation, request, reply, timeout);
}

int
gs_ping(gs_addr to, int timeout)
{
	struct gsi_sys ping = { .op = GSI_SYS_PING, .deadline = -1 };

	return gsi_system_call(to, "ping", GS_OBJECT(ping), NULL, timeout);
}
