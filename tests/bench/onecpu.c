/* SPDX-License-Identifier: Apache-2.0 */
/*
 * call.1cpu.p50: client and server share one CPU.  Limit: two processes that
 * hand a word to each other by sched_yield on that CPU.
 *
 * Each begins with a while that does not count: in the first tenth of a second
 * of two processes the kernel takes longer.
 */
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/kit.h"

#define WARM_NS 200000000

static _Atomic uint32_t *word;

static void
yield_until(uint32_t n)
{
	while (atomic_load_explicit(word, memory_order_acquire) != n)
		sched_yield();
}

static void
yield_round(uint32_t n)
{
	atomic_store_explicit(word, 2 * n + 1, memory_order_release);
	yield_until(2 * n + 2);
}

static void
yield_answer(uint32_t n)
{
	yield_until(2 * n + 1);
	atomic_store_explicit(word, 2 * n + 2, memory_order_release);
}

static void
bare(size_t count)
{
	int64_t *ns = bench_samples(count), end = bench_now() + WARM_NS;
	pid_t pid = fork();
	uint32_t n = 0;

	bench_check(pid >= 0, "fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			yield_answer(n++);
	}
	while (bench_now() < end)
		yield_round(n++);
	for (size_t i = 0; i < count; i++) {
		int64_t start = bench_now();

		yield_round(n++);
		ns[i] = bench_now() - start;
	}
	bench_tell("limit", "call.1cpu.p50", bench_percentile(ns, count, 0.5));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	free(ns);
}

int
main(int argc, char **argv)
{
	size_t count = (size_t)bench_number(argc, argv, 1, 20000);
	int64_t *ns = calloc(count, sizeof(*ns)), end;
	gs_pid pid;

	word = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ns == NULL || word == MAP_FAILED)
		return 1;
	/* what is forked from here on is there as well, the node too */
	bench_on_cpu(0);
	bare(count);
	pid = bench_start(NULL);
	end = bench_now() + WARM_NS;
	while (bench_now() < end)
		bench_call(pid);
	for (size_t i = 0; i < count; i++) {
		int64_t start = bench_now();

		bench_call(pid);
		ns[i] = bench_now() - start;
	}
	bench_tell("ours", "call.1cpu.p50", bench_percentile(ns, count, 0.5));
	free(ns);
	return 0;
}
