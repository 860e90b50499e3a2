/* SPDX-License-Identifier: Apache-2.0 */
/*
 * call.awake: one client calls without a pause, so that the server is awake
 * each time.  Two processes, not pinned; one look at the clock for each call,
 * which is in the figure.
 *
 * cpu.call: CPU seconds of client and server together for a million calls
 * (which is microseconds for one), in the same calls.
 */
#include <stdlib.h>

#include "tests/bench/kit.h"

#define WARM 2000

int
main(int argc, char **argv)
{
	size_t count = (size_t)bench_number(argc, argv, 1, 200000);
	int64_t *ns = bench_samples(count);
	int64_t before, after, cpu;
	gs_pid pid = bench_start(NULL);
	pid_t server = bench_os_pid(pid);

	for (size_t i = 0; i < WARM; i++)
		bench_call(pid);
	cpu = bench_cpu(0) + bench_cpu(server);
	before = bench_now();
	for (size_t i = 0; i < count; i++) {
		bench_call(pid);
		after = bench_now();
		ns[i] = after - before;
		before = after;
	}
	cpu = bench_cpu(0) + bench_cpu(server) - cpu;
	bench_latency("ours", "call.awake", ns, count);
	bench_tell("ours", "cpu.call", (double)cpu / (double)count / 1e3);
	free(ns);
	bench_must(gs_stop(GS_PID(pid), "normal", 60000), "stop");
	return 0;
}
