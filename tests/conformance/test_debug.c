/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OPT, LOG, CONT: what the start option debug shows of a server.
 */
#include "tests/conformance/log.h"

#include <fcntl.h>

static gs_next
meter_init(void *state, gs_bytes argument)
{
	*(long *)state = gs_long(argument, 0);
	if (gs_is(argument, "later"))
		return gs_with_continue(gs_ok(), GS_TEXT("the rest"));
	return gs_ok();
}

static gs_next
meter_call(void *state, gs_bytes request, gs_from from)
{
	long *n = state;

	(void)from;
	if (gs_is(request, "stop"))
		return gs_next_stop_reply("read off", GS_TEXT("bye"));
	*n += gs_long(request, 0);
	return gs_next_reply(GS_STR("%ld", *n));
}

static gs_next
meter_cast(void *state, gs_bytes request)
{
	*(long *)state += gs_long(request, 1);
	return gs_with_timeout(gs_next_noreply(), 0);
}

static gs_next
meter_info(void *state, const gs_info *info)
{
	(void)state;
	(void)info;
	return gs_next_noreply();
}

static gs_next
meter_continue(void *state, gs_bytes argument)
{
	(void)argument;
	*(long *)state = 7;
	return gs_next_noreply();
}

static void
meter_format(const void *state, gs_status *status)
{
	status->text = GS_STR("at %ld", *(const long *)state);
}

static GS_SERVER(meter, .state_size = sizeof(long), .init = meter_init,
    .handle_call = meter_call, .handle_cast = meter_cast,
    .handle_info = meter_info, .handle_continue = meter_continue,
    .format_status = meter_format);

static gs_pid
start_meter(const char *argument, const char *debug)
{
	gs_options options = { .name = "meter", .debug = debug };
	gs_pid pid;

	CHECK_INT(gs_start(&meter, gs_text(argument), &options, &pid), 0);
	return pid;
}

static const char *
watched(void)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/watched", getenv("GS_RUNTIME_DIR"));
	return path;
}

/* The option log_to_file of that file. */
static const char *
to_file(const char *more)
{
	static char debug[400];

	snprintf(debug, sizeof(debug), "log_to_file(%s)%s", watched(), more);
	return debug;
}

