/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other nodes of this host, addressed by NAME@NODE and by the pids of their
 * processes: what works there as it does at home.
 */
#include <sys/stat.h>

#include "tests/conformance/other.h"

/* CALL-01 */
TEST(a_call_reaches_a_name_at_another_node_and_its_pid)
{
	gs_pid pid;

	others_up(1);
	CHECK_STR(ask(THERE(0), "set 7"), "ok");
	CHECK_STR(ask(THERE(0), "get"), "7");
	pid = there(0);
	CHECK(pid.node != self_pid().node);
	CHECK_STR(ask(GS_PID(pid), "get"), "7");
	CHECK(gs_alive(pid));
	others_down(1);
}

TEST(a_thousand_calls_take_turns_between_nodes)
{
	char wanted[16];

	others_up(3);
	start_named("", "here");
	for (int i = 1; i <= 250; i++) {
		snprintf(wanted, sizeof(wanted), "%d", i);
		CHECK_STR(ask(GS_NAME("here"), "add 1;get"), wanted);
		for (int k = 0; k < 3; k++)
			CHECK_STR(ask(THERE(k), "add 1;get"), wanted);
	}
	others_down(3);
}

/* CAST-01 */
TEST(a_cast_and_a_message_reach_another_node)
{
	others_up(1);
	tell(THERE(0), "note cast");
	CHECK(wait_note("cast"));
	post(THERE(0), "note sent");
	CHECK(wait_note("sent"));
	CHECK_INT(gs_cast_wait(THERE(0), GS_TEXT("note waited"), 1000), 0);
	CHECK(wait_note("waited"));
	others_down(1);
}

/* CALL-09 */
TEST(nobody_of_that_name_there_is_noproc)
{
	gs_pid pid;

	others_up(1);
	CHECK_INT(gs_call(GS_NAME_AT("nobody", other(0)), GS_NONE, NULL, 1000),
	    -ENOENT);
	CHECK_STR(gs_error_reason(), "noproc");
	CHECK_INT(gs_cast(GS_NAME_AT("nobody", other(0)), GS_NONE), 0);
	pid = there(0);
	CHECK_INT(gs_stop(THERE(0), NULL, FOREVER), 0);
	CHECK(!gs_alive(pid));
	CHECK_INT(gs_call(GS_PID(pid), GS_NONE, NULL, 1000), -ESRCH);
	CHECK_INT(gs_cast(GS_PID(pid), GS_NONE), 0);
	CHECK_INT(gs_send(GS_PID(pid), GS_NONE), 0);
	others_down(1);
}

TEST(a_server_calls_into_another_node_and_is_called_from_there)
{
	char script[400], node[GS_NAME_MAX + 1];
	gs_node_info info;

	others_up(2);
	CHECK_OK(gs_node_inspect(&info));
	snprintf(node, sizeof(node), "%s", info.name);
	start_named("", "here");
	snprintf(script, sizeof(script), "call 5000 there@%s set 3|get;last",
	    other(0));
	CHECK_STR(ask(GS_NAME("here"), script), "0 3");
	/* and back again: a server there to one here */
	snprintf(
	    script, sizeof(script), "call 5000 here@%s set 4|get;last", node);
	CHECK_STR(ask(THERE(0), script), "0 4");
	snprintf(script, sizeof(script), "call 5000 there@%s set 5|get;last",
	    other(1));
	CHECK_STR(ask(THERE(0), script), "0 5");
	others_down(2);
}

/* REPLY-05 */
TEST(a_reply_comes_from_whoever_has_the_From)
{
	gs_reqid id;
	gs_bytes reply;
	char text[32];

	others_up(1);
	CHECK_INT(gs_send_request(THERE(0), GS_TEXT("keep;noreply"), &id), 0);
	settle(THERE(0));
	tell(THERE(0), "answer 0 late");
	CHECK_INT(gs_receive_response(id, &reply, FOREVER), 0);
	CHECK_STR(gs_string(reply, text, sizeof(text)), "late");
	others_down(1);
}

TEST(a_From_of_another_node_can_be_answered_from_here)
{
	gs_from from = { .tag = 99 };

	others_up(1);
	/* forged: of nobody there, of no node at all */
	from.pid = there(0);
	from.pid.slot += 1000;
	CHECK_INT(gs_reply(from, GS_TEXT("x")), 0);
	from.pid = there(0);
	CHECK_INT(gs_reply(from, GS_TEXT("x")), 0);
	from.pid.node ^= 0x5555;
	CHECK_INT(gs_reply(from, GS_TEXT("x")), 0);
	CHECK_STR(ask(THERE(0), "reply fine"), "fine");
	others_down(1);
}

