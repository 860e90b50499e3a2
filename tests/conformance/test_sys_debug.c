/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SYS: the events of a server, written out as they come.
 */
#include "tests/conformance/log.h"
#include "tests/conformance/meter.h"

#include <sys/resource.h>
#include <sys/stat.h>

/* Of each kind one, and what is seen of them. */
static void
do_all(gs_addr to)
{
	CHECK_STR(ask(to, "1"), "6");
	tell(to, "2");
	post(to, "hello");
	handled(to);
}

static const char *
seen_of_all(void)
{
	static char want[1024];
	char me[GS_PID_TEXT];

	gs_pid_text(self_pid(), me);
	snprintf(want, sizeof(want),
	    "*DBG* meter got call 1 from %s\n"
	    "*DBG* meter sent 6 to %s, new state at 6\n"
	    "*DBG* meter got cast 2\n"
	    "*DBG* meter new state at 8\n"
	    "*DBG* meter got hello\n"
	    "*DBG* meter new state at 8\n",
	    me, me);
	return want;
}

/* ---- trace ---- */

/* The next messages are these lines. */
static void
got_lines(const char *lines)
{
	char line[256];

	while (*lines) {
		size_t n = strcspn(lines, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)n, lines);
		CHECK(got(GS_INFO_MESSAGE, line, NULL));
		lines += n + 1;
	}
}

TEST(SYS_12_trace_writes_a_line_for_each_event)
{
	char me[GS_PID_TEXT], line[256];
	gs_addr to;

	named_node_up();
	to = start_meter(NULL);
	CHECK_STR(ask(to, "0"), "5");
	CHECK_OK(gs_sys_trace(to, true, SOON));
	CHECK_STR(ask(to, "1"), "6");
	CHECK(wait_reports("output", "meter", 2));
	gs_pid_text(self_pid(), me);
	snprintf(line, sizeof(line), "*DBG* meter got call 1 from %s", me);
	CHECK_STR(report_field(report("output", "meter"), "text"), line);
	snprintf(
	    line, sizeof(line), "*DBG* meter sent 6 to %s, new state at 6", me);
	CHECK_STR(report_field(last_report("output", "meter"), "text"), line);
	tell(to, "2");
	CHECK(wait_reports("output", "meter", 4));
	CHECK_STR(report_field(last_report("output", "meter"), "text"),
	    "*DBG* meter new state at 8");
	CHECK_OK(gs_sys_trace(to, false, SOON));
	tell(to, "1");
	/* one line later than anything of the cast */
	CHECK_OK(gs_sys_trace(to, true, SOON));
	post(to, "mark");
	CHECK(wait_reports("output", "meter", 6));
	CHECK_INT(reports("output", "meter"), 6);
	CHECK_STR(report_field(last_report("output", "meter"), "text"),
	    "*DBG* meter new state at 9");
	named_node_down();
}

TEST(SYS_12_trace_to_a_client)
{
	gs_addr to;

	node_up();
	to = start_meter(NULL);
	CHECK_OK(gs_sys_trace_to_me(to, true, SOON));
	/* twice is not double */
	CHECK_OK(gs_sys_trace_to_me(to, true, SOON));
	do_all(to);
	got_lines(seen_of_all());
	CHECK_OK(gs_sys_trace_to_me(to, false, SOON));
	while (gs_receive(&(gs_info){ 0 }, 0) == 0)
		continue;
	tell(to, "1");
	CHECK_OK(gs_sys_trace_to_me(to, false, SOON));
	CHECK(got_nothing());
	node_down();
}

TEST(SYS_12_the_end_of_a_trace_is_an_empty_message)
{
	gs_info info;
	gs_addr to;

	node_up();
	to = start_meter(NULL);
	CHECK_OK(gs_sys_trace_to_me(to, true, SOON));
	CHECK_OK(gs_sys_no_debug(to, SOON));
	CHECK_OK(gs_receive(&info, SOON));
	CHECK_INT(info.kind, GS_INFO_MESSAGE);
	CHECK_INT(info.body.size, 0);
	tell(to, "1");
	CHECK(got_nothing());
	node_down();
}

/* SYS-14 */
TEST(SYS_13_a_log_of_too_many_or_too_few_is_refused_with_the_range)
{
	gs_addr to;

	node_up();
	to = start_meter(NULL);
	CHECK_INT(gs_sys_log(to, 1025, SOON), -EINVAL);
	CHECK_STR(
	    gs_error_text(), "sys_log: 1025 events: 0 to 1024 can be kept");
	CHECK_INT(gs_sys_log(to, -1, SOON), -EINVAL);
	CHECK_OK(gs_sys_log(to, 1024, SOON));
	node_down();
}

/* Who does not read his events loses some and is told how many. */
TEST(SYS_12_a_client_that_does_not_read_holds_nobody_up)
{
	gs_info info;
	char body[256];
	unsigned long seen = 0, dropped = 0, n;
	gs_addr to;

	node_up();
	to = start_meter(NULL);
	CHECK_OK(gs_sys_trace_to_me(to, true, SOON));
	for (int i = 0; i < 20000; i++)
		CHECK_OK(gs_cast_wait(to, GS_TEXT("0"), SOON));
	handled(to);
	while (gs_receive(&info, 0) == 0)
		seen++;
	CHECK(seen < 40000);
	/* the next event has room */
	tell(to, "0");
	handled(to);
	while (gs_receive(&info, 0) == 0) {
		gs_string(info.body, body, sizeof(body));
		if (sscanf(body, "*DBG* meter %lu events dropped", &n) == 1)
			dropped += n;
		else
			seen++;
	}
	CHECK(dropped > 0);
	CHECK_INT(seen + dropped, 2 * 20001);
	node_down();
}

