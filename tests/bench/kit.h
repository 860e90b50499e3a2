/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the bench programs share.  Each prints lines "WHO METRIC VALUE", where
 * WHO is ours, limit (the bare system doing the same) or a peer's name, and
 * tests/bench/run makes medians of several such runs.
 */
#ifndef BENCH_KIT_H
#define BENCH_KIT_H

#include <genserver.h>

/* Request and reply of every metric that has any. */
#define BENCH_SIZE 64

/* Answers a call with its request, swallows casts; a new one for each. */
extern const gs_behaviour bench_echo;

/* CLOCK_MONOTONIC in ns. */
int64_t bench_now(void);

/* Ends the program with a sentence when status is negative. */
void bench_must(int status, const char *what);

/* The argument at index, or otherwise; ends the program if it is none. */
long bench_number(int argc, char **argv, int index, long otherwise);

/* Pins the calling process. */
void bench_on_cpu(int cpu);

/* A private node and one echo server in it. */
gs_pid bench_start(const char *name);

/* One call of BENCH_SIZE bytes that must be answered. */
void bench_call(gs_pid pid);

/* Yields the CPU until the other process sleeps; stat: its /proc stat. */
void bench_await_sleep(int stat);
int bench_open_stat(int os_pid);

/* Sorts; share 0.5 is the median. */
double bench_percentile(int64_t *ns, size_t count, double share);

void bench_tell(const char *who, const char *metric, double value);

#endif
