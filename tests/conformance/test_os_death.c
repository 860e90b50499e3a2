/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OS: processes that die, one or many, and who learns of it how soon.
 */
#include "tests/conformance/helpers.h"

#include <sys/wait.h>

#define ROUNDS 5 /* as many and more until one has been quick */
#define TRIES 30
#define CALLERS 3

/* ---- one is killed inside a callback ---- */

struct other {
	const char *name;
	gs_pid was;
};

static bool
is_another(void *data)
{
	const struct other *o = data;
	gs_pid now;

	return gs_whereis(o->name, &now) == 0 && !gs_pid_equal(now, o->was);
}

/* EXIT and DOWN, in any order. */
static void
told_twice(const char *reason)
{
	bool exit = false, down = false;
	gs_info info;

	for (int i = 0; i < 2; i++) {
		CHECK_INT(gs_receive(&info, SOON), 0);
		CHECK_STR(info.reason, reason);
		exit = exit || info.kind == GS_INFO_EXIT;
		down = down || info.kind == GS_INFO_DOWN;
	}
	CHECK(exit && down);
}

static int
count_calling(const gs_process_info *info, void *data)
{
	*(int *)data += info->state == GS_STATE_CALLING;
	return 0;
}

static bool
all_call(void *data)
{
	int count = 0;

	(void)data;
	return gs_processes(count_calling, &count) >= 0 && count == CALLERS;
}

/* How many ms it takes until everybody knows. */
static int64_t
killed_once(void)
{
	static const int timeouts[CALLERS] = { PROMPT * 2, FOREVER,
		GS_INFINITY };
	struct caller callers[CALLERS];
	struct other o = { "x", { 0 } };
	gs_ref ref;
	int64_t from;

	CHECK_INT(gs_whereis("x", &o.was), 0);
	CHECK_INT(gs_link(GS_PID(o.was)), 0);
	CHECK_INT(gs_monitor(GS_PID(o.was), &ref), 0);
	for (int i = 0; i < CALLERS; i++)
		call_begin(
		    &callers[i], GS_NAME("x"), "note in;gate 1", timeouts[i]);
	CHECK(eventually(all_call, NULL, SOON));
	from = now_ms();
	CHECK_INT(kill(os_pid_of(GS_PID(o.was)), SIGKILL), 0);
	told_twice("killed");
	for (int i = 0; i < CALLERS; i++) {
		CHECK_INT(call_end(&callers[i]), -ECONNRESET);
		CHECK_STR(callers[i].reason, "killed");
	}
	CHECK(eventually(is_another, &o, SOON));
	return now_ms() - from;
}

/* Within 100 ms: once of a few times, since others use the machine too. */
TEST(OS_01_a_killed_server_is_known_to_all_at_once)
{
	int64_t best = INT64_MAX;
	gs_child_spec spec = { .behaviour = &puppet,
		.options.name = "x",
		.has_intensity = true,
		.max_restarts = 2 * TRIES,
		.max_seconds = 60 };
	gs_pid pid;

	node_up();
	CHECK_INT(gs_trap_exit(true), 0);
	CHECK_INT(gs_child_start(&spec, &pid), 0);
	for (int i = 0; i < ROUNDS || (i < TRIES && best > 100); i++) {
		int64_t took = killed_once();

		best = took < best ? took : best;
	}
	printf("# everybody knew after %d ms\n", (int)best);
	CHECK(best <= 100 || test_slow());
	node_down();
}

TEST(OS_02_the_report_of_a_crash_has_signal_and_message)
{
	static const int signals[] = { SIGSEGV, SIGABRT, SIGFPE, SIGBUS,
		SIGILL };
	char request[32], reason[32], line[64];

	node_up_caught();
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		gs_pid pid = start("");

		snprintf(request, sizeof(request), "raise %d", signals[i]);
		snprintf(reason, sizeof(reason), "signal:%d", signals[i]);
		CHECK_INT(gs_call(GS_PID(pid), GS_TEXT(request), NULL, SOON),
		    -ECONNRESET);
		CHECK_STR(gs_error_reason(), reason);
		snprintf(line, sizeof(line), "reason: %s", reason);
		CHECK(wait_caught(line));
		snprintf(line, sizeof(line), "last_message: %s", request);
		CHECK(wait_caught(line));
		CHECK_INT(caught_count(line), 1);
	}
	node_down();
}

