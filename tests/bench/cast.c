/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cast.64.rate: messages sent and handled.  The client waits for room when
 * the mailbox is full, and the call at the end is answered after the last.
 */
#include "tests/bench/kit.h"

int
main(int argc, char **argv)
{
	static const char message[BENCH_SIZE] = "message";
	long count = bench_number(argc, argv, 1, 5000000);
	gs_pid pid = bench_start(NULL);
	int64_t start;

	for (int i = 0; i < 2; i++) {
		/* the first turn only warms up */
		long n = i == 0 ? count / 10 + 1 : count;

		start = bench_now();
		while (n-- > 0)
			bench_must(gs_cast_wait(
				       GS_PID(pid), GS_OBJECT(message), 60000),
			    "cast");
		bench_call(pid);
	}
	bench_tell("ours", "cast.64.rate",
	    (double)count * 1e3 / (double)(bench_now() - start));
	bench_must(gs_stop(GS_PID(pid), "normal", 60000), "stop");
	return 0;
}
