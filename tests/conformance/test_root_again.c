/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root supervisor is killed, and its children are none the worse for it:
 * the next one knows them all.
 */
#include "tests/conformance/helpers.h"

TEST(root_killed_leaves_its_children_as_they_are)
{
	gs_pid one, two, loose;
	struct found found;

	node_up();
	one = start_child("set 7", "one", GS_PERMANENT);
	two = start_child("", "two", GS_TRANSIENT);
	loose = start("set 9");
	end_with(two, "boom");
	CHECK(wait_up("two"));
	CHECK(wait_child("two", GS_CHILD_RUNNING));
	replace_root();
	CHECK_STR(ask(GS_PID(one), "get"), "7");
	CHECK_STR(ask(GS_PID(loose), "get"), "9");
	CHECK_INT(entry("one").index, 0);
	CHECK_INT(entry("one").child.state, GS_CHILD_RUNNING);
	CHECK(gs_pid_equal(entry("one").child.pid, one));
	found = entry("two");
	CHECK_INT(found.index, 1);
	CHECK_INT(found.count, 3);
	CHECK_INT(found.child.restarts, 1);
	CHECK_INT(found.child.restart, GS_TRANSIENT);
	CHECK_STR(found.child.last_reason, "boom");
	node_down();
}

TEST(root_forked_again_restarts_what_the_first_one_started)
{
	gs_pid pid, now;

	node_up();
	pid = start_child("", "one", GS_PERMANENT);
	for (int i = 0; i < 3; i++) {
		replace_root();
		CHECK_OK(gs_whereis("one", &pid));
		end_with(pid, "boom");
		CHECK(wait_up("one"));
		CHECK_OK(gs_whereis("one", &now));
		CHECK(!gs_pid_equal(pid, now));
		CHECK(wait_child("one", GS_CHILD_RUNNING));
		CHECK_STR(entry("one").child.last_reason, "boom");
	}
	CHECK_INT(entry("one").child.restarts, 3);
	/* three in a minute, whoever counted them */
	end_with(now, "boom");
	CHECK(wait_child("one", GS_CHILD_FAILED));
	node_down();
}

TEST(root_forked_again_stops_restarts_and_deletes)
{
	gs_pid pid, other;

	node_up();
	pid = start_child("trap 1;at_end note ended", "one", GS_PERMANENT);
	replace_root();
	CHECK_OK(gs_child_restart(GS_NAME("one"), &other, SOON));
	CHECK(!gs_pid_equal(pid, other));
	CHECK_INT(notes("ended"), 1);
	CHECK_INT(gs_child_delete(GS_NAME("one")), -EBUSY);
	CHECK_OK(gs_child_stop(GS_PID(other), SOON));
	CHECK_INT(notes("ended"), 2);
	replace_root();
	CHECK_INT(entry("one").child.state, GS_CHILD_STOPPED);
	CHECK_OK(gs_child_delete(GS_NAME("one")));
	CHECK_INT(entry("one").index, -1);
	CHECK_INT(server_count(), 0);
	node_down();
}

/* Those two ends are one event, or one after the other, for the node. */
static void
both_die(bool root_first)
{
	gs_process_info root;
	gs_pid pid;

	node_up();
	pid = start_child("", "one", GS_PERMANENT);
	start_child("", "two", GS_PERMANENT);
	root = root_process();
	freeze(root.pid);
	if (root_first)
		CHECK_INT(kill(root.os_pid, SIGKILL), 0);
	CHECK_INT(kill(os_pid_of(GS_PID(pid)), SIGKILL), 0);
	if (!root_first) {
		CHECK(wait_dead(pid));
		CHECK_INT(kill(root.os_pid, SIGKILL), 0);
	}
	CHECK(wait_dead(root.pid));
	CHECK(wait_up("one"));
	CHECK(wait_child("one", GS_CHILD_RUNNING));
	CHECK_STR(entry("one").child.last_reason, "killed");
	CHECK_INT(entry("one").child.restarts, 1);
	CHECK_INT(entry("two").child.restarts, 0);
	node_down();
}

