/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stopping a process and learning how it ended.  The watch is asked for before
 * the word to terminate is sent, so the end cannot be missed.
 */
#include <errno.h>

#include "lib/guest.h"
#include "lib/request.h"

static int
send_terminate(struct gsi_self *me, gs_pid pid, const char *reason)
{
	struct gsi_head head = { GSI_SYS, me->pid.gen, 0 };
	struct gsi_sys sys = { .op = GSI_SYS_TERMINATE,
		.size = (uint32_t)strlen(reason),
		.deadline = -1 };
	char body[sizeof(sys) + GS_REASON_MAX + 1];

	if (!gsi_has_loop(me, pid))
		return gs_exit_signal(gs_to_pid(pid), reason);
	memcpy(body, &sys, sizeof(sys));
	memcpy(body + sizeof(sys), reason, sys.size);
	return gsi_send_system(
	    me, pid, &head, gs_bytes_of(body, sizeof(sys) + sys.size));
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
	status = gsi_request_start(
	    me, GSI_OP_WATCH, &watch, sizeof(watch), &tag, deadline);
	if (status == -ETIMEDOUT)
		return status;
	/* the node, which has just been rung, rings faster than we get a bell */
	me->bells_by_node = true;
	if (status == 0)
		status = send_terminate(me, pid, reason);
	me->bells_by_node = false;
	if (status == 0 || status == -ESRCH) {
		int sent = status;

		status = gsi_request_wait(me, tag, deadline, &answer);
		if (status == 0 && sent != 0)
			answer.status = -ESRCH;
	}
	if (status != 0) {
		watch.ref = tag;
		/* if it cannot be said either, an answer will be nobody's */
		(void)gsi_request_start(
		    me, GSI_OP_UNWATCH, &watch, sizeof(watch), NULL, deadline);
		return status;
	}
	gsi_reason_copy(ended, answer.reason);
	return answer.status;
}

static int
stop_at(struct gsi_self *me, gs_addr to, const char *reason, int64_t deadline,
    char ended[GS_REASON_MAX + 1])
{
	gs_pid pid;
	int status = gsi_resolve(me, to, &pid);

	if (status == 0 && gs_pid_equal(pid, me->pid))
		status = -EDEADLK;
	return status == 0 ? stop(me, pid, reason, deadline, ended) : status;
}

int
gs_stop(gs_addr to, const char *reason, int timeout)
{
	struct gsi_self *me;
	char wanted[GS_REASON_MAX + 1], ended[GS_REASON_MAX + 1] = "";
	int64_t deadline = gsi_deadline(timeout);
	int status;

	if (timeout < 0)
		return gsi_fail(-EINVAL, "badarg",
		    "stop: the timeout %d is "
		    "negative",
		    timeout);
	me = gsi_self_within(timeout, &status);
	if (me == NULL)
		return status;
	gsi_reason_copy(wanted, reason);
	status = stop_at(me, to, wanted, deadline, ended);
	if (gsi_elsewhere(&me, to, deadline, &status))
		status =
		    gsi_there(me, stop_at(me, to, wanted, deadline, ended));
	if (status == 0 && strcmp(ended, wanted) != 0)
		status = -ECONNRESET;
	if (status == 0)
		return 0;
	return gsi_failed(status, "stop", to, gs_text(wanted), timeout,
	    status == -ECONNRESET ? ended : NULL);
}
