/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the poller watches: adding, removing, owning, and what it holds on to
 * or lets go.
 */
#include "tests/unit/poll_cases.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* ---- adding and removing ---- */

BOTH(adding_can_fail, 30)
{
	struct gm_poll *poll = open_poll(8, which);
	int fd = bell(), own = bell(), own2 = bell();
	int null = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	CHECK_INT(gm_poll_add(poll, -1, 1, 0), -EBADF);
	CHECK_INT(gm_poll_add(poll, -1, 1, GM_POLL_OWN), -EBADF);
	CHECK_INT(gm_poll_add(poll, 1000000, 1, 0), -EBADF);
	CHECK_INT(gm_poll_add(poll, null, 1, 0), -EPERM);
	CHECK_OK(gm_poll_add(poll, fd, 1, 0));
	CHECK_INT(gm_poll_add(poll, own, 1, GM_POLL_OWN), -EEXIST);
	CHECK(fcntl(own, F_GETFD) < 0);
	CHECK_OK(gm_poll_add(poll, own2, 2, GM_POLL_OWN));
	gm_poll_remove(poll, 3);
	ring(fd);
	one_event(poll, 1);
	gm_poll_close(poll);
	CHECK(fcntl(own2, F_GETFD) < 0);
	close(fd);
	close(null);
}

BOTH(added_is_seen_though_others_never_rest, 30)
{
	struct gm_poll *poll = open_poll(8, which);
	int fd = bell(), late = bell(), waits = 0;
	struct gm_event event;

	CHECK_OK(gm_poll_add(poll, fd, 1, 0));
	no_event(poll);
	ring(fd);
	ring(late);
	CHECK_OK(gm_poll_add(poll, late, 2, 0));
	do {
		CHECK_INT(gm_poll_wait(poll, 0, &event, 1), 1);
		ring(fd);
	} while (event.token != 2 && ++waits < 20);
	CHECK_INT(event.token, 2);
	gm_poll_close(poll);
	close(fd);
	close(late);
}

BOTH(removed_is_never_reported, 30)
{
	struct gm_poll *poll = open_poll(8, which);
	int fd = bell(), other = bell();

	CHECK_OK(gm_poll_add(poll, other, 9, 0));
	for (int i = 0; i < 100; i++) {
		CHECK_OK(gm_poll_add(poll, fd, 1, 0));
		if (i % 2)
			no_event(poll);
		if (i % 3)
			ring(fd);
		gm_poll_remove(poll, 1);
		no_event(poll);
		ring(fd);
		no_event(poll);
		/* The same place with another token. */
		CHECK_OK(gm_poll_add(poll, fd, 2, 0));
		if (i % 5)
			one_event(poll, 2);
		gm_poll_remove(poll, 2);
		no_event(poll);
		ring(other);
		one_event(poll, 9);
		CHECK_INT(read(fd, &(uint64_t){ 0 }, 8), 8);
	}
	gm_poll_close(poll);
	close(fd);
	close(other);
}

BOTH(removed_and_closed_is_seen_at_the_other_end, 30)
{
	struct gm_poll *poll = open_poll(8, which);
	char byte;
	int ends[2];

	for (int i = 0; i < 100; i++) {
		make_pipe(ends);
		CHECK_OK(gm_poll_add(poll, ends[1], 1, 0));
		if (i % 2)
			no_event(poll);
		gm_poll_remove(poll, 1);
		close(ends[1]);
		CHECK_INT(read(ends[0], &byte, 1), 0);
		close(ends[0]);
	}
	gm_poll_close(poll);
}

BOTH(closed_poller_holds_nothing_on, 30)
{
	struct gm_poll *poll;
	char byte;
	int ends[2];

	for (int i = 0; i < 100; i++) {
		poll = open_poll(8, which);
		make_pipe(ends);
		CHECK_OK(gm_poll_add(poll, ends[1], 1, 0));
		if (i % 2)
			no_event(poll);
		gm_poll_close(poll);
		close(ends[1]);
		CHECK_INT(read(ends[0], &byte, 1), 0);
		close(ends[0]);
	}
}

static bool
is_at_end(void *data)
{
	char byte;

	return read(*(int *)data, &byte, 1) == 0;
}

/* Removing an owned one closes it, wherever it is kept. */
BOTH(owned_is_closed_when_removed, 30)
{
	struct gm_poll *poll = open_poll(8, which);
	int keep[2], ends[2];

	make_pipe(keep);
	CHECK_OK(gm_poll_add(poll, keep[1], 1000, GM_POLL_OWN));
	for (uint64_t i = 0; i < 100; i++) {
		make_pipe(ends);
		CHECK_OK(gm_poll_add(poll, ends[1], i, GM_POLL_OWN));
		if (i % 2)
			no_event(poll);
		gm_poll_remove(poll, i);
		no_event(poll);
		CHECK(eventually(is_at_end, &ends[0], 10000));
		close(ends[0]);
	}
	gm_poll_close(poll);
	CHECK(eventually(is_at_end, &keep[0], 10000));
	close(keep[0]);
}

