/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The child that root has forked ahead: it becomes the next server, and it may
 * be killed, or its parents, at any time.
 */
#include "tests/conformance/helpers.h"

#include <dirent.h>
#include <stdatomic.h>

/* ---- which process it is ---- */

/* Its state letter; '-': there is none. */
static char
letter_of(pid_t pid)
{
	pid_t parent;
	char state;

	return test_process(pid, &state, &parent) ? state : '-';
}

/* Alive, and a child of root; 0: there is none. */
static pid_t
parked(void)
{
	pid_t root = root_process().os_pid, found = 0;
	DIR *folder = opendir("/proc");
	struct dirent *entry;

	CHECK(folder);
	while ((entry = readdir(folder)) != NULL) {
		pid_t pid = (pid_t)atoi(entry->d_name), parent;
		char state;

		if (pid > 0 && test_process(pid, &state, &parent) &&
		    parent == root && state != 'Z' &&
		    test_is_named(pid, "gs-parked"))
			found = pid;
	}
	closedir(folder);
	return found;
}

static bool
has_parked(void *data)
{
	pid_t *pid = data;

	*pid = parked();
	/* it sleeps: it is as far as it gets */
	return *pid != 0 && letter_of(*pid) == 'S';
}

static pid_t
await_parked(void)
{
	pid_t pid = 0;

	CHECK(eventually(has_parked, &pid, SOON));
	return pid;
}

static bool
is_gone(void *data)
{
	return letter_of(*(pid_t *)data) == '-';
}

/* Root may have reaped it, and may not. */
static bool
is_dead(void *data)
{
	return test_gone(*(pid_t *)data);
}

static bool
late_is_taken(void *data)
{
	(void)data;
	return !is_free("late");
}

/* ---- it serves ---- */

TEST(parked_child_is_there_only_once_something_was_started)
{
	node_up();
	CHECK_INT(parked(), 0);
	start("");
	CHECK(await_parked() > 1);
	node_down();
}

/* START-02 START-03 */
TEST(parked_child_becomes_the_next_server)
{
	pid_t before;
	gs_pid pid;

	node_up();
	start("");
	for (int i = 0; i < 3; i++) {
		before = await_parked();
		pid = start("set 7");
		CHECK_INT(os_pid_of(GS_PID(pid)), before);
		CHECK_STR(ask(GS_PID(pid), "get"), "7");
		CHECK(test_is_named(before, "gs-server"));
		stop(pid);
	}
	node_down();
}

TEST(parked_child_takes_the_place_of_one_that_was_killed)
{
	pid_t before;
	gs_pid pid;

	node_up();
	pid = start_child("set 7", "one", GS_PERMANENT);
	before = await_parked();
	CHECK_INT(kill(os_pid_of(GS_PID(pid)), SIGKILL), 0);
	CHECK(wait_up("one"));
	CHECK_INT(os_pid_of(GS_NAME("one")), before);
	CHECK_STR(ask(GS_NAME("one"), "get"), "7");
	node_down();
}

static _Atomic int *begun; /* so often */

static gs_next
slow_again_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	if (atomic_fetch_add(begun, 1) > 0)
		gate_wait(1);
	return gs_ok();
}

static GS_SERVER(slow_again, .init = slow_again_init);

static bool
is_begun_twice(void *data)
{
	(void)data;
	return atomic_load(begun) == 2;
}

/* The end behind a restart, of another one, say, does not wait for its init. */
TEST(parked_child_comes_while_what_was_restarted_is_in_init)
{
	gs_child_spec spec = { .behaviour = &slow_again,
		.options.name = "one" };
	pid_t before;
	gs_pid pid;

	begun = test_shared(sizeof(*begun));
	node_up();
	CHECK_OK(gs_child_start(&spec, &pid));
	before = await_parked();
	CHECK_INT(kill(os_pid_of(GS_PID(pid)), SIGKILL), 0);
	CHECK(eventually(is_begun_twice, NULL, SOON));
	CHECK(await_parked() != before);
	gate_open(1);
	CHECK(wait_up("one"));
	CHECK_INT(os_pid_of(GS_NAME("one")), before);
	node_down();
}

