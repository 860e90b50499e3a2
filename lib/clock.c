/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time: CLOCK_MONOTONIC in nanoseconds inside, in milliseconds outside.  The
 * rule: a deadline is absolute, computed once, and never early.
 */
#include <time.h>

#include "lib/internal.h"

int64_t
gsi_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000ll + now.tv_nsec;
}

int64_t
gsi_deadline(int ms)
{
	if (ms == GS_INFINITY)
		return -1;
	return gsi_now_ns() + (ms > 0 ? ms : 0) * NS_PER_MS;
}

int
gsi_left_ms(int64_t deadline)
{
	int64_t ns = deadline - gsi_now_ns();

	if (deadline < 0)
		return GS_INFINITY;
	return ns > 0 ? (int)((ns + NS_PER_MS - 1) / NS_PER_MS) : 0;
}

GS_API int64_t
gs_now(void)
{
	return gsi_now_ns() / NS_PER_MS;
}
