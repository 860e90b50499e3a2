/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node or its root supervisor is stopped (SIGSTOP, a debugger, a busy
 * machine) while others go on: time limits hold, servers serve, programs end,
 * and what was asked meanwhile is carried out as if it had come in time.
 */
#include "tests/conformance/helpers.h"

static void
halt(pid_t pid)
{
	CHECK_INT(kill(pid, SIGSTOP), 0);
	CHECK(eventually(test_is_stopped, &pid, SOON));
}

static void
go_on(pid_t pid)
{
	CHECK_INT(kill(pid, SIGCONT), 0);
}

static pid_t
node_os_pid(void)
{
	gs_node_info info;

	CHECK_OK(gs_node_inspect(&info));
	return info.os_pid;
}

static int
find_root(const gs_process_info *info, void *data)
{
	if (info->kind != GS_PROCESS_SUPERVISOR)
		return 0;
	*(gs_process_info *)data = *info;
	return 1;
}

static gs_process_info
root(void)
{
	gs_process_info info = { 0 };

	CHECK_INT(gs_processes(find_root, &info), 1);
	CHECK(info.os_pid > 1);
	return info;
}

static bool
time_is_over(void *deadline)
{
	return now_ms() > *(int64_t *)deadline;
}

/* ---- the node ---- */

TEST(stopped_node_does_not_hold_up_a_time_limit)
{
	pid_t node;
	int64_t from;
	gs_pid pid;
	int status;

	node_up();
	pid = start("");
	CHECK(wait_state(GS_PID(pid), GS_STATE_WAITING));
	node = node_os_pid();
	halt(node);
	/* the first call: its bell would have to come from the node */
	from = now_ms();
	status = gs_call(GS_PID(pid), GS_TEXT(""), NULL, 300);
	CHECK(now_ms() - from < PROMPT);
	CHECK(status == 0 || status == -ETIMEDOUT);
	go_on(node);
	CHECK_STR(ask(GS_PID(pid), "reply here"), "here");
	node_down();
}

struct acquaintance {
	gs_pid pid;
	int fds;
};

/* Its bell is here: it can be rung without the node. */
static bool
bell_is_here(void *data)
{
	const struct acquaintance *a = data;

	settle(GS_PID(a->pid));
	return test_fds() > a->fds;
}

TEST(stopped_node_does_not_stop_servers_after_a_burst)
{
	static char large[20000];
	struct acquaintance a;
	int64_t idle;
	pid_t node;
	gs_pid pid;
	int i;

	node_up();
	a.pid = pid = start("");
	a.fds = test_fds();
	CHECK(eventually(bell_is_here, &a, SOON));
	node = node_os_pid();
	for (i = 0; i < 30; i++)
		CHECK_INT(gs_cast(GS_PID(pid), GS_BYTES(large, 20000)), 0);
	halt(node);
	settle(GS_PID(pid));
	/* each time long enough to give the memory of a burst back, or try */
	for (i = 0; i < 12; i++) {
		tell(GS_PID(pid), "note x");
		settle(GS_PID(pid));
		idle = now_ms() + 150;
		CHECK(eventually(time_is_over, &idle, SOON));
	}
	CHECK_INT(gs_call(GS_PID(pid), GS_TEXT("reply a"), NULL, PROMPT), 0);
	go_on(node);
	node_down();
}

/* More than the node's ring of requests holds of what each of them asks. */
TEST(stopped_node_does_not_hold_up_stops)
{
	pid_t node;
	gs_pid pid;

	node_up();
	pid = start("");
	CHECK(wait_state(GS_PID(pid), GS_STATE_WAITING));
	node = node_os_pid();
	halt(node);
	for (int i = 0; i < 12; i++) {
		int64_t from = now_ms();

		CHECK_INT(gs_stop(GS_PID(pid), "normal", 50), -ETIMEDOUT);
		CHECK(now_ms() - from < 1000);
	}
	CHECK(gs_alive(pid));
	go_on(node);
	/* what was said before the time was over has been said */
	CHECK(wait_dead(pid));
	CHECK(got_nothing());
	stop(start(""));
	node_down();
}