/* Behind the word that makes the fork due there is another message. */
TEST(parked_child_comes_though_root_is_told_something)
{
	struct starter starter;
	gs_pid root;

	node_up();
	root = root_process().pid;
	start_begin(&starter, &puppet, "gate 1;note up", "late");
	CHECK(eventually(late_is_taken, NULL, SOON));
	freeze(root);
	gate_open(1);
	CHECK(wait_note("up"));
	CHECK(wait_queue(GS_PID(root), 1));
	CHECK_OK(gs_cast(GS_PID(root), GS_TEXT("something")));
	thaw(root);
	CHECK_OK(start_end(&starter));
	CHECK(await_parked() > 1);
	node_down();
}

static gs_next
large_init(void *state, gs_bytes argument)
{
	*(size_t *)state = argument.size;
	return gs_ok();
}

static gs_next
large_call(void *state, gs_bytes request, gs_from from)
{
	(void)request;
	(void)from;
	return gs_next_reply(gs_bytes_of(state, sizeof(size_t)));
}

static GS_SERVER(large, .state_size = sizeof(size_t), .init = large_init,
    .handle_call = large_call);

/* START-03 */
TEST(parked_child_is_let_be_by_what_it_cannot_become)
{
	static const char text[20000];
	gs_bytes reply = GS_NONE;
	pid_t before;
	size_t size;
	gs_pid pid;

	node_up();
	start("");
	before = await_parked();
	CHECK_OK(gs_start(&large, gs_bytes_of(text, sizeof(text)), NULL, &pid));
	CHECK(os_pid_of(GS_PID(pid)) != before);
	CHECK_OK(gs_call(GS_PID(pid), GS_TEXT("size"), &reply, SOON));
	CHECK_INT(reply.size, sizeof(size));
	memcpy(&size, reply.data, sizeof(size));
	CHECK_INT(size, sizeof(text));
	CHECK_INT(await_parked(), before);
	node_down();
}

/* ---- it is killed ---- */

TEST(parked_child_that_was_killed_is_replaced_and_reaped)
{
	pid_t before;
	gs_pid pid;

	node_up();
	start("");
	before = await_parked();
	CHECK_INT(kill(before, SIGKILL), 0);
	CHECK(eventually(is_dead, &before, SOON));
	pid = start("set 7");
	CHECK(os_pid_of(GS_PID(pid)) != before);
	CHECK_STR(ask(GS_PID(pid), "get"), "7");
	CHECK(eventually(is_gone, &before, SOON));
	CHECK(await_parked() != before);
	CHECK_INT(server_count(), 2);
	node_down();
}

/* Handed over and dead: an end in init, as any other there. */
TEST(parked_child_killed_once_it_is_chosen_ends_as_in_init)
{
	struct starter starter;
	pid_t before;

	node_up();
	start("");
	before = await_parked();
	start_begin(&starter, &puppet, "gate 1", "late");
	CHECK(eventually(late_is_taken, NULL, SOON));
	CHECK_INT(os_pid_of(GS_NAME("late")), before);
	CHECK_INT(kill(before, SIGKILL), 0);
	CHECK_INT(start_end(&starter), -ECHILD);
	CHECK(is_free("late"));
	start_named("set 8", "late");
	CHECK_STR(ask(GS_NAME("late"), "get"), "8");
	node_down();
}

/* Nobody waits for somebody else to be continued. */
TEST(parked_child_that_is_stopped_is_not_used)
{
	pid_t before;
	gs_pid pid;

	node_up();
	start("");
	before = await_parked();
	CHECK_INT(kill(before, SIGSTOP), 0);
	CHECK(eventually(test_is_stopped, &before, SOON));
	pid = start("set 7");
	CHECK(os_pid_of(GS_PID(pid)) != before);
	CHECK_STR(ask(GS_PID(pid), "get"), "7");
	CHECK(eventually(is_gone, &before, SOON));
	node_down();
}

/* OS-17 */
TEST(parked_child_ends_with_root)
{
	pid_t before, other;
	gs_pid pid;

	node_up();
	pid = start("set 7");
	before = await_parked();
	replace_root();
	CHECK(eventually(is_gone, &before, SOON));
	CHECK_STR(ask(GS_PID(pid), "get"), "7");
	CHECK_INT(parked(), 0);
	start("");
	other = await_parked();
	CHECK(other != before);
	node_down();
	CHECK(eventually(is_gone, &other, SOON));
}

/* It has the life pipe, and root does not tell it. */
TEST(parked_child_that_is_stopped_ends_with_the_node)
{
	pid_t before;

	node_up();
	start("");
	before = await_parked();
	CHECK_INT(kill(before, SIGSTOP), 0);
	node_down();
	CHECK(eventually(is_gone, &before, SOON));
}
