/* SPDX-License-Identifier: Apache-2.0 */
/* An event loop of the test's own, over gs_fd and gs_dispatch. */
#ifndef GS_TESTS_CONFORMANCE_OUTER_H
#define GS_TESTS_CONFORMANCE_OUTER_H

#include <poll.h>

#include "tests/conformance/helpers.h"

/* What has been handed out so far. */
struct seen {
	int kind[16];
	int all;
	char last[64];
	char reason[64];
};

static inline void
see(const gs_info *info, void *data)
{
	struct seen *s = data;

	s->all++;
	if (info->kind < 16)
		s->kind[info->kind]++;
	gs_string(info->body, s->last, sizeof(s->last));
	snprintf(s->reason, sizeof(s->reason), "%s", info->reason);
}

/* Readable within ms? */
static inline bool
readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

/* Dispatches whenever it is readable, until so many have been seen. */
static inline bool
see_until(struct seen *s, int *what, int count)
{
	int64_t until = now_ms() + SOON;

	while (*what < count && now_ms() < until)
		if (readable(gs_fd(), 100))
			CHECK_OK(gs_dispatch(see, s));
	return *what >= count;
}

/* Nothing is left to do, and it stays so. */
static inline void
come_to_rest(struct seen *s)
{
	bool rests = false;
	int all = s->all, i;

	/* what a burst has grown is given back once */
	for (i = 0; i < 20 && readable(gs_fd(), 150); i++)
		CHECK_OK(gs_dispatch(see, s));
	/* somebody else may have had to do with it, and was not let run */
	for (i = 0; i < 5 && !rests; i++) {
		rests = !readable(gs_fd(), 200);
		CHECK_INT(gs_dispatch(see, s), 0);
		rests = rests && !readable(gs_fd(), 50);
	}
	CHECK(rests);
	CHECK_INT(s->all, all);
}

#endif
