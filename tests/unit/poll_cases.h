/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the poller share: a case for each backend, skipped where
 * io_uring is refused, and bells to ring.
 */
#ifndef GS_TESTS_POLL_CASES_H
#define GS_TESTS_POLL_CASES_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "shm/poll.h"
#include "tests/runner.h"

#define BOTH(name, seconds)                                                    \
	static void name(const char *which);                                   \
	TEST_TIMEOUT(name##_io_uring, seconds)                                 \
	{                                                                      \
		name("io_uring");                                              \
	}                                                                      \
	TEST_TIMEOUT(name##_epoll, seconds)                                    \
	{                                                                      \
		name("epoll");                                                 \
	}                                                                      \
	static void name(const char *which)

static inline struct gm_poll *
open_poll(unsigned entries, const char *which)
{
	struct gm_poll *poll;
	int err = gm_poll_open(&poll, entries, which);

	if (err && strcmp(which, "io_uring") == 0) {
		CHECK_OK(gm_poll_open(&poll, entries, NULL));
		SKIP(gm_poll_name(poll));
	}
	CHECK_INT(err, 0);
	return poll;
}

static inline int
bell(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

static inline void
ring(int fd)
{
	uint64_t one = 1;

	CHECK_INT(write(fd, &one, sizeof(one)), sizeof(one));
}

static inline void
make_pipe(int *ends)
{
	CHECK_INT(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
}

/* Waits long; exactly one event. */
static inline uint32_t
one_event(struct gm_poll *poll, uint64_t token)
{
	struct gm_event event;

	CHECK_INT(gm_poll_wait(poll, now_ns() + 20000000000, &event, 1), 1);
	CHECK_INT(event.token, token);
	return event.ready;
}

static inline void
no_event(struct gm_poll *poll)
{
	struct gm_event event;

	CHECK_INT(gm_poll_wait(poll, 0, &event, 1), 0);
	CHECK_INT(gm_poll_wait(poll, now_ns() + 2000000, &event, 1), 0);
}

#endif
