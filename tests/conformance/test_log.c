/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LOG: what is reported, and what is not.
 */
#include "tests/conformance/log.h"

#include <sys/stat.h>

#define TERMINATED "server_terminated"
#define CRASH "crash" /* it ended without the library's loop */

/* Shows its state as text. */
static gs_next
shown_init(void *state, gs_bytes argument)
{
	*(long *)state = gs_long(argument, 0);
	return gs_ok();
}

static gs_next
shown_call(void *state, gs_bytes request, gs_from from)
{
	(void)from;
	++*(long *)state;
	if (gs_is(request, "crash"))
		raise(SIGSEGV);
	if (gs_is(request, "stop"))
		return gs_next_stop("called-off");
	gs_exit("left-off");
}

static void
shown_format(const void *state, gs_status *status)
{
	note("format %s %s",
	    status->kind == GS_STATUS_TERMINATE ? "terminate" : "normal",
	    status->reason);
	status->text = GS_STR("the number %ld", *(const long *)state);
}

static GS_SERVER(shown, .state_size = sizeof(long), .init = shown_init,
    .handle_call = shown_call, .format_status = shown_format);

static gs_pid
start_shown(const char *name)
{
	gs_options options = { .name = name };
	gs_pid pid;

	CHECK_INT(gs_start(&shown, GS_TEXT("41"), &options, &pid), 0);
	return pid;
}

TEST(LOG_01_an_abnormal_end_is_reported_once_with_everything)
{
	char text[GS_PID_TEXT];
	const char *line;

	named_node_up();
	start_shown("shown");
	CHECK_INT(gs_call(GS_NAME("shown"), GS_TEXT("stop"), NULL, FOREVER),
	    -ECONNRESET);
	CHECK(wait_reports(TERMINATED, "shown", 1));
	line = report(TERMINATED, "shown");
	field_has(line, "level", "error");
	field_has(line, "reason", "called-off");
	field_has(line, "last_message", "stop");
	field_has(line, "state", "the number 42");
	field_has(line, "client", gs_pid_text(self_pid(), text));
	CHECK_INT(notes("format terminate called-off"), 1);

	/* a second server, so that the first has surely been told of once */
	start_shown("after");
	CHECK_INT(gs_call(GS_NAME("after"), GS_TEXT("exit"), NULL, FOREVER),
	    -ECONNRESET);
	CHECK(wait_reports(TERMINATED, "after", 1));
	line = report(TERMINATED, "after");
	field_has(line, "reason", "left-off");
	field_has(line, "state", "the number 41");
	CHECK_INT(reports(TERMINATED, "shown"), 1);
	named_node_down();
}

TEST(LOG_01_a_crash_is_reported)
{
	char text[GS_PID_TEXT];
	const char *line;

	named_node_up();
	start_shown("crasher");
	CHECK_INT(gs_call(GS_NAME("crasher"), GS_TEXT("crash"), NULL, FOREVER),
	    -ECONNRESET);
	CHECK(wait_reports(CRASH, "crasher", 1));
	line = report(CRASH, "crasher");
	field_has(line, "level", "error");
	field_has(line, "reason", "signal:11");
	field_has(line, "last_message", "crash");
	field_has(line, "client", gs_pid_text(self_pid(), text));
	named_node_down();
}

TEST(LOG_01_other_abnormal_ends_are_reported)
{
	static const struct {
		const char *script;
		const char *reason;
		const char *kind;
	} ends[] = {
		{ "end boom", "boom", TERMINATED },
		{ "exit bang", "bang", TERMINATED },
		{ "garbage", "bad_return_value", TERMINATED },
		{ "raise 9", "killed", CRASH },
		{ "_exit 4", "exit:4", CRASH },
		{ "raise 6", "signal:6", CRASH },
	};
	char name[16];
	size_t i;

	named_node_up();
	for (i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "end-%zu", i);
		start_named("", name);
		tell(GS_NAME(name), ends[i].script);
		CHECK(wait_reports(ends[i].kind, name, 1));
		field_has(report(ends[i].kind, name), "reason", ends[i].reason);
		CHECK_INT(reports(CRASH, name) + reports(TERMINATED, name), 1);
	}
	named_node_down();
}

/* CALL-24, CAST-07, TMO-07 */
TEST(LOG_01_the_report_of_a_bad_verdict_says_what_was_wrong_with_it)
{
	static const struct {
		const char *script;
		bool call;
		const char *returned;
	} bad[] = {
		{ "reply x", false,
		    "handle_cast: reply, which is not one of noreply or stop" },
		{ "ok", true,
		    "handle_call: ok, which is not one of reply, noreply or "
		    "stop" },
		{ "garbage", true,
		    "handle_call: what none of the verdict functions has "
		    "made" },
		{ "timeout -1", false,
		    "handle_cast: noreply with a time-out that is negative" },
		{ "end x;hibernate", false,
		    "handle_cast: stop with an action, which only ok, reply "
		    "and noreply take" },
		{ "continue reply y", false,
		    "handle_continue: reply, which is not one of" },
	};
	char name[16];

	named_node_up();
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(name, sizeof(name), "bad-%zu", i);
		start_named("", name);
		if (bad[i].call)
			CHECK_INT(gs_call(GS_NAME(name), GS_TEXT(bad[i].script),
				      NULL, FOREVER),
			    -ECONNRESET);
		else
			tell(GS_NAME(name), bad[i].script);
		CHECK(wait_reports(TERMINATED, name, 1));
		field_has(
		    report(TERMINATED, name), "returned", bad[i].returned);
	}
	CHECK_INT(try_start("reply x", "bad-init"), -ECHILD);
	CHECK(wait_reports(CRASH, "bad-init", 1));
	field_has(report(CRASH, "bad-init"), "returned",
	    "init: reply, which is not one of ok, ignore, error or stop");
	named_node_down();
}

