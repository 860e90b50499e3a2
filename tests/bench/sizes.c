/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Larger messages: calls whose request and reply have 4 KiB and 64 KiB, and
 * the bandwidth of casts of 64 KiB.  Limit: that many bytes copied twice, and
 * once, from memory that is as cold as a mailbox that goes round.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/kit.h"

#define LARGE 65536
#define TURNING ((size_t)4 << 20) /* bytes that copies go round in */

static char payload[LARGE];

static void
calls(gs_pid pid, const char *metric, size_t size, size_t count)
{
	int64_t *ns = calloc(count, sizeof(*ns));
	gs_bytes reply;

	if (ns == NULL)
		exit(1);
	for (size_t i = 0; i < count + 100; i++) {
		int64_t start = bench_now();

		bench_must(gs_call(GS_PID(pid), gs_bytes_of(payload, size),
			       &reply, 60000),
		    "call");
		if (i >= 100)
			ns[i - 100] = bench_now() - start;
	}
	bench_tell("ours", metric, bench_percentile(ns, count, 0.5));
	free(ns);
}

static void
casts(gs_pid pid, size_t count)
{
	int64_t start = bench_now();

	for (size_t i = 0; i < count; i++)
		bench_must(gs_cast_wait(GS_PID(pid), GS_OBJECT(payload), 60000),
		    "cast");
	bench_call(pid);
	bench_tell("ours", "cast.65536.bandwidth",
	    (double)count * LARGE / (double)(bench_now() - start));
}

/* ns for one copy of so many bytes, out of line for the compiler. */
static double
copying(size_t size, size_t count)
{
	static char *memory;
	int64_t start;

	if (memory == NULL)
		memory = malloc(TURNING);
	if (memory == NULL)
		exit(1);
	memset(memory, 1, TURNING);
	start = bench_now();
	for (size_t i = 0; i < count; i++) {
		char *to = memory + i * size % TURNING;

		memcpy(to, payload, size);
		__asm__ volatile("" ::"r"(to) : "memory");
	}
	return (double)(bench_now() - start) / (double)count;
}

int
main(int argc, char **argv)
{
	size_t count = (size_t)bench_number(argc, argv, 1, 20000);
	gs_pid pid;

	memset(payload, 'x', sizeof(payload));
	bench_tell("limit", "call.4096.p50", 2 * copying(4096, count));
	bench_tell("limit", "call.65536.p50", 2 * copying(LARGE, count));
	bench_tell(
	    "limit", "cast.65536.bandwidth", LARGE / copying(LARGE, count));
	pid = bench_start(NULL);
	calls(pid, "call.4096.p50", 4096, count);
	calls(pid, "call.65536.p50", LARGE, count / 4 + 1);
	casts(pid, count);
	return 0;
}
