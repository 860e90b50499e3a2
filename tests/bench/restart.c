/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restart: from kill(SIGKILL) of a supervised server until a call to its name
 * is answered by the next one.  The client does what a careful client would:
 * it calls, and after a failure sleeps until something in the node changes.
 * Limit: kill, reap and fork of a bare process that says that it runs.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/kit.h"

#define DEADLINE_NS INT64_C(20000000000)
static const char name[] = "victim";

static gs_next
victim_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

static gs_next
victim_call(void *state, gs_bytes request, gs_from from)
{
	pid_t self = getpid();

	(void)state;
	(void)request;
	(void)from;
	return gs_next_reply(GS_OBJECT(self));
}

static GS_SERVER(
    victim, .version = "1", .init = victim_init, .handle_call = victim_call);

/* The OS pid of who answers, other than old. */
static pid_t
await_answer(pid_t old)
{
	int64_t deadline = bench_now() + DEADLINE_NS;
	uint32_t seen;
	gs_bytes reply;
	int status;
	pid_t pid;

	while (bench_now() < deadline) {
		seen = gs_changes();
		status = gs_call(GS_NAME(name), GS_TEXT("who"), &reply, 20000);
		if (status == 0 && reply.size == sizeof(pid)) {
			memcpy(&pid, reply.data, sizeof(pid));
			if (pid != old && pid > 1)
				return pid;
			continue;
		}
		if (status != -ECONNRESET && status != -ENOENT &&
		    status != -ESRCH)
			bench_must(status, "call");
		/* nothing new for a second is no failure */
		status = gs_changed(seen, 1000);
		if (status != -ETIMEDOUT)
			bench_must(status, "changed");
	}
	fprintf(stderr, "bench: no restart within 20 s\n");
	exit(1);
}

static void
ours(int64_t *ns, size_t count)
{
	int64_t start;
	pid_t now;

	bench_must(gs_node_open(NULL, 0), "node");
	bench_start_child(&victim, name);
	now = await_answer(0);
	for (size_t i = 0; i < count; i++) {
		start = bench_now();
		kill(now, SIGKILL);
		now = await_answer(now);
		ns[i] = bench_now() - start;
	}
	bench_tell(
	    "ours", "restart.p50", bench_percentile(ns, count, 0.5) / 1e6);
	bench_tell(
	    "ours", "restart.p99", bench_percentile(ns, count, 0.99) / 1e6);
}

static pid_t
bare_child(const int *ends)
{
	char byte = 1;
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (write(ends[1], &byte, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	if (pid < 0 || read(ends[0], &byte, 1) != 1) {
		perror("bench: bare fork");
		exit(1);
	}
	return pid;
}

static void
bare(int64_t *ns, size_t count)
{
	int64_t start;
	int ends[2];
	pid_t pid;

	if (pipe(ends) != 0)
		exit(1);
	pid = bare_child(ends);
	for (size_t i = 0; i < count; i++) {
		start = bench_now();
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		pid = bare_child(ends);
		ns[i] = bench_now() - start;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	bench_tell(
	    "limit", "restart.p50", bench_percentile(ns, count, 0.5) / 1e6);
	bench_tell(
	    "limit", "restart.p99", bench_percentile(ns, count, 0.99) / 1e6);
}

int
main(int argc, char **argv)
{
	size_t count = (size_t)bench_number(argc, argv, 1, 200);
	int64_t *ns = calloc(count, sizeof(*ns));

	if (ns == NULL)
		return 1;
	bare(ns, count);
	ours(ns, count);
	free(ns);
	return 0;
}