/* ---- log_to_file ---- */

TEST(SYS_15_log_to_file_is_complete_when_it_is_off)
{
	char link[300], at[64];
	gs_addr to;
	int os_pid;
	ssize_t n;

	node_up();
	to = start_meter(NULL);
	os_pid = os_pid_of(to);
	for (int round = 0; round < 2; round++) {
		CHECK_OK(gs_sys_log_to_file(to, watched(), SOON));
		/* truncated */
		CHECK_STR(contents(), "");
		do_all(to);
		CHECK_OK(gs_sys_log_to_file(to, NULL, SOON));
		CHECK_STR(contents(), seen_of_all());
		n = (ssize_t)strlen(contents());
		tell(to, "2");
		CHECK_OK(gs_sys_replace_state(to, NULL,
		    gs_bytes_of(&(long){ 5 }, sizeof(long)), NULL, SOON));
		CHECK_INT(strlen(contents()), n);
		for (int fd = 3; fd < 100; fd++) {
			snprintf(at, sizeof(at), "/proc/%d/fd/%d", os_pid, fd);
			n = readlink(at, link, sizeof(link) - 1);
			link[n < 0 ? 0 : n] = '\0';
			CHECK(strcmp(link, watched()) != 0);
		}
	}
	CHECK_OK(gs_sys_log_to_file(to, NULL, SOON));
	CHECK_OK(unlink(watched()));
	node_down();
}

/* SYS-16 */
TEST(SYS_15_a_file_that_cannot_be_had_is_an_error)
{
	char fifo[300], longest[5000];
	gs_sys_status status;
	gs_addr to;

	node_up();
	to = start_meter(NULL);
	CHECK_OK(gs_sys_log_to_file(to, watched(), SOON));
	CHECK_INT(gs_sys_log_to_file(to, "/nowhere/x", SOON), -ENOENT);
	CHECK_STR(gs_error_reason(), "open_file: No such file or directory");
	tell(to, "1");
	CHECK_OK(gs_sys_get_status(to, &status, SOON));
	CHECK_STR(status.debug, "");
	CHECK_STR(contents(), "");
	CHECK_INT(gs_sys_log_to_file(to, "/", SOON), -EISDIR);
	/* nobody reads it */
	snprintf(fifo, sizeof(fifo), "%s.fifo", watched());
	CHECK_OK(mkfifo(fifo, 0600));
	CHECK_INT(gs_sys_log_to_file(to, fifo, SOON), -ENXIO);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	CHECK(gs_sys_log_to_file(to, longest, SOON) < 0);
	CHECK(gs_sys_log_to_file(to, "", SOON) < 0);
	CHECK_STR(ask(to, "0"), "6");
	CHECK_OK(unlink(fifo));
	CHECK_OK(unlink(watched()));
	node_down();
}

TEST(SYS_15_a_disk_that_is_full_costs_the_file_and_nothing_else)
{
	gs_sys_status status;
	const char *line;
	gs_addr to;

	named_node_up();
	to = start_meter(NULL);
	CHECK_OK(gs_sys_log_to_file(to, "/dev/full", SOON));
	CHECK_OK(gs_sys_log(to, 2, SOON));
	CHECK_STR(ask(to, "1"), "6");
	tell(to, "1");
	CHECK(wait_reports("debug", "meter", 1));
	line = report("debug", "meter");
	CHECK_STR(report_field(line, "level"), "warning");
	CHECK_STR(report_field(line, "text"),
	    "log_to_file: no space left; the file is closed");
	CHECK_STR(report_field(line, "path"), "/dev/full");
	CHECK_OK(gs_sys_get_status(to, &status, SOON));
	CHECK_STR(status.debug, "log(2)");
	CHECK_STR(status.log, "got cast 1\nnew state at 7");
	CHECK_INT(reports("debug", NULL), 1);
	/* alone, it is all there was to switch off */
	CHECK_OK(gs_sys_log(to, 0, SOON));
	CHECK_OK(gs_sys_log_to_file(to, "/dev/full", SOON));
	CHECK_STR(ask(to, "1"), "8");
	CHECK(wait_reports("debug", "meter", 2));
	CHECK_STR(ask(to, "1"), "9");
	CHECK_OK(gs_sys_get_status(to, &status, SOON));
	CHECK_STR(status.debug, "");
	named_node_down();
}

/* SYS-15: nor does the system's signal for it end the server. */
TEST(SYS_15_the_limit_of_a_file_s_size_costs_the_file_and_nothing_else)
{
	const struct rlimit one = { 1, RLIM_INFINITY };
	gs_sys_status status;
	const char *line;
	gs_addr to;

	named_node_up();
	to = start_meter(NULL);
	CHECK_OK(gs_sys_log_to_file(to, watched(), SOON));
	CHECK_OK(prlimit(os_pid_of(to), RLIMIT_FSIZE, &one, NULL));
	CHECK_STR(ask(to, "1"), "6");
	CHECK(wait_reports("debug", "meter", 1));
	line = report("debug", "meter");
	CHECK_STR(report_field(line, "text"),
	    "log_to_file: the limit of a file's size is reached; "
	    "the file is closed");
	CHECK_STR(report_field(line, "path"), watched());
	CHECK_STR(contents(), "*");
	CHECK_STR(ask(to, "1"), "7");
	CHECK_OK(gs_sys_get_status(to, &status, SOON));
	CHECK_STR(status.debug, "");
	CHECK_OK(unlink(watched()));
	named_node_down();
}