static const char *
contents(void)
{
	static char text[8192];
	int fd = open(watched(), O_RDONLY | O_CLOEXEC);
	ssize_t n;

	CHECK(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	CHECK(n >= 0);
	close(fd);
	text[n] = '\0';
	return text;
}

/* Each event from the first message on, and nothing before it. */
TEST(OPT_04_log_to_file_has_every_event)
{
	char text[GS_PID_TEXT], want[1024];
	gs_pid pid;

	node_up_caught();
	pid = start_meter("5", to_file(",statistics"));
	CHECK_STR(contents(), "");
	CHECK_STR(ask(GS_PID(pid), "1"), "6");
	tell(GS_PID(pid), "2");
	CHECK_STR(ask(GS_PID(pid), "0"), "8");
	post(GS_PID(pid), "hello");
	CHECK_STR(ask(GS_PID(pid), "stop"), "bye");
	CHECK(wait_dead(pid));
	gs_pid_text(self_pid(), text);
	snprintf(want, sizeof(want),
	    "*DBG* meter got call 1 from %s\n"
	    "*DBG* meter sent 6 to %s, new state at 6\n"
	    "*DBG* meter got cast 2\n"
	    "*DBG* meter new state at 8\n",
	    text, text);
	CHECK(strncmp(contents(), want, strlen(want)) == 0);
	snprintf(want, sizeof(want),
	    "*DBG* meter got call 0 from %s\n"
	    "*DBG* meter sent 8 to %s, new state at 8\n"
	    "*DBG* meter got hello\n"
	    "*DBG* meter new state at 8\n"
	    "*DBG* meter got call stop from %s\n"
	    "*DBG* meter sent bye to %s, new state at 8\n",
	    text, text, text, text);
	CHECK(strstr(contents(), want));
	CHECK_OK(unlink(watched()));
	node_down();
}

TEST(OPT_04_log_to_file_truncates)
{
	gs_pid pid;

	node_up();
	pid = start_meter("5", to_file(""));
	CHECK_STR(ask(GS_PID(pid), "1"), "6");
	CHECK(*contents());
	stop(pid);
	start_meter("5", to_file(""));
	CHECK_STR(contents(), "");
	CHECK_OK(unlink(watched()));
	node_down();
}

TEST(CONT_09_continue_is_an_event_of_its_own)
{
	gs_pid pid;

	node_up();
	pid = start_meter("later", to_file(""));
	CHECK_STR(ask(GS_PID(pid), "0"), "7");
	CHECK(strncmp(contents(),
		  "*DBG* meter continue the rest\n"
		  "*DBG* meter new state at 7\n",
		  strlen("*DBG* meter continue the rest\n"
			 "*DBG* meter new state at 7\n")) == 0);
	CHECK_OK(unlink(watched()));
	node_down();
}

TEST(OPT_05_what_is_not_understood_is_reported_once)
{
	const char *line;
	gs_pid pid;

	named_node_up();
	pid = start_meter(
	    "5", "nonsense,,log_to_file(/nowhere/x),install(f),trace");
	CHECK_STR(ask(GS_PID(pid), "1"), "6");
	CHECK(wait_reports("debug", "meter", 1));
	line = report("debug", "meter");
	CHECK_STR(report_field(line, "level"), "warning");
	CHECK_STR(report_field(line, "ignored"),
	    "nonsense (no such word), log_to_file(/nowhere/x) "
	    "(No such file or directory), install(f) (no such function)");
	/* what was understood counts */
	CHECK(wait_reports("output", "meter", 2));
	CHECK(strstr(report("output", "meter"), "*DBG* meter got call 1 from"));
	CHECK_INT(reports("debug", NULL), 1);
	named_node_down();
}

TEST(LOG_05_the_report_has_the_events_that_were_kept)
{
	char text[GS_PID_TEXT], want[512];
	gs_pid pid;

	named_node_up();
	pid = start_meter("5", "log(3)");
	CHECK_STR(ask(GS_PID(pid), "1"), "6");
	CHECK_STR(ask(GS_PID(pid), "2"), "8");
	CHECK_STR(ask(GS_PID(pid), "stop"), "bye");
	CHECK(wait_reports("server_terminated", "meter", 1));
	gs_pid_text(self_pid(), text);
	snprintf(want, sizeof(want),
	    "sent 8 to %s, new state at 8\\n"
	    "got call stop from %s\\n"
	    "sent bye to %s, new state at 8",
	    text, text, text);
	CHECK_STR(
	    report_field(report("server_terminated", "meter"), "log"), want);
	CHECK(wait_dead(pid));
	start_meter("5", NULL);
	tell(GS_NAME("meter"), "1");
	CHECK_STR(ask(GS_NAME("meter"), "stop"), "bye");
	CHECK(wait_reports("server_terminated", "meter", 2));
	CHECK(!report_field(last_report("server_terminated", "meter"), "log"));
	named_node_down();
}

TEST(LOG_03_a_process_is_reported_beside_the_server)
{
	const char *line;
	gs_pid pid;

	named_node_up();
	pid = start_meter("5", NULL);
	CHECK_STR(ask(GS_PID(pid), "stop"), "bye");
	CHECK(wait_reports("crash_report", "meter", 1));
	line = report("crash_report", "meter");
	CHECK_STR(report_field(line, "level"), "error");
	CHECK_STR(report_field(line, "reason"), "read off");
	CHECK_STR(report_field(line, "initial_call"), "meter:init");
	CHECK_STR(report_field(line, "messages"), "0");
	CHECK_STR(report_field(line, "trap_exit"), "false");
	CHECK(!report_field(line, "ancestors"));
	CHECK(!report_field(line, "links"));
	CHECK(!report_field(line, "neighbours"));
	CHECK_INT(reports("server_terminated", "meter"), 1);
	named_node_down();
}

TEST(LOG_03_a_process_is_reported_with_its_kin)
{
	gs_pid top, middle, end, trapping;
	char ancestors[2 * GS_PID_TEXT], text[2][GS_PID_TEXT];
	const char *line, *links;

	named_node_up();
	top = start_named("trap 1", "top");
	middle = parsed(ask(GS_PID(top), "startlink middle trap 0;last"));
	trapping = start_named("trap 1", "trapping");
	end = parsed(ask(GS_PID(middle), "startlink end link trapping;last"));
	CHECK(gs_alive(end));
	tell(GS_PID(end), "label the end;gate 1;end boom");
	tell(GS_PID(end), "note never taken");
	gate_open(1);
	CHECK(wait_reports("crash_report", "end", 1));
	line = report("crash_report", "end");
	snprintf(ancestors, sizeof(ancestors), "%s %s",
	    gs_pid_text(middle, text[0]), gs_pid_text(top, text[1]));
	CHECK_STR(report_field(line, "ancestors"), ancestors);
	CHECK_STR(report_field(line, "messages"), "1");
	CHECK_STR(report_field(line, "label"), "the end");
	/* both links, but only who does not trap goes with it */
	links = report_field(line, "links");
	CHECK(links && strstr(links, gs_pid_text(middle, text[0])));
	links = report_field(line, "links");
	CHECK(strstr(links, gs_pid_text(trapping, text[1])));
	CHECK_STR(report_field(line, "neighbours"), text[0]);
	CHECK(wait_dead(middle));
	CHECK(gs_alive(trapping));
	named_node_down();
}
