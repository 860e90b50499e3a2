/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.idle: what MemAvailable loses for each idle server, kernel memory
 * included; the same number was started and stopped before, since memory that
 * a virtual machine touches for the first time is slow to come.  Limit: bare
 * processes in pause().
 *
 * wakeups.idle: context switches in ten seconds of all threads of all
 * processes of the node (node, root, logger, servers), from /proc.
 */
#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/kit.h"

#define IDLE_NS INT64_C(10000000000)
#define SETTLE_NS INT64_C(15000000000)
#define PIDS_MAX 16384

static int pids[PIDS_MAX];
static int n_pids;

static void
pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* ---- memory ---- */

/* The sum of all lines of the form, or -1 without one. */
static long
sum_of(const char *path, const char *form)
{
	FILE *file = fopen(path, "re");
	char text[256];
	long sum = -1, n;

	while (file != NULL && fgets(text, sizeof(text), file) != NULL)
		if (sscanf(text, form, &n) == 1)
			sum = (sum < 0 ? 0 : sum) + n;
	if (file != NULL)
		fclose(file);
	return sum;
}

/*
 * KB.  Pages in the lists of free pages that each CPU has are free but not in
 * MemAvailable; after a thousand exits that is some hundred megabytes.
 */
static long
available_now(void)
{
	long kb = sum_of("/proc/meminfo", "MemAvailable: %ld");
	long pages = sum_of("/proc/zoneinfo", " count: %ld");

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

static void
bare(long count)
{
	pid_t *all = calloc((size_t)count, sizeof(*all));
	long before, i;
	int ends[2];
	char byte = 1;

	if (all == NULL || pipe(ends) != 0)
		exit(1);
	before = available();
	for (i = 0; i < count; i++) {
		all[i] = fork();
		if (all[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (write(ends[1], &byte, 1) != 1)
				_exit(1);
			for (;;)
				pause();
		}
		if (all[i] < 0 || read(ends[0], &byte, 1) != 1)
			break;
	}
	if (i == count)
		bench_tell("limit", "memory.idle",
		    (double)(before - available()) / (double)count);
	while (i-- > 0) {
		if (all[i] > 1) {
			kill(all[i], SIGKILL);
			waitpid(all[i], NULL, 0);
		}
	}
	free(all);
}

static void
start_all(gs_pid *all, long count)
{
	for (long i = 0; i < count; i++)
		bench_must(
		    gs_start(&bench_echo, GS_NONE, NULL, &all[i]), "start");
}

static void
stop_all(const gs_pid *all, long count)
{
	for (long i = 0; i < count; i++)
		bench_must(gs_stop(GS_PID(all[i]), NULL, 60000), "stop");
}

/* ---- wake-ups ---- */

static int
parent_of(int pid)
{
	char path[64], text[512] = "";
	const char *end;
	FILE *file;
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	if (fgets(text, sizeof(text), file) != NULL) {
		end = strrchr(text, ')');
		if (end == NULL || sscanf(end, ") %*c %d", &parent) != 1)
			parent = 0;
	}
	fclose(file);
	return parent;
}

static bool
known(int pid)
{
	for (int i = 0; i < n_pids; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* One generation of descendants more; whether there was any. */
static bool
add_children(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int before = n_pids, pid;

	while (proc != NULL && (entry = readdir(proc)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		pid = atoi(entry->d_name);
		if (n_pids < PIDS_MAX && !known(pid) && known(parent_of(pid)))
			pids[n_pids++] = pid;
	}
	if (proc != NULL)
		closedir(proc);
	return n_pids > before;
}

static long
switches_in(const char *path)
{
	return sum_of(path, "voluntary_ctxt_switches: %ld") +
	       sum_of(path, "nonvoluntary_ctxt_switches: %ld");
}

static long
switches_of(int pid)
{
	char path[300];
	struct dirent *entry;
	long sum = 0;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	tasks = opendir(path);
	if (tasks == NULL) {
		fprintf(stderr, "bench: process %d is gone\n", pid);
		exit(1);
	}
	while ((entry = readdir(tasks)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%.20s/status", pid,
		    entry->d_name);
		sum += switches_in(path);
	}
	closedir(tasks);
	return sum;
}

static long
switches(void)
{
	long sum = 0;

	for (int i = 0; i < n_pids; i++)
		sum += switches_of(pids[i]);
	return sum;
}

/* What starting left to do is done when a second passes without any. */
static long
settled(void)
{
	int64_t deadline = bench_now() + SETTLE_NS;
	long before = switches(), now;

	for (;;) {
		pause_ms(1000);
		now = switches();
		if (now == before || bench_now() > deadline)
			return now;
		before = now;
	}
}

static void
wakeups(void)
{
	gs_node_info node;
	int64_t end;
	long before;

	bench_must(gs_node_inspect(&node), "inspect");
	pids[0] = node.os_pid;
	n_pids = 1;
	while (add_children())
		;
	before = settled();
	end = bench_now() + IDLE_NS;
	while (bench_now() < end)
		pause_ms((end - bench_now()) / 1000000 + 1);
	bench_tell("ours", "wakeups.idle", (double)(switches() - before));
}

int
main(int argc, char **argv)
{
	long count = bench_number(argc, argv, 1, 1000);
	gs_pid *all = calloc((size_t)count, sizeof(*all));
	long before;

	if (all == NULL)
		return 1;
	bare(count);
	bench_must(gs_node_open(NULL, 0), "node");
	start_all(all, count);
	stop_all(all, count);
	before = available();
	start_all(all, count);
	bench_tell("ours", "memory.idle",
	    (double)(before - available()) / (double)count);
	wakeups();
	stop_all(all, count);
	free(all);
	return 0;
}