TEST(messages_of_two_nodes_come_in_one_loop)
{
	char script[300], mine[GS_PID_TEXT];
	bool seen[3] = { false, false, false };
	gs_info info;
	gs_node_info node;

	others_up(2);
	CHECK_OK(gs_node_inspect(&node));
	start_named("", "here");
	CHECK_INT(gs_register("me"), 0);
	for (int i = 0; i < 2; i++) {
		snprintf(script, sizeof(script), "send me@%s from %d;last",
		    node.name, i);
		CHECK_STR(ask(THERE(i), script), "0");
	}
	snprintf(script, sizeof(script), "send %s from 2;last",
	    gs_pid_text(self_pid(), mine));
	CHECK_STR(ask(GS_NAME("here"), script), "0");
	for (int i = 0; i < 3; i++) {
		char text[32];

		CHECK_INT(gs_receive(&info, SOON), 0);
		CHECK_INT(info.kind, GS_INFO_MESSAGE);
		gs_string(info.body, text, sizeof(text));
		CHECK(strncmp(text, "from ", 5) == 0);
		seen[atoi(text + 5)] = true;
	}
	CHECK(seen[0] && seen[1] && seen[2]);
	CHECK(got_nothing());
	others_down(2);
}

TEST(a_response_of_any_node_comes_to_one_collection)
{
	gs_reqids *ids = gs_reqids_new();
	int labels[3] = { 0, 1, 2 }, seen = 0;
	gs_response response;
	gs_reqid id;

	others_up(2);
	start_named("", "here");
	CHECK_INT(gs_send_request(GS_NAME("here"), GS_TEXT("reply 0"), &id), 0);
	CHECK_INT(gs_reqids_add(ids, id, &labels[0]), 0);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(
		    gs_send_request(THERE(i), GS_TEXT("gate 0;reply x"), &id),
		    0);
		CHECK_INT(gs_reqids_add(ids, id, &labels[1 + i]), 0);
	}
	CHECK_INT(gs_wait_responses(ids, &response, gs_now() + SOON, true), 0);
	CHECK(response.label == &labels[0]);
	CHECK_INT(
	    gs_wait_responses(ids, &response, gs_now() + 50, true), -ETIMEDOUT);
	gate_open(0);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(
		    gs_wait_responses(ids, &response, gs_now() + SOON, true),
		    0);
		CHECK_INT(response.status, 0);
		seen |= 1 << *(int *)response.label;
	}
	CHECK_INT(seen, 6);
	gs_reqids_free(ids);
	others_down(2);
}

/* TMO-09 */
TEST(a_timer_sends_to_another_node)
{
	others_up(1);
	CHECK_INT(gs_send_after(1, THERE(0), GS_TEXT("note due"), NULL), 0);
	CHECK(got_nothing());
	gs_info info;
	CHECK_INT(gs_receive(&info, 300), -ETIMEDOUT);
	CHECK(wait_note("due"));
	others_down(1);
}

TEST(stop_exit_and_inspect_reach_another_node)
{
	gs_process_info info;
	gs_pid pid;

	others_up(2);
	pid = there(0);
	CHECK_INT(gs_process_inspect(THERE(0), &info), 0);
	CHECK(gs_pid_equal(info.pid, pid));
	CHECK_INT(gs_ping(THERE(0), FOREVER), 0);
	CHECK_INT(gs_wait_up(THERE(0), FOREVER), 0);
	CHECK_INT(gs_stop(THERE(0), "shutdown", FOREVER), 0);
	CHECK_INT(gs_process_inspect(GS_PID(pid), &info), -ESRCH);
	CHECK_INT(gs_wait_up(THERE(0), 50), -ETIMEDOUT);
	pid = there(1);
	CHECK_INT(gs_exit_signal(THERE(1), "kill"), 0);
	CHECK(wait_dead(pid));
	others_down(2);
}

/* Bytes that node 0's segment takes. */
static int64_t
segment(void)
{
	char path[300];
	struct stat st;

	snprintf(path, sizeof(path), "/dev/shm/genserver-%u-%s",
	    (unsigned)geteuid(), other(0));
	CHECK_INT(stat(path, &st), 0);
	return (int64_t)st.st_blocks * 512;
}

static bool
is_small(void *data)
{
	return segment() < *(int64_t *)data;
}

struct burst {
	int os_pid;
	int64_t full;
};

/* Until there is no room; what is stopped reads none of it. */
static void
burst(void *data)
{
	struct burst *b = data;
	gs_pid guest = client_of(b->os_pid);

	while (gs_cast(GS_PID(guest), GS_TEXT("add 1")) == 0)
		;
	b->full = segment();
}

TEST(what_a_burst_from_another_node_took_is_given_back)
{
	struct burst *b = test_shared(sizeof(*b));
	char script[300];
	int64_t before;
	gs_pid pid;

	others_up(1);
	pid = start_named("", "here");
	snprintf(
	    script, sizeof(script), "call 5000 there@%s get;last", other(0));
	CHECK_STR(ask(GS_PID(pid), script), "0 0");
	b->os_pid = os_pid_of(GS_PID(pid));
	before = segment();
	freeze(pid);
	other_run(0, burst, b);
	CHECK(b->full > before + (512 << 10));
	thaw(pid);
	before += 128 << 10;
	CHECK(eventually(is_small, &before, SOON));
	others_down(1);
}

/* REQ-04: who is a guest has a table of requests, and nothing in it yet. */
TEST(a_request_that_was_never_sent_is_none_of_a_guest_either)
{
	gs_reqid id = { .tag = 12345 };

	others_up(1);
	CHECK_STR(ask(THERE(0), "get"), "0");
	id.pid = there(0);
	CHECK_INT(gs_check_response(NULL, id, NULL), -EINVAL);
	CHECK_INT(gs_wait_response(id, NULL, 0), -EINVAL);
	others_down(1);
}
