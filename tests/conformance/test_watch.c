/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors that a server watches.
 */
#include <fcntl.h>
#include <sys/socket.h>

#include "tests/conformance/flood.h"

/* ---- a server with a pair of sockets, which does what it is asked ---- */

struct probe {
	int here; /* watched */
	int there;
	int spare;
	bool reads; /* one byte at each message */
	long fds;
	long casts;
};

static gs_next
probe_init(void *state, gs_bytes argument)
{
	struct probe *p = state;
	int pair[2];

	(void)argument;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		pair) != 0)
		return gs_next_stop("no_pair");
	p->here = pair[0];
	p->there = pair[1];
	p->spare = -1;
	p->reads = true;
	return gs_ok();
}

static long
act(struct probe *p, gs_bytes request)
{
	gs_bytes rest;
	gs_pid self;
	gs_ref ref;

	if (gs_verb(request, "watch", &rest))
		return gs_watch_fd(p->here, (unsigned)gs_long(rest, 0));
	if (gs_is(request, "unwatch"))
		return gs_unwatch_fd(p->here);
	if (gs_is(request, "write"))
		return write(p->there, "x", 1);
	if (gs_is(request, "lazy"))
		return p->reads = false;
	if (gs_is(request, "hangup"))
		return close(p->there);
	if (gs_is(request, "dup"))
		return p->spare = fcntl(p->here, F_DUPFD_CLOEXEC, 100);
	if (gs_is(request, "close"))
		return close(p->here);
	if (gs_is(request, "again"))
		return (p->here = dup(p->spare)) < 0;
	if (gs_is(request, "fds"))
		return p->fds;
	if (gs_is(request, "casts"))
		return p->casts;
	if (gs_is(request, "timer") && gs_self(&self) == 0)
		return gs_send_after(100, GS_PID(self), GS_NONE, &ref);
	if (gs_verb(request, "badfd", &rest))
		return gs_watch_fd((int)gs_long(rest, 0), GS_FD_READ);
	return -1000;
}

static gs_next
probe_call(void *state, gs_bytes request, gs_from from)
{
	gs_next next =
	    gs_next_reply(GS_STR("%ld", act((struct probe *)state, request)));

	(void)from;
	if (gs_is(request, "rest"))
		return gs_with_timeout(gs_next_reply(GS_NONE), 500);
	if (gs_is(request, "sleep"))
		return gs_with_hibernate(gs_next_reply(GS_NONE));
	return next;
}

static gs_next
probe_cast(void *state, gs_bytes request)
{
	struct probe *p = state;

	(void)request;
	p->casts++;
	return gs_next_noreply();
}

static gs_next
probe_info(void *state, const gs_info *info)
{
	struct probe *p = state;
	char byte;

	switch (info->kind) {
	case GS_INFO_FD:
		p->fds++;
		CHECK_INT(info->fd, p->here);
		if (p->fds < 100)
			note("%s%s%s", info->events & GS_FD_READ ? "read" : "",
			    info->events & GS_FD_WRITE ? "write" : "",
			    info->events & GS_FD_HANGUP ? " hangup" : "");
		if (p->reads && info->events & GS_FD_READ &&
		    read(p->here, &byte, 1) == 0)
			gs_unwatch_fd(p->here);
		if (p->reads && info->events & GS_FD_WRITE)
			gs_unwatch_fd(p->here);
		break;
	case GS_INFO_TIMEOUT:
	case GS_INFO_TIMER:
		note("timeout");
		break;
	default:
		break;
	}
	return gs_next_noreply();
}

static GS_SERVER(probe, .state_size = sizeof(struct probe), .init = probe_init,
    .handle_call = probe_call, .handle_cast = probe_cast,
    .handle_info = probe_info);

static gs_pid
probe_up(void)
{
	gs_pid pid;

	node_up();
	CHECK_INT(gs_start(&probe, GS_NONE, NULL, &pid), 0);
	return pid;
}

static long
want(gs_pid pid, const char *request)
{
	return atol(ask(GS_PID(pid), request));
}

/* ---- descriptors ---- */

TEST(a_ready_descriptor_is_a_message_until_it_is_read)
{
	gs_pid pid = probe_up();
	int i;

	CHECK_INT(want(pid, "watch 1"), 0);
	CHECK(unnoted("read", 200));
	for (i = 0; i < 3; i++)
		CHECK_INT(want(pid, "write"), 1);
	/* one byte is read at each */
	CHECK(wait_notes("read", 3));
	CHECK(unnoted("hangup", 200));
	CHECK_INT(notes("read"), 3);
	CHECK_INT(want(pid, "write"), 1);
	CHECK(wait_notes("read", 4));
	node_down();
}

TEST(once_is_one_message_until_it_is_watched_again)
{
	gs_pid pid = probe_up();

	CHECK_INT(want(pid, "lazy"), 0);
	CHECK_INT(want(pid, "write"), 1);
	CHECK_INT(want(pid, "watch 17"), 0);
	CHECK(wait_note("read"));
	CHECK(want(pid, "casts") >= 0);
	CHECK(unnoted("write", 200));
	CHECK_INT(notes("read"), 1);
	CHECK_INT(want(pid, "unwatch"), -ENOENT);
	CHECK_INT(want(pid, "watch 17"), 0);
	CHECK(wait_notes("read", 2));
	node_down();
}

TEST(an_unwatched_descriptor_is_silent)
{
	gs_pid pid = probe_up();

	CHECK_INT(want(pid, "watch 1"), 0);
	CHECK_INT(want(pid, "unwatch"), 0);
	CHECK_INT(want(pid, "unwatch"), -ENOENT);
	CHECK_INT(want(pid, "write"), 1);
	CHECK(unnoted("read", 200));
	CHECK_INT(want(pid, "watch 1"), 0);
	CHECK(wait_note("read"));
	node_down();
}

