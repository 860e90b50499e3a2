/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that casts to a server without a pause, until it is over. */
#ifndef GS_TESTS_FLOOD_H
#define GS_TESTS_FLOOD_H

#include "tests/conformance/helpers.h"

struct flood {
	gs_pid pid;
	_Atomic bool over;
	long sent;
};

static inline void *
flood(void *data)
{
	struct flood *f = data;

	while (!atomic_load(&f->over))
		if (gs_cast(GS_PID(f->pid), GS_TEXT("x")) == 0)
			f->sent++;
	return NULL;
}

#endif
