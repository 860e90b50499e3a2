/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting and ending servers by the thousand, every way there is to end;
 * then processes, descriptors, segments and slots are what they were.
 */
#include <errno.h>
#include <genserver.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/runner.h"

#define CYCLES 10000
#define WARM_UP 200

static gs_next
init(void *state, gs_bytes argument)
{
	(void)state;
	if (gs_is(argument, "ignore"))
		return gs_ignore();
	if (gs_is(argument, "stop"))
		return gs_next_stop("shutdown");
	if (gs_is(argument, "die"))
		raise(SIGKILL);
	return gs_ok();
}

static gs_next
handle_call(void *state, gs_bytes request, gs_from from)
{
	(void)state;
	(void)from;
	return gs_next_reply(request);
}

static GS_SERVER(brief, .init = init, .handle_call = handle_call);

/* The node's own count of descriptors, from outside. */
static int
fds_of(int os_pid)
{
	char command[64];
	FILE *p;
	int n = -1;

	snprintf(command, sizeof(command), "ls /proc/%d/fd | wc -l", os_pid);
	p = popen(command, "re");
	CHECK(p);
	CHECK_INT(fscanf(p, "%d", &n), 1);
	pclose(p);
	return n;
}

static void
cycle(int i)
{
	static const char *const arguments[] = { "", "", "ignore", "stop", "",
		"die" };
	gs_options options = { .name = i % 2 == 0 ? "brief" : NULL };
	gs_bytes reply;
	gs_pid pid;
	int way = i % 6;
	int status = gs_start(&brief, GS_TEXT(arguments[way]), &options, &pid);

	switch (way) {
	case 2:
		CHECK_INT(status, -ECANCELED);
		return;
	case 3:
	case 5:
		CHECK_INT(status, -ECHILD);
		return;
	default:
		CHECK_OK(status);
	}
	CHECK_OK(gs_call(GS_PID(pid), GS_TEXT("x"), &reply, 5000));
	if (way == 4)
		CHECK_INT(gs_exit_signal(GS_PID(pid), "kill"), 0);
	status = gs_stop(GS_PID(pid), NULL, 10000);
	if (way == 4)
		CHECK(status == -ESRCH || status == -ECONNRESET);
	else
		CHECK_OK(status);
}

TEST_TIMEOUT(OS_07_ten_thousand_starts_and_ends_leave_nothing, 280)
{
	gs_node_info before, after;
	int fds;

	CHECK_OK(gs_node_open(NULL, 0));
	for (int i = 0; i < WARM_UP; i++)
		cycle(i);
	CHECK_OK(gs_node_inspect(&before));
	fds = fds_of(before.os_pid);
	for (int i = 0; i < CYCLES; i++)
		cycle(i);
	CHECK_OK(gs_node_inspect(&after));
	CHECK_INT(after.processes, before.processes);
	/* a pool of bells may have been filled up in between */
	CHECK(fds_of(after.os_pid) <= fds + 16);
	CHECK(after.arena_used <= before.arena_used + (512 << 10));
	gs_node_close();
}
