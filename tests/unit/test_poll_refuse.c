/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The poller when something is in its way: signals, forks, no descriptors, and
 * a kernel that refuses io_uring.
 */
#include "tests/unit/poll_cases.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>

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
	/* again and again: the first may come before the wait */
	struct itimerval timer = { { 0, 30000 }, { 0, 30000 } };
	struct itimerval none = { { 0, 0 }, { 0, 0 } };
	struct gm_event event;
	int before;
	int fd = bell();

	/* Valgrind 3.19 keeps signals back during an io_uring_enter. */
	if (test_slowness() > 1 && which[0] == 'i') {
		gm_poll_close(poll);
		SKIP("GS_TEST_SLOW is set");
	}
	action.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	CHECK_OK(gm_poll_add(poll, fd, 1, 0));
	CHECK_INT(gm_poll_wait(poll, -1, &event, 1), 0);
	before = alarms;
	CHECK(before >= 1);
	CHECK_INT(gm_poll_wait(poll, now_ns() + 20000000000, &event, 1), 0);
	CHECK(alarms > before);
	setitimer(ITIMER_REAL, &none, NULL);
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
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)err),
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
	snprintf(
	    name, sizeof(name), "epoll (io_uring refused: %s)", strerror(err));
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
	int fd = bell(), own = dup(fd);

	refuse(SYS_io_uring_register, EPERM);
	CHECK_OK(gm_poll_add(poll, own, 1, GM_POLL_OWN));
	CHECK_INT(gm_poll_fds(poll), 2);
	ring(fd);
	one_event(poll, 1);
	gm_poll_remove(poll, 1);
	CHECK_INT(gm_poll_fds(poll), 1);
	CHECK(fcntl(own, F_GETFD) < 0);
	gm_poll_close(poll);
	close(fd);
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
