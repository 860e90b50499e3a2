/* SPDX-License-Identifier: Apache-2.0 */
/* whereis: a name of five letters, ns for each look. */
#include "tests/bench/kit.h"

int
main(int argc, char **argv)
{
	long count = bench_number(argc, argv, 1, 2000000);
	gs_pid pid = bench_start("bench"), found;
	int64_t start;

	for (int i = 0; i < 2; i++) {
		long n = i == 0 ? count / 10 + 1 : count;

		start = bench_now();
		while (n-- > 0)
			bench_must(gs_whereis("bench", &found), "whereis");
	}
	bench_tell(
	    "ours", "whereis", (double)(bench_now() - start) / (double)count);
	return gs_pid_equal(pid, found) ? 0 : 1;
}