/* A thread that is nothing in the node yet has to become something first. */
TEST(stopped_node_does_not_hold_up_a_new_thread)
{
	struct caller caller = { 0 };
	struct stopper stopper = { 0 };
	pid_t node;
	gs_pid pid;

	node_up();
	pid = start("");
	node = node_os_pid();
	halt(node);
	call_begin(&caller, GS_PID(pid), "reply x", 100);
	CHECK_INT(call_end(&caller), -ETIMEDOUT);
	CHECK_STR(caller.reason, "timeout");
	CHECK(caller.took < PROMPT);
	stop_begin(&stopper, pid, "normal", 100);
	CHECK_INT(stop_end(&stopper), -ETIMEDOUT);
	go_on(node);
	call_begin(&caller, GS_PID(pid), "reply x", SOON);
	CHECK_INT(call_end(&caller), 0);
	CHECK_STR(caller.reply, "x");
	node_down();
}

/* Between two roots: the next one does not come while the node is stopped. */
TEST(stopped_node_without_a_root_does_not_hold_up_a_time_limit)
{
	gs_process_info info;
	int64_t from;
	pid_t node;

	node_up();
	start_child("", "x", GS_PERMANENT);
	node = node_os_pid();
	/* from the fourth on it takes a breath before it forks the next */
	for (int i = 0; i < 4; i++)
		replace_root();
	info = root_process();
	CHECK_INT(kill(info.os_pid, SIGKILL), 0);
	CHECK(wait_dead(info.pid));
	halt(node);
	from = now_ms();
	CHECK(gs_child_stop(GS_NAME("x"), 50) < 0);
	CHECK(now_ms() - from < 1000);
	go_on(node);
	node_down();
}

/* ---- the root supervisor ---- */

struct child_starter {
	pthread_t thread;
	gs_pid pid;
	int result;
};

static void *
start_x(void *data)
{
	struct child_starter *s = data;
	gs_child_spec spec = { .behaviour = &puppet, .options.name = "x" };

	s->result = gs_child_start(&spec, &s->pid);
	return NULL;
}

static int
count_x(const gs_child *child, void *data)
{
	if (strcmp(child->id, "x") == 0)
		++*(int *)data;
	return 0;
}

/*
 * "Start it if it is not there", when its end is known to the node and not to
 * the root: it comes back by itself and has no twin.
 */
TEST(stopped_root_makes_no_twin_of_a_child_that_has_died)
{
	struct child_starter starter;
	gs_process_info info;
	int count = 0;
	gs_pid x;

	node_up();
	x = start_child("", "x", GS_PERMANENT);
	info = root();
	halt(info.os_pid);
	CHECK_INT(pthread_create(&starter.thread, NULL, start_x, &starter), 0);
	CHECK(wait_queue(GS_PID(info.pid), 1));
	CHECK_INT(kill(os_pid_of(GS_PID(x)), SIGKILL), 0);
	CHECK(wait_dead(x));
	go_on(info.os_pid);
	CHECK_INT(pthread_join(starter.thread, NULL), 0);
	CHECK_INT(starter.result, -EEXIST);
	CHECK_INT(gs_wait_up(GS_NAME("x"), SOON), 0);
	CHECK(wait_child("x", GS_CHILD_RUNNING));
	CHECK_INT(gs_children(count_x, &count), 0);
	CHECK_INT(count, 1);
	CHECK_INT(server_count(), 1);
	node_down();
}

static pid_t *node_seen; /* shared */

static void
stop_root_and(void *last)
{
	CHECK_OK(gs_node_open(NULL, 0));
	*node_seen = node_os_pid();
	halt(root().os_pid);
	((void (*)(void))(uintptr_t)last)();
}

static void
kill_oneself(void)
{
	raise(SIGKILL);
}

static bool
node_is_gone(void *data)
{
	(void)data;
	return test_gone(*node_seen);
}

TEST(stopped_root_does_not_keep_a_program_from_ending)
{
	pid_t pid;

	node_seen = test_shared(sizeof(*node_seen));
	pid = test_fork(stop_root_and, (void *)(uintptr_t)gs_node_close);
	test_join(pid);
	CHECK(eventually(node_is_gone, NULL, SOON));
}

TEST(stopped_root_does_not_outlive_a_killed_program)
{
	pid_t pid;

	node_seen = test_shared(sizeof(*node_seen));
	pid = test_fork(stop_root_and, (void *)(uintptr_t)kill_oneself);
	CHECK_INT(test_wait(pid), SIGKILL);
	CHECK(eventually(node_is_gone, NULL, SOON));
}
