/* SPDX-License-Identifier: Apache-2.0 */
/*
 * call.awake: one client calls without a pause, so that the server is awake
 * each time.  Two processes, not pinned; one look at the clock for each call,
 * which is in the figure.
 */
#include <stdlib.h>

#include "tests/bench/kit.h"

#define WARM 2000

int
main(int argc, char **argv)
{
	size_t count = (size_t)bench_number(argc, argv, 1, 200000);
	int64_t *ns = calloc(count, sizeof(*ns));
	int64_t before, after;
	gs_pid pid;

	if (ns == NULL)
		return 1;
	/* touched, so that no page fault is taken for a call */
	memset(ns, 1, count * sizeof(*ns));
	pid = bench_start(NULL);
	for (size_t i = 0; i < WARM; i++)
		bench_call(pid);
	before = bench_now();
	for (size_t i = 0; i < count; i++) {
		bench_call(pid);
		after = bench_now();
		ns[i] = after - before;
		before = after;
	}
	bench_tell("ours", "call.awake.p50", bench_percentile(ns, count, 0.5));
	bench_tell("ours", "call.awake.p99", bench_percentile(ns, count, 0.99));
	free(ns);
	return 0;
}
