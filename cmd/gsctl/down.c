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

static const struct cmd_option options[] = {
	{ "timeout", 0, "MS", "give up waiting after MS (default: infinity)" },
	{ NULL, 0, NULL, NULL },
};

struct search {
	const char *name;
	int os_pid;
};

static int
match(const gs_node_entry *node, void *data)
{
	struct search *search = data;

	if (!node->running || strcmp(node->name, search->name) != 0)
		return 0;
	search->os_pid = node->os_pid;
	return 1;
}

/* The pidfd is asked for the name again: the pid may be another's by now. */
static int
open_node(const char *name)
{
	struct search first = { name, 0 }, second = { name, 0 };
	int fd;

	if (gs_nodes(match, &first) < 0 || first.os_pid <= 0)
		return -ENOTCONN;
	fd = pidfd_open(first.os_pid, 0);
	if (fd < 0)
		return -errno;
	if (gs_nodes(match, &second) >= 0 && second.os_pid == first.os_pid)
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

static int
run(struct cmd *cmd)
{
	int timeout = GS_INFINITY, status, rc;

	status = cmd_ms(cmd, "timeout", 0, &timeout);
	if (status != 0)
		return status;
	rc = cmd_open(cmd);
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
