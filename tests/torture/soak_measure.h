/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must be the same when all is over as it was before: processes, slots,
 * descriptors, memory, segments, zombies.
 */
#ifndef GS_TESTS_SOAK_MEASURE_H
#define GS_TESTS_SOAK_MEASURE_H

#include <dirent.h>

#include "tests/torture/soak_tick.h"

struct measure {
	gs_node_info node;
	int root; /* its number in the operating system */
	uint32_t live; /* slots by state */
	uint32_t dead;
	uint32_t high; /* slots ever used */
	int node_fds;
	int root_fds;
	int server_fds; /* the most that one has */
	long node_kb; /* anonymous memory */
	long root_kb;
	long server_kb; /* the most that one has */
	int root_maps;
	int children; /* processes below the node and root */
	int zombies;
	int segments;
};

static inline int
entries_of(int os_pid, const char *what)
{
	char path[64];
	struct dirent *e;
	DIR *dir;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", os_pid, what);
	dir = opendir(path);
	while (dir && (e = readdir(dir)))
		n += e->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

/* A number behind a word of /proc/PID/status; lines of maps without one. */
static inline long
number_of(int os_pid, const char *file, const char *word)
{
	char path[64], line[512];
	FILE *f;
	long n = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", os_pid, file);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (!word)
			n++;
		else if (strncmp(line, word, strlen(word)) == 0)
			n = atol(line + strlen(word));
	}
	if (f)
		fclose(f);
	return n;
}

static inline int
measure_process(const gs_process_info *p, void *data)
{
	struct measure *m = data;
	long kb;
	int fds;

	if (p->kind == GS_PROCESS_SUPERVISOR)
		m->root = p->os_pid;
	if (p->kind != GS_PROCESS_SERVER || p->os_pid <= 1)
		return 0;
	fds = entries_of(p->os_pid, "fd");
	kb = number_of(p->os_pid, "status", "RssAnon:");
	m->server_fds = fds > m->server_fds ? fds : m->server_fds;
	m->server_kb = kb > m->server_kb ? kb : m->server_kb;
	return 0;
}

static inline void
measure_family(struct measure *m)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	pid_t parent;
	char state;

	CHECK(dir);
	while ((e = readdir(dir))) {
		pid_t pid = (pid_t)atoi(e->d_name);

		if (pid <= 0 || !test_process(pid, &state, &parent) ||
		    (parent != m->node.os_pid && parent != m->root &&
			parent != getpid()))
			continue;
		/* forked ahead, for the next start: there is one, or none */
		if (test_is_named(pid, "gs-parked"))
			continue;
		m->zombies += state == 'Z';
		m->children++;
	}
	closedir(dir);
}

static inline void
measure(struct measure *m)
{
	const struct gm_arena *arena = gsi_self()->arena;
	struct segments all;

	memset(m, 0, sizeof(*m));
	CHECK_INT(gs_node_inspect(&m->node), 0);
	CHECK_INT(gs_processes(measure_process, m), 0);
	m->high = gm_load(&arena->header->slots_high, acquire);
	for (uint32_t s = 1; s < m->high; s++) {
		uint64_t word = gm_load(&arena->table[s].word, acquire);

		m->live += (uint32_t)word == GM_LIVE;
		m->dead += (uint32_t)word == GM_DEAD;
	}
	m->node_fds = entries_of(m->node.os_pid, "fd");
	m->root_fds = entries_of(m->root, "fd");
	m->node_kb = number_of(m->node.os_pid, "status", "RssAnon:");
	m->root_kb = number_of(m->root, "status", "RssAnon:");
	m->root_maps = (int)number_of(m->root, "maps", NULL);
	measure_family(m);
	left_list(&all);
	for (int i = 0; i < all.n; i++)
		m->segments += strstr(all.name[i], board->node) != NULL;
}

#endif
