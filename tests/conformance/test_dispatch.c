/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client with an event loop of its own: gs_fd and gs_dispatch.
 */
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "tests/conformance/other.h"
#include "tests/conformance/outer.h"

TEST(a_message_makes_it_readable_until_it_is_handled)
{
	struct seen s = { 0 };
	gs_pid pid;

	node_up();
	pid = start("");
	CHECK(gs_fd() >= 0);
	come_to_rest(&s);
	tell(GS_PID(pid), "noreply");
	CHECK(!readable(gs_fd(), 200));
	pid = self_pid();
	post(GS_PID(pid), "one");
	CHECK(readable(gs_fd(), SOON));
	/* level-triggered */
	CHECK(readable(gs_fd(), 0));
	CHECK(see_until(&s, &s.kind[GS_INFO_MESSAGE], 1));
	CHECK_STR(s.last, "one");
	come_to_rest(&s);
	post(GS_PID(pid), "two");
	post(GS_PID(pid), "three");
	CHECK(see_until(&s, &s.kind[GS_INFO_MESSAGE], 3));
	CHECK_STR(s.last, "three");
	come_to_rest(&s);
	node_down();
}

TEST(messages_from_before_it_was_asked_for_count)
{
	struct seen s = { 0 };
	gs_pid self;

	node_up();
	self = self_pid();
	post(GS_PID(self), "early");
	CHECK(see_until(&s, &s.all, 1));
	CHECK_STR(s.last, "early");
	come_to_rest(&s);
	node_down();
}

TEST(timers_DOWN_and_EXIT_make_it_readable)
{
	struct seen s = { 0 };
	gs_ref ref;
	gs_pid pid;
	int64_t from;

	node_up();
	CHECK(gs_fd() >= 0);
	come_to_rest(&s);
	from = now_ms();
	CHECK_INT(
	    gs_send_after(300, GS_PID(self_pid()), GS_TEXT("tick"), NULL), 0);
	CHECK(see_until(&s, &s.kind[GS_INFO_TIMER], 1));
	CHECK(now_ms() - from >= 299);
	CHECK_STR(s.last, "tick");
	pid = start("");
	CHECK_INT(gs_monitor(GS_PID(pid), &ref), 0);
	come_to_rest(&s);
	end_with(pid, "bored");
	CHECK(see_until(&s, &s.kind[GS_INFO_DOWN], 1));
	CHECK_STR(s.reason, "bored");
	gs_trap_exit(true);
	CHECK_INT(try_start_link("", &pid), 0);
	come_to_rest(&s);
	end_with(pid, "tired");
	CHECK(see_until(&s, &s.kind[GS_INFO_EXIT], 1));
	CHECK_STR(s.reason, "tired");
	come_to_rest(&s);
	node_down();
}

TEST(watched_descriptors_make_it_readable)
{
	struct seen s = { 0 };
	int pair[2];

	node_up();
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	CHECK(gs_fd() >= 0);
	CHECK_INT(gs_watch_fd(pair[0], GS_FD_READ | GS_FD_ONCE), 0);
	come_to_rest(&s);
	CHECK_INT(write(pair[1], "x", 1), 1);
	CHECK(see_until(&s, &s.kind[GS_INFO_FD], 1));
	come_to_rest(&s);
	CHECK_INT(gs_watch_fd(pair[0], GS_FD_READ | GS_FD_ONCE), 0);
	CHECK(see_until(&s, &s.kind[GS_INFO_FD], 2));
	close(pair[0]);
	close(pair[1]);
	node_down();
}

/* REQ-03: each of them is told, also when they come between other calls. */
TEST(responses_make_it_readable)
{
	struct seen s = { 0 };
	gs_reqid ids[20];
	gs_bytes reply;
	gs_pid slow, fast;
	int i;

	node_up();
	slow = start("");
	fast = start("");
	CHECK(gs_fd() >= 0);
	come_to_rest(&s);
	CHECK_INT(
	    gs_send_request(GS_PID(slow), GS_TEXT("gate 1;reply a"), &ids[0]),
	    0);
	come_to_rest(&s);
	/* waiting for something else takes the announcement back */
	for (i = 1; i < 20; i++) {
		CHECK_INT(
		    gs_send_request(GS_PID(fast), GS_TEXT("reply b"), &ids[i]),
		    0);
		CHECK_STR(ask(GS_PID(fast), "sleep 1;reply c"), "c");
	}
	CHECK(see_until(&s, &s.kind[GS_INFO_RESPONSE], 19));
	for (i = 1; i < 20; i++)
		CHECK_INT(gs_check_response(NULL, ids[i], &reply), 0);
	come_to_rest(&s);
	gate_open(1);
	CHECK(see_until(&s, &s.kind[GS_INFO_RESPONSE], 20));
	CHECK_INT(gs_check_response(NULL, ids[0], &reply), 0);
	/* so is the end of a server that is asked */
	CHECK_INT(gs_send_request(GS_PID(slow), GS_TEXT("gate 2"), &ids[0]), 0);
	come_to_rest(&s);
	CHECK_INT(kill(os_pid_of(GS_PID(slow)), SIGKILL), 0);
	CHECK(see_until(&s, &s.kind[GS_INFO_RESPONSE], 21));
	CHECK_INT(gs_check_response(NULL, ids[0], &reply), -ECONNRESET);
	CHECK_STR(gs_error_reason(), "killed");
	come_to_rest(&s);
	node_down();
}

