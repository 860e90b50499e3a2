/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ten thousand servers alive: how fast they are started, and what a call to
 * one of them takes.  Limit: a call when only ten are alive.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "tests/bench/kit.h"

#define FEW 10
#define CALLS 20000

/* Blocks of calls to servers far apart, awake each time but the first. */
static double
calls(const gs_pid *pid, long count)
{
	static int64_t ns[CALLS];
	long step = count / FEW;

	for (long i = 0; i < CALLS; i++) {
		gs_pid to = pid[i / (CALLS / FEW) * step % count];
		int64_t start = bench_now();

		bench_call(to);
		ns[i] = bench_now() - start;
	}
	return bench_percentile(ns, CALLS, 0.5);
}

int
main(int argc, char **argv)
{
	long count = bench_number(argc, argv, 1, 10000);
	struct rlimit limit;
	int64_t start;
	gs_pid *pid;

	/* the node has a descriptor or two for each */
	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max / 2 < (rlim_t)count + 100)
		count = (long)(limit.rlim_max / 2) - 100;
	pid = calloc((size_t)count, sizeof(*pid));
	if (pid == NULL || count < FEW)
		return 1;
	bench_start(NULL);
	for (long i = 0; i < FEW; i++)
		bench_must(
		    gs_start(&bench_echo, GS_NONE, NULL, &pid[i]), "start");
	bench_tell("limit", "multi10k.call.p50", calls(pid, FEW));
	start = bench_now();
	for (long i = FEW; i < count; i++)
		bench_must(
		    gs_start(&bench_echo, GS_NONE, NULL, &pid[i]), "start");
	bench_tell("ours", "spawn10k.rate",
	    (double)(count - FEW) * 1e9 / (double)(bench_now() - start));
	bench_tell("ours", "multi10k.call.p50", calls(pid, count));
	free(pid);
	return 0;
}
