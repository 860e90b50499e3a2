/* SPDX-License-Identifier: Apache-2.0 */
/*
 * REQ: calls in two steps; collections are in test_reqids.c.
 */
#include "tests/conformance/helpers.h"

static gs_reqid
sent(gs_addr to, const char *request)
{
	gs_reqid id;

	CHECK_OK(gs_send_request(to, gs_text(request), &id));
	return id;
}

/* The response as text, or "error ERRNO REASON"; borrowed until the next. */
static const char *
response(gs_reqid id, int timeout)
{
	static char text[512];
	gs_bytes reply;
	int status = gs_wait_response(id, &reply, timeout);

	if (status == 0)
		gs_string(reply, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "error %d %s", status,
		    gs_error_reason());
	return text;
}

static const char *
error(int status, const char *reason)
{
	static char text[512];

	snprintf(text, sizeof(text), "error %d %s", status, reason);
	return text;
}

TEST(REQ_01_send_request_returns_at_once_and_is_an_ordinary_call)
{
	gs_pid pid;
	gs_reqid id;

	node_up();
	pid = start("");
	/* the callback cannot have ended when the id is there */
	id = sent(GS_PID(pid), "gate 1;reply yes");
	CHECK(gs_pid_equal(id.pid, pid));
	CHECK(id.tag != 0);
	gate_open(1);
	CHECK_STR(response(id, SOON), "yes");
	/* handed out once */
	CHECK_STR(response(id, SOON), error(-EINVAL, "badarg"));
	node_down();
}

TEST(REQ_01_many_are_out_and_each_gets_its_own)
{
	enum { MANY = 500 };
	gs_reqid id[MANY];
	char text[32];
	gs_pid pid;

	node_up();
	pid = start("");
	for (int i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "reply r%d", i);
		id[i] = sent(GS_PID(pid), text);
		/* a call in between takes nobody's reply */
		if (i % 50 == 0)
			CHECK_STR(ask(GS_PID(pid), "reply call"), "call");
	}
	for (int i = MANY - 1; i >= 0; i--) {
		snprintf(text, sizeof(text), "r%d", i);
		CHECK_STR(response(id[i], SOON), text);
	}
	node_down();
}

TEST(REQ_02_wait_leaves_the_request_when_time_is_over)
{
	gs_reqid id;
	gs_pid pid;

	node_up();
	pid = start("");
	id = sent(GS_PID(pid), "gate 1;reply late");
	CHECK_STR(response(id, 50), error(-ETIMEDOUT, "timeout"));
	CHECK_STR(response(id, 0), error(-ETIMEDOUT, "timeout"));
	gate_open(1);
	CHECK_STR(response(id, SOON), "late");
	node_down();
}

TEST(REQ_03_receive_gives_the_request_up_when_time_is_over)
{
	gs_reqid id, next;
	gs_bytes reply;
	gs_pid pid;

	node_up();
	pid = start("");
	id = sent(GS_PID(pid), "gate 1;reply late");
	CHECK_INT(gs_receive_response(id, &reply, 50), -ETIMEDOUT);
	CHECK_INT(gs_receive_response(id, &reply, 50), -EINVAL);
	next = sent(GS_PID(pid), "reply next");
	gate_open(1);
	CHECK_STR(response(next, SOON), "next");
	/* nor is the late one a message */
	CHECK(got_nothing());
	node_down();
}

TEST(REQ_04_check_tells_whether_a_message_is_the_response)
{
	gs_reqid one, two;
	gs_bytes reply;
	gs_info info;
	gs_pid pid;

	node_up();
	pid = start("");
	one = sent(GS_PID(pid), "gate 1;reply one");
	CHECK_INT(gs_check_response(NULL, one, &reply), -EAGAIN);
	two = sent(GS_PID(pid), "reply two");
	CHECK_OK(gs_send(GS_PID(self_pid()), GS_TEXT("hello")));
	CHECK_OK(gs_receive(&info, SOON));
	CHECK_INT(info.kind, GS_INFO_MESSAGE);
	CHECK_INT(gs_check_response(&info, one, &reply), -EAGAIN);
	gate_open(1);
	CHECK_OK(gs_receive(&info, SOON));
	CHECK_INT(info.kind, GS_INFO_RESPONSE);
	CHECK_INT(info.ref.id, one.tag);
	CHECK(gs_pid_equal(info.from, pid));
	CHECK_INT(gs_check_response(&info, two, &reply), -EAGAIN);
	CHECK_INT(gs_check_response(&info, one, &reply), 0);
	CHECK(reply.size == 3 && memcmp(reply.data, "one", 3) == 0);
	CHECK_OK(gs_receive(&info, SOON));
	CHECK_INT(gs_check_response(&info, two, &reply), 0);
	CHECK(got_nothing());
	node_down();
}

TEST(REQ_05_the_servers_end_is_the_response)
{
	gs_reqid id[8];
	gs_info info;
	gs_pid pid;

	node_up();
	pid = start("");
	for (int i = 0; i < 8; i++)
		id[i] = sent(GS_PID(pid), "gate 1;noreply");
	CHECK_INT(kill(os_pid_of(GS_PID(pid)), SIGKILL), 0);
	CHECK_STR(response(id[3], SOON), error(-ECONNRESET, "killed"));
	for (int i = 0; i < 8; i++)
		if (i != 3)
			CHECK_STR(
			    response(id[i], 0), error(-ECONNRESET, "killed"));
	/* a death is also a message, to who takes messages */
	pid = start("");
	id[0] = sent(GS_PID(pid), "end boom");
	CHECK_OK(gs_receive(&info, SOON));
	CHECK_INT(gs_check_response(&info, id[0], NULL), -ECONNRESET);
	CHECK_STR(gs_error_reason(), "boom");
	node_down();
}

