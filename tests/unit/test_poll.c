/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The poller, the same cases over both backends: when there is an event, when
 * there is none, and that no wake-up is lost.
 */
#include "tests/unit/poll_cases.h"

#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

BOTH(deadline_is_kept, 30)
{
	struct gm_poll *poll = open_poll(8, which);
	struct gm_event event;
	int64_t start = now_ns(), took = 0;

	CHECK_INT(gm_poll_wait(poll, 0, &event, 1), 0);
	CHECK_INT(gm_poll_wait(poll, start - 1, &event, 1), 0);
	CHECK(now_ns() - start < 5000000000);
	for (int ms = 1; ms <= 50; ms += 49) {
		/* others may want the machine, too, but not each time */
		for (int i = 0; i == 0 || (i < 10 && took >= 500000000); i++) {
			start = now_ns();
			CHECK_INT(
			    gm_poll_wait(poll, start + ms * 1000000, &event, 1),
			    0);
			took = now_ns() - start;
			CHECK(took >= ms * 1000000);
		}
		CHECK(took < 500000000);
	}
	CHECK_STR(gm_poll_name(poll),
	    which[0] == 'e' ? "epoll (asked for)" : "io_uring");
	gm_poll_close(poll);
}

BOTH(adding_reports_what_is_ready, 30)
{
	struct gm_poll *poll = open_poll(8, which);
	int fd = bell();

	ring(fd);
	CHECK_OK(gm_poll_add(poll, fd, 7, 0));
	CHECK_INT(one_event(poll, 7), POLLIN);
	gm_poll_close(poll);
	close(fd);
}

BOTH(edge_is_reported_once, 30)
{
	struct gm_poll *poll = open_poll(8, which);
	int fd = bell();

	CHECK_OK(gm_poll_add(poll, fd, UINT64_MAX, 0));
	no_event(poll);
	for (int i = 0; i < 100; i++) {
		ring(fd);
		CHECK_INT(one_event(poll, UINT64_MAX), POLLIN);
		no_event(poll);
	}
	gm_poll_close(poll);
	close(fd);
}

static void
ring_later(void *data)
{
	struct timespec pause = { 0, 20000000 };

	nanosleep(&pause, NULL);
	ring(*(int *)data);
}

BOTH(wait_for_ever_ends_with_an_event, 30)
{
	struct gm_poll *poll = open_poll(8, which);
	struct gm_event event;
	int fd = bell();
	pid_t pid;

	CHECK_OK(gm_poll_add(poll, fd, 1, 0));
	pid = test_fork(ring_later, &fd);
	CHECK_INT(gm_poll_wait(poll, -1, &event, 1), 1);
	CHECK_INT(event.token, 1);
	test_join(pid);
	gm_poll_close(poll);
	close(fd);
}

/* ---- ping-pong: no wake-up is lost though nobody ever reads ---- */

struct pingpong {
	const char *which;
	int rounds;
	int bell[2];
	int cpu[2];
};

static void
pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void
play(struct pingpong *game, int me)
{
	struct gm_poll *poll = open_poll(8, game->which);
	struct gm_event event;
	int64_t end;
	int n;

	pin(game->cpu[me]);
	CHECK_OK(gm_poll_add(poll, game->bell[me], 1, 0));
	for (int i = 0; i < game->rounds; i++) {
		if (me == 0)
			ring(game->bell[1]);
		/* 0 is a signal, if not the end of that time */
		end = now_ns() + 20000000000;
		do
			n = gm_poll_wait(poll, end, &event, 1);
		while (n == 0 && now_ns() < end);
		if (n != 1)
			FAIL("side %d, round %d: %d", me, i, n);
		if (me == 1)
			ring(game->bell[0]);
	}
	gm_poll_close(poll);
}

static void
play_second(void *data)
{
	play(data, 1);
}

/* The first and the last CPU that this process may use. */
static void
two_cpus(int *cpus)
{
	cpu_set_t set;

	CHECK_INT(sched_getaffinity(0, sizeof(set), &set), 0);
	cpus[0] = cpus[1] = -1;
	for (int i = 0; i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET(i, &set))
			continue;
		if (cpus[0] < 0)
			cpus[0] = i;
		cpus[1] = i;
	}
}

static void
pingpong(const char *which, int rounds, bool one_cpu)
{
	struct pingpong game = { .which = which, .rounds = rounds };
	pid_t pid;
	int64_t start;

	game.bell[0] = bell();
	game.bell[1] = bell();
	gm_poll_close(open_poll(8, which));
	two_cpus(game.cpu);
	if (one_cpu)
		game.cpu[1] = game.cpu[0];
	else if (game.cpu[0] == game.cpu[1])
		SKIP("one CPU only");
	start = now_ns();
	pid = test_fork(play_second, &game);
	play(&game, 0);
	test_join(pid);
	printf("%d rounds, %d ns each\n", rounds,
	    (int)((now_ns() - start) / rounds));
	close(game.bell[0]);
	close(game.bell[1]);
}

BOTH(no_wake_up_is_lost_on_one_cpu, 120)
{
	pingpong(which, test_slow() ? 5000 : 100000, true);
}

