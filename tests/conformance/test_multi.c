/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MULTI: one request, or one cast, to many nodes.  Each has a puppet "there";
 * what is expected of a case is written as "STATUS REPLY" by node.
 */
#include "tests/conformance/other.h"

static gs_replies *replies;

static void
multi(int n, const char *name, const char *request, int timeout)
{
	const char *nodes[OTHERS] = { NULL };

	for (int i = 0; i < n; i++)
		nodes[i] = other(i);
	replies = NULL;
	CHECK_INT(gs_multi_call(nodes, (size_t)n, name, GS_TEXT(request),
		      timeout, &replies),
	    0);
	CHECK_INT(replies->count, n);
	for (int i = 0; i < n; i++)
		CHECK_STR(replies->at[i].node, other(i));
}

static void
is_reply(int i, const char *text)
{
	char reply[100];

	CHECK_INT(replies->at[i].status, 0);
	CHECK_STR(gs_string(replies->at[i].reply, reply, sizeof(reply)), text);
	CHECK_STR(replies->at[i].reason, "");
}

static void
is_bad(int i, int status, const char *reason)
{
	CHECK_INT(replies->at[i].status, status);
	CHECK_STR(replies->at[i].reason, reason);
	CHECK_INT(replies->at[i].reply.size, 0);
}

static void
done(size_t bad)
{
	CHECK_INT(replies->bad, bad);
	gs_replies_free(replies);
	CHECK(got_nothing());
}

/* MULTI-10 */
TEST(MULTI_01_each_node_is_in_the_list_once_and_in_its_order)
{
	char text[16];

	others_up(3);
	for (int i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "set %d", i);
		CHECK_STR(ask(THERE(i), text), "ok");
	}
	multi(3, "there", "get", FOREVER);
	for (int i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "%d", i);
		is_reply(i, text);
	}
	done(0);
	multi(0, "there", "get", FOREVER);
	done(0);
	others_down(3);
}

TEST(MULTI_02_all_running_nodes_by_default_with_the_own_one)
{
	gs_node_info info;
	bool own = false;

	others_up(2);
	CHECK_OK(gs_node_inspect(&info));
	start_named("", "there");
	CHECK_INT(gs_multi_call(NULL, 0, "there", GS_TEXT("reply x"),
		      GS_INFINITY, &replies),
	    0);
	CHECK_INT(replies->count, 3);
	for (int i = 0; i < 3; i++) {
		is_reply(i, "x");
		own |= strcmp(replies->at[i].node, info.name) == 0;
	}
	CHECK(own);
	done(0);
	others_down(2);
}

TEST(MULTI_03_bad_are_no_node_no_name_no_reply_in_time_and_a_death)
{
	others_up(3);
	/* 0 has the name no more, 1 dies, 2 is late, 3 is no node */
	CHECK_INT(gs_stop(THERE(0), NULL, FOREVER), 0);
	tell(THERE(2), "gate 0");
	/* long enough for a death to be told on a machine that stalls */
	multi(4, "there", "exit boom", 2000);
	is_bad(0, -ENOENT, "noproc");
	is_bad(1, -ECONNRESET, "boom");
	is_bad(2, -ETIMEDOUT, "timeout");
	is_bad(3, -EHOSTUNREACH, "nodedown");
	done(4);
	gate_open(0);
	others_down(3);
}

static int64_t
multi_takes(const char *request, int timeout)
{
	int64_t from = now_ms();

	multi(3, "there", request, timeout);
	return now_ms() - from;
}

TEST(MULTI_04_all_requests_are_out_before_a_reply_is_awaited)
{
	int64_t took;

	others_up(3);
	/* each is visited now */
	multi(3, "there", "reply x", FOREVER);
	done(0);
	/* others may want the machine, too, but not each time */
	for (int tries = 0; tries == 0 || (tries < 6 && took >= 800); tries++) {
		took = multi_takes("sleep 300;reply x", FOREVER);
		CHECK(took >= 300);
		done(0);
	}
	CHECK(took < 800);
	/* and one deadline for all */
	for (int tries = 0; tries == 0 || (tries < 6 && took >= 550); tries++) {
		took = multi_takes("gate 0;reply x", 200);
		CHECK(took >= 200);
		done(3);
	}
	CHECK(took < 550);
	gate_open(0);
	others_down(3);
}

TEST(MULTI_05_the_dead_are_bad_without_waiting)
{
	int64_t before;

	others_up(2);
	CHECK_STR(ask(THERE(0), "reply x"), "x");
	other_kill(0);
	before = now_ms();
	multi(3, "there", "exit boom", FOREVER);
	CHECK(now_ms() - before < PROMPT);
	is_bad(0, -EHOSTUNREACH, "nodedown");
	is_bad(1, -ECONNRESET, "boom");
	is_bad(2, -EHOSTUNREACH, "nodedown");
	done(3);
	other_down(1);
	node_down();
}

/* One by one they would cost 100 ms each. */
TEST(MULTI_05_stopped_nodes_are_waited_for_together)
{
	int64_t before, took = FOREVER;

	others_up(4);
	for (int i = 0; i < 4; i++)
		other_stop(i);
	/* others may want the machine, too, but not each time */
	for (int tries = 0; tries < 4 && took >= 390; tries++) {
		before = now_ms();
		multi(4, "there", "reply x", FOREVER);
		took = now_ms() - before;
		for (int i = 0; i < 4; i++)
			is_bad(i, -EHOSTUNREACH, "nodedown");
		done(4);
		/* for a second they are not asked again */
		if (took >= 390)
			CHECK(unnoted("never", 1100));
	}
	CHECK(took < 390);
	for (int i = 0; i < 4; i++)
		other_cont(i);
	others_down(4);
}

