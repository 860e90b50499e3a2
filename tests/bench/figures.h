/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time and numbers of all bench programs, ours and the peers'.  Each prints
 *
 *	WHO METRIC VALUE	a figure; tests/bench/run makes medians of several
 *	WHO CURVE X Y		a point, for tests/bench/plot
 *
 * where WHO is ours, limit (the bare system doing the same) or a peer's name.
 */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Request and reply of every metric that has any. */
#define BENCH_SIZE 64

/* CLOCK_MONOTONIC in ns. */
int64_t bench_now(void);

/* CPU time that a process (0: this one) has used, all threads, in ns. */
int64_t bench_cpu(pid_t pid);

/* The argument at index, or otherwise; ends the program if it is none. */
long bench_number(int argc, char **argv, int index, long otherwise);

/* Zeroed and touched, so that no page fault is taken for a call. */
int64_t *bench_samples(size_t count);

/* Sorts; share 0.5 is the median. */
double bench_percentile(int64_t *ns, size_t count, double share);

void bench_tell(const char *who, const char *metric, double value);
void bench_point(const char *who, const char *curve, double x, double y);

/* Tells METRIC.p50, .p99, .p999 and the curve METRIC: how many took X ns. */
void bench_latency(
    const char *who, const char *metric, int64_t *ns, size_t count);

/* Pins the calling thread, and what it forks and creates from here on. */
void bench_on_cpu(int cpu);
void bench_on_all_cpus(void);

/* Ends the program with errno's words if it did not go well. */
void bench_check(int well, const char *what);

#endif
