/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SYS: what comes to a suspended server by other ways than its mailbox.
 */
#include "tests/conformance/helpers.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

/* In its place among the messages. */
TEST(SYS_23_a_watched_signal_waits_its_turn)
{
	char request[32];
	int os_pid;
	gs_pid pid;

	node_up();
	snprintf(request, sizeof(request), "signal %d", SIGUSR1);
	pid = start(request);
	os_pid = os_pid_of(GS_PID(pid));
	for (int round = 1; round <= 2; round++) {
		CHECK_OK(gs_sys_suspend(GS_PID(pid), SOON));
		tell(GS_PID(pid), "note before");
		/* answered behind it: it has been taken, and put aside */
		CHECK_OK(gs_sys_suspend(GS_PID(pid), SOON));
		CHECK(wait_queue(GS_PID(pid), 1));
		CHECK_INT(kill(os_pid, SIGUSR1), 0);
		CHECK(wait_queue(GS_PID(pid), 2));
		tell(GS_PID(pid), "note behind");
		CHECK(wait_queue(GS_PID(pid), 3));
		CHECK_INT(notes(request), round - 1);
		CHECK_OK(gs_sys_resume(GS_PID(pid), SOON));
		CHECK(wait_notes("behind", round));
		CHECK_INT(notes(request), round);
	}
	CHECK(notes_in_order("before", request, "behind", NULL));
	/* and it is watched as before */
	CHECK_INT(kill(os_pid, SIGUSR1), 0);
	CHECK(wait_notes(request, 3));
	/* several are one */
	CHECK_OK(gs_sys_suspend(GS_PID(pid), SOON));
	for (int i = 0; i < 5; i++) {
		CHECK_INT(kill(os_pid, SIGUSR1), 0);
		CHECK(wait_queue(GS_PID(pid), 1));
		CHECK(unnoted("never", 20));
	}
	CHECK(wait_queue(GS_PID(pid), 1));
	node_down();
}

/* ---- a server that watches a pipe ---- */

static gs_next
ear_init(void *state, gs_bytes argument)
{
	char path[300];
	int *fd = state;

	*fd = open(gs_string(argument, path, sizeof(path)),
	    O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (*fd < 0 || gs_watch_fd(*fd, GS_FD_READ) != 0)
		return gs_next_stop("no_pipe");
	return gs_ok();
}

static gs_next
ear_call(void *state, gs_bytes request, gs_from from)
{
	(void)state;
	(void)from;
	return gs_next_reply(request);
}

static gs_next
ear_info(void *state, const gs_info *info)
{
	char byte[2] = "";

	if (info->kind == GS_INFO_FD && read(*(int *)state, byte, 1) == 1)
		note("heard %s", byte);
	return gs_next_noreply();
}

GS_API int ear_moves(void *state, size_t size, gs_bytes argument);

/* Another pipe under the number of the first; "+": that is watched, too. */
int
ear_moves(void *state, size_t size, gs_bytes argument)
{
	char path[300];
	int fd, *ear = state;

	if (size != sizeof(*ear) || gs_unwatch_fd(*ear) != 0)
		return -EINVAL;
	gs_string(argument, path, sizeof(path));
	fd = open(path + 1, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || dup2(fd, *ear) != *ear || write(fd, "z", 1) != 1)
		return -errno;
	close(fd);
	return path[0] == '+' ? gs_watch_fd(*ear, GS_FD_READ) : 0;
}

static GS_SERVER(ear, .state_size = sizeof(int), .init = ear_init,
    .handle_call = ear_call, .handle_info = ear_info);

static int64_t
processor_ms(int os_pid)
{
	struct timespec used;
	clockid_t clock;

	CHECK_INT(clock_getcpuclockid(os_pid, &clock), 0);
	CHECK_INT(clock_gettime(clock, &used), 0);
	return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

/* A message that waits and is about a watching that is over is dropped. */
TEST(SYS_23_what_is_not_watched_any_more_is_not_told)
{
	char path[300], moved[310];
	int fd;
	gs_pid pid;

	node_up();
	snprintf(path, sizeof(path), "%s/pipe", getenv("GS_RUNTIME_DIR"));
	CHECK_OK(mkfifo(path, 0600));
	for (int again = 0; again <= 1; again++) {
		snprintf(
		    moved, sizeof(moved), "%c%s2", again ? '+' : '-', path);
		CHECK_OK(mkfifo(moved + 1, 0600));
		CHECK_OK(gs_start(&ear, gs_text(path), NULL, &pid));
		CHECK_OK(gs_sys_suspend(GS_PID(pid), SOON));
		fd = open(path, O_WRONLY | O_CLOEXEC);
		CHECK_INT(write(fd, "a", 1), 1);
		CHECK(wait_queue(GS_PID(pid), 1));
		CHECK_OK(gs_sys_replace_state(
		    GS_PID(pid), "ear_moves", gs_text(moved), NULL, SOON));
		CHECK_OK(gs_sys_resume(GS_PID(pid), SOON));
		CHECK_STR(ask(GS_PID(pid), "here"), "here");
		if (again)
			CHECK(wait_note("heard z"));
		CHECK_INT(notes("heard z"), again);
		CHECK_INT(notes("heard a"), 0);
		stop(pid);
		close(fd);
		CHECK_OK(unlink(moved + 1));
	}
	CHECK_OK(unlink(path));
	node_down();
}

/* It stays readable all the time, and costs one message and no work. */
TEST(SYS_23_a_watched_descriptor_waits_its_turn)
{
	char path[300];
	int64_t before;
	int fd, os_pid;
	gs_pid pid;

	node_up();
	snprintf(path, sizeof(path), "%s/pipe", getenv("GS_RUNTIME_DIR"));
	CHECK_OK(mkfifo(path, 0600));
	CHECK_OK(gs_start(&ear, gs_text(path), NULL, &pid));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_INT(write(fd, "a", 1), 1);
	CHECK(wait_note("heard a"));
	os_pid = os_pid_of(GS_PID(pid));
	for (int round = 1; round <= 2; round++) {
		CHECK_OK(gs_sys_suspend(GS_PID(pid), SOON));
		CHECK_INT(write(fd, "bc", 2), 2);
		CHECK(wait_queue(GS_PID(pid), 1));
		before = processor_ms(os_pid);
		CHECK(unnoted("never", 300));
		CHECK(processor_ms(os_pid) - before < 100);
		CHECK_INT(notes("heard b"), round - 1);
		CHECK(wait_queue(GS_PID(pid), 1));
		CHECK_OK(gs_sys_resume(GS_PID(pid), SOON));
		CHECK(wait_notes("heard b", round));
		CHECK(wait_notes("heard c", round));
	}
	CHECK_STR(ask(GS_PID(pid), "here"), "here");
	close(fd);
	CHECK_OK(unlink(path));
	node_down();
}
