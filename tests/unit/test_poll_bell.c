/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The poller of a process that waits for its bell alone, and what becomes of
 * it when there is more to wait for.
 */
#include "tests/unit/poll_cases.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>

#define BELL 5u
#define OTHER 6u

static struct gm_poll *
open_bell(int fd, const char *which)
{
	struct gm_poll *poll;

	CHECK_OK(gm_poll_open_bell(&poll, fd, BELL, which));
	return poll;
}

TEST(bell_alone_is_one_event_for_each_ring)
{
	int fd = bell();
	struct gm_poll *poll = open_bell(fd, NULL);

	CHECK_STR(gm_poll_name(poll), "poll");
	no_event(poll);
	for (int i = 0; i < 100; i++) {
		ring(fd);
		ring(fd);
		CHECK_INT(one_event(poll, BELL), POLLIN);
		no_event(poll);
	}
	gm_poll_close(poll);
	close(fd);
}

TEST(bell_alone_keeps_the_deadline)
{
	int fd = bell();
	struct gm_poll *poll = open_bell(fd, NULL);
	struct gm_event event;
	int64_t start = now_ns();

	CHECK_INT(gm_poll_wait(poll, start - 1, &event, 1), 0);
	CHECK_INT(gm_poll_wait(poll, start + 20000000, &event, 1), 0);
	CHECK(now_ns() >= start + 20000000);
	CHECK(now_ns() < start + 8000000000);
	gm_poll_close(poll);
	close(fd);
}

static void
nothing(int number)
{
	(void)number;
}

TEST(bell_alone_lets_a_signal_end_the_wait)
{
	struct sigaction action = { .sa_handler = nothing };
	int fd = bell();
	struct gm_poll *poll = open_bell(fd, NULL);
	struct itimerspec soon = { .it_value.tv_nsec = 5000000,
		.it_interval.tv_nsec = 5000000 };
	struct gm_event event;
	timer_t timer;

	CHECK_OK(sigaction(SIGALRM, &action, NULL));
	CHECK_OK(timer_create(CLOCK_MONOTONIC, NULL, &timer));
	CHECK_OK(timer_settime(timer, 0, &soon, NULL));
	CHECK_INT(gm_poll_wait(poll, -1, &event, 1), 0);
	timer_delete(timer);
	gm_poll_close(poll);
	close(fd);
}

TEST(bell_that_is_closed_is_an_error)
{
	int fd = bell();
	struct gm_poll *poll = open_bell(fd, NULL);
	struct gm_event event;

	close(fd);
	CHECK_INT(gm_poll_wait(poll, -1, &event, 1), -EBADF);
	gm_poll_close(poll);
}

TEST(bell_poller_knows_the_ways_of_waiting)
{
	struct gm_poll *poll;
	int fd = bell();

	CHECK_INT(gm_poll_open_bell(&poll, fd, BELL, "kqueue"), -EINVAL);
	close(fd);
}

/* One more descriptor tells that there is a ring, or an epoll, now. */
BOTH(who_waits_often_has_a_real_poller, 30)
{
	int fd = bell(), before;
	struct gm_poll *poll = open_bell(fd, which);

	gm_poll_close(open_poll(8, which));
	before = test_fds();
	for (int i = 0; i < 200; i++) {
		ring(fd);
		CHECK_INT(one_event(poll, BELL), POLLIN);
		no_event(poll);
		if (i < 10 && strcmp(which, "epoll") == 0)
			CHECK_INT(test_fds(), before);
	}
	if (strcmp(which, "epoll") == 0)
		CHECK_INT(test_fds(), before + 1);
	gm_poll_close(poll);
	close(fd);
}

BOTH(second_descriptor_makes_a_real_poller, 30)
{
	int fd = bell(), ends[2];
	struct gm_poll *poll = open_bell(fd, which);
	struct gm_event events[4];
	char byte;

	/* skips where there is none */
	gm_poll_close(open_poll(8, which));
	ring(fd);
	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	CHECK_OK(gm_poll_add(poll, ends[0], OTHER, 0));
	/* what was there before is not lost */
	CHECK_INT(one_event(poll, BELL), POLLIN);
	no_event(poll);
	CHECK_INT(write(ends[1], "x", 1), 1);
	CHECK_INT(one_event(poll, OTHER), POLLIN);
	CHECK_INT(read(ends[0], &byte, 1), 1);
	ring(fd);
	CHECK_INT(one_event(poll, BELL), POLLIN);
	gm_poll_remove(poll, OTHER);
	CHECK_INT(write(ends[1], "x", 1), 1);
	CHECK_INT(gm_poll_wait(poll, 0, events, 4), 0);
	ring(fd);
	CHECK_INT(one_event(poll, BELL), POLLIN);
	close(ends[0]);
	close(ends[1]);
	gm_poll_close(poll);
	close(fd);
}
