/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which descriptors node and root hold, by kind.  Bells go from hand to hand
 * in sixteens, so of those only what nobody else has counts: it is lost.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/wire.h"
#include "tests/runner.h"
#include "tests/syscalls/stage.h"

struct holdings {
	int sockets, pipes, files, others;
};

static void
hold(struct holdings *h, const char *to)
{
	if (strncmp(to, "socket:", 7) == 0)
		h->sockets++;
	else if (strncmp(to, "pipe:", 5) == 0)
		h->pipes++;
	else if (to[0] == '/')
		h->files++;
	else if (strcmp(to, "anon_inode:[eventfd]") != 0)
		h->others++;
}

/* Bells go from hand to hand in sixteens and are counted by who shares. */
static void
holdings(pid_t pid, struct holdings *h)
{
	char path[300], to[200];
	struct dirent *entry;
	DIR *dir;
	ssize_t n;

	memset(h, 0, sizeof(*h));
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%.20s", (int)pid,
		    entry->d_name);
		n = readlink(path, to, sizeof(to) - 1);
		if (n <= 0)
			continue;
		to[n] = '\0';
		hold(h, to);
	}
	if (dir != NULL)
		closedir(dir);
}

/* Eventfds of pid that also one of the others holds do not count. */
struct bells {
	int n;
	unsigned id[512];
};

static void
bells_of(pid_t pid, struct bells *bells)
{
	char path[300], line[100];
	struct dirent *entry;
	unsigned id;
	FILE *file;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", (int)pid);
	dir = opendir(path);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%.20s", (int)pid,
		    entry->d_name);
		file = fopen(path, "re");
		if (file == NULL)
			continue;
		while (fgets(line, sizeof(line), file) != NULL)
			if (sscanf(line, "eventfd-id: %u", &id) == 1 &&
			    bells->n < 512)
				bells->id[bells->n++] = id;
		fclose(file);
	}
	if (dir != NULL)
		closedir(dir);
}

struct others {
	pid_t but;
	struct bells bells;
};

static void
add_bells(pid_t pid, void *data)
{
	struct others *others = data;

	if (pid != others->but && !test_gone(pid))
		bells_of(pid, &others->bells);
}

/* Bells that only pid has are lost ones. */
static int
lonely_bells(struct stage *stage, pid_t pid)
{
	struct others others = { .but = pid };
	struct bells own = { 0 };
	int lonely = 0;

	bells_of(pid, &own);
	pump_each(stage->pump, add_bells, &others);
	for (int i = 0; i < own.n; i++) {
		bool shared = false;

		for (int j = 0; j < others.bells.n; j++)
			shared |= others.bells.id[j] == own.id[i];
		lonely += !shared;
	}
	return lonely;
}

static void
one_process(struct stage *stage, const char *comm, int *counts)
{
	pid_t pid = pump_pid(stage->pump, comm);
	struct holdings h;

	holdings(pid, &h);
	counts[0] = h.sockets;
	counts[1] = h.pipes;
	counts[2] = h.files;
	counts[3] = h.others;
	counts[4] = lonely_bells(stage, pid);
}

void
holdings_count(struct stage *stage, int *counts)
{
	one_process(stage, "gs-node", counts);
	one_process(stage, "gs-root", counts + 5);
}

/*
 * A pipe of a root that died is closed when the next one brings its own; root
 * keeps the bell that it has rung last; the node has seats in hand.
 */
int
holdings_most(const int *least, int i)
{
	return least[i] - 1 + (i == NODE_PIPES || i == ROOT_BELLS) +
	       (i == NODE_BELLS ? GSI_POOL : 0);
}

bool
holdings_more(const int *counts, const int *least)
{
	for (int i = 0; i < COUNTS; i++)
		if (counts[i] > holdings_most(least, i))
			return true;
	return false;
}
