/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CALL: what a caller learns when there will be no reply.
 */
#include "tests/conformance/helpers.h"

#include <sys/resource.h>

/* A call of a fresh server ends with this reason, at once. */
static void
call_ends_with(const char *request, const char *reason)
{
	gs_pid pid = start("");
	int64_t from = now_ms();
	int status = gs_call(GS_PID(pid), GS_TEXT(request), NULL, FOREVER);

	if (status != -ECONNRESET || strcmp(gs_error_reason(), reason) != 0)
		FAIL("\"%s\": %d, reason \"%s\"", request, status,
		    gs_error_reason());
	CHECK(now_ms() - from < PROMPT);
}

TEST(CALL_09_the_servers_end_fails_the_call_with_its_reason)
{
	static const struct {
		const char *request;
		const char *reason;
	} ends[] = {
		{ "end normal", "normal" },
		{ "end shutdown", "shutdown" },
		{ "end shutdown:x", "shutdown:x" },
		{ "end boom and more", "boom and more" },
		{ "raise 11", "signal:11" },
		{ "raise 6", "signal:6" },
		{ "raise 8", "signal:8" },
		{ "raise 9", "killed" },
		{ "_exit 3", "exit:3" },
		{ "_exit 0", "normal" },
		{ "exitsig self kill;gate 1", "killed" },
	};
	size_t i;

	node_up();
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		call_ends_with(ends[i].request, ends[i].reason);
	node_down();
}

TEST(CALL_09_a_server_killed_from_outside_fails_the_call)
{
	struct caller c;
	int64_t from;
	gs_pid pid;

	node_up();
	pid = start("");
	call_begin(&c, GS_PID(pid), "note in;gate 1", FOREVER);
	CHECK(wait_note("in"));
	from = now_ms();
	CHECK_INT(kill(os_pid_of(GS_PID(pid)), SIGKILL), 0);
	CHECK_INT(call_end(&c), -ECONNRESET);
	CHECK_STR(c.reason, "killed");
	CHECK(now_ms() - from < PROMPT);
	node_down();
}

TEST(CALL_11_dead_pid_is_noproc_at_once)
{
	int64_t from;
	gs_pid pid;
	int i;

	node_up();
	pid = start("");
	stop(pid);
	from = now_ms();
	for (i = 0; i < 5; i++) {
		CHECK_INT(
		    gs_call(GS_PID(pid), GS_TEXT("x"), NULL, FOREVER), -ESRCH);
		CHECK_STR(gs_error_reason(), "noproc");
		/* nor does a newer server get it */
		start("");
	}
	CHECK(now_ms() - from < PROMPT);
	CHECK_INT(
	    gs_call(GS_PID(pid), GS_TEXT("x"), NULL, GS_INFINITY), -ESRCH);
	node_down();
}

TEST(CALL_12_name_without_holder_is_noproc_at_once)
{
	gs_pid pid;

	node_up();
	CHECK_INT(
	    gs_call(GS_NAME("nobody"), GS_TEXT("x"), NULL, FOREVER), -ENOENT);
	CHECK_STR(gs_error_reason(), "noproc");
	CHECK(gs_call(GS_NAME("nil"), GS_TEXT("x"), NULL, FOREVER) < 0);
	CHECK_STR(gs_error_reason(), "noproc");
	CHECK(gs_call(GS_PID(GS_NO_PID), GS_TEXT("x"), NULL, FOREVER) < 0);
	CHECK_STR(gs_error_reason(), "noproc");
	pid = start_named("", "somebody");
	settle(GS_NAME("somebody"));
	stop(pid);
	CHECK_INT(
	    gs_call(GS_NAME("somebody"), GS_TEXT("x"), NULL, FOREVER), -ENOENT);
	CHECK_STR(gs_error_reason(), "noproc");
	node_down();
}

TEST(CALL_13_calling_oneself_fails_at_once)
{
	gs_pid pid;

	node_up();
	CHECK_INT(
	    gs_call(GS_PID(self_pid()), GS_TEXT("x"), NULL, FOREVER), -EDEADLK);
	CHECK_STR(gs_error_reason(), "calling_self");
	CHECK(got_nothing());
	pid = start_named("", "narcissus");
	CHECK_STR(ask(GS_PID(pid), "call 20000 self note x;last"),
	    "-35 calling_self");
	CHECK_STR(ask(GS_PID(pid), "call 20000 narcissus note x;last"),
	    "-35 calling_self");
	settle(GS_PID(pid));
	CHECK_INT(notes("x"), 0);
	node_down();
}

TEST(CALL_14_unknown_node_is_nodedown_at_once)
{
	int64_t from;

	node_up();
	from = now_ms();
	CHECK_INT(gs_call(GS_NAME_AT("x", "no-such-node"), GS_TEXT("x"), NULL,
		      FOREVER),
	    -EHOSTUNREACH);
	CHECK_STR(gs_error_reason(), "nodedown:no-such-node");
	CHECK(now_ms() - from < PROMPT);
	node_down();
}

