/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EXIT: monitors, and what is true when their DOWN can be read.
 */
#include "tests/conformance/helpers.h"

TEST(EXIT_17_exactly_one_DOWN_for_each_monitor)
{
	gs_ref refs[3];
	gs_info info;
	gs_pid pid;
	bool seen[3] = { false, false, false };
	int i, j;

	node_up();
	pid = start("");
	for (i = 0; i < 3; i++)
		CHECK_INT(gs_monitor(GS_PID(pid), &refs[i]), 0);
	CHECK(refs[0].id != refs[1].id && refs[1].id != refs[2].id);
	CHECK(got_nothing());
	end_with(pid, "boom");
	for (i = 0; i < 3; i++) {
		CHECK(got(GS_INFO_DOWN, "boom", &info));
		CHECK(gs_pid_equal(info.from, pid));
		for (j = 0; j < 3; j++)
			seen[j] |= info.ref.id == refs[j].id;
	}
	CHECK(seen[0] && seen[1] && seen[2]);
	CHECK(got_nothing());
	node_down();
}

TEST(EXIT_17_whatever_the_reason)
{
	static const struct {
		const char *script;
		const char *reason;
	} ends[] = { { "end normal", "normal" },
		{ "end shutdown:x", "shutdown:x" }, { "exit boom", "boom" },
		{ "raise 11", "signal:11" }, { "raise 9", "killed" },
		{ "_exit 3", "exit:3" } };
	gs_ref ref;
	gs_pid pid;
	size_t i;

	node_up();
	for (i = 0; i < 6; i++) {
		pid = start("");
		CHECK_INT(gs_monitor(GS_PID(pid), &ref), 0);
		tell(GS_PID(pid), ends[i].script);
		CHECK(got(GS_INFO_DOWN, ends[i].reason, NULL));
	}
	CHECK(got_nothing());
	node_down();
}

TEST(EXIT_18_monitoring_nobody_is_DOWN_noproc_at_once)
{
	gs_ref ref;
	gs_info info;
	gs_pid pid;

	node_up();
	pid = start("");
	stop(pid);
	CHECK_INT(gs_monitor(GS_PID(pid), &ref), 0);
	CHECK(got(GS_INFO_DOWN, "noproc", &info));
	CHECK_INT(info.ref.id, ref.id);
	CHECK(gs_pid_equal(info.from, pid));
	CHECK_INT(gs_monitor(GS_NAME("nobody"), &ref), 0);
	CHECK(got(GS_INFO_DOWN, "noproc", &info));
	CHECK_INT(info.ref.id, ref.id);
	CHECK(got_nothing());
	node_down();
}

TEST(EXIT_19_monitoring_a_name_binds_its_holder)
{
	gs_ref ref;
	gs_info info;
	gs_pid first, second;

	node_up();
	first = start_named("", "named");
	CHECK_INT(gs_monitor(GS_NAME("named"), &ref), 0);
	CHECK_STR(ask(GS_PID(first), "unregister named;last"), "0");
	second = start_named("", "named");
	end_with(second, "other");
	CHECK(got_nothing());
	end_with(first, "boom");
	CHECK(got(GS_INFO_DOWN, "boom", &info));
	CHECK(gs_pid_equal(info.from, first));
	CHECK(got_nothing());
	node_down();
}

TEST(EXIT_20_demonitor_with_flush_leaves_nothing)
{
	gs_ref ref, fence;
	gs_pid pid, other;
	int round;

	node_up();
	for (round = 0; round < 20; round++) {
		CHECK_INT(
		    gs_start_monitor(&puppet, GS_NONE, NULL, &pid, &ref), 0);
		CHECK_INT(gs_exit_signal(GS_PID(pid), "race"), 0);
		if (round % 2)
			CHECK(wait_dead(pid));
		CHECK_INT(gs_demonitor(ref, true), 0);
		CHECK_INT(gs_demonitor(ref, true), 0);
		CHECK_INT(gs_demonitor(ref, false), 0);
	}
	CHECK_INT(gs_start_monitor(&puppet, GS_NONE, NULL, &other, &fence), 0);
	end_with(other, "fence");
	CHECK(got(GS_INFO_DOWN, "fence", NULL));
	CHECK(got_nothing());
	node_down();
}

TEST(EXIT_20_demonitor_ends_only_that_monitor)
{
	gs_ref first, second;
	gs_info info;
	gs_pid pid;

	node_up();
	pid = start("");
	CHECK_INT(gs_monitor(GS_PID(pid), &first), 0);
	CHECK_INT(gs_monitor(GS_PID(pid), &second), 0);
	CHECK_INT(gs_demonitor(first, false), 0);
	end_with(pid, "boom");
	CHECK(got(GS_INFO_DOWN, "boom", &info));
	CHECK_INT(info.ref.id, second.id);
	CHECK(got_nothing());
	node_down();
}

