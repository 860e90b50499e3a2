/* SPDX-License-Identifier: Apache-2.0 */
/* Who is who; see people.h. */
#include "tests/syscalls/people.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void
read_comm(pid_t pid, char comm[16])
{
	char path[48];
	FILE *file;

	comm[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return;
	if (fscanf(file, "%15[^\n]", comm) != 1)
		comm[0] = '\0';
	fclose(file);
}

void
people_name(struct people *people, struct person *p)
{
	char comm[16];
	int number = 1;

	p->stale = false;
	read_comm(p->pid, comm);
	if (comm[0] == '\0' || strcmp(comm, p->comm) == 0)
		return;
	for (int i = 0; i < people->n; i++)
		number += &people->at[i] != p &&
			  strcmp(people->at[i].comm, comm) == 0;
	memcpy(p->comm, comm, sizeof(comm));
	snprintf(p->who, sizeof(p->who), "%s#%d", comm, number);
}

/* Where the loader is mapped in a program that has just begun. */
static void
find_loader(struct person *p)
{
	char path[48], line[512];
	unsigned long from, to;
	FILE *file;

	p->loader = p->loader_end = 0;
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)p->pid);
	file = fopen(path, "re");
	if (file == NULL)
		return;
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strstr(line, "/ld-") == NULL ||
		    sscanf(line, "%lx-%lx", &from, &to) != 2)
			continue;
		if (p->loader == 0)
			p->loader = from;
		p->loader_end = to;
	}
	fclose(file);
}

struct person *
people_find(struct people *people, pid_t pid)
{
	struct person *p;

	for (int i = people->n - 1; i >= 0; i--)
		if (people->at[i].pid == pid)
			return &people->at[i];
	if (people->n == PEOPLE)
		return NULL;
	p = &people->at[people->n++];
	memset(p, 0, sizeof(*p));
	p->pid = pid;
	people_name(people, p);
	p->ours = strncmp(p->comm, program_invocation_short_name, 15) == 0;
	return p;
}

/* True while the loader is at work. */
bool
person_loads(struct person *p, uint64_t at)
{
	if (!p->loading)
		return false;
	if (p->loader == 0)
		find_loader(p);
	p->loading = at >= p->loader && at < p->loader_end;
	return p->loading;
}
