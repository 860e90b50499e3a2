/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other nodes than that of the case: number 0 to OTHERS - 1, each with a
 * puppet of the name "there".
 */
#ifndef GS_TESTS_CONFORMANCE_OTHER_H
#define GS_TESTS_CONFORMANCE_OTHER_H

#include "tests/conformance/helpers.h"

#define OTHERS 4

/* Before node_up, since each is forked off. */
void other_up(int i);
/* Its name. */
const char *other(int i);
/* Runs fn(data) in a process whose node is that. */
void other_run(int i, void (*fn)(void *data), void *data);
/* SIGKILL, SIGSTOP and SIGCONT for the process of the node alone. */
void other_kill(int i);
void other_stop(int i);
void other_cont(int i);
void other_down(int i);
/* The address "there" in it. */
#define THERE(i) GS_NAME_AT("there", other(i))

/* In other_run: what a process of another node is in this one. */
gs_pid client_of(int os_pid);

/* The pid of that puppet. */
gs_pid there(int i);
/* A board, the first n of them, and a private node of the case. */
void others_up(int n);
void others_down(int n);

#endif
