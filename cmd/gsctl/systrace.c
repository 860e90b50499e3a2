/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsctl sys trace: the events of a server as they come.  The server stops
 * sending once we have gone, however we went.
 */
#include <errno.h>
#include <stdio.h>

#include "cmd/gsctl/json.h"
#include "cmd/gsctl/out.h"
#include "cmd/gsctl/sys.h"

static void
print_event(const struct cmd *cmd, gs_bytes line)
{
	struct json json = { .depth = 0 };

	if (cmd->json) {
		json_open(&json, NULL, '{');
		json_bytes(&json, "event", line.data, line.size);
		json_close(&json, '}');
		json_end(&json);
		return;
	}
	cmd_put_safe(line.data, line.size);
	putchar_unlocked('\n');
}

/* Flushed before a wait, so that a busy server is not slower to watch. */
static int
next(gs_info *info)
{
	int rc = gs_receive(info, 0);

	if (rc != -ETIMEDOUT)
		return rc;
	if (out_flush() != 0)
		return -EPIPE;
	return gs_receive(info, GS_INFINITY);
}

static int
stream(const struct cmd *cmd, const struct cmd_server *server, gs_pid pid,
    gs_ref ref)
{
	gs_info info;
	int rc;

	while ((rc = next(&info)) == 0) {
		if (info.kind == GS_INFO_MESSAGE &&
		    gs_pid_equal(info.from, pid) && info.body.size > 0)
			print_event(cmd, info.body);
		else if (info.kind == GS_INFO_MESSAGE &&
			 gs_pid_equal(info.from, pid))
			return cmd_error(CMD_DONE,
			    "sys %s: somebody has switched all of its "
			    "debugging off (no-debug): the trace ends",
			    server->text);
		else if (info.kind == GS_INFO_DOWN && info.ref.id == ref.id)
			return cmd_error(CMD_DIED,
			    "sys %s: the server ended: %s", server->text,
			    info.reason);
	}
	return rc == -EPIPE ? CMD_INTERNAL : cmd_fail(cmd, NULL, rc);
}

static int
watch(const struct cmd *cmd, struct cmd_server *server, int timeout)
{
	gs_ref ref;
	gs_pid pid;
	int status = cmd_resolve(cmd, server, &pid);
	int rc;

	if (status != 0)
		return status;
	/* that process, not who comes after it */
	rc = gs_monitor(gs_to_pid(pid), &ref);
	if (rc == 0)
		rc = gs_sys_trace_to_me(gs_to_pid(pid), true, timeout);
	return rc == 0 ? stream(cmd, server, pid, ref)
		       : sys_failed(cmd, server, rc);
}

int
sys_trace(struct cmd *cmd)
{
	bool set = cmd->count > 1, on = false;
	struct cmd_server server;
	int timeout, rc;
	int status = set ? sys_switch(cmd, &on) : 0;

	if (status == 0)
		status = sys_reach(cmd, &server, &timeout);
	if (status != 0)
		return status;
	if (!set)
		return watch(cmd, &server, timeout);
	rc = gs_sys_trace(server.to, on, timeout);
	return rc == 0 ? CMD_DONE : sys_failed(cmd, &server, rc);
}