BOTH(no_wake_up_is_lost_between_cpus, 120)
{
	pingpong(which, test_slow() ? 2000 : 20000, false);
}

/* ---- what is reported ---- */

BOTH(out_is_reported_when_asked_for, 30)
{
	struct gm_poll *poll = open_poll(8, which);
	char block[4096] = { 0 };
	struct gm_event event;
	int ends[2];

	CHECK_INT(socketpair(AF_UNIX,
		      SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends),
	    0);
	CHECK_OK(gm_poll_add(poll, ends[0], 1, GM_POLL_OUT));
	CHECK_OK(gm_poll_add(poll, ends[1], 2, 0));
	CHECK_INT(one_event(poll, 1), POLLOUT);
	no_event(poll);
	while (write(ends[0], block, sizeof(block)) > 0)
		;
	CHECK(one_event(poll, 2) & POLLIN);
	while (read(ends[1], block, sizeof(block)) > 0)
		;
	/* Each write may have been an event of its own. */
	do
		CHECK_INT(
		    gm_poll_wait(poll, now_ns() + 20000000000, &event, 1), 1);
	while (event.token == 2);
	CHECK(event.ready & POLLOUT);
	gm_poll_close(poll);
	close(ends[0]);
	close(ends[1]);
}

BOTH(hang_up_is_reported_on_both_ends, 30)
{
	struct gm_poll *poll = open_poll(8, which);
	int a[2], b[2];

	make_pipe(a);
	make_pipe(b);
	CHECK_OK(gm_poll_add(poll, a[0], 1, 0));
	CHECK_OK(gm_poll_add(poll, b[1], 2, 0));
	no_event(poll);
	close(a[1]);
	CHECK(one_event(poll, 1) & POLLHUP);
	close(b[0]);
	CHECK(one_event(poll, 2) & POLLERR);
	no_event(poll);
	gm_poll_close(poll);
	close(a[0]);
	close(b[1]);
}

BOTH(few_events_at_a_time_are_all_there, 30)
{
	struct gm_poll *poll = open_poll(8, which);
	struct gm_event events[7];
	int fds[100], seen[100] = { 0 };
	int total = 0;

	for (int i = 0; i < 100; i++) {
		fds[i] = bell();
		CHECK_OK(gm_poll_add(poll, fds[i], (uint64_t)i, 0));
	}
	no_event(poll);
	for (int i = 0; i < 100; i++)
		ring(fds[i]);
	while (total < 100) {
		int n = gm_poll_wait(poll, now_ns() + 20000000000, events, 7);

		CHECK(n > 0 && n <= 7);
		for (int i = 0; i < n; i++)
			total += seen[events[i].token]++ == 0;
	}
	gm_poll_close(poll);
	for (int i = 0; i < 100; i++)
		close(fds[i]);
}

#define MANY 2000

/* A ring made for 8: its completion queue overflows. */
BOTH(grows_and_loses_nothing, 60)
{
	static int fds[MANY], seen[MANY];
	struct gm_poll *poll = open_poll(8, which);
	struct gm_event events[64];

	for (int i = 0; i < MANY; i++) {
		fds[i] = bell();
		CHECK_OK(gm_poll_add(poll, fds[i], (uint64_t)i << 20, 0));
	}
	no_event(poll);
	for (int round = 1; round <= 10; round++) {
		int total = 0;

		for (int i = 0; i < MANY; i++)
			ring(fds[i]);
		while (total < MANY) {
			int n = gm_poll_wait(
			    poll, now_ns() + 20000000000, events, 64);

			CHECK(n > 0);
			for (int i = 0; i < n; i++) {
				int *last = &seen[events[i].token >> 20];

				total += *last != round;
				*last = round;
			}
		}
		/* A poll that was armed again may report once more. */
		while (gm_poll_wait(poll, 0, events, 64) > 0)
			;
	}
	gm_poll_close(poll);
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
}

/* With io_uring pipes and bells come by different ways. */
BOTH(pipes_and_bells_do_not_starve_each_other, 30)
{
	struct gm_poll *poll = open_poll(8, which);
	int fd = bell(), ends[2], seen[2] = { 0 };
	struct gm_event event;

	make_pipe(ends);
	CHECK_OK(gm_poll_add(poll, fd, 0, 0));
	CHECK_OK(gm_poll_add(poll, ends[0], 1, 0));
	for (int i = 0; i < 1000; i++) {
		ring(fd);
		CHECK_INT(write(ends[1], "x", 1), 1);
		CHECK_INT(gm_poll_wait(poll, i % 2 ? 0 : -1, &event, 1), 1);
		seen[event.token]++;
	}
	printf("%d from the bell, %d from the pipe\n", seen[0], seen[1]);
	CHECK(seen[0] > 50 && seen[1] > 50);
	while (gm_poll_wait(poll, 0, &event, 1) > 0)
		;
	CHECK_INT(write(ends[1], "x", 1), 1);
	CHECK_INT(one_event(poll, 1), POLLIN);
	no_event(poll);
	close(ends[1]);
	CHECK(one_event(poll, 1) & POLLHUP);
	no_event(poll);
	gm_poll_close(poll);
	close(fd);
	close(ends[0]);
}
