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

struct holdings {
	gs_node_info node;
	int fds;
};

/* The node may not have buried the last of them yet. */
static bool
no_more_than(void *data)
{
	const struct holdings *before = data;
	gs_node_info now;

	CHECK_OK(gs_node_inspect(&now));
	/* a pool of bells may have been filled up in between */
	return now.processes <= before->node.processes &&
	       fds_of(now.os_pid) <= before->fds + 16 &&
	       now.arena_used <= before->node.arena_used + (512 << 10);
}

TEST_TIMEOUT(OS_07_ten_thousand_starts_and_ends_leave_nothing, 280)
{
	struct holdings before;

	CHECK_OK(gs_node_open(NULL, 0));
	for (int i = 0; i < WARM_UP; i++)
		cycle(i);
	CHECK_OK(gs_node_inspect(&before.node));
	before.fds = fds_of(before.node.os_pid);
	for (int i = 0; i < CYCLES; i++)
		cycle(i);
	CHECK(eventually(no_more_than, &before, 10000));
	gs_node_close();
}
