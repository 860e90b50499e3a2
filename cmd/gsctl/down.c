/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsctl down: ends the node and all that is in it.  A node that runs but lets
 * nobody in, as when its memory is used up, is told by signal.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "cmd/gsctl/cmd.h"

#define REACH_MS 1000 /* that getting to the node may take at least */

static const struct cmd_option options[] = {
	{ "timeout", 0, "MS", "give up waiting after MS (default: infinity)" },
	{ NULL, 0, NULL, NULL },
};

/* The pidfd is asked for the name again: the pid may be another's by now. */
static int
open_node(const char *name)
{
	int os_pid = cmd_node_pid(name), fd;

	if (os_pid == 0)
		return -ENOTCONN;
	fd = pidfd_open(os_pid, 0);
	if (fd < 0)
		return -errno;
	if (cmd_node_pid(name) == os_pid)
		return fd;
	close(fd);
	return -ENOTCONN;
}

static int
down_by_signal(const char *name, int timeout)
{
	struct pollfd wait = { .events = POLLIN };
	int rc = 0;

	wait.fd = open_node(name);
	if (wait.fd < 0)
		return wait.fd;
	if (pidfd_send_signal(wait.fd, SIGTERM, NULL, 0) != 0)
		rc = -errno;
	else if (poll(&wait, 1, timeout == GS_INFINITY ? -1 : timeout) == 0)
		rc = -ETIMEDOUT;
	close(wait.fd);
	return rc;
}

/* What getting to the node has left of the time. */
static int
left(int64_t begin, int timeout)
{
	int64_t gone = gs_now() - begin;

	if (timeout == GS_INFINITY)
		return timeout;
	return gone < timeout ? timeout - (int)gone : 0;
}

static int
run(struct cmd *cmd)
{
	int timeout = GS_INFINITY, status, rc;
	int64_t begin = gs_now();

	status = cmd_ms(cmd, "timeout", 0, &timeout);
	if (status != 0)
		return status;
	/* However short it is, the node is to be told. */
	cmd->patience = timeout > REACH_MS ? timeout : REACH_MS;
	rc = cmd_open(cmd);
	timeout = left(begin, timeout);
	if (rc == -ENOSPC || rc == -EAGAIN || rc == -ENOMEM || rc == -EMFILE)
		rc = down_by_signal(cmd->node, timeout);
	else if (rc == 0)
		rc = gs_node_down(timeout);
	else
		return cmd_attach(cmd);
	return rc == 0 ? CMD_DONE : cmd_fail(cmd, NULL, rc);
}

const struct cmd_verb cmd_down = {
	.name = "down",
	.operands = "",
	.about = "stop the servers, then the node",
	.text = "Stops the servers in reverse order of their start, each with "
		"its shutdown time, then the node. Returns when all processes "
		"and the shared memory are gone.",
	.options = options,
	.exits = { CMD_NO_NODE, CMD_TIMED_OUT },
	.run = run,
};
