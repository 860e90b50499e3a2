/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the bare machine can do, part two: copying memory, processes.
 *
 *	raw.memcpy	64 KiB at a time out of and into 64 MiB, GB/s
 *	raw.fork.rate	a process is forked, exits and is reaped
 *	raw.kill.reap	from kill -9 of a paused process to its being reaped, us
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/figures.h"

#define BLOCK ((size_t)64 << 10)
#define MEMORY ((size_t)64 << 20)

static void
copying(long blocks)
{
	char *memory = malloc(MEMORY);
	size_t from = 0, to = MEMORY / 2;
	int64_t start;

	bench_check(memory != NULL, "memory");
	memset(memory, 1, MEMORY);
	start = bench_now();
	for (long i = 0; i < blocks; i++) {
		memcpy(memory + to, memory + from, BLOCK);
		__asm__ volatile("" ::"r"(memory) : "memory");
		from = (from + BLOCK) % MEMORY;
		to = (to + BLOCK) % MEMORY;
	}
	bench_tell("limit", "raw.memcpy",
	    (double)blocks * (double)BLOCK / (double)(bench_now() - start));
	free(memory);
}

static void
forking(long count)
{
	int64_t start = bench_now();

	for (long i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		bench_check(pid > 0 && waitpid(pid, NULL, 0) == pid, "fork");
	}
	bench_tell("limit", "raw.fork.rate",
	    (double)count * 1e9 / (double)(bench_now() - start));
}

/* A process that has said that it runs. */
static pid_t
paused(const int *ends)
{
	pid_t pid = fork();
	char byte = 1;

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (write(ends[1], &byte, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	bench_check(pid > 0 && read(ends[0], &byte, 1) == 1, "fork");
	return pid;
}

static void
killing(size_t count)
{
	int64_t *ns = bench_samples(count);
	int ends[2];

	bench_check(pipe(ends) == 0, "pipe");
	for (size_t i = 0; i < count; i++) {
		pid_t pid = paused(ends);
		int64_t start = bench_now();

		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		ns[i] = bench_now() - start;
	}
	bench_tell(
	    "limit", "raw.kill.reap", bench_percentile(ns, count, 0.5) / 1e3);
	free(ns);
}

int
main(int argc, char **argv)
{
	long count = bench_number(argc, argv, 1, 500);

	copying(count * 4);
	forking(count);
	killing((size_t)count);
	return 0;
}
