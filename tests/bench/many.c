/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ten thousand servers alive: how fast they are started, what a call to one
 * of them takes, and from the SIGKILL of the oldest until the next one answers.
 * Limit: the same when only ten are alive.  In between, the curve "servers":
 * what a call takes when so many are alive.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "tests/bench/kit.h"

#define FEW 10
#define CALLS 20000
#define TURNS 15 /* the machine's mood lasts longer than one takes */
#define KILLS 20

static const char oldest[] = "oldest";

/* Blocks of calls to servers far apart, awake each time but the first. */
static int64_t
turn(const gs_pid *pid, long count)
{
	static int64_t ns[CALLS];
	long step = count / FEW;

	for (long i = 0; i < CALLS; i++) {
		gs_pid to = pid[i / (CALLS / FEW) * step % count];
		int64_t start = bench_now();

		bench_call(to);
		ns[i] = bench_now() - start;
	}
	return (int64_t)bench_percentile(ns, CALLS, 0.5);
}

static double
calls(const gs_pid *pid, long count)
{
	int64_t ns[TURNS];

	for (int i = 0; i < TURNS; i++)
		ns[i] = turn(pid, count);
	return bench_percentile(ns, TURNS, 0.5);
}

/* The OS pid of who answers to the name, other than old. */
static pid_t
await_next(pid_t old)
{
	gs_process_info info = { .os_pid = old };

	while (info.os_pid == old) {
		bench_must(gs_wait_up(GS_NAME(oldest), 20000), "wait up");
		if (gs_process_inspect(GS_NAME(oldest), &info) != 0)
			info.os_pid = old;
	}
	return info.os_pid;
}

/* The median in ms. */
static double
restarts(void)
{
	int64_t ns[KILLS], start;
	pid_t now = await_next(0);

	for (int i = 0; i < KILLS; i++) {
		start = bench_now();
		kill(now, SIGKILL);
		now = await_next(now);
		ns[i] = bench_now() - start;
	}
	return bench_percentile(ns, KILLS, 0.5) / 1e6;
}

/* ns that starting the servers from have on up to count took. */
static int64_t
start_more(gs_pid *pid, long have, long count)
{
	int64_t start = bench_now();

	for (long i = have; i < count; i++)
		bench_must(
		    gs_start(&bench_echo, GS_NONE, NULL, &pid[i]), "start");
	return bench_now() - start;
}

/* The node has a descriptor or two for each. */
static long
possible(long count)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max / 2 < (rlim_t)count + 100)
		count = (long)(limit.rlim_max / 2) - 100;
	return count;
}

int
main(int argc, char **argv)
{
	long count = possible(bench_number(argc, argv, 1, 10000));
	int64_t starting = 0;
	double p50 = 0, again = 0;
	gs_pid *pid;

	pid = calloc(count > 0 ? (size_t)count : 1, sizeof(*pid));
	if (pid == NULL || count < FEW)
		return 1;
	bench_start(NULL);
	bench_start_child(&bench_echo, oldest);
	for (long have = 0, next = FEW; have < count; next *= 10) {
		next = next < count ? next : count;
		starting += start_more(pid, have, next);
		have = next;
		again = have == FEW || have == count ? restarts() : 0;
		p50 = calls(pid, have);
		bench_point("ours", "servers", (double)have, p50);
		if (have == FEW) {
			bench_tell("limit", "multi10k.call.p50", p50);
			bench_tell("limit", "restart10k.p50", again);
			starting = 0;
		}
	}
	bench_tell("ours", "spawn10k.rate",
	    (double)(count - FEW) * 1e9 / (double)starting);
	bench_tell("ours", "multi10k.call.p50", p50);
	bench_tell("ours", "restart10k.p50", again);
	free(pid);
	return 0;
}
