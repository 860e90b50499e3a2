/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsctl up: the node, in the background or as this very process.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd/gsctl/cmd.h"

static const struct cmd_option options[] = {
	{ "foreground", 0, NULL,
	    "be the node, until it is told to end (for service managers)" },
	{ "ready-fd", 0, "N",
	    "with --foreground: write one line to this descriptor when up" },
	{ NULL, 0, NULL, NULL },
};

static int
foreground(const struct cmd *cmd)
{
	char hint[CMD_HINT];
	int ready = -1, status, rc;

	status = cmd_number(cmd, "ready-fd", 0, &ready);
	if (status != 0)
		return status;
	if (ready >= 0 && fcntl(ready, F_GETFD) < 0)
		return cmd_usage(cmd, "--ready-fd %d is not open", ready);
	rc = gs_node_run(cmd->node, ready);
	if (rc == -EEXIST)
		return cmd_error(CMD_REFUSED,
		    "node '%s' runs already; '%s' ends it", cmd->node,
		    cmd_hint(cmd, hint, "down", NULL, NULL));
	return rc == 0 ? CMD_DONE : cmd_fail(cmd, NULL, rc);
}

static int
run(struct cmd *cmd)
{
	gs_node_info info;
	int status;

	if (cmd->count > 0)
		return cmd_usage(cmd,
		    "up takes no words, and there is '%s': a node is named "
		    "with -n NODE; tree files are not there yet",
		    cmd->words[0]);
	if (cmd_value(cmd, "foreground") != NULL)
		return foreground(cmd);
	if (cmd_value(cmd, "ready-fd") != NULL)
		return cmd_usage(cmd, "--ready-fd goes with --foreground");
	status = cmd_launch(cmd);
	if (status == 0 && isatty(STDERR_FILENO) && gs_node_inspect(&info) == 0)
		fprintf(stderr, "node '%s' is up, process %d\n", cmd->node,
		    info.os_pid);
	return status;
}

const struct cmd_verb cmd_up = {
	.name = "up",
	.operands = "",
	.about = "start the node, or find it running",
	.text = "Starts the node in the background unless it runs already, and "
		"returns when it is ready.",
	.options = options,
	.least = 0,
	.most = -1,
	.exits = { CMD_REFUSED, CMD_TIMED_OUT },
	.run = run,
};
