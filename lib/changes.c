/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for what happens in a node: a count in its header moves with every
 * start, end and name, and is a futex.
 */
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/guest.h"

static uint32_t
changes(struct gsi_self *me)
{
	return gm_load(&me->arena->header->changes, acquire);
}

static int
changed(struct gsi_self *me, uint32_t seen, int64_t deadline)
{
	while (changes(me) == seen) {
		/* in slices: the node's end moves no futex */
		int64_t left = 500 * NS_PER_MS;
		struct timespec ts;

		if (!gsi_node_alive(me))
			return -ENOTCONN;
		if (deadline >= 0) {
			if (gsi_now_ns() >= deadline)
				return -ETIMEDOUT;
			if (deadline - gsi_now_ns() < left)
				left = deadline - gsi_now_ns();
		}
		if (left < 0)
			left = 0;
		ts.tv_sec = (time_t)(left / 1000000000);
		ts.tv_nsec = (long)(left % 1000000000);
		syscall(SYS_futex, &me->arena->header->changes, FUTEX_WAIT,
		    seen, &ts, NULL, 0);
	}
	return 0;
}

uint32_t
gs_changes(void)
{
	struct gsi_self *me = gsi_self();

	return me == NULL ? 0 : changes(me);
}

int
gs_changed(uint32_t seen, int timeout)
{
	int64_t deadline = gsi_deadline(timeout);
	int status;
	struct gsi_self *me = gsi_self_within(timeout, &status);

	return me == NULL ? status : changed(me, seen, deadline);
}

/* In which node the address is; *at is the home to begin with. */
static int
go_there(struct gsi_self **at, gs_addr to, int64_t deadline)
{
	gs_pid pid;
	int status = gsi_resolve(*at, to, &pid);

	if (status == 0 && pid.node != (*at)->pid.node)
		status = -EHOSTUNREACH;
	if (status == -EHOSTUNREACH &&
	    !gsi_elsewhere(at, to, deadline, &status))
		return status;
	return 0;
}

int
gs_wait_up(gs_addr to, int timeout)
{
	int64_t deadline = gsi_deadline(timeout);
	struct gsi_self *home;
	int status;

	if (timeout < 0)
		return gsi_fail(-EINVAL, "badarg",
		    "wait_up: the timeout %d is negative", timeout);
	home = gsi_self_within(timeout, &status);
	if (home == NULL)
		return status;
	for (;;) {
		struct gsi_self *at = home;
		uint32_t seen;

		status = go_there(&at, to, deadline);
		if (status != 0)
			break;
		seen = changes(at);
		status = gs_ping(to, gsi_left_ms(deadline));
		if (status != -ENOENT && status != -ESRCH &&
		    status != -ECONNRESET)
			break;
		/* a pid that is dead stays dead */
		if (gs_addr_kind(to) == GS_ADDR_PID)
			break;
		status = gsi_there(at, changed(at, seen, deadline));
		if (status != 0)
			break;
	}
	if (status == -ETIMEDOUT)
		gsi_failed(status, "wait_up", to, GS_NONE, timeout, NULL);
	return status;
}
