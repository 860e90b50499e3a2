/* SPDX-License-Identifier: Apache-2.0 */
/* How a server of the soak ends when it is told to. */
#ifndef GS_TESTS_SOAK_CRASH_H
#define GS_TESTS_SOAK_CRASH_H

#include <signal.h>

#include "tests/torture/soak_errand.h"

/* Ends in one of the ways there are; answer is NULL in a cast. */
static inline gs_next
crash(struct kv *kv, const struct request *r, const struct answer *answer)
{
	condemn(kv->self, (enum fate)r->mode);
	count(N_crashes, 1);
	note(r->voice, kv->me, "ends by %u", r->mode);
	switch ((enum fate)r->mode) {
	case BY_SEGV:
		raise(SIGSEGV);
		break;
	case BY_ABORT:
		abort();
	case BY_EXIT:
		exit(7);
	case BY_END:
		exit(0);
	case BY_LEFT:
		gs_exit("left");
	case BY_BORED:
		if (answer)
			return gs_next_stop_reply("bored", with_bytes(answer));
		return gs_next_stop("bored");
	default:
		raise(SIGKILL);
	}
	return gs_next_stop("survived");
}

#endif
