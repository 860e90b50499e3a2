/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fair.third: how much a client that calls without a pause, and its server,
 * slow a third process that has nothing to do with them and computes, beyond
 * its fair share: per cent of that share which it does not get.  Negative: it
 * gets more.  Limit: two processes that only compute in place of the pair.
 *
 * The share is the work that it does in a while, against the work that it
 * does alone; fair is two thirds of that on two CPUs, all of it on three and
 * more.  The third is of another session, as one from another terminal is.
 *
 *	bench_fair [MILLISECONDS]	of each of four turns
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/kit.h"

#define TURNS 4

static _Atomic uint64_t *work;

static void
pause_until(int64_t end)
{
	struct timespec t = { end / 1000000000, end % 1000000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0)
		;
}

/* Computes for ever; counts what it has done, if it is asked to. */
static pid_t
computer(bool counts)
{
	pid_t pid = fork();
	volatile uint64_t x = 1;

	bench_check(pid >= 0, "fork");
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	for (uint64_t n = 1;; n++) {
		for (int i = 0; i < 1000; i++)
			x = x * 3 + 1;
		if (counts)
			atomic_store_explicit(work, n, memory_order_relaxed);
	}
}

static void
end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static uint64_t
idle_while(int64_t ns)
{
	uint64_t before = atomic_load_explicit(work, memory_order_relaxed);

	pause_until(bench_now() + ns);
	return atomic_load_explicit(work, memory_order_relaxed) - before;
}

static uint64_t
call_while(gs_pid server, int64_t ns)
{
	uint64_t before = atomic_load_explicit(work, memory_order_relaxed);
	int64_t end = bench_now() + ns;

	while (bench_now() < end)
		bench_call(server);
	return atomic_load_explicit(work, memory_order_relaxed) - before;
}

static uint64_t
compute_while(int64_t ns)
{
	pid_t one = computer(false), two = computer(false);
	uint64_t done = idle_while(ns);

	end(one);
	end(two);
	return done;
}

/* Per cent of the fair share that it does not get. */
static double
missing(uint64_t got, uint64_t alone)
{
	double cpus = (double)sysconf(_SC_NPROCESSORS_ONLN);
	double fair = cpus < 3 ? cpus / 3 : 1;

	return 100 * (1 - (double)got / (double)alone / fair);
}

int
main(int argc, char **argv)
{
	int64_t turn = bench_number(argc, argv, 1, 400) * 1000000;
	uint64_t alone = 0, called = 0, computed = 0;
	pid_t third;
	gs_pid pid;

	work = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bench_check(work != MAP_FAILED, "memory");
	third = computer(true);
	pid = bench_start(NULL);
	for (int i = 0; i < TURNS; i++) {
		alone += idle_while(turn);
		called += call_while(pid, turn);
		computed += compute_while(turn);
	}
	end(third);
	bench_tell("ours", "fair.third", missing(called, alone));
	bench_tell("limit", "fair.third", missing(computed, alone));
	return 0;
}
