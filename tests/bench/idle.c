/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wakeups.idle: context switches in ten seconds of all threads of all
 * processes of a node (node, root, logger, servers), from /proc.
 *
 *	bench_idle [SERVERS [SECONDS]]
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/kit.h"

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
	return bench_sum_of(path, "voluntary_ctxt_switches: %ld") +
	       bench_sum_of(path, "nonvoluntary_ctxt_switches: %ld");
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

/* In ten seconds, from what so many seconds show. */
static double
wakeups(long seconds)
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
	end = bench_now() + seconds * INT64_C(1000000000);
	while (bench_now() < end)
		pause_ms((end - bench_now()) / 1000000 + 1);
	return (double)(switches() - before) * 10 / (double)seconds;
}

int
main(int argc, char **argv)
{
	long count = bench_number(argc, argv, 1, 1000);
	long seconds = bench_number(argc, argv, 2, 10);
	gs_pid pid;

	bench_must(gs_node_open(NULL, 0), "node");
	for (long i = 0; i < count; i++)
		bench_must(gs_start(&bench_echo, GS_NONE, NULL, &pid), "start");
	bench_tell("ours", "wakeups.idle", wakeups(seconds));
	return 0;
}
