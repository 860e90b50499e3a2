/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only happens when the kernel is out of memory or out of luck, brought
 * about by writing in the ring: lost completions, polls that end.
 */
#include "shm/poll_uring.c" /* NOLINT: its inside is what is tested */
#include "tests/runner.h"

#ifdef GM_HAVE_URING
#include <fcntl.h>
#include <stdio.h>
#include <sys/eventfd.h>

#define N 100

static int fds[N];

static struct gm_poll *
open_with_bells(void)
{
	struct gm_poll *poll;

	if (gm_poll_open(&poll, 8, "io_uring")) {
		CHECK_OK(gm_poll_open(&poll, 8, NULL));
		SKIP(gm_poll_name(poll));
	}
	for (int i = 0; i < N; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		CHECK_OK(gm_poll_add(poll, fds[i], (uint64_t)i, 0));
	}
	CHECK_INT(gm_poll_wait(poll, 0, &(struct gm_event){ 0 }, 1), 0);
	return poll;
}

static void
close_with_bells(struct gm_poll *poll)
{
	gm_poll_close(poll);
	for (int i = 0; i < N; i++)
		close(fds[i]);
}

static void
ring_all(void)
{
	uint64_t one = 1;

	for (int i = 0; i < N; i++)
		CHECK_INT(write(fds[i], &one, sizeof(one)), sizeof(one));
}

/* How many of the bells are reported, once or more. */
static int
reported(struct gm_poll *poll)
{
	struct gm_event events[16];
	bool seen[N] = { false };
	int n, count = 0;

	while ((n = gm_poll_wait(poll, now_ns() + 20000000, events, 16)) > 0) {
		for (int i = 0; i < n; i++) {
			count += !seen[events[i].token];
			seen[events[i].token] = true;
		}
	}
	CHECK_INT(n, 0);
	return count;
}

/* Takes away the completions, as if they had never been posted. */
static void
lose_completions(struct gm_uring *u)
{
	struct io_uring_cqe *cqe;

	io_uring_get_events(&u->ring);
	while (io_uring_peek_cqe(&u->ring, &cqe) == 0)
		io_uring_cqe_seen(&u->ring, cqe);
}

TEST(lost_completions_are_made_up_for)
{
	struct gm_poll *poll = open_with_bells();
	struct gm_uring *u = of(poll);

	for (int round = 0; round < 20; round++) {
		ring_all();
		lose_completions(u);
		CHECK_INT(reported(poll), 0);
		++*u->ring.cq.koverflow;
		CHECK_INT(reported(poll), N);
		ring_all();
		CHECK_INT(reported(poll), N);
	}
	close_with_bells(poll);
}

TEST(lost_completions_while_removing)
{
	struct gm_poll *poll = open_with_bells();
	struct gm_uring *u = of(poll);

	ring_all();
	lose_completions(u);
	++*u->ring.cq.koverflow;
	CHECK_INT(gm_poll_wait(
		      poll, now_ns() + 20000000000, &(struct gm_event){ 0 }, 1),
	    1);
	for (int i = 0; i < N; i += 2)
		gm_poll_remove(poll, (uint64_t)i);
	CHECK(reported(poll) <= N / 2);
	ring_all();
	CHECK_INT(reported(poll), N / 2);
	close_with_bells(poll);
}

/* Ends all polls as the kernel may: a last completion without F_MORE. */
TEST(ended_polls_are_armed_again)
{
	struct gm_poll *poll = open_with_bells();
	struct gm_uring *u = of(poll);

	for (int i = 0; i < N; i++) {
		struct gm_watch *watch = &poll->watches.at[i];
		struct io_uring_cqe cqe = {
			.user_data = gm_watches_key(&poll->watches, watch),
			.res = i % 2 ? POLLIN : -ENOMEM,
		};
		struct gm_event event;

		CHECK_INT(complete(u, &cqe, &event), i % 2);
		CHECK_INT(watch->state, GM_WATCH_TO_ARM);
		if (i % 4 == 0)
			gm_poll_remove(poll, (uint64_t)i);
	}
	CHECK_INT(reported(poll), 0);
	close_with_bells(poll);
}

/* The one poll that stands for all sockets and pipes. */
TEST(inner_epoll_is_armed_again)
{
	struct gm_poll *poll = open_with_bells();
	struct gm_uring *u = of(poll);
	struct io_uring_cqe cqe = { .user_data = GM_URING_INNER_KEY };
	struct gm_event event;
	int ends[2];

	CHECK_INT(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	CHECK_OK(gm_poll_add(poll, ends[0], N - 1 + N, 0));
	CHECK_INT(gm_poll_fds(poll), 2);
	CHECK_INT(reported(poll), 0);
	for (int i = 0; i < 30; i++) {
		CHECK_INT(write(ends[1], "x", 1), 1);
		if (i % 3 == 1) {
			lose_completions(u);
			++*u->ring.cq.koverflow;
		}
		if (i % 3 == 2) {
			lose_completions(u);
			CHECK(!complete(u, &cqe, &event));
			CHECK(u->inner_to_arm);
		}
		CHECK_INT(
		    gm_poll_wait(poll, now_ns() + 20000000000, &event, 1), 1);
		CHECK_INT(event.token, N - 1 + N);
		CHECK_INT(gm_poll_wait(poll, 0, &event, 1), 0);
	}
	gm_poll_remove(poll, N - 1 + N);
	close_with_bells(poll);
	close(ends[0]);
	close(ends[1]);
}

TEST(refused_poll_is_reported_as_error)
{
	struct gm_poll *poll = open_with_bells();
	int fd = open("/proc/self", O_PATH | O_CLOEXEC | O_NOFOLLOW);
	struct gm_event event;

	CHECK(fd >= 0);
	CHECK_OK(gm_poll_add(poll, fd, 1000, 0));
	CHECK_INT(gm_poll_wait(poll, now_ns() + 20000000000, &event, 1), 1);
	CHECK_INT(event.token, 1000);
	CHECK_INT(event.ready, POLLERR);
	CHECK_INT(reported(poll), 0);
	gm_poll_remove(poll, 1000);
	CHECK_OK(gm_poll_add(poll, fds[0], 1000, 0));
	ring_all();
	gm_poll_remove(poll, 1000);
	CHECK_INT(reported(poll), N);
	close_with_bells(poll);
	close(fd);
}
#else
TEST(io_uring_is_not_built)
{
	SKIP("built without liburing");
}
#endif
