/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The poller, the same cases over both backends: when there is an event, when
 * there is none, and what it holds and lets go.
 */
#include "shm/poll.h"
#include "tests/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define BOTH(name, seconds)                                                   \
	static void name(const char *which);                                  \
	TEST_TIMEOUT(name##_io_uring, seconds)                                \
	{                                                                     \
		name("io_uring");                                             \
	}                                                                     \
	TEST_TIMEOUT(name##_epoll, seconds)                                   \
	{                                                                     \
		name("epoll");                                                \
	}                                                                     \
	static void name(const char *which)

static struct gm_poll *
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

static int
bell(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

static void
ring(int fd)
{
	uint64_t one = 1;

	CHECK_INT(write(fd, &one, sizeof(one)), sizeof(one));
}

static void
make_pipe(int *ends)
{
	CHECK_INT(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
}

/* Waits long; exactly one event. */
static uint32_t
one_event(struct gm_poll *poll, uint64_t token)
{
	struct gm_event event;

	CHECK_INT(gm_poll_wait(poll, now_ns() + 5000000000, &event, 1), 1);
	CHECK_INT(event.token, token);
	return event.ready;
}

static void
no_event(struct gm_poll *poll)
{
	struct gm_event event;

	CHECK_INT(gm_poll_wait(poll, 0, &event, 1), 0);
	CHECK_INT(gm_poll_wait(poll, now_ns() + 2000000, &event, 1), 0);
}

BOTH(deadline_is_kept, 30)
{
	struct gm_poll *poll = open_poll(8, which);
	struct gm_event event;
	int64_t start = now_ns();

	CHECK_INT(gm_poll_wait(poll, 0, &event, 1), 0);
	CHECK_INT(gm_poll_wait(poll, start - 1, &event, 1), 0);
	CHECK(now_ns() - start < 500000000);
	for (int ms = 1; ms <= 50; ms += 49) {
		start = now_ns();
		CHECK_INT(gm_poll_wait(poll, start + ms * 1000000, &event, 1),
		    0);
		CHECK(now_ns() >= start + ms * 1000000);
		CHECK(now_ns() < start + (ms + 500) * 1000000);
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
	int n;

	pin(game->cpu[me]);
	CHECK_OK(gm_poll_add(poll, game->bell[me], 1, 0));
	for (int i = 0; i < game->rounds; i++) {
		if (me == 0)
			ring(game->bell[1]);
		n = gm_poll_wait(poll, now_ns() + 5000000000, &event, 1);
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
	int ends[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0, ends), 0);
	CHECK_OK(gm_poll_add(poll, ends[0], 1, GM_POLL_OUT));
	CHECK_OK(gm_poll_add(poll, ends[1], 2, 0));
	CHECK_INT(one_event(poll, 1), POLLOUT);
	no_event(poll);
	while (write(ends[0], block, sizeof(block)) > 0)
		;
	CHECK(one_event(poll, 2) & POLLIN);
	while (read(ends[1], block, sizeof(block)) > 0)
		;
	CHECK(one_event(poll, 1) & POLLOUT);
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
		int n = gm_poll_wait(poll, now_ns() + 5000000000, events, 7);

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
			int n = gm_poll_wait(poll, now_ns() + 5000000000,
			    events, 64);

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
		CHECK(eventually(is_at_end, &ends[0], 1000));
		close(ends[0]);
	}
	gm_poll_close(poll);
	CHECK(eventually(is_at_end, &keep[0], 1000));
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
		CHECK_OK(gm_poll_add(poll, ends[1], 1,
		    ends[3] ? GM_POLL_OWN : 0));
	no_event(poll);
	CHECK_INT(kill(getpid(), SIGSTOP), 0);
}

static bool
is_stopped(void *data)
{
	char state;
	pid_t parent;

	return test_process(*(pid_t *)data, &state, &parent) && state == 'T';
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
		CHECK(eventually(is_stopped, &pid, 5000));
		start = now_ns();
		kill(pid, SIGKILL);
		CHECK(eventually(is_at_end, &ends[0], 5000));
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
			SKIP("no pidfd_open here");
		}
		CHECK(fd >= 0);
		CHECK_OK(gm_poll_add(poll, fd, (uint64_t)pids[i],
		    GM_POLL_OWN));
	}
}

static void
see_deaths(struct gm_poll *poll, int n)
{
	struct gm_event events[32];

	while (n > 0) {
		int got = gm_poll_wait(poll, now_ns() + 20000000000, events,
		    32);

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

/* ---- disturbances ---- */

static volatile sig_atomic_t alarms;

static void
count_alarm(int sig)
{
	(void)sig;
	alarms++;
}

BOTH(signal_handler_ends_the_wait, 30)
{
	struct gm_poll *poll = open_poll(8, which);
	struct sigaction action = { .sa_handler = count_alarm };
	struct itimerval timer = { { 0, 0 }, { 0, 30000 } };
	struct gm_event event;
	int fd = bell();

	/* Valgrind 3.19 keeps signals back during an io_uring_enter. */
	if (test_slowness() > 1 && which[0] == 'i')
		SKIP("GS_TEST_SLOW is set");
	action.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	CHECK_OK(gm_poll_add(poll, fd, 1, 0));
	CHECK_INT(gm_poll_wait(poll, -1, &event, 1), 0);
	CHECK_INT(alarms, 1);
	setitimer(ITIMER_REAL, &timer, NULL);
	CHECK_INT(gm_poll_wait(poll, now_ns() + 20000000000, &event, 1), 0);
	CHECK_INT(alarms, 2);
	ring(fd);
	one_event(poll, 1);
	gm_poll_close(poll);
	close(fd);
}

static void
use_own_poller(void *data)
{
	gm_poll_close(*(struct gm_poll **)data);
}

BOTH(child_may_close_it_undisturbed, 30)
{
	struct gm_poll *poll = open_poll(8, which);
	int fd = bell(), ends[2];

	make_pipe(ends);
	CHECK_OK(gm_poll_add(poll, fd, 1, 0));
	CHECK_OK(gm_poll_add(poll, ends[0], 2, GM_POLL_OWN));
	no_event(poll);
	test_join(test_fork(use_own_poller, &poll));
	ring(fd);
	one_event(poll, 1);
	close(ends[1]);
	CHECK(one_event(poll, 2) & POLLHUP);
	gm_poll_close(poll);
	close(fd);
}

static int
lowest_free(void)
{
	int fd = dup(STDIN_FILENO);

	CHECK(fd >= 0);
	close(fd);
	return fd;
}

BOTH(no_descriptor_left_is_an_error, 30)
{
	struct gm_poll *poll = open_poll(8, which);
	struct gm_poll *other;
	struct rlimit limit;
	int fd = bell();

	CHECK_OK(gm_poll_add(poll, fd, 1, 0));
	CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = (rlim_t)lowest_free();
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
	CHECK_INT(gm_poll_open(&other, 8, NULL), -EMFILE);
	CHECK_INT(gm_poll_open(&other, 8, which), -EMFILE);
	ring(fd);
	one_event(poll, 1);
	/* A file table of the ring is refused as well; owning still works. */
	CHECK_INT(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	CHECK_OK(gm_poll_add(poll, STDIN_FILENO, 2, GM_POLL_OWN));
	one_event(poll, 2);
	gm_poll_remove(poll, 2);
	gm_poll_close(poll);
	close(fd);
}

/* ---- io_uring refused ---- */

static void
refuse(int call, int err)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K,
		    SECCOMP_RET_ERRNO | (unsigned)err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, code };

	CHECK_INT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		SKIP("no seccomp filters here");
}

static void
falls_back(int call, int err)
{
	struct gm_poll *poll;
	char name[64];
	int fd = bell();

	gm_poll_close(open_poll(8, "io_uring"));
	refuse(call, err);
	CHECK_INT(gm_poll_open(&poll, 8, "io_uring"), -err);
	CHECK_OK(gm_poll_open(&poll, 8, NULL));
	snprintf(name, sizeof(name), "epoll (io_uring refused: %s)",
	    strerror(err));
	CHECK_STR(gm_poll_name(poll), name);
	CHECK_OK(gm_poll_add(poll, fd, 1, 0));
	ring(fd);
	one_event(poll, 1);
	gm_poll_close(poll);
	close(fd);
}

TEST(OS_12_falls_back_when_setup_is_not_permitted)
{
	falls_back(SYS_io_uring_setup, EPERM);
}

TEST(OS_12_falls_back_when_setup_is_not_there)
{
	falls_back(SYS_io_uring_setup, ENOSYS);
}

TEST(OS_12_falls_back_when_memory_is_short)
{
	falls_back(SYS_io_uring_setup, ENOMEM);
}

TEST(OS_12_falls_back_when_only_enter_is_refused)
{
	falls_back(SYS_io_uring_enter, EPERM);
}

TEST(owned_stays_open_when_registering_is_refused)
{
	struct gm_poll *poll = open_poll(8, "io_uring");
	int ends[2];

	refuse(SYS_io_uring_register, EPERM);
	make_pipe(ends);
	CHECK_OK(gm_poll_add(poll, ends[0], 1, GM_POLL_OWN));
	CHECK_INT(gm_poll_fds(poll), 2);
	close(ends[1]);
	CHECK(one_event(poll, 1) & POLLHUP);
	gm_poll_remove(poll, 1);
	CHECK_INT(gm_poll_fds(poll), 1);
	CHECK(fcntl(ends[0], F_GETFD) < 0);
	gm_poll_close(poll);
}

TEST(epoll_without_epoll_pwait2_rounds_up)
{
	struct gm_poll *poll = open_poll(8, "epoll");
	struct gm_event event;
	int64_t deadline;

#ifdef SYS_epoll_pwait2
	refuse(SYS_epoll_pwait2, ENOSYS);
#endif
	for (int us = 100; us < 3000; us += 700) {
		deadline = now_ns() + us * 1000;
		CHECK_INT(gm_poll_wait(poll, deadline, &event, 1), 0);
		CHECK(now_ns() >= deadline);
	}
	CHECK_STR(gm_poll_name(poll), "epoll (asked for)");
	gm_poll_close(poll);
}

TEST(unknown_backend_is_refused)
{
	struct gm_poll *poll;

	CHECK_INT(gm_poll_open(&poll, 8, "kqueue"), -EINVAL);
}

TEST(closing_nothing_is_allowed)
{
	gm_poll_close(NULL);
}
