/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which errors a system call may plausibly meet, by number and by what it is
 * used on.
 */
#ifndef GS_TESTS_SYSCALLS_FAULTS_H
#define GS_TESTS_SYSCALLS_FAULTS_H

#include <stdbool.h>

#define FAULT_HALF 4096 /* not an error: half of it is done */

/* The n-th fault for that call, 0 when there are no more. */
int fault_nth(int nr, const char *detail, int n);

const char *fault_name(int error);
/* 0 when there is none of that name. */
int fault_of(const char *name);
/* NULL when it is not in the table. */
const char *call_name(int nr);

#endif
