/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SYS: format_status, for who looks and for the report of the end.
 */
#include "tests/conformance/log.h"

#define TERMINATED "server_terminated"

/* A state with something to hide; mode is what format_status does. */
struct safe {
	char secret[32];
	char mode[32];
};

static gs_next
safe_init(void *state, gs_bytes argument)
{
	struct safe *safe = state;

	snprintf(safe->secret, sizeof(safe->secret), "hush");
	gs_string(argument, safe->mode, sizeof(safe->mode));
	return gs_ok();
}

static gs_next
safe_call(void *state, gs_bytes request, gs_from from)
{
	struct safe *safe = state;

	(void)from;
	if (gs_is(request, "end hush"))
		return gs_next_stop("end hush");
	gs_string(request, safe->mode, sizeof(safe->mode));
	return gs_next_reply(GS_TEXT("ok"));
}

static gs_next
safe_cast(void *state, gs_bytes request)
{
	(void)state;
	(void)request;
	return gs_next_noreply();
}

static void
safe_format(const void *state, gs_status *status)
{
	const struct safe *safe = state;
	bool ends = status->kind == GS_STATUS_TERMINATE;

	note("format %d %s", status->kind, status->reason);
	if (strcmp(safe->mode, "exit") == 0)
		gs_exit("no status");
	if (strcmp(safe->mode, "crash") == 0)
		raise(SIGSEGV);
	if (strcmp(safe->mode, "crash at the end") == 0 && ends)
		raise(SIGSEGV);
	if (strcmp(safe->mode, "nothing") == 0)
		return;
	status->text = GS_STR("a safe, %s", ends ? "at its end" : "closed");
	if (strcmp(safe->mode, "all") != 0)
		return;
	status->message = GS_TEXT("some message");
	status->reason = "some reason";
	status->log = GS_TEXT("first line\nsecond line");
}

static GS_SERVER(safe, .state_size = sizeof(struct safe), .init = safe_init,
    .handle_call = safe_call, .handle_cast = safe_cast,
    .format_status = safe_format);

static gs_addr
start_safe(const char *mode, const char *debug)
{
	gs_options options = { .name = "safe", .debug = debug };
	gs_pid pid;

	CHECK_OK(gs_start(&safe, gs_text(mode), &options, &pid));
	return GS_PID(pid);
}

static gs_sys_status
status_of(gs_addr to)
{
	gs_sys_status status;

	CHECK_OK(gs_sys_get_status(to, &status, SOON));
	return status;
}

/* Ends it; the caller gets the true reason. */
static const char *
report_of_end(gs_addr to)
{
	gs_reqid id;

	CHECK_OK(gs_send_request(to, GS_TEXT("end hush"), &id));
	CHECK_INT(gs_receive_response(id, NULL, FOREVER), -ECONNRESET);
	CHECK_STR(gs_error_reason(), "end hush");
	CHECK(wait_reports(TERMINATED, "safe", 1));
	return report(TERMINATED, "safe");
}

TEST(SYS_07_format_status_has_the_say_on_the_state)
{
	const char *line;
	gs_addr to;

	named_node_up();
	to = start_safe("", NULL);
	CHECK_STR(status_of(to).state, "a safe, closed");
	CHECK_INT(notes("format 1 "), 1);
	line = report_of_end(to);
	CHECK_INT(notes("format 2 end hush"), 1);
	CHECK_STR(report_field(line, "state"), "a safe, at its end");
	/* the rest stands as it is */
	CHECK_STR(report_field(line, "reason"), "end hush");
	CHECK_STR(report_field(line, "last_message"), "call: end hush");
	named_node_down();
}