/* CALL-16: by the name that was asked, which the dead do not have any more. */
TEST(REQ_05_a_response_that_failed_names_the_server)
{
	char name[GS_NAME_MAX + 1];
	gs_reqid id;
	gs_pid pid;

	node_up();
	pid = start_named("", "target");
	id = sent(GS_NAME("target"), "gate 1");
	CHECK_INT(gs_receive_response(id, NULL, 51), -ETIMEDOUT);
	CHECK_STR(gs_error_text(),
	    "request to 'target' failed: timeout, nothing within 51 ms");
	id = sent(GS_NAME("target"), "noreply");
	end_with(pid, "kill");
	CHECK_INT(gs_wait_response(id, NULL, SOON), -ECONNRESET);
	CHECK_STR(gs_error_text(),
	    "request to 'target' failed: the server ended: killed");
	id = sent(GS_NAME_AT("target", "no-such-node"), "x");
	CHECK_INT(gs_wait_response(id, NULL, SOON), -EHOSTUNREACH);
	CHECK_STR(gs_error_reason(), "noconnection");
	CHECK(strstr(gs_error_text(), "'target@no-such-node'") != NULL);
	memset(name, 'n', GS_NAME_MAX);
	name[GS_NAME_MAX] = '\0';
	id = sent(GS_NAME(name), "x");
	CHECK_INT(gs_wait_response(id, NULL, SOON), -ENOENT);
	CHECK(strstr(gs_error_text(), "nnn...' failed") != NULL);
	id = sent(GS_PID(pid), "x");
	CHECK_INT(gs_wait_response(id, NULL, SOON), -ESRCH);
	CHECK(strstr(gs_error_text(), gs_pid_text(pid, name)) != NULL);
	node_down();
}

TEST(REQ_05_who_is_not_there_is_a_response_too)
{
	gs_reqid id;
	gs_pid pid;

	node_up();
	id = sent(GS_NAME("nobody"), "x");
	CHECK_STR(response(id, SOON), error(-ENOENT, "noproc"));
	pid = start("");
	stop(pid);
	id = sent(GS_PID(pid), "x");
	CHECK_STR(response(id, SOON), error(-ESRCH, "noproc"));
	id = sent(GS_NAME_AT("x", "no-such-node"), "x");
	CHECK_STR(response(id, SOON), error(-EHOSTUNREACH, "noconnection"));
	node_down();
}

/* More servers than the page has words to name them. */
TEST(REQ_05_any_of_many_servers_may_end)
{
	enum { MANY = 12 };
	gs_reqid id[MANY];
	gs_pid pid[MANY];

	node_up();
	for (int i = 0; i < MANY; i++) {
		pid[i] = start("");
		id[i] = sent(GS_PID(pid[i]), "gate 1;reply up");
	}
	for (int i = 0; i < MANY; i += 2) {
		CHECK_INT(kill(os_pid_of(GS_PID(pid[i])), SIGKILL), 0);
		CHECK_STR(response(id[i], SOON), error(-ECONNRESET, "killed"));
	}
	gate_open(1);
	for (int i = 1; i < MANY; i += 2)
		CHECK_STR(response(id[i], SOON), "up");
	node_down();
}

/* A server gets it as a message, asleep or busy, and need not wait. */
TEST(REQ_04_a_server_gets_the_response_as_a_message)
{
	gs_pid asking;

	node_up();
	start_named("", "asked");
	asking = start("tag a");
	tell(GS_PID(asking), "request asked gate 1|reply yes");
	settle(GS_PID(asking));
	CHECK(wait_state(GS_PID(asking), GS_STATE_WAITING));
	gate_open(1);
	CHECK(wait_note("a: response yes"));
	tell(GS_PID(asking), "request asked end boom");
	CHECK(wait_note("a: response -104 boom"));
	tell(GS_PID(asking), "request asked x");
	CHECK(wait_note("a: response -2 noproc"));
	CHECK_INT(notes("a: response yes"), 1);
	/* to itself: a call would wait for ever */
	tell(GS_PID(asking), "request self reply me");
	CHECK(wait_note("a: response me"));
	node_down();
}

static gs_next
large_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

static gs_next
large_call(void *state, gs_bytes request, gs_from from)
{
	static char text[100000];

	(void)state;
	(void)request;
	(void)from;
	return gs_next_reply(GS_OBJECT(text));
}

GS_SERVER(large, .init = large_init, .handle_call = large_call);

/* A reply without room is a response as well: nobody waits for ever. */
TEST(REQ_05_replies_that_find_no_room_are_told)
{
	enum { MANY = 40 };
	gs_reqid id[MANY];
	gs_bytes reply;
	gs_pid pid;
	int good = 0, full = 0;

	node_up();
	CHECK_OK(gs_start(&large, GS_NONE, NULL, &pid));
	for (int i = 0; i < MANY; i++)
		id[i] = sent(GS_PID(pid), "x");
	for (int i = 0; i < MANY; i++) {
		int status = gs_wait_response(id[i], &reply, SOON);

		if (status == 0)
			CHECK_INT(reply.size, 100000);
		good += status == 0;
		full += status == -ENOBUFS;
	}
	printf("# %d replies, %d without room\n", good, full);
	CHECK_INT(good + full, MANY);
	CHECK(good > 0);
	node_down();
}
