/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsctl wait: until a server is up, down, or has been restarted.
 */
#include <errno.h>

#include "cmd/gsctl/cmd.h"

/*
 * gs_changed tells of processes; what a supervisor then makes of an end is
 * told by nobody, so it is looked at again after this time.
 */
#define LOOK_AGAIN_MS 50

enum answer {
	NOT_YET,
	YES,
	NEVER, /* it does not come by itself */
};

struct wait {
	const struct cmd *cmd;
	struct cmd_server server;
	enum answer (*met)(struct wait *wait);
	int64_t end; /* on gs_now; -1: never */
	gs_pid pid; /* at the start; none: was not there */
	uint32_t restarts;
	bool was_child;
	gs_child child; /* at the last look */
	bool is_child;
};

static int
left(const struct wait *wait, int most)
{
	int64_t left;

	if (wait->end < 0)
		return most;
	left = wait->end - gs_now();
	return left < 0 ? 0 : left < most ? (int)left : most;
}

/* A child without a name goes by its id, which nobody holds. */
static gs_addr
target(const struct wait *wait)
{
	gs_pid pid;

	if (wait->is_child && gs_resolve(wait->server.to, &pid) != 0)
		return gs_to_pid(wait->child.pid);
	return wait->server.to;
}

static bool
lives(const struct wait *wait, gs_pid *pid)
{
	return gs_resolve(target(wait), pid) == 0 && gs_alive(*pid);
}

/* Past init; asking the process itself would wait for what it is doing. */
static bool
runs(const struct wait *wait)
{
	gs_process_info process;

	return gs_process_inspect(target(wait), &process) == 0 &&
	       process.state != GS_STATE_STARTING &&
	       process.state != GS_STATE_EXITED;
}

/* A dead pid is not used again, and some children stay down. */
static enum answer
is_coming(const struct wait *wait)
{
	gs_pid pid;

	if (!wait->is_child)
		return gs_addr_kind(wait->server.to) == GS_ADDR_PID &&
			       !lives(wait, &pid)
			   ? NEVER
			   : NOT_YET;
	return wait->child.state == GS_CHILD_FAILED ||
		       wait->child.state == GS_CHILD_STOPPED
		   ? NEVER
		   : NOT_YET;
}

static enum answer
is_up(struct wait *wait)
{
	return runs(wait) ? YES : is_coming(wait);
}

static enum answer
is_down(struct wait *wait)
{
	gs_pid pid;

	if (lives(wait, &pid))
		return NOT_YET;
	return !wait->is_child || wait->child.state == GS_CHILD_STOPPED ||
		       wait->child.state == GS_CHILD_FAILED
		   ? YES
		   : NOT_YET;
}

/* Another pid under the name, or a higher count. */
static enum answer
is_restarted(struct wait *wait)
{
	bool counted = wait->was_child && wait->is_child &&
		       wait->child.restarts != wait->restarts;
	gs_pid pid;

	if (lives(wait, &pid) &&
	    (counted ||
		(!gs_pid_is_none(wait->pid) && !gs_pid_equal(pid, wait->pid))))
		return is_up(wait);
	return is_coming(wait);
}

static void
look(struct wait *wait)
{
	wait->is_child = cmd_child(&wait->server, &wait->child) == 0;
}

/* What is true when the command starts. */
static void
first_look(struct wait *wait)
{
	gs_process_info process;
	const char *name;

	look(wait);
	if (gs_process_inspect(target(wait), &process) == 0) {
		wait->pid = process.pid;
		name = *process.name ? process.name : wait->child.id;
		/* A restarted server has another pid but the same name. */
		if (wait->met == is_restarted && *name != '\0') {
			memcpy(wait->server.name, name, strlen(name) + 1);
			wait->server.to = gs_to_name(wait->server.name);
		}
	}
	wait->was_child = wait->is_child;
	wait->restarts = wait->child.restarts;
}

