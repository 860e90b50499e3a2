/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn.rate: a server is started and stopped, one after the other.  Limit: a
 * bare process is forked, says that it runs, ends and is reaped.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/kit.h"

static void
ours(long count)
{
	int64_t start = bench_now();
	gs_pid pid;

	for (long i = 0; i < count; i++) {
		bench_must(gs_start(&bench_echo, GS_NONE, NULL, &pid), "start");
		bench_must(gs_stop(GS_PID(pid), NULL, 60000), "stop");
	}
	bench_tell("ours", "spawn.rate",
	    (double)count * 1e9 / (double)(bench_now() - start));
}

static void
bare(long count)
{
	int64_t start = bench_now();
	int ends[2];
	char byte = 1;
	pid_t pid;

	if (pipe(ends) != 0)
		exit(1);
	for (long i = 0; i < count; i++) {
		pid = fork();
		if (pid == 0)
			_exit(write(ends[1], &byte, 1) == 1 ? 0 : 1);
		if (pid < 0 || read(ends[0], &byte, 1) != 1 ||
		    waitpid(pid, NULL, 0) != pid) {
			perror("bench: bare fork");
			exit(1);
		}
	}
	bench_tell("limit", "spawn.rate",
	    (double)count * 1e9 / (double)(bench_now() - start));
}

int
main(int argc, char **argv)
{
	long count = bench_number(argc, argv, 1, 1000);

	/* before the node: a process with less to copy */
	bare(count);
	bench_start(NULL);
	ours(count);
	return 0;
}
