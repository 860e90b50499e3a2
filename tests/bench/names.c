/* SPDX-License-Identifier: Apache-2.0 */
/* register: a name is given and taken back; ns for the two together. */
#include <stdlib.h>

#include "tests/bench/kit.h"

int
main(int argc, char **argv)
{
	size_t count = (size_t)bench_number(argc, argv, 1, 20000);
	int64_t *ns = calloc(count, sizeof(*ns));

	if (ns == NULL)
		return 1;
	bench_start(NULL);
	for (size_t i = 0; i < count; i++) {
		int64_t start = bench_now();

		bench_must(gs_register("bench"), "register");
		bench_must(gs_unregister("bench"), "unregister");
		ns[i] = bench_now() - start;
	}
	bench_tell("ours", "register", bench_percentile(ns, count, 0.5));
	free(ns);
	return 0;
}