TEST(root_and_child_die_together)
{
	both_die(true);
}

TEST(root_dies_with_an_end_unread)
{
	both_die(false);
}

TEST(root_killed_during_a_restart_leaves_it_to_the_next)
{
	gs_pid pid, again;

	node_up();
	pid = start_child("note in;sleep 400", "one", GS_PERMANENT);
	CHECK_INT(kill(os_pid_of(GS_PID(pid)), SIGKILL), 0);
	CHECK(wait_notes("in", 2));
	replace_root();
	CHECK(wait_up("one"));
	CHECK(wait_child("one", GS_CHILD_RUNNING));
	CHECK_OK(gs_whereis("one", &again));
	CHECK(gs_pid_equal(entry("one").child.pid, again));
	CHECK_INT(entry("one").child.restarts, 1);
	CHECK_INT(server_count(), 1);
	node_down();
}

struct stopping {
	pthread_t thread;
	int status;
};

static void *
stop_one(void *data)
{
	struct stopping *s = data;

	s->status = gs_child_stop(GS_NAME("one"), SOON);
	return NULL;
}

TEST(root_killed_during_a_stop_leaves_it_to_the_next)
{
	struct stopping s;
	gs_pid pid;

	node_up();
	pid = start_child(
	    "trap 1;at_end note ending|gate 1", "one", GS_PERMANENT);
	CHECK_INT(pthread_create(&s.thread, NULL, stop_one, &s), 0);
	CHECK(wait_note("ending"));
	replace_root();
	CHECK_INT(pthread_join(s.thread, NULL), 0);
	CHECK_INT(s.status, -ECONNRESET);
	CHECK(wait_child("one", GS_CHILD_STOPPING));
	gate_open(1);
	CHECK(wait_dead(pid));
	CHECK(wait_child("one", GS_CHILD_STOPPED));
	CHECK_INT(server_count(), 0);
	node_down();
}

/* The children go last started first, whoever started them. */
TEST(root_forked_again_ends_all_in_reverse_order)
{
	node_up();
	start_child("tag a;trap 1;at_end note end a", "a", GS_PERMANENT);
	start_child("tag b;trap 1;at_end note end b", "b", GS_PERMANENT);
	replace_root();
	start_child("tag c;trap 1;at_end note end c", "c", GS_PERMANENT);
	node_down();
	CHECK(notes_in_order("c: end c", "b: end b", "a: end a", NULL));
}

TEST(root_that_ends_by_itself_leaves_its_children_too)
{
	gs_process_info root;
	gs_pid pid;

	node_up();
	pid = start_child("set 3", "one", GS_PERMANENT);
	root = root_process();
	CHECK_OK(gs_stop(GS_PID(root.pid), "bad_mailbox", SOON));
	CHECK(wait_dead(root.pid));
	CHECK_INT(entry("one").index, 0);
	CHECK_STR(ask(GS_PID(pid), "get"), "3");
	node_down();
}

/* Its slot is still named by somebody who has asked it something. */
TEST(root_forked_again_leaves_down_what_was_stopped)
{
	gs_reqid id;
	gs_pid pid;

	node_up();
	pid = start_child("", "one", GS_PERMANENT);
	CHECK_OK(gs_send_request(GS_PID(pid), GS_TEXT("noreply"), &id));
	CHECK_OK(gs_child_stop(GS_NAME("one"), SOON));
	replace_root();
	CHECK_INT(entry("one").child.state, GS_CHILD_STOPPED);
	/* whatever it was told of, it has read by now */
	start_child("", "two", GS_PERMANENT);
	CHECK_INT(entry("one").child.state, GS_CHILD_STOPPED);
	CHECK(is_free("one"));
	CHECK_INT(gs_wait_response(id, NULL, SOON), -ECONNRESET);
	CHECK_STR(gs_error_reason(), "shutdown");
	node_down();
}
