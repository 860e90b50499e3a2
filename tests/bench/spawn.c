/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn.rate: servers are started one after the other and stay; they are
 * stopped when the clock has been read.  Limit: as many bare processes are
 * forked and stay; each says in shared memory that it runs and rings an
 * eventfd, for which its parent waits before it forks the next.
 * raw.spawn.uring.rate: the same, but each sets up an io_uring of its own
 * before it says so, as a server with that poller must.
 *
 * spawn.stop.rate: a server is started and stopped, one after the other.
 * Limit: a bare process is forked, says that it runs, ends and is reaped.
 *
 * Each stay is tried once before, without a clock: a virtual machine is slow
 * to hand out memory that has never been touched.
 */
#include <linux/io_uring.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/kit.h"

#define ENTRIES 8

static _Atomic uint32_t *word;
static int bell;

/* ---- bare ---- */

/* A ring and its memory, as liburing sets it up; whether there is one. */
static bool
uring(void)
{
	struct io_uring_params p = { 0 };
	int fd = (int)syscall(SYS_io_uring_setup, ENTRIES, &p);
	size_t rings =
	    p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);

	return fd >= 0 &&
	       mmap(NULL, rings, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_POPULATE, fd,
		   IORING_OFF_SQ_RING) != MAP_FAILED &&
	       mmap(NULL, p.sq_entries * sizeof(struct io_uring_sqe),
		   PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
		   IORING_OFF_SQES) != MAP_FAILED;
}

static void
child(uint32_t n, bool with_uring, bool stays)
{
	uint64_t one = 1;

	if (stays)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (with_uring && !uring())
		n = 0;
	atomic_store_explicit(word, n, memory_order_release);
	if (write(bell, &one, sizeof(one)) != sizeof(one) || !stays)
		_exit(0);
	for (;;)
		pause();
}

/* Whether the child said that it went well. */
static bool
bare_start(uint32_t n, bool with_uring, bool stays, pid_t *pid)
{
	uint64_t rung;

	*pid = fork();
	bench_check(*pid >= 0, "fork");
	if (*pid == 0)
		child(n, with_uring, stays);
	bench_check(read(bell, &rung, sizeof(rung)) == sizeof(rung), "bell");
	return atomic_load_explicit(word, memory_order_acquire) == n;
}

/* Processes in a second; 0: there is no io_uring here. */
static double
bare_stay(long count, bool with_uring)
{
	pid_t *all = calloc((size_t)count, sizeof(*all));
	int64_t start = bench_now();
	bool well = true;
	long n = 0;

	bench_check(all != NULL, "memory");
	while (well && n < count) {
		well = bare_start((uint32_t)n + 1, with_uring, true, &all[n]);
		n++;
	}
	start = bench_now() - start;
	for (long i = 0; i < n; i++) {
		kill(all[i], SIGKILL);
		waitpid(all[i], NULL, 0);
	}
	free(all);
	return well ? (double)count * 1e9 / (double)start : 0;
}

static void
bare_stop(long count)
{
	int64_t start = bench_now();
	pid_t pid;

	for (long i = 0; i < count; i++) {
		bare_start((uint32_t)i + 1, false, false, &pid);
		bench_check(waitpid(pid, NULL, 0) == pid, "wait");
	}
	bench_tell("limit", "spawn.stop.rate",
	    (double)count * 1e9 / (double)(bench_now() - start));
}

static void
bare(long count)
{
	double rate;

	word = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bell = eventfd(0, EFD_CLOEXEC);
	bench_check(word != MAP_FAILED && bell >= 0, "bare");
	bare_stay(count, false);
	bench_tell("limit", "spawn.rate", bare_stay(count, false));
	rate = bare_stay(count, true);
	if (rate > 0)
		bench_tell("limit", "raw.spawn.uring.rate", rate);
	bare_stop(count);
	close(bell);
	munmap((void *)word, 4096);
}

/* ---- ours ---- */

static double
stay(gs_pid *all, long count)
{
	int64_t start = bench_now();

	for (long i = 0; i < count; i++)
		bench_must(
		    gs_start(&bench_echo, GS_NONE, NULL, &all[i]), "start");
	start = bench_now() - start;
	for (long i = 0; i < count; i++)
		bench_must(gs_stop(GS_PID(all[i]), NULL, 60000), "stop");
	return (double)count * 1e9 / (double)start;
}

static void
stop(long count)
{
	int64_t start = bench_now();
	gs_pid pid;

	for (long i = 0; i < count; i++) {
		bench_must(gs_start(&bench_echo, GS_NONE, NULL, &pid), "start");
		bench_must(gs_stop(GS_PID(pid), NULL, 60000), "stop");
	}
	bench_tell("ours", "spawn.stop.rate",
	    (double)count * 1e9 / (double)(bench_now() - start));
}

int
main(int argc, char **argv)
{
	long count = bench_number(argc, argv, 1, 1000);
	gs_pid *all = calloc((size_t)count, sizeof(*all));

	bench_check(all != NULL, "memory");
	/* before the node: a process with less to copy */
	bare(count);
	bench_start(NULL);
	stay(all, count);
	bench_tell("ours", "spawn.rate", stay(all, count));
	stop(count);
	free(all);
	return 0;
}
