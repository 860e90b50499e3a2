/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose calls they are: "gs-node#1", the first of that name.  That is asked
 * of the kernel when a process is new and after it has changed its name or
 * its program.  What the loader does before a program begins is the loader's:
 * calls count from the first one made outside of it.
 */
#ifndef GS_TESTS_SYSCALLS_PEOPLE_H
#define GS_TESTS_SYSCALLS_PEOPLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PEOPLE 512
#define WHO 24
#define NUMBERS 512 /* of system calls */

struct person {
	pid_t pid;
	char comm[16];
	char who[WHO];
	bool stale; /* the name may have changed */
	bool loading; /* still in the loader */
	bool ours; /* has not become the command yet */
	uint64_t loader, loader_end;
	bool spared[NUMBERS]; /* this call was failed the last time */
};

struct people {
	struct person *at; /* PEOPLE */
	int n;
};

/* That process, perhaps a new one; NULL when there are too many. */
struct person *people_find(struct people *people, pid_t pid);
void people_name(struct people *people, struct person *p);
/* Is it still the loader that makes the call at that address? */
bool person_loads(struct person *p, uint64_t at);

#endif