TEST(LOG_02_clean_ends_are_not_reported)
{
	gs_pid a, parent;

	named_node_up();
	start_named("", "q1");
	tell(GS_NAME("q1"), "end normal");
	start_named("", "q2");
	tell(GS_NAME("q2"), "exit shutdown");
	start_named("", "q3");
	tell(GS_NAME("q3"), "end shutdown:for a reason");
	a = start_named("", "q4");
	CHECK_INT(gs_stop(GS_PID(a), NULL, FOREVER), 0);
	a = start_named("", "q5");
	CHECK_INT(gs_stop(GS_PID(a), "shutdown:x", FOREVER), 0);
	a = start_named("", "q6");
	end_with(a, "shutdown");
	a = start_named("trap 1", "q7");
	stop(a);
	parent = start_named("startlink q8 trap 1", "q9");
	end_with(parent, "shutdown");
	CHECK_INT(try_start("ignore", "q10"), -ECANCELED);
	start_named("", "q11");
	tell(GS_NAME("q11"), "_exit 0");
	start_named("", "fence");
	tell(GS_NAME("fence"), "end boom");
	CHECK(wait_reports(TERMINATED, "fence", 1));
	CHECK_INT(reports(TERMINATED, NULL), 1);
	CHECK_INT(reports(CRASH, NULL), 0);
	named_node_down();
}

TEST(LOG_04_an_abnormal_stop_on_request_is_reported)
{
	const char *line;
	gs_pid pid;

	named_node_up();
	pid = start_named("set 3", "asked");
	CHECK_INT(gs_stop(GS_PID(pid), "because", FOREVER), 0);
	CHECK(wait_reports(TERMINATED, "asked", 1));
	line = report(TERMINATED, "asked");
	field_has(line, "level", "error");
	field_has(line, "reason", "because");
	named_node_down();
}

static gs_next
warned_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

static gs_next
warned_call(void *state, gs_bytes request, gs_from from)
{
	(void)state;
	(void)from;
	return gs_next_reply(request);
}

static GS_SERVER(warned, .init = warned_init, .handle_call = warned_call);

TEST(LOG_09_an_unhandled_message_is_warned_of_once)
{
	gs_options options = { .name = "deaf" };
	const char *line;
	gs_pid pid;
	char whole[1024];

	named_node_up();
	CHECK_INT(gs_start(&warned, GS_NONE, &options, &pid), 0);
	CHECK_STR(ask(GS_PID(pid), "x"), "x");
	CHECK_INT(reports("unhandled_info", NULL), 0);
	post(GS_PID(pid), "unheard");
	CHECK(wait_reports("unhandled_info", "deaf", 1));
	line = report("unhandled_info", "deaf");
	field_has(line, "level", "warning");
	snprintf(whole, sizeof(whole), "%s", line);
	CHECK(strstr(whole, "unheard"));
	CHECK(strstr(whole, "warned"));
	CHECK_STR(ask(GS_PID(pid), "x"), "x");
	/* each message has its own, and no other */
	post(GS_PID(pid), "again");
	CHECK(wait_reports("unhandled_info", "deaf", 2));
	CHECK_STR(ask(GS_PID(pid), "x"), "x");
	CHECK_INT(reports("unhandled_info", NULL), 2);
	CHECK_INT(reports(TERMINATED, NULL), 0);
	named_node_down();
}

TEST(LOG_11_a_label_appears_in_the_report)
{
	gs_process_info info;
	gs_pid pid;

	named_node_up();
	pid = start_named("label the-label", "labelled");
	CHECK_INT(gs_process_inspect(GS_PID(pid), &info), 0);
	CHECK_STR(info.label, "the-label");
	tell(GS_PID(pid), "end boom");
	CHECK(wait_reports(TERMINATED, "labelled", 1));
	field_has(report(TERMINATED, "labelled"), "label", "the-label");
	CHECK(wait_reports("crash_report", "labelled", 1));
	field_has(report("crash_report", "labelled"), "label", "the-label");
	named_node_down();
}

TEST(LOG_13_a_lost_log_does_not_harm_anybody)
{
	gs_node_info node;
	gs_pid pid;
	int i;

	named_node_up();
	CHECK_INT(gs_node_inspect(&node), 0);
	CHECK(node.log[0]);
	CHECK_INT(unlink(node.log), 0);
	for (i = 0; i < 50; i++) {
		pid = start("");
		tell(GS_PID(pid), "end boom");
		CHECK(wait_dead(pid));
	}
	pid = start("set 3");
	CHECK_STR(ask(GS_PID(pid), "get"), "3");
	named_node_down();
}
