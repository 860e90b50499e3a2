/* SPDX-License-Identifier: Apache-2.0 */
/* What the bench programs of ours share: an echo server and its node. */
#ifndef BENCH_KIT_H
#define BENCH_KIT_H

#include <genserver.h>

#include "tests/bench/figures.h"

/* Answers a call with its request, swallows casts; a new one for each. */
extern const gs_behaviour bench_echo;

/* Ends the program with a sentence when status is negative. */
void bench_must(int status, const char *what);

/* A private node and one echo server in it. */
gs_pid bench_start(const char *name);

/* A child that is started again however often it is killed. */
void bench_start_child(const gs_behaviour *behaviour, const char *name);

/* Its process; must be there. */
pid_t bench_os_pid(gs_pid pid);

/* One call of BENCH_SIZE bytes that must be answered. */
void bench_call(gs_pid pid);
/* The same behind casts of others, who may be using up the room. */
void bench_call_at_last(gs_pid pid);

/* Yields the CPU until the other process sleeps; stat: its /proc stat. */
void bench_await_sleep(int stat);
int bench_open_stat(int os_pid);

/* The sum of all lines of the form in that file, or -1 without one. */
long bench_sum_of(const char *path, const char *form);

#endif
