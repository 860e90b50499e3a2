/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitor.down.p50: from kill -9 of a server to its DOWN in hand.  Limit: from
 * kill -9 of a bare child to its pidfd being readable.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/kit.h"

static int64_t
bare(void)
{
	struct pollfd p = { .events = POLLIN };
	pid_t pid = fork();
	int64_t start;

	if (pid == 0)
		for (;;)
			pause();
	if (pid < 0)
		exit(1);
	p.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	start = bench_now();
	kill(pid, SIGKILL);
	if (p.fd < 0 || poll(&p, 1, 10000) != 1)
		exit(1);
	start = bench_now() - start;
	close(p.fd);
	waitpid(pid, NULL, 0);
	return start;
}

static int64_t
ours(void)
{
	gs_process_info process;
	int64_t start;
	gs_info info;
	gs_pid pid;
	gs_ref ref;

	bench_must(
	    gs_start_monitor(&bench_echo, GS_NONE, NULL, &pid, &ref), "start");
	bench_must(gs_process_inspect(GS_PID(pid), &process), "inspect");
	if (process.os_pid <= 1)
		exit(1);
	start = bench_now();
	kill(process.os_pid, SIGKILL);
	do
		bench_must(gs_receive(&info, 10000), "DOWN");
	while (info.kind != GS_INFO_DOWN || info.ref.id != ref.id);
	return bench_now() - start;
}

int
main(int argc, char **argv)
{
	size_t count = (size_t)bench_number(argc, argv, 1, 300);
	int64_t *ns = calloc(count, sizeof(*ns));

	if (ns == NULL)
		return 1;
	for (size_t i = 0; i < count; i++)
		ns[i] = bare();
	bench_tell("limit", "monitor.down.p50",
	    bench_percentile(ns, count, 0.5) / 1e3);
	bench_start(NULL);
	for (size_t i = 0; i < count; i++)
		ns[i] = ours();
	bench_tell(
	    "ours", "monitor.down.p50", bench_percentile(ns, count, 0.5) / 1e3);
	free(ns);
	return 0;
}
