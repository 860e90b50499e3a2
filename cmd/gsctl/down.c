/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsctl down: ends the node and all that is in it.
 */
#include "cmd/gsctl/cmd.h"

static const struct cmd_option options[] = {
	{ "timeout", 0, "MS", "give up waiting after MS (default: infinity)" },
	{ NULL, 0, NULL, NULL },
};

static int
run(struct cmd *cmd)
{
	int timeout = GS_INFINITY, status, rc;

	status = cmd_ms(cmd, "timeout", 0, &timeout);
	if (status == 0)
		status = cmd_attach(cmd);
	if (status != 0)
		return status;
	rc = gs_node_down(timeout);
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