/* ---- many at once ---- */

#define MANY 60

static pid_t
node_os_pid(void)
{
	gs_node_info info;

	CHECK_OK(gs_node_inspect(&info));
	return info.os_pid;
}

static int
count_restarts(const gs_child *child, void *data)
{
	int *counts = data;

	if (child->supervised) {
		counts[0] += child->state == GS_CHILD_RUNNING;
		counts[1] += (int)child->restarts;
	}
	return 0;
}

static bool
all_run_again(void *data)
{
	int counts[2] = { 0 };

	(void)data;
	return gs_children(count_restarts, counts) >= 0 && counts[0] == MANY &&
	       counts[1] == MANY;
}

static void
start_many(gs_pid *pids, pid_t *os_pids, gs_ref *refs)
{
	char name[16];

	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		pids[i] = start_child("", name, GS_PERMANENT);
		os_pids[i] = os_pid_of(GS_PID(pids[i]));
		CHECK_INT(gs_monitor(GS_PID(pids[i]), &refs[i]), 0);
	}
}

/* While the node cannot look: it finds them all dead in one round. */
static void
kill_many(const pid_t *os_pids)
{
	pid_t node = node_os_pid();

	CHECK_INT(kill(node, SIGSTOP), 0);
	CHECK(eventually(test_is_stopped, &node, SOON));
	for (int i = 0; i < MANY; i++)
		CHECK_INT(kill(os_pids[i], SIGKILL), 0);
	CHECK_INT(kill(node, SIGCONT), 0);
}

TEST(OS_08_many_that_die_at_once_are_each_noticed_once)
{
	static gs_pid pids[MANY];
	static pid_t os_pids[MANY];
	static gs_ref refs[MANY];
	static int seen[MANY];
	gs_info info;

	node_up();
	start_many(pids, os_pids, refs);
	kill_many(os_pids);
	for (int i = 0; i < MANY; i++) {
		CHECK_INT(gs_receive(&info, SOON), 0);
		CHECK_INT(info.kind, GS_INFO_DOWN);
		CHECK_STR(info.reason, "killed");
		for (int k = 0; k < MANY; k++)
			seen[k] += info.ref.id == refs[k].id;
	}
	for (int k = 0; k < MANY; k++)
		CHECK_INT(seen[k], 1);
	CHECK(eventually(all_run_again, NULL, FOREVER));
	CHECK(got_nothing());
	node_down();
}

/* ---- a helper that a callback has forked ---- */

static gs_next
forker_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

static gs_next
forker_call(void *state, gs_bytes request, gs_from from)
{
	pid_t helper = fork();

	(void)state;
	(void)request;
	(void)from;
	while (helper == 0)
		pause();
	return gs_next_reply(GS_STR("%d", (int)helper));
}

static GS_SERVER(forker, .init = forker_init, .handle_call = forker_call);

TEST(OS_13_a_helpers_life_keeps_nothing_of_a_dead_server)
{
	gs_child_spec spec = { .behaviour = &forker, .options.name = "x" };
	struct other o = { "x", { 0 } };
	pid_t helper;
	gs_bytes reply;
	gs_ref ref;

	node_up();
	CHECK_INT(gs_child_start(&spec, &o.was), 0);
	CHECK_INT(gs_call(GS_NAME("x"), GS_NONE, &reply, SOON), 0);
	helper = (pid_t)gs_long(reply, 0);
	CHECK(helper > 1);
	CHECK_INT(gs_monitor(GS_PID(o.was), &ref), 0);
	CHECK_INT(kill(os_pid_of(GS_PID(o.was)), SIGKILL), 0);
	CHECK(got(GS_INFO_DOWN, "killed", NULL));
	CHECK(!gs_alive(o.was));
	CHECK_INT(gs_call(GS_PID(o.was), GS_NONE, NULL, SOON), -ESRCH);
	CHECK(eventually(is_another, &o, SOON));
	/* it lives all the while */
	CHECK_INT(kill(helper, 0), 0);
	CHECK(!test_gone(helper));
	CHECK_INT(kill(helper, SIGKILL), 0);
	node_down();
}