/* What was waited for does not come by itself. */
static int
never(const struct wait *wait)
{
	const gs_child *child = &wait->child;
	char hint[CMD_HINT];

	if (!wait->is_child)
		return cmd_error(CMD_NO,
		    "no process %s on node '%s', and a pid is not used again; "
		    "wait for a name",
		    wait->server.text, wait->cmd->node);
	return cmd_error(CMD_NO, "'%s' %s%s%s; '%s' starts it",
	    wait->server.text,
	    child->state == GS_CHILD_FAILED ? "was given up" : "is stopped",
	    *child->last_reason ? ": " : "", child->last_reason,
	    cmd_hint(wait->cmd, hint, "restart", child->id, NULL));
}

/* A word to those who have mistyped a name; others wait on. */
static void
say_nobody(const struct wait *wait)
{
	gs_pid pid;

	if (wait->is_child || lives(wait, &pid))
		return;
	cmd_error(
	    0, "nobody has the name '%s' yet; waiting", wait->server.text);
}

static int
until_met(struct wait *wait)
{
	for (bool first = true;; first = false) {
		uint32_t seen = gs_changes();
		enum answer answer;
		int rc;

		look(wait);
		answer = wait->met(wait);
		if (answer == YES)
			return CMD_DONE;
		if (answer == NEVER)
			return never(wait);
		if (wait->end >= 0 && gs_now() >= wait->end)
			return CMD_TIMED_OUT;
		if (first)
			say_nobody(wait);
		rc = gs_changed(seen, left(wait, LOOK_AGAIN_MS));
		if (rc != 0 && rc != -ETIMEDOUT)
			return cmd_fail(wait->cmd, &wait->server, rc);
	}
}

static int
choose(const struct cmd *cmd, struct wait *wait)
{
	static const struct {
		const char *option;
		enum answer (*met)(struct wait *wait);
	} all[] = {
		{ "up", is_up },
		{ "down", is_down },
		{ "restarted", is_restarted },
	};
	int count = 0;

	for (int i = 0; i < 3; i++)
		if (cmd_value(cmd, all[i].option) != NULL) {
			wait->met = all[i].met;
			count++;
		}
	if (count != 1)
		return cmd_usage(
		    cmd, "wants one of --up, --down and --restarted");
	return 0;
}

static int
run(struct cmd *cmd)
{
	struct wait wait = { .cmd = cmd, .end = -1 };
	int timeout = GS_INFINITY, status;
	char hint[CMD_HINT];

	status = choose(cmd, &wait);
	if (status == 0)
		status = cmd_ms(cmd, "timeout", 0, &timeout);
	if (status == 0)
		status = cmd_reach(cmd, cmd->words[0], &wait.server);
	if (status != 0)
		return status;
	if (timeout != GS_INFINITY)
		wait.end = gs_now() + timeout;
	first_look(&wait);
	status = until_met(&wait);
	if (status != CMD_TIMED_OUT)
		return status;
	if (timeout == 0)
		return CMD_NO;
	return cmd_error(status,
	    "wait %s: not so after %d ms; '%s' says how it stands",
	    wait.server.text, timeout, cmd_hint(cmd, hint, "show", NULL, NULL));
}

static const struct cmd_option options[] = {
	{ "up", 0, NULL, "it runs and its init is over" },
	{ "down", 0, NULL,
	    "it is gone and will not be restarted; a pid: it is gone" },
	{ "restarted", 0, NULL,
	    "it was started anew since this command began, and is up" },
	{ "timeout", 0, "MS",
	    "give up after MS (default: infinity); 0 only asks: exit 0 or 1" },
	{ NULL, 0, NULL, NULL },
};

const struct cmd_verb cmd_wait = {
	.name = "wait",
	.operands = "SERVER --up|--down|--restarted",
	.about = "wait for a server to be up or down",
	.text = "Waits until the server is in that state. A name that nobody "
		"holds is down. A server that was stopped or given up does "
		"not come back by itself, nor does a pid: --up and "
		"--restarted then end with 1.",
	.options = options,
	.least = 1,
	.most = 1,
	.exits = { CMD_NO, CMD_NO_NODE, CMD_TIMED_OUT },
	.run = run,
};
