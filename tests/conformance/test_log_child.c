/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LOG: what the root supervisor reports of its children.
 */
#include "tests/conformance/log.h"

#define SUPERVISOR "supervisor"

/* Its first report is of that context and reason. */
static void
reported(const char *name, const char *context, const char *reason)
{
	const char *line;

	CHECK(wait_reports(SUPERVISOR, name, 1));
	line = report(SUPERVISOR, name);
	CHECK_STR(report_field(line, "level"), "error");
	CHECK_STR(report_field(line, "context"), context);
	CHECK_STR(report_field(line, "reason"), reason);
	CHECK(strstr(line, "puppet") != NULL);
}

TEST(LOG_06_an_abnormal_end_of_a_child_is_reported)
{
	gs_process_info info;
	char text[GS_PID_TEXT];
	const char *line;

	named_node_up();
	start_child("", "t", GS_TRANSIENT);
	tell(GS_NAME("t"), "end boom");
	reported("t", "child_terminated", "boom");
	line = report(SUPERVISOR, "t");
	CHECK_STR(report_field(line, "child"), "puppet");
	CHECK_STR(report_field(line, "restart"), "transient");
	CHECK_STR(report_field(line, "shutdown"), "5000");
	CHECK(wait_child("t", GS_CHILD_RUNNING));
	CHECK_INT(gs_process_inspect(GS_NAME("t"), &info), 0);
	CHECK_STR(report_field(line, "supervisor"),
	    gs_pid_text(info.supervisor, text));
	start_child("", "e", GS_TEMPORARY);
	tell(GS_NAME("e"), "raise 11");
	reported("e", "child_terminated", "signal:11");
	named_node_down();
}

/* What happened stands before what was done about it. */
TEST(LOG_06_the_crash_is_reported_before_the_restart)
{
	gs_child_spec spec = { .behaviour = &puppet,
		.options.name = "victim",
		.has_intensity = true,
		.max_restarts = 1000,
		.max_seconds = 1 };
	char text[GS_PID_TEXT];
	gs_pid pid;

	named_node_up();
	CHECK_OK(gs_child_start(&spec, &pid));
	for (int i = 0; i < 20; i++) {
		CHECK_INT(gs_whereis("victim", &pid), 0);
		gs_pid_text(pid, text);
		CHECK_INT(kill(os_pid_of(GS_PID(pid)), SIGKILL), 0);
		CHECK(wait_reports(SUPERVISOR, text, 1));
		CHECK(wait_reports("crash", text, 1));
		CHECK_STR(report_field(report(NULL, text), "kind"), "crash");
		CHECK(wait_up("victim"));
	}
	named_node_down();
}

TEST(LOG_06_any_end_of_a_permanent_child_is_reported)
{
	named_node_up();
	start_child("", "p", GS_PERMANENT);
	tell(GS_NAME("p"), "end normal");
	reported("p", "child_terminated", "normal");
	named_node_down();
}

TEST(LOG_06_a_failed_start_is_reported)
{
	gs_child_spec spec = { .behaviour = &puppet,
		.argument = GS_TEXT("end unready"),
		.options.name = "s" };
	gs_pid pid;

	named_node_up();
	CHECK_INT(gs_child_start(&spec, &pid), -ECHILD);
	reported("s", "start_error", "unready");
	named_node_down();
}

TEST(LOG_06_a_failed_shutdown_is_reported)
{
	gs_child_spec spec = { .behaviour = &puppet,
		.argument = GS_TEXT("trap 1;at_end gate 1"),
		.options.name = "stuck",
		.shutdown = 100,
		.has_shutdown = true };
	gs_pid pid;

	named_node_up();
	CHECK_INT(gs_child_start(&spec, &pid), 0);
	CHECK_INT(gs_child_stop(GS_NAME("stuck"), FOREVER), 0);
	CHECK(!gs_alive(pid));
	reported("stuck", "shutdown_error", "killed");
	named_node_down();
}

TEST(LOG_06_reaching_the_limit_is_reported)
{
	const char *line;

	named_node_up();
	start_child("ok;continue gate 1;end boom", "loop", GS_PERMANENT);
	gate_open(1);
	CHECK(wait_child("loop", GS_CHILD_FAILED));
	CHECK(wait_reports(SUPERVISOR, "loop", 5));
	reported("loop", "child_terminated", "boom");
	CHECK_INT(reports(SUPERVISOR, "loop"), 5);
	line = last_report(SUPERVISOR, "loop");
	CHECK_STR(report_field(line, "context"), "shutdown");
	CHECK_STR(
	    report_field(line, "reason"), "reached_max_restart_intensity");
	named_node_down();
}

TEST(LOG_07_clean_ends_of_others_are_not_reported)
{
	named_node_up();
	start_child("", "a", GS_TRANSIENT);
	tell(GS_NAME("a"), "end normal");
	CHECK(wait_child("a", GS_CHILD_STOPPED));
	start_child("", "b", GS_TRANSIENT);
	tell(GS_NAME("b"), "end shutdown:x");
	CHECK(wait_child("b", GS_CHILD_STOPPED));
	start_child("", "c", GS_TEMPORARY);
	CHECK_INT(gs_stop(GS_NAME("c"), NULL, FOREVER), 0);
	start_child("", "d", GS_PERMANENT);
	CHECK_INT(gs_child_stop(GS_NAME("d"), FOREVER), 0);
	start_child("", "fence", GS_TEMPORARY);
	tell(GS_NAME("fence"), "end boom");
	reported("fence", "child_terminated", "boom");
	CHECK_INT(reports(SUPERVISOR, NULL), 1);
	named_node_down();
}

TEST(LOG_08_a_child_that_is_up_is_reported_at_level_info)
{
	gs_pid pid;
	const char *line;

	setenv("GS_LOG_LEVEL", "info", 1);
	named_node_up();
	start_named("", "not_a_child");
	pid = start_child("", "c", GS_PERMANENT);
	CHECK(wait_reports("progress", "c", 1));
	line = report("progress", "c");
	CHECK_STR(report_field(line, "level"), "info");
	CHECK(strstr(line, "puppet") != NULL);
	/* each start is one */
	CHECK_INT(kill(os_pid_of(GS_PID(pid)), SIGKILL), 0);
	CHECK(wait_reports("progress", "c", 2));
	CHECK(wait_up("c"));
	CHECK_INT(reports("progress", "not_a_child"), 0);
	named_node_down();
}

TEST(LOG_08_it_is_hidden_unless_it_is_asked_for)
{
	unsetenv("GS_LOG_LEVEL");
	named_node_up();
	start_child("", "c", GS_TEMPORARY);
	tell(GS_NAME("c"), "end boom");
	/* sent later, so written later */
	CHECK(wait_reports(SUPERVISOR, "c", 1));
	CHECK_INT(reports("progress", "c"), 0);
	named_node_down();
}
