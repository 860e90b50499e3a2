/* SPDX-License-Identifier: Apache-2.0 */
/* Time and numbers of all bench programs. */
#include "tests/bench/figures.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- time ---- */

static int64_t
clock_ns(clockid_t clock)
{
	struct timespec t;

	bench_check(clock_gettime(clock, &t) == 0, "clock");
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t
bench_now(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

int64_t
bench_cpu(pid_t pid)
{
	clockid_t clock = CLOCK_PROCESS_CPUTIME_ID;
	int error = pid == 0 ? 0 : clock_getcpuclockid(pid, &clock);

	errno = error;
	bench_check(error == 0, "CPU clock of a process");
	return clock_ns(clock);
}

/* ---- numbers ---- */

void
bench_check(int well, const char *what)
{
	if (well)
		return;
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

long
bench_number(int argc, char **argv, int index, long otherwise)
{
	char *end;
	long n;

	if (index >= argc)
		return otherwise;
	n = strtol(argv[index], &end, 10);
	if (end == argv[index] || *end != '\0' || n < 1) {
		fprintf(stderr, "bench: '%s' is no count\n", argv[index]);
		exit(64);
	}
	return n;
}

int64_t *
bench_samples(size_t count)
{
	int64_t *ns = malloc(count * sizeof(*ns));

	bench_check(ns != NULL, "memory");
	memset(ns, 0, count * sizeof(*ns));
	return ns;
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static double
at_share(const int64_t *sorted, size_t count, double share)
{
	size_t at = (size_t)(share * (double)count);

	return (double)sorted[at < count ? at : count - 1];
}

double
bench_percentile(int64_t *ns, size_t count, double share)
{
	qsort(ns, count, sizeof(*ns), compare);
	return at_share(ns, count, share);
}

void
bench_tell(const char *who, const char *metric, double value)
{
	printf("%s %s %.6g\n", who, metric, value);
	fflush(stdout);
}

void
bench_point(const char *who, const char *curve, double x, double y)
{
	printf("%s %s %.6g %.6g\n", who, curve, x, y);
	fflush(stdout);
}

/* Bins a tenth wider each than the one before; the same for every program. */
static void
histogram(const char *who, const char *metric, const int64_t *sorted, size_t n)
{
	double low = 10, high;
	size_t i = 0, before;

	while (i < n) {
		high = low * 1.1;
		before = i;
		while (i < n && (double)sorted[i] < high)
			i++;
		if (i > before)
			bench_point(who, metric, low, (double)(i - before));
		low = high;
	}
}

void
bench_latency(const char *who, const char *metric, int64_t *ns, size_t count)
{
	static const char *const name[] = { "p50", "p99", "p999" };
	static const double share[] = { 0.5, 0.99, 0.999 };
	char full[64];

	qsort(ns, count, sizeof(*ns), compare);
	for (int i = 0; i < 3; i++) {
		snprintf(full, sizeof(full), "%s.%s", metric, name[i]);
		bench_tell(who, full, at_share(ns, count, share[i]));
	}
	histogram(who, metric, ns, count);
}

/* ---- CPUs ---- */

static void
on_cpus(const cpu_set_t *set)
{
	bench_check(sched_setaffinity(0, sizeof(*set), set) == 0, "affinity");
}

void
bench_on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	on_cpus(&set);
}

void
bench_on_all_cpus(void)
{
	cpu_set_t set;

	memset(&set, 0xff, sizeof(set));
	on_cpus(&set);
}