static int
nest(int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int inner = epoll_create1(EPOLL_CLOEXEC);

	CHECK(inner >= 0);
	CHECK_INT(epoll_ctl(inner, EPOLL_CTL_ADD, fd, &event), 0);
	return inner;
}

/* An epoll holds no file on; the way for what must end with its process. */
BOTH(nested_epoll_reports, 30)
{
	struct gm_poll *poll = open_poll(8, which);
	struct epoll_event event;
	int fds[2] = { bell(), bell() };
	int inner = nest(fds[0]);

	event.events = EPOLLIN | EPOLLET;
	CHECK_INT(epoll_ctl(inner, EPOLL_CTL_ADD, fds[1], &event), 0);
	CHECK_OK(gm_poll_add(poll, inner, 1, 0));
	for (int i = 0; i < 100; i++) {
		no_event(poll);
		ring(fds[i % 2]);
		CHECK(one_event(poll, 1) & POLLIN);
		CHECK_INT(epoll_wait(inner, &event, 1, 0), 1);
		CHECK_INT(epoll_wait(inner, &event, 1, 0), 0);
	}
	gm_poll_close(poll);
	close(inner);
	close(fds[0]);
	close(fds[1]);
}

static void
own_and_pause(void *data)
{
	int *ends = data;
	struct gm_poll *poll;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(ends[0]);
	CHECK_OK(gm_poll_open(&poll, 8, ends[2] ? "epoll" : "io_uring"));
	if (ends[3] == 2)
		CHECK_OK(gm_poll_add(poll, nest(ends[1]), 1, GM_POLL_OWN));
	else
		CHECK_OK(
		    gm_poll_add(poll, ends[1], 1, ends[3] ? GM_POLL_OWN : 0));
	no_event(poll);
	CHECK_INT(kill(getpid(), SIGSTOP), 0);
}

/* Plain, owned, nested: how long its end stays unseen. */
BOTH(killed_process_lets_go_of_what_it_watched, 30)
{
	int64_t start;
	pid_t pid;

	gm_poll_close(open_poll(8, which));
	for (int own = 0; own < 3; own++) {
		int ends[4] = { 0, 0, which[0] == 'e', own };

		make_pipe(ends);
		pid = test_fork(own_and_pause, ends);
		close(ends[1]);
		CHECK(eventually(test_is_stopped, &pid, 10000));
		start = now_ns();
		kill(pid, SIGKILL);
		CHECK(eventually(is_at_end, &ends[0], 10000));
		printf("way %d: let go after %d us\n", own,
		    (int)((now_ns() - start) / 1000));
		test_wait(pid);
		close(ends[0]);
	}
}

/* ---- pidfds of many children ---- */

#define CHILDREN 1000

static void
wait_to_be_killed(void *data)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != *(pid_t *)data)
		_exit(1);
	for (;;)
		pause();
}

static void
start_children(struct gm_poll *poll, pid_t *pids, int n)
{
	pid_t self = getpid();

	for (int i = 0; i < n; i++) {
		int fd;

		pids[i] = test_fork(wait_to_be_killed, &self);
		fd = (int)syscall(SYS_pidfd_open, pids[i], 0);
		if (fd < 0 && errno == ENOSYS) {
			for (; i >= 0; i--)
				test_kill(pids[i]);
			gm_poll_close(poll);
			SKIP("no pidfd_open here");
		}
		CHECK(fd >= 0);
		CHECK_OK(gm_poll_add(poll, fd, (uint64_t)pids[i], GM_POLL_OWN));
	}
}

static void
see_deaths(struct gm_poll *poll, int n)
{
	struct gm_event events[32];

	while (n > 0) {
		int got =
		    gm_poll_wait(poll, now_ns() + 20000000000, events, 32);

		CHECK(got > 0);
		for (int i = 0; i < got; i++) {
			CHECK(events[i].ready & POLLIN);
			CHECK(test_gone((pid_t)events[i].token));
			gm_poll_remove(poll, events[i].token);
		}
		n -= got;
	}
	CHECK_INT(n, 0);
}

BOTH(deaths_of_a_thousand_children_are_seen, 120)
{
	static pid_t pids[CHILDREN];
	struct gm_poll *poll = open_poll(64, which);
	int n = test_slow() ? 100 : CHILDREN;
	int before = test_fds();
	unsigned held;

	start_children(poll, pids, n);
	no_event(poll);
	held = gm_poll_fds(poll);
	CHECK_INT(test_fds() - before, held - 1);
	if (which[0] == 'e')
		CHECK_INT(held, n + 1);
	else
		printf("holds %u descriptors\n", held);
	for (int i = 0; i < n; i++)
		CHECK_INT(kill(pids[i], SIGKILL), 0);
	see_deaths(poll, n);
	CHECK_INT(gm_poll_fds(poll), 1);
	/* Reaping fires a pidfd once more: it must not be heard. */
	for (int i = 0; i < n; i++)
		test_wait(pids[i]);
	no_event(poll);
	CHECK_INT(test_fds(), before);
	gm_poll_close(poll);
}
