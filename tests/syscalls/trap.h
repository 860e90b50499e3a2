/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls on their way to the kernel, by seccomp user notification: each
 * waits until we let it pass, answer it with an error, or do part of it.
 * Unlike ptrace this changes nothing about signals, waiting and pidfds, and
 * whoever the program forks or becomes is trapped as well; when the last one
 * has gone the listener says so.
 */
#ifndef GS_TESTS_SYSCALLS_TRAP_H
#define GS_TESTS_SYSCALLS_TRAP_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What the allocation shim asks before each allocation; no system call. */
#define TRAP_ALLOC 26480

enum trap_what {
	TRAP_CALLS, /* every call that can fail */
	TRAP_ALLOCS, /* allocations, and what tells who is who */
};

struct trap_start {
	char *const *argv;
	enum trap_what what;
	int out; /* becomes standard output and error */
	const char *preload; /* or NULL */
};

/* Why it cannot be done on this machine, or NULL. */
const char *trap_refused(void);

/* Runs a program in traps; *listener is where its calls arrive. */
pid_t trap_run(const struct trap_start *start, int *listener);

/* The next call: 1; 0 none any more, everybody is gone; -1 nothing now. */
int trap_next(int listener, struct seccomp_notif *call);
void trap_pass(int listener, const struct seccomp_notif *call);
void trap_fail(int listener, const struct seccomp_notif *call, int error);
/* Reads or writes half of it; false when that is not possible. */
bool trap_half(int listener, const struct seccomp_notif *call);

#endif