/* Named twice it is visited once and asked twice. */
TEST(MULTI_01_a_node_that_is_named_twice)
{
	const char *nodes[2] = { other(0), other(0) };

	others_up(1);
	CHECK_INT(gs_multi_call(
		      nodes, 2, "there", GS_TEXT("reply x"), FOREVER, &replies),
	    0);
	is_reply(0, "x");
	is_reply(1, "x");
	done(0);
	others_down(1);
}

/* MULTI-07 */
TEST(MULTI_06_late_replies_are_never_seen_those_in_time_are_kept)
{
	gs_info info;

	others_up(2);
	tell(THERE(1), "gate 0");
	multi(2, "there", "reply x", 2000);
	is_reply(0, "x");
	is_bad(1, -ETIMEDOUT, "timeout");
	done(1);
	gate_open(0);
	settle(THERE(1));
	CHECK_INT(gs_receive(&info, 50), -ETIMEDOUT);
	/* nor is one taken for the reply to what is asked next */
	multi(2, "there", "reply y", FOREVER);
	is_reply(0, "y");
	is_reply(1, "y");
	done(0);
	others_down(2);
}

TEST(MULTI_08_a_malformed_node_is_an_error_and_nothing_is_sent)
{
	const char *nodes[2] = { other(0), "a@b" };

	others_up(1);
	CHECK_INT(gs_multi_call(
		      nodes, 2, "there", GS_TEXT("note in"), FOREVER, &replies),
	    -EINVAL);
	CHECK_STR(gs_error_reason(), "badarg");
	nodes[1] = "";
	CHECK_INT(gs_abcast(nodes, 2, "there", GS_TEXT("note in")), -EINVAL);
	nodes[1] = NULL;
	CHECK_INT(gs_multi_call(
		      nodes, 2, "there", GS_TEXT("note in"), FOREVER, &replies),
	    -EINVAL);
	CHECK_INT(gs_multi_call(
		      nodes, 1, "<1>", GS_TEXT("note in"), FOREVER, &replies),
	    -EINVAL);
	CHECK_INT(
	    gs_multi_call(nodes, 1, "there", GS_TEXT("note in"), -1, &replies),
	    -EINVAL);
	settle(THERE(0));
	CHECK_INT(notes("in"), 0);
	CHECK(got_nothing());
	others_down(1);
}

TEST(MULTI_09_the_callers_mailbox_is_not_read)
{
	gs_info info;
	gs_bytes body;
	char text[20];

	others_up(2);
	for (int i = 0; i < 2000; i++) {
		body = GS_STR("%d", i);
		CHECK_INT(gs_send(GS_PID(self_pid()), body), 0);
	}
	multi(2, "there", "reply x", FOREVER);
	is_reply(0, "x");
	is_reply(1, "x");
	gs_replies_free(replies);
	for (int i = 0; i < 2000; i++) {
		CHECK_INT(gs_receive(&info, 0), 0);
		CHECK_INT(atoi(gs_string(info.body, text, sizeof(text))), i);
	}
	CHECK(got_nothing());
	others_down(2);
}

TEST(MULTI_11_a_stop_with_reply_is_the_reply_and_then_the_end)
{
	gs_pid pids[2];

	others_up(2);
	for (int i = 0; i < 2; i++)
		pids[i] = there(i);
	multi(2, "there", "endreply normal bye", FOREVER);
	is_reply(0, "bye");
	is_reply(1, "bye");
	done(0);
	CHECK(wait_dead(pids[0]) && wait_dead(pids[1]));
	multi(2, "there", "reply x", FOREVER);
	is_bad(0, -ENOENT, "noproc");
	done(2);
	others_down(2);
}

TEST(MULTI_12_abcast_casts_to_those_that_are_there)
{
	const char *nodes[4] = { other(0), other(1), other(2), other(3) };

	others_up(3);
	CHECK_INT(gs_stop(THERE(0), NULL, FOREVER), 0);
	CHECK_INT(gs_abcast(nodes, 4, "there", GS_TEXT("note in")), 0);
	settle(THERE(1));
	settle(THERE(2));
	CHECK_INT(notes("in"), 2);
	CHECK_INT(gs_abcast(NULL, 0, "there", GS_TEXT("note all")), 0);
	settle(THERE(1));
	settle(THERE(2));
	CHECK_INT(notes("all"), 2);
	CHECK(got_nothing());
	others_down(3);
}

/* Tells the first server there to answer what it has kept. */
static void
answer_there(void)
{
	CHECK(wait_note("kept"));
	tell(GS_NAME("there"), "answer 0 by reply");
}

TEST(REPLY_11_the_From_of_a_multi_call_is_answered_with_reply)
{
	pid_t child;

	others_up(1);
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		CHECK_OK(gs_node_open(other(0), 0));
		answer_there();
		gs_node_close();
		_exit(0);
	}
	multi(1, "there", "keep;note kept;noreply", FOREVER);
	is_reply(0, "by reply");
	done(0);
	test_join(child);
	others_down(1);
}
