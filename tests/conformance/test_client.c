/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes of the node that are no servers: their ends, and their timers.
 */
#include "tests/conformance/helpers.h"

#include <sys/wait.h>

static bool
can_open(void *data)
{
	return gs_node_open(data, 0) == 0;
}

/* EXIT-03: a client says why, and its exit status says something, too. */
static void
leave_with(void *reason)
{
	gs_info info;

	CHECK(eventually(can_open, (void *)(uintptr_t)test_node(), SOON));
	CHECK_OK(gs_register("leaver"));
	CHECK_OK(gs_receive(&info, SOON));
	gs_exit(reason);
}

static bool
is_there(void *data)
{
	gs_pid pid;

	return gs_whereis(data, &pid) == 0;
}

static void
leaves_with(const char *reason, int status)
{
	/* before this process has a node: its copies would count as leaks */
	pid_t pid = test_fork(leave_with, (void *)(uintptr_t)reason);
	gs_ref ref;

	named_node_up();
	CHECK(eventually(is_there, (void *)(uintptr_t) "leaver", SOON));
	CHECK_OK(gs_monitor(GS_NAME("leaver"), &ref));
	post(GS_NAME("leaver"), "go");
	CHECK(got(GS_INFO_DOWN, reason, NULL));
	CHECK_INT(WEXITSTATUS(test_wait(pid)), status);
	named_node_down();
}

TEST(client_gives_its_reason_whatever_its_status)
{
	leaves_with("boom", 1);
}

TEST(client_gives_a_clean_reason)
{
	leaves_with("shutdown:done", 0);
}

/* A message for each one taken: this mailbox is never empty. */
TEST(client_timers_fire_in_a_busy_mailbox)
{
	int64_t until = now_ms() + SOON;
	gs_info info;
	gs_ref ref;

	node_up();
	post(GS_PID(self_pid()), "again");
	CHECK_OK(gs_send_after(20, GS_PID(self_pid()), GS_TEXT("late"), &ref));
	do {
		post(GS_PID(self_pid()), "again");
		CHECK_OK(gs_receive(&info, 0));
	} while (info.kind != GS_INFO_TIMER && now_ms() < until);
	CHECK_INT(info.kind, GS_INFO_TIMER);
	CHECK(info.ref.id == ref.id);
	node_down();
}

#define DEAD 200

/* Bells of the dead are let go of, so that a program does not run out. */
TEST(client_keeps_few_descriptors_of_dead_servers)
{
	int fds, i;

	node_up();
	stop(start(""));
	fds = test_fds();
	for (i = 0; i < DEAD; i++) {
		gs_pid pid = start("");

		settle(GS_PID(pid));
		CHECK_INT(kill(os_pid_of(GS_PID(pid)), SIGKILL), 0);
	}
	CHECK(test_fds() < fds + DEAD / 2);
	node_down();
}

/* ... and at once when one is met again. */
TEST(client_drops_the_bell_of_a_dead_server_it_meets)
{
	gs_pid pids[20];
	int fds, i;

	node_up();
	stop(start(""));
	fds = test_fds();
	for (i = 0; i < 20; i++) {
		pids[i] = start("");
		CHECK(wait_state(GS_PID(pids[i]), GS_STATE_WAITING));
		settle(GS_PID(pids[i]));
	}
	for (i = 0; i < 20; i++) {
		end_with(pids[i], "boom");
		CHECK_INT(gs_cast(GS_PID(pids[i]), GS_TEXT("x")), 0);
	}
	/* but for that of root, which may have been awake at first */
	CHECK(test_fds() <= fds + 1);
	node_down();
}