/* The last error has this reason, and its sentence all three words. */
static void
error_names(const char *operation, const char *target, const char *request,
    const char *reason)
{
	const char *text = gs_error_text();

	CHECK_STR(gs_error_reason(), reason);
	if (!strstr(text, operation) || !strstr(text, target) ||
	    !strstr(text, request))
		FAIL("\"%s\" names not all of %s, %s, %s", text, operation,
		    target, request);
}

TEST(CALL_16_failure_names_operation_target_and_reason)
{
	char text[GS_PID_TEXT];
	gs_pid pid;

	node_up();
	pid = start_named("", "target");
	CHECK_INT(gs_call(GS_NAME("target"), GS_TEXT("noreply"), NULL, 57),
	    -ETIMEDOUT);
	error_names("call", "'target'", "noreply", "timeout");
	CHECK(strstr(gs_error_text(), "57") != NULL);
	CHECK_INT(gs_call(GS_NAME("target"), GS_TEXT("end boom"), NULL, SOON),
	    -ECONNRESET);
	error_names("call", "'target'", "boom", "boom");
	CHECK_INT(gs_call(GS_PID(pid), GS_TEXT("please"), NULL, SOON), -ESRCH);
	error_names("call", gs_pid_text(pid, text), "please", "noproc");
	CHECK_INT(
	    gs_call(GS_NAME("target"), GS_TEXT("please"), NULL, SOON), -ENOENT);
	error_names("call", "'target'", "please", "noproc");
	/* the bytes of a system message are nobody's words */
	CHECK_INT(gs_sys_suspend(GS_NAME("target"), SOON), -ENOENT);
	CHECK_STR(gs_error_text(),
	    "sys_suspend to 'target' failed: noproc, no process has that name");
	CHECK_INT(gs_exit_signal(GS_NAME("target"), "x"), -ENOENT);
	error_names("exit signal", "'target'", "", "noproc");
	CHECK_INT(gs_link(GS_NAME("target")), -ENOENT);
	error_names("link", "'target'", "", "noproc");
	CHECK_INT(gs_send_after(1, (gs_addr){ 0 }, GS_NONE, NULL), -EINVAL);
	error_names("timer", "no address", "", "badarg");
	CHECK_INT(gs_wait_up(GS_NAME("target"), 52), -ETIMEDOUT);
	error_names("wait_up", "'target'", "52 ms", "timeout");
	node_down();
}

TEST(CALL_23_death_of_the_caller_does_not_disturb_the_server)
{
	gs_pid a, b;

	node_up();
	b = start_named("", "b");
	a = start("");
	tell(GS_PID(a), "call 20000 b note in|gate 1|add 1|reply x");
	CHECK(wait_note("in"));
	end_with(a, "kill");
	gate_open(1);
	CHECK_STR(ask(GS_PID(b), "get"), "1");
	node_down();
}

TEST(CALL_29_stop_without_reply_fails_the_call)
{
	gs_pid pid;

	node_up();
	call_ends_with("end boom", "boom");
	pid = start("");
	CHECK_INT(
	    gs_call(GS_PID(pid), GS_TEXT("set 4;end boom"), NULL, FOREVER),
	    -ECONNRESET);
	CHECK_STR(gs_error_reason(), "boom");
	CHECK(wait_note("terminate boom 4"));
	CHECK(wait_dead(pid));
	node_down();
}

TEST(CALL_30_exit_route_fails_the_call)
{
	gs_pid pid;

	node_up();
	call_ends_with("exit left", "left");
	call_ends_with("exit shutdown", "shutdown");
	call_ends_with("exit shutdown:why", "shutdown:why");
	pid = start("set 1");
	CHECK_INT(
	    gs_call(GS_PID(pid), GS_TEXT("set 4;exit gone"), NULL, FOREVER),
	    -ECONNRESET);
	CHECK_STR(gs_error_reason(), "gone");
	CHECK(wait_note("terminate gone 1"));
	node_down();
}

#define CROWD 200

/* Each client is a few descriptors of this process. */
static void
need_descriptors(rlim_t count)
{
	struct rlimit limit;

	CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	if (limit.rlim_max < count || setrlimit(RLIMIT_NOFILE, &limit) < 0)
		SKIP("too few file descriptors are allowed");
}

TEST_TIMEOUT(CALL_32_hundreds_of_callers_learn_of_the_death, 60)
{
	static struct caller callers[CROWD];
	int64_t from;
	gs_pid pid;
	int i;

	need_descriptors(10 * CROWD);
	node_up();
	pid = start("");
	for (i = 0; i < CROWD; i++)
		call_begin(
		    &callers[i], GS_PID(pid), "note in;noreply", GS_INFINITY);
	CHECK(wait_notes("in", CROWD));
	from = now_ms();
	CHECK_INT(gs_exit_signal(GS_PID(pid), "boom"), 0);
	for (i = 0; i < CROWD; i++) {
		CHECK_INT(call_end(&callers[i]), -ECONNRESET);
		CHECK_STR(callers[i].reason, "boom");
	}
	CHECK(now_ms() - from < PROMPT);
	node_down();
}