/* Calls, receive and waits in between lose nothing of what comes meanwhile. */
TEST(what_comes_during_a_call_is_not_lost)
{
	struct seen s = { 0 };
	gs_info info;
	gs_pid pid;
	char script[200], self[GS_PID_TEXT];
	int i;

	node_up();
	pid = start("");
	gs_pid_text(self_pid(), self);
	CHECK(gs_fd() >= 0);
	for (i = 0; i < 200; i++) {
		come_to_rest(&s);
		if (i > 3)
			break;
		snprintf(script, sizeof(script),
		    "send %s a;sleep 5;send %s b;reply c", self, self);
		CHECK_STR(ask(GS_PID(pid), script), "c");
		CHECK(see_until(&s, &s.kind[GS_INFO_MESSAGE], 2 * i + 2));
	}
	/* one is taken by gs_receive, the other by gs_dispatch */
	i = s.all;
	snprintf(script, sizeof(script),
	    "sleep 20;send %s a;sleep 20;send %s b", self, self);
	tell(GS_PID(pid), script);
	CHECK_INT(gs_receive(&info, SOON), 0);
	CHECK(see_until(&s, &s.all, i + 1));
	CHECK_STR(s.last, "b");
	come_to_rest(&s);
	node_down();
}

TEST(other_nodes_make_it_readable)
{
	struct seen s = { 0 };
	gs_bytes reply;
	gs_reqid id;
	gs_ref ref;

	others_up(1);
	CHECK(gs_fd() >= 0);
	come_to_rest(&s);
	CHECK_INT(gs_send_request(THERE(0), GS_TEXT("reply far"), &id), 0);
	CHECK(see_until(&s, &s.kind[GS_INFO_RESPONSE], 1));
	CHECK_INT(gs_check_response(NULL, id, &reply), 0);
	CHECK_INT(gs_monitor(THERE(0), &ref), 0);
	come_to_rest(&s);
	/* also the end of that node, which is not ours */
	other_kill(0);
	CHECK(see_until(&s, &s.kind[GS_INFO_DOWN], 1));
	CHECK_STR(s.reason, "noconnection");
	come_to_rest(&s);
	post(GS_PID(self_pid()), "still here");
	CHECK(see_until(&s, &s.kind[GS_INFO_MESSAGE], 1));
	others_down(0);
}

/* ---- misuse and ends ---- */

static void
again(const gs_info *info, void *data)
{
	int *status = data;

	(void)info;
	*status = gs_dispatch(again, data);
}

TEST(it_cannot_be_called_out_of_itself)
{
	int status = 0;

	node_up();
	CHECK(gs_fd() >= 0);
	post(GS_PID(self_pid()), "x");
	CHECK(readable(gs_fd(), SOON));
	CHECK_INT(gs_dispatch(again, &status), 1);
	CHECK_INT(status, -EBUSY);
	/* NULL throws messages away */
	post(GS_PID(self_pid()), "x");
	CHECK(readable(gs_fd(), SOON));
	CHECK_INT(gs_dispatch(NULL, NULL), 1);
	node_down();
}

static void
leave(const gs_info *info, void *data)
{
	(void)info;
	(void)data;
	gs_node_close();
}

TEST(a_handler_may_leave_the_node)
{
	node_up();
	CHECK(gs_fd() >= 0);
	post(GS_PID(self_pid()), "x");
	post(GS_PID(self_pid()), "y");
	CHECK(readable(gs_fd(), SOON));
	CHECK_INT(gs_dispatch(leave, NULL), 1);
	CHECK_INT(gs_dispatch(leave, NULL), -ENOTCONN);
	CHECK_INT(gs_fd(), -ENOTCONN);
}

TEST(the_end_of_the_node_is_told)
{
	struct seen s = { 0 };
	gs_node_info info;
	int fd;

	CHECK_INT(gs_node_open(NULL, GS_NODE_OUTLIVE | GS_NODE_PRIVATE), 0);
	fd = gs_fd();
	CHECK(fd >= 0);
	come_to_rest(&s);
	CHECK_INT(gs_node_inspect(&info), 0);
	CHECK_INT(kill(info.os_pid, SIGKILL), 0);
	CHECK(readable(fd, SOON));
	CHECK_INT(gs_dispatch(see, &s), -ENOTCONN);
	CHECK(readable(fd, 0));
	gs_node_close();
	CHECK_INT(gs_nodes_prune(), 1);
}

TEST(what_the_library_waits_with_is_not_watched)
{
	struct epoll_event event = { .events = EPOLLIN };
	int all, fds[2];

	node_up();
	CHECK_INT(gs_watch_fd(gs_fd(), GS_FD_READ), -EINVAL);
	CHECK(strstr(gs_error_text(), "own") != NULL);
	CHECK_INT(pipe2(fds, O_CLOEXEC), 0);
	CHECK_INT(gs_watch_fd(fds[0], GS_FD_READ), 0);
	/* nor a loop of the program's that the library is in */
	all = epoll_create1(EPOLL_CLOEXEC);
	CHECK_INT(epoll_ctl(all, EPOLL_CTL_ADD, gs_fd(), &event), 0);
	CHECK_INT(gs_watch_fd(all, GS_FD_READ), -EINVAL);
	CHECK(strstr(gs_error_text(), "library") != NULL);
	/* closed: it is forgotten, and that is what was asked for */
	close(fds[0]);
	CHECK_INT(gs_unwatch_fd(fds[0]), 0);
	CHECK_INT(gs_unwatch_fd(fds[0]), -ENOENT);
	close(fds[1]);
	close(all);
	node_down();
}
