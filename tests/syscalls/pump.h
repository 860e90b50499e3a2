/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lets the calls of all trapped processes pass, in a thread of its own, and
 * counts them while it is armed: by who makes them, which call it is, what it
 * is used on, and how many of those there were.  One of them is aimed at.
 */
#ifndef GS_TESTS_SYSCALLS_PUMP_H
#define GS_TESTS_SYSCALLS_PUMP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/syscalls/detail.h"
#include "tests/syscalls/people.h"

#define KEY 192
#define EVERY_SECOND 0 /* nth: each that can be, but never twice in a row */

/* "gs-node#1 openat DIR/NODE.lock": its nth occurrence, and what happens. */
struct point {
	char key[KEY];
	int nth;
	int error;
};

struct pump;

struct pump *pump_new(const struct detail_names *names);
/* Waits until nobody is trapped any more, at most ms; how many listeners. */
int pump_gone(struct pump *pump, int ms);
void pump_free(struct pump *pump);

void pump_add(struct pump *pump, int listener);
/* Counts from now on, and lets that one (or NULL) fail; false: stops. */
void pump_arm(struct pump *pump, const struct point *aim);
void pump_disarm(struct pump *pump);
/* Until no call has come for that long. */
void pump_settle(struct pump *pump, int quiet_ms, int most_ms);

/* Has the point been met? */
bool pump_hit(const struct pump *pump);
/* The newest living process of that name, or 0. */
pid_t pump_pid(struct pump *pump, const char *comm);
/* Calls each with every process that was ever seen. */
void pump_each(
    struct pump *pump, void (*each)(pid_t pid, void *data), void *data);

/* What was counted: the i-th, false behind the last. */
struct pump_seen {
	int nr;
	char key[KEY];
	char detail[DETAIL];
	int nth;
};
bool pump_seen(struct pump *pump, int i, struct pump_seen *seen);

#endif
