/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.idle: what MemAvailable loses for each idle server, kernel memory
 * included; the same number was started and stopped before, since memory that
 * a virtual machine touches for the first time is slow to come.  Limit: bare
 * processes in pause().
 *
 * memory.own, memory.tables: of one of those, what it shares with nobody, and
 * its page tables.  They are counted by the kernel, whatever else runs here.
 *
 * memory.node: the same as memory.idle for a node without a server (node,
 * root, logger, what they share, and the program's part in it): ten programs
 * open one each.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/kit.h"

#define NODES 10

static void
pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/*
 * KB.  Pages in the lists of free pages that each CPU has are free but not in
 * MemAvailable; after a thousand exits that is some hundred megabytes.
 */
static long
available_now(void)
{
	long kb = bench_sum_of("/proc/meminfo", "MemAvailable: %ld");
	long pages = bench_sum_of("/proc/zoneinfo", " count: %ld");

	if (kb < 0 || pages < 0) {
		fprintf(stderr, "bench: no MemAvailable, or no zoneinfo\n");
		exit(1);
	}
	return kb + pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* What the kernel frees late is awaited: until two looks agree, 5 s at most. */
static long
available(void)
{
	int64_t deadline = bench_now() + INT64_C(5000000000);
	long before = available_now(), now;

	for (;;) {
		pause_ms(200);
		now = available_now();
		if (labs(now - before) < 512 || bench_now() > deadline)
			return now;
		before = now;
	}
}

/* ---- processes that stay ---- */

struct group {
	pid_t *all;
	long count;
	int said[2]; /* a byte from each: it is as far as that */
	int go[2]; /* end of file: go on */
	int stop[2]; /* end of file: that is all */
};

static void
say(const struct group *g)
{
	char byte = 1;

	if (write(g->said[1], &byte, 1) != 1)
		_exit(1);
}

static void
await_end_of_file(int fd)
{
	char byte;

	if (read(fd, &byte, 1) != 0)
		_exit(1);
}

static void
child(const struct group *g, bool with_node)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(g->go[1]);
	close(g->stop[1]);
	say(g);
	await_end_of_file(g->go[0]);
	if (with_node) {
		bench_must(gs_node_open(NULL, 0), "node");
		say(g);
	}
	await_end_of_file(g->stop[0]);
	if (with_node)
		gs_node_close();
	_exit(0);
}

static void
await_all(const struct group *g)
{
	char byte;

	for (long i = 0; i < g->count; i++)
		bench_check(read(g->said[0], &byte, 1) == 1, "a child");
}

static void
group_start(struct group *g, long count, bool with_node)
{
	g->all = calloc((size_t)count, sizeof(*g->all));
	g->count = count;
	bench_check(g->all != NULL && pipe(g->said) == 0 && pipe(g->go) == 0 &&
			pipe(g->stop) == 0,
	    "group");
	for (long i = 0; i < count; i++) {
		g->all[i] = fork();
		bench_check(g->all[i] >= 0, "fork");
		if (g->all[i] == 0)
			child(g, with_node);
	}
	close(g->said[1]);
	await_all(g);
}

static void
group_stop(struct group *g)
{
	close(g->stop[1]);
	for (long i = 0; i < g->count; i++)
		waitpid(g->all[i], NULL, 0);
	close(g->said[0]);
	close(g->go[0]);
	close(g->stop[0]);
	free(g->all);
}

/* ---- figures ---- */

static double
bare(long count)
{
	long before = available();
	struct group g;
	double each;

	group_start(&g, count, false);
	close(g.go[1]);
	each = (double)(before - available()) / (double)count;
	group_stop(&g);
	return each;
}

static double
node(void)
{
	struct group g;
	double each;
	long before;

	group_start(&g, NODES, true);
	before = available();
	close(g.go[1]);
	await_all(&g);
	each = (double)(before - available()) / NODES;
	group_stop(&g);
	return each;
}

static void
tell_parts(gs_pid pid)
{
	int os_pid = (int)bench_os_pid(pid);
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", os_pid);
	bench_tell("ours", "memory.own",
	    (double)bench_sum_of(path, "Private_Dirty: %ld"));
	snprintf(path, sizeof(path), "/proc/%d/status", os_pid);
	bench_tell(
	    "ours", "memory.tables", (double)bench_sum_of(path, "VmPTE: %ld"));
}

static double
servers(long count)
{
	gs_pid *all = calloc((size_t)count, sizeof(*all));
	double each = 0;
	long before;

	bench_check(all != NULL, "memory");
	for (int turn = 0; turn < 2; turn++) {
		before = available();
		for (long i = 0; i < count; i++)
			bench_must(
			    gs_start(&bench_echo, GS_NONE, NULL, &all[i]),
			    "start");
		each = (double)(before - available()) / (double)count;
		if (turn == 1)
			tell_parts(all[count / 2]);
		for (long i = 0; i < count; i++)
			bench_must(
			    gs_stop(GS_PID(all[i]), NULL, 60000), "stop");
	}
	free(all);
	return each;
}

int
main(int argc, char **argv)
{
	long count = bench_number(argc, argv, 1, 1000);

	bare(count);
	bench_tell("limit", "memory.idle", bare(count));
	node();
	bench_tell("ours", "memory.node", node());
	bench_must(gs_node_open(NULL, 0), "node");
	bench_tell("ours", "memory.idle", servers(count));
	return 0;
}