TEST(SYS_08_format_status_rewrites_all_of_it)
{
	const char *line;
	gs_sys_status status;
	gs_addr to;

	named_node_up();
	to = start_safe("all", "log(3)");
	tell(to, "a hush");
	status = status_of(to);
	CHECK_STR(status.log, "first line\nsecond line");
	CHECK_STR(status.state, "a safe, closed");
	line = report_of_end(to);
	CHECK_STR(report_field(line, "state"), "a safe, at its end");
	CHECK_STR(report_field(line, "last_message"), "call: some message");
	CHECK_STR(report_field(line, "reason"), "some reason");
	CHECK_STR(report_field(line, "log"), "first line\\nsecond line");
	field_has(line, "text", "terminating: some reason");
	CHECK(!strstr(line, "hush"));
	named_node_down();
}

/* SYS-09 */
TEST(SYS_07_a_format_status_that_fails_is_a_fixed_note)
{
	static const char *const modes[] = { "exit", "nothing" };
	const char *line;
	gs_sys_status status;
	gs_addr to;

	for (int i = 0; i < 2; i++) {
		named_node_up();
		to = start_safe(modes[i], "log(3)");
		tell(to, "a hush");
		status = status_of(to);
		CHECK_STR(status.state, "format_status of safe failed");
		CHECK_STR(status.log, "");
		line = report_of_end(to);
		CHECK_STR(report_field(line, "state"),
		    "format_status of safe failed");
		/* it may have been about to hide these */
		CHECK_STR(report_field(line, "last_message"), "call");
		CHECK(!report_field(line, "log"));
		named_node_down();
	}
}

/* A real crash is the server's: A-RAISE. */
TEST(SYS_07_a_format_status_that_crashes_ends_the_server)
{
	gs_sys_status status;
	gs_addr to;

	named_node_up();
	to = start_safe("crash", NULL);
	CHECK_INT(gs_sys_get_status(to, &status, FOREVER), -ECONNRESET);
	CHECK_STR(gs_error_reason(), "signal:11");
	CHECK(wait_reports("crash", "safe", 1));
	field_has(report("crash", "safe"), "reason", "signal:11");
	CHECK_STR(report_field(report("crash", "safe"), "last_message"),
	    "system: format_status");
	CHECK(wait_dead(gs_addr_pid(to)));
	to = start_safe("crash at the end", NULL);
	CHECK_STR(status_of(to).state, "a safe, closed");
	CHECK_INT(gs_call(to, GS_TEXT("end hush"), NULL, FOREVER), -ECONNRESET);
	CHECK_STR(gs_error_reason(), "signal:11");
	CHECK(wait_reports("crash", "safe", 2));
	CHECK_INT(reports(TERMINATED, "safe"), 0);
	named_node_down();
}

GS_API int break_safe(void *state, size_t size, gs_bytes argument);

int
break_safe(void *state, size_t size, gs_bytes argument)
{
	memset(state, 'x', size);
	return raise((int)gs_long(argument, 0));
}

/* SYS-05, as above: the report names the function. */
TEST(SYS_04_a_function_that_crashes_ends_the_server)
{
	gs_addr to;

	named_node_up();
	to = start_safe("", NULL);
	CHECK_INT(
	    gs_sys_replace_state(to, "break_safe", GS_TEXT("6"), NULL, FOREVER),
	    -ECONNRESET);
	CHECK_STR(gs_error_reason(), "signal:6");
	CHECK(wait_reports("crash", "safe", 1));
	CHECK_STR(report_field(report("crash", "safe"), "last_message"),
	    "system: break_safe");
	named_node_down();
}

TEST(SYS_10_get_state_is_raw)
{
	static const char *const modes[] = { "", "all", "exit", "crash" };
	struct safe raw;
	gs_bytes state;
	gs_addr to;

	node_up();
	to = start_safe("", NULL);
	for (int i = 0; i < 4; i++) {
		CHECK_STR(ask(to, modes[i]), "ok");
		CHECK_OK(gs_sys_get_state(to, &state, SOON));
		CHECK_INT(state.size, sizeof(raw));
		memcpy(&raw, state.data, sizeof(raw));
		CHECK_STR(raw.secret, "hush");
		CHECK_STR(raw.mode, modes[i]);
	}
	CHECK_INT(notes("format 1 "), 0);
	node_down();
}
