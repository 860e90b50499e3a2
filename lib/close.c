/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaving a node, or taking it down.  A private node goes with its program:
 * closing it waits for its end; any other stays up.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/self.h"

/* Until the node has let go of our socket; true when it has. */
static bool
wait_gone(int socket, int timeout)
{
	int64_t deadline = gsi_deadline(timeout);
	struct pollfd p = { .fd = socket, .events = POLLRDHUP };

	for (;;) {
		int left = -1, n;

		if (deadline >= 0) {
			int64_t ms = (deadline - gsi_now_ns()) / NS_PER_MS;

			left = ms > 0 ? (int)ms : 0;
		}
		n = poll(&p, 1, left);
		if (n > 0 && (p.revents & (POLLHUP | POLLRDHUP)) != 0)
			return true;
		if (n == 0)
			return false;
	}
}

static int
ask_down(struct gsi_self *me, int timeout)
{
	struct gsi_packet down = {
		.magic = GSI_PACKET_MAGIC,
		.op = GSI_PACKET_DOWN,
	};
	int status;

	/* the program is not to be killed for what it asked for itself */
	if (gsi_home()->life >= 0) {
		close(gsi_home()->life);
		gsi_home()->life = -1;
	}
	status = gsi_packet_send(me->socket, &down, sizeof(down), NULL, 0);
	/* a node of our own takes a SIGTERM for it */
	if (status != 0 && gsi_home()->embedded && gsi_home()->node_os_pid > 1)
		status =
		    kill(gsi_home()->node_os_pid, SIGTERM) == 0 ? 0 : -errno;
	if (status != 0)
		return status;
	return wait_gone(me->socket, timeout) ? 0 : -ETIMEDOUT;
}

static void
leave(struct gsi_self *me)
{
	struct gsi_home *home = gsi_home();

	gsi_self_set(NULL);
	home->open = false;
	home->embedded = false;
	gsi_detach(me, true);
}

void
gs_node_close(void)
{
	struct gsi_home *home = gsi_home();
	struct gsi_self *me = gsi_self_peek();

	if (!home->open || (me != NULL && me->is_server))
		return;
	if (me == NULL && home->embedded)
		me = gsi_self();
	if (me == NULL) {
		home->open = false;
		return;
	}
	if (home->embedded)
		ask_down(me, GS_INFINITY);
	leave(me);
}

int
gs_node_down(int timeout)
{
	struct gsi_self *me;
	int status;

	if (timeout < 0)
		return gsi_fail(-EINVAL, "badarg",
		    "node down: the timeout %d is negative", timeout);
	me = gsi_self_within(timeout, &status);
	if (me == NULL)
		return status;
	if (me->is_server)
		return gsi_fail(-EPERM, "badarg",
		    "a server cannot wait for "
		    "the end of its own node");
	status = ask_down(me, timeout);
	if (status != 0 && status != -ETIMEDOUT)
		return gsi_fail(status, "system_limit",
		    "cannot ask node '%s' to go down: %s", gsi_home()->name,
		    strerror(-status));
	if (status != 0)
		return gsi_fail(status, "timeout",
		    "node '%s' is still going "
		    "down after %d ms",
		    gsi_home()->name, timeout);
	leave(me);
	return 0;
}