TEST(EXIT_21_a_monitor_does_not_touch_its_target)
{
	gs_pid watcher, target;

	node_up();
	target = start_named("set 3", "target");
	watcher = start("monitor target");
	CHECK_STR(ask(GS_PID(target), "get"), "3");
	end_with(watcher, "boom");
	CHECK_STR(ask(GS_PID(target), "get"), "3");
	CHECK_INT(gs_links(target, NULL, 0), 0);
	CHECK(note_rest("terminate") == NULL);
	CHECK(note_rest("exit") == NULL);
	CHECK(note_rest("down") == NULL);
	stop(target);
	/* the watcher's slot, used again, hears nothing of it */
	settle(GS_PID(start("")));
	CHECK(note_rest("down") == NULL);
	node_down();
}

#define SENT 50

TEST(EXIT_22_what_it_sent_arrives_before_its_DOWN)
{
	char text[GS_PID_TEXT];
	char script[2000];
	gs_ref ref;
	gs_pid pid;
	int i, round, n;

	node_up();
	gs_pid_text(self_pid(), text);
	for (round = 0; round < 10; round++) {
		CHECK_INT(
		    gs_start_monitor(&puppet, GS_NONE, NULL, &pid, &ref), 0);
		n = 0;
		for (i = 0; i < SENT; i++)
			n += snprintf(script + n, sizeof(script) - (size_t)n,
			    "send %s last words;", text);
		snprintf(script + n, sizeof(script) - (size_t)n, "%s",
		    round % 2 ? "end boom" : "raise 9");
		tell(GS_PID(pid), script);
		for (i = 0; i < SENT; i++)
			CHECK(got(GS_INFO_MESSAGE, "last words", NULL));
		CHECK(got(GS_INFO_DOWN, round % 2 ? "boom" : "killed", NULL));
	}
	node_down();
}

/* One DOWN and one EXIT, in either order, both with this reason. */
static void
both_told(const char *reason)
{
	gs_info info;
	int kinds = 0;
	int i;

	for (i = 0; i < 2; i++) {
		CHECK_INT(gs_receive(&info, SOON), 0);
		CHECK_STR(info.reason, reason);
		kinds += info.kind;
	}
	CHECK_INT(kinds, GS_INFO_DOWN + GS_INFO_EXIT);
}

TEST(EXIT_23_deaths_without_user_code_are_told)
{
	static const int signals[] = { SIGKILL, SIGSEGV, SIGBUS, SIGABRT };
	static const char *const reasons[] = { "killed", "signal:11",
		"signal:7", "signal:6" };
	gs_ref ref;
	gs_pid pid;
	int64_t from;
	int i;

	node_up();
	CHECK_INT(gs_trap_exit(true), 0);
	for (i = 0; i < 4; i++) {
		CHECK_INT(try_start_link("", &pid), 0);
		CHECK_INT(gs_monitor(GS_PID(pid), &ref), 0);
		from = now_ms();
		CHECK_INT(kill(os_pid_of(GS_PID(pid)), signals[i]), 0);
		both_told(reasons[i]);
		CHECK(now_ms() - from < PROMPT);
	}
	CHECK(got_nothing());
	node_down();
}

TEST(EXIT_26_the_name_is_free_when_DOWN_can_be_read)
{
	gs_options options = { .name = "brief" };
	gs_ref ref;
	gs_pid pid;
	int round;

	node_up();
	for (round = 0; round < 50; round++) {
		CHECK_INT(
		    gs_start_monitor(&puppet, GS_NONE, &options, &pid, &ref),
		    0);
		if (round % 2)
			CHECK_INT(gs_exit_signal(GS_PID(pid), "boom"), 0);
		else
			tell(GS_PID(pid), "end boom");
		CHECK(got(GS_INFO_DOWN, "boom", NULL));
		CHECK(is_free("brief"));
		CHECK(!gs_alive(pid));
	}
	node_down();
}

/* Who has had a child stopped has its DOWN, if it monitors it. */
TEST(EXIT_17_DOWN_is_there_when_a_child_has_been_stopped)
{
	gs_info info;
	gs_ref ref;
	gs_pid pid;

	node_up();
	for (int i = 0; i < 200; i++) {
		pid = start_child("", "child", GS_TEMPORARY);
		CHECK_OK(gs_monitor(GS_PID(pid), &ref));
		CHECK_OK(gs_child_stop(GS_PID(pid), SOON));
		CHECK_OK(gs_receive(&info, 0));
		CHECK_INT(info.kind, GS_INFO_DOWN);
		CHECK(gs_pid_equal(info.from, pid));
	}
	node_down();
}