TEST(room_to_write_and_the_other_end_s_end_are_told)
{
	gs_pid pid = probe_up();

	CHECK_INT(want(pid, "watch 2"), 0);
	CHECK(wait_note("write"));
	CHECK_INT(want(pid, "watch 1"), 0);
	CHECK_INT(want(pid, "hangup"), 0);
	CHECK(wait_note("read hangup"));
	CHECK(want(pid, "casts") >= 0);
	CHECK_INT(notes("read hangup"), 1);
	node_down();
}

/* The file lives on in a duplicate: its events are nobody's. */
TEST(a_descriptor_that_was_closed_is_forgotten)
{
	gs_pid pid = probe_up();

	CHECK_INT(want(pid, "watch 1"), 0);
	CHECK(want(pid, "dup") >= 100);
	CHECK_INT(want(pid, "close"), 0);
	CHECK_INT(want(pid, "write"), 1);
	CHECK(unnoted("read", 300));
	CHECK_INT(want(pid, "fds"), 0);
	/* the same file again */
	CHECK_INT(want(pid, "again"), 0);
	CHECK_INT(want(pid, "watch 1"), 0);
	CHECK(wait_note("read"));
	CHECK_INT(want(pid, "write"), 1);
	CHECK(wait_notes("read", 2));
	node_down();
}

/* Never read, it is ready all the time. */
TEST(mailbox_and_descriptors_have_their_turns)
{
	struct flood f = { .pid = probe_up() };
	pthread_t thread;
	int64_t until;
	long fds, casts;

	CHECK_INT(want(f.pid, "lazy"), 0);
	CHECK_INT(want(f.pid, "write"), 1);
	CHECK_INT(want(f.pid, "watch 1"), 0);
	/* the mailbox is heard although the descriptor never rests */
	CHECK_INT(want(f.pid, "casts"), 0);
	CHECK_INT(pthread_create(&thread, NULL, flood, &f), 0);
	until = now_ms() + SOON;
	do {
		fds = want(f.pid, "fds");
		casts = want(f.pid, "casts");
	} while ((fds < 1000 || casts < 1000) && now_ms() < until);
	atomic_store(&f.over, true);
	CHECK_INT(pthread_join(thread, NULL), 0);
	/* neither hides the other */
	CHECK(fds >= 1000);
	CHECK(casts >= 1000);
	CHECK(fds > casts / 200);
	CHECK(casts > fds / 200);
	node_down();
}

TEST(a_timer_fires_though_a_descriptor_is_always_ready)
{
	gs_pid pid = probe_up();

	CHECK_INT(want(pid, "lazy"), 0);
	CHECK_INT(want(pid, "write"), 1);
	CHECK_INT(want(pid, "timer"), 0);
	CHECK_INT(want(pid, "watch 1"), 0);
	CHECK(wait_note("timeout"));
	node_down();
}

TEST(an_event_ends_time_out_and_hibernation)
{
	gs_pid pid = probe_up();

	CHECK_INT(want(pid, "watch 1"), 0);
	/* the write is a message too, so that it comes first */
	CHECK_INT(want(pid, "write"), 1);
	CHECK_INT(want(pid, "rest"), 0);
	CHECK(wait_note("read"));
	CHECK_INT(want(pid, "sleep"), 0);
	CHECK(wait_state(GS_PID(pid), GS_STATE_HIBERNATING));
	CHECK_INT(kill(os_pid_of(GS_PID(pid)), 0), 0);
	CHECK_INT(want(pid, "write"), 1);
	CHECK(wait_notes("read", 2));
	CHECK(wait_state(GS_PID(pid), GS_STATE_WAITING));
	node_down();
}

TEST(what_cannot_be_watched_is_refused)
{
	gs_pid pid = probe_up();

	CHECK_INT(want(pid, "badfd -1"), -EBADF);
	CHECK_INT(want(pid, "badfd 9999"), -EBADF);
	CHECK_INT(want(pid, "watch 0"), -EINVAL);
	CHECK_INT(want(pid, "watch 4"), -EINVAL);
	CHECK_INT(want(pid, "watch 33"), -EINVAL);
	CHECK_INT(want(pid, "unwatch"), -ENOENT);
	CHECK_INT(want(pid, "casts"), 0);
	node_down();
}

/* gs_receive shows them as well. */
TEST(a_client_may_watch_descriptors)
{
	char path[] = "/tmp/gs-watch-XXXXXX";
	gs_info info;
	int pair[2], file;

	node_up();
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	CHECK_INT(gs_watch_fd(pair[0], GS_FD_READ), 0);
	CHECK_INT(gs_receive(&info, 100), -ETIMEDOUT);
	CHECK_INT(write(pair[1], "x", 1), 1);
	CHECK_INT(gs_receive(&info, SOON), 0);
	CHECK_INT(info.kind, GS_INFO_FD);
	CHECK_INT(info.fd, pair[0]);
	CHECK_INT(info.events, GS_FD_READ);
	CHECK_INT(gs_unwatch_fd(pair[0]), 0);
	CHECK_INT(gs_receive(&info, 0), -ETIMEDOUT);
	file = mkstemp(path);
	CHECK(file >= 0);
	CHECK_INT(unlink(path), 0);
	CHECK_INT(gs_watch_fd(file, GS_FD_READ), -EPERM);
	close(file);
	/* signals of a program are its own */
	CHECK_INT(gs_watch_signal(SIGUSR1), -EPERM);
	CHECK_INT(gs_unwatch_signal(SIGUSR1), -ENOENT);
	close(pair[0]);
	close(pair[1]);
	node_down();
}
