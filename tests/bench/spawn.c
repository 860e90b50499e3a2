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
 * spawn.lone.p50: a server is started, and nothing else for 3 ms before.
 *
 * Ours and bare ones are started in turns, some at a time, and the median
 * turn counts.  The bare ones are forked by a process that was forked before
 * the node was opened, and so has less to copy.  All is done once before,
 * without a clock: a virtual machine is slow to hand out memory that has
 * never been touched.
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
#include <time.h>
#include <unistd.h>

#include "tests/bench/kit.h"

#define ENTRIES 8
#define TURN 10

enum order { STAY, STAY_URING, STOP, KILL_ALL };

static _Atomic uint32_t *word;
static int bell;

/* ---- bare: in the process that forks ---- */

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
child(uint32_t n, enum order order)
{
	uint64_t one = 1;

	if (order != STOP)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (order == STAY_URING && !uring())
		n = 0;
	atomic_store_explicit(word, n, memory_order_release);
	if (write(bell, &one, sizeof(one)) != sizeof(one) || order == STOP)
		_exit(0);
	for (;;)
		pause();
}

/* Whether it said that it went well. */
static bool
bare_start(enum order order, pid_t *pid)
{
	static uint32_t n;
	uint64_t rung;

	n++;
	*pid = fork();
	bench_check(*pid >= 0, "fork");
	if (*pid == 0)
		child(n, order);
	bench_check(read(bell, &rung, sizeof(rung)) == sizeof(rung), "bell");
	return atomic_load_explicit(word, memory_order_acquire) == n;
}

/* ns for a turn; 0: it did not go well, there is no io_uring. */
static int64_t
bare_turn(enum order order, pid_t *pid)
{
	int64_t start = bench_now();
	bool well = true;

	for (int i = 0; i < TURN; i++) {
		well &= bare_start(order, &pid[i]);
		if (order == STOP)
			bench_check(waitpid(pid[i], NULL, 0) == pid[i], "wait");
	}
	return well ? bench_now() - start : 0;
}

static void
forker(int orders, int answers, long turns)
{
	pid_t *all = calloc((size_t)turns * TURN, sizeof(*all)), one[TURN];
	enum order order;
	int64_t ns;
	long n = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	bench_check(all != NULL, "memory");
	while (read(orders, &order, sizeof(order)) == sizeof(order)) {
		ns = 0;
		if (order == KILL_ALL) {
			for (; n > 0; n--) {
				kill(all[n - 1], SIGKILL);
				waitpid(all[n - 1], NULL, 0);
			}
		} else {
			ns = bare_turn(order, order == STOP ? one : all + n);
			n += order == STOP ? 0 : TURN;
		}
		bench_check(
		    write(answers, &ns, sizeof(ns)) == sizeof(ns), "answer");
	}
	_exit(0);
}

/* ---- bare: in ours ---- */

static int orders[2], answers[2];

static int64_t
bare(enum order order)
{
	int64_t ns = 0;

	bench_check(write(orders[1], &order, sizeof(order)) == sizeof(order) &&
			read(answers[0], &ns, sizeof(ns)) == sizeof(ns),
	    "bare processes");
	return ns;
}

static void
start_forker(long turns)
{
	pid_t pid;

	word = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bell = eventfd(0, EFD_CLOEXEC);
	bench_check(word != MAP_FAILED && bell >= 0 && pipe(orders) == 0 &&
			pipe(answers) == 0,
	    "bare processes");
	pid = fork();
	bench_check(pid >= 0, "fork");
	if (pid == 0) {
		close(orders[1]);
		close(answers[0]);
		forker(orders[0], answers[1], turns);
	}
	close(orders[0]);
	close(answers[1]);
}

/* ---- ours ---- */

static int64_t
our_turn(gs_pid *all, bool stop)
{
	int64_t start = bench_now();

	for (int i = 0; i < TURN; i++) {
		bench_must(
		    gs_start(&bench_echo, GS_NONE, NULL, &all[i]), "start");
		if (stop)
			bench_must(
			    gs_stop(GS_PID(all[i]), NULL, 60000), "stop");
	}
	return bench_now() - start;
}

static void
tell(const char *who, const char *metric, int64_t *ns, size_t turns)
{
	double p50 = bench_percentile(ns, turns, 0.5);

	if (p50 > 0)
		bench_tell(who, metric, TURN * 1e9 / p50);
}

static void
stay(gs_pid *all, size_t turns, bool told)
{
	int64_t *ns = bench_samples(turns * 3);

	for (size_t i = 0; i < turns; i++) {
		ns[i] = our_turn(all + i * TURN, false);
		ns[turns + i] = bare(STAY);
	}
	bare(KILL_ALL);
	for (size_t i = 0; i < turns; i++)
		ns[2 * turns + i] = bare(STAY_URING);
	bare(KILL_ALL);
	for (size_t i = 0; i < turns * TURN; i++)
		bench_must(gs_stop(GS_PID(all[i]), NULL, 60000), "stop");
	if (told) {
		tell("ours", "spawn.rate", ns, turns);
		tell("limit", "spawn.rate", ns + turns, turns);
		tell("limit", "raw.spawn.uring.rate", ns + 2 * turns, turns);
	}
	free(ns);
}

static void
stop(gs_pid *all, size_t turns)
{
	int64_t *ns = bench_samples(turns * 2);

	for (size_t i = 0; i < turns; i++) {
		ns[i] = our_turn(all, true);
		ns[turns + i] = bare(STOP);
	}
	tell("ours", "spawn.stop.rate", ns, turns);
	tell("limit", "spawn.stop.rate", ns + turns, turns);
	free(ns);
}

static int64_t
lone_start(gs_pid *pid)
{
	struct timespec pause = { 0, 3000000 };
	int64_t start;

	nanosleep(&pause, NULL);
	start = bench_now();
	bench_must(gs_start(&bench_echo, GS_NONE, NULL, pid), "start");
	return bench_now() - start;
}

static int64_t
lone_bare(void)
{
	struct timespec pause = { 0, 3000000 };
	pid_t pid;
	int64_t start;

	nanosleep(&pause, NULL);
	start = bench_now();
	bare_start(STOP, &pid);
	start = bench_now() - start;
	waitpid(pid, NULL, 0);
	return start;
}

static void
lone(gs_pid *all, size_t count)
{
	int64_t *ns = bench_samples(count * 2);

	for (size_t i = 0; i < count; i++) {
		ns[i] = lone_start(&all[i]);
		ns[count + i] = lone_bare();
	}
	for (size_t i = 0; i < count; i++)
		bench_must(gs_stop(GS_PID(all[i]), NULL, 60000), "stop");
	bench_tell(
	    "ours", "spawn.lone.p50", bench_percentile(ns, count, 0.5) / 1e3);
	bench_tell("limit", "spawn.lone.p50",
	    bench_percentile(ns + count, count, 0.5) / 1e3);
	free(ns);
}

int
main(int argc, char **argv)
{
	size_t turns = (size_t)bench_number(argc, argv, 1, 1000) / TURN + 1;
	gs_pid *all = calloc(turns * TURN, sizeof(*all));

	bench_check(all != NULL, "memory");
	start_forker((long)turns);
	bench_start(NULL);
	stay(all, turns, false);
	stay(all, turns, true);
	stop(all, turns);
	lone(all, turns);
	free(all);
	return 0;
}
