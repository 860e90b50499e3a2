/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SYS: the state and status of a running server, and its end.
 */
#include "tests/conformance/log.h"
#include "tests/conformance/puppet.h"

/* A puppet with functions that replace its state, and a status of its own. */

GS_API int add_to_state(void *state, size_t size, gs_bytes argument);
GS_API int spoil_state(void *state, size_t size, gs_bytes argument);

int
add_to_state(void *state, size_t size, gs_bytes argument)
{
	struct puppet *self = state;

	if (size != sizeof(*self))
		return -EINVAL;
	self->n += gs_long(argument, 0);
	return 0;
}

/* Fails after having made a mess of it. */
int
spoil_state(void *state, size_t size, gs_bytes argument)
{
	memset(state, 'x', size);
	if (gs_is(argument, "exit"))
		gs_exit("spoilt");
	if (gs_is(argument, "crash"))
		raise(SIGSEGV);
	return -EIO;
}

static long
number_of(gs_bytes state)
{
	struct puppet p;

	CHECK_INT(state.size, sizeof(p));
	memcpy(&p, state.data, sizeof(p));
	return p.n;
}

static long
get_number(gs_addr to)
{
	gs_bytes state;

	CHECK_OK(gs_sys_get_state(to, &state, SOON));
	return number_of(state);
}

TEST(SYS_02_requests_take_their_turn)
{
	gs_pid pid;

	node_up();
	pid = start("set 5");
	CHECK_INT(get_number(GS_PID(pid)), 5);
	for (int i = 0; i < 100; i++)
		tell(GS_PID(pid), "add 1");
	CHECK_INT(get_number(GS_PID(pid)), 105);
	node_down();
}

TEST(SYS_03_get_state_is_exact_named_and_suspended)
{
	struct puppet p;
	gs_bytes state;
	gs_pid pid;

	node_up();
	pid = start_named("set 7;tag abc", "exact");
	CHECK_OK(gs_sys_get_state(GS_NAME("exact"), &state, SOON));
	CHECK_INT(state.size, sizeof(p));
	memcpy(&p, state.data, sizeof(p));
	CHECK_INT(p.n, 7);
	CHECK_STR(p.tag, "abc");
	CHECK_OK(gs_sys_suspend(GS_PID(pid), SOON));
	CHECK_INT(get_number(GS_NAME("exact")), 7);
	CHECK_OK(gs_sys_resume(GS_PID(pid), SOON));
	node_down();
}

static gs_next
big_init(void *state, gs_bytes argument)
{
	memset(state, (int)gs_long(argument, 1), 3000001);
	((char *)state)[3000000] = 'z';
	return gs_ok();
}

static gs_next
big_call(void *state, gs_bytes request, gs_from from)
{
	(void)from;
	memset(state, (int)gs_long(request, 0), 3000000);
	return gs_next_reply(GS_NONE);
}

static GS_SERVER(
    big, .state_size = 3000001, .init = big_init, .handle_call = big_call);

/* Larger than any reply to a client: whole, of one moment, or an error. */
TEST(SYS_03_a_state_of_any_size_comes_whole)
{
	gs_bytes state;
	const char *at;
	gs_pid pid;

	node_up();
	CHECK_OK(gs_start(&big, GS_TEXT("3"), NULL, &pid));
	for (int round = 0; round < 2; round++) {
		CHECK_OK(gs_sys_get_state(GS_PID(pid), &state, SOON));
		CHECK_INT(state.size, 3000001);
		at = state.data;
		for (int i = 0; i < 3000000; i++)
			CHECK(at[i] == 3 + round);
		CHECK(at[3000000] == 'z');
		CHECK_STR(ask(GS_PID(pid), "4"), "");
	}
	/* a new state of that size does not fit the mailbox, and it is said */
	CHECK_INT(gs_sys_replace_state(GS_PID(pid), NULL, state, NULL, SOON),
	    -EMSGSIZE);
	node_down();
}

/* Two who ask at once do not get each other's pieces. */
static void *
ask_often(void *data)
{
	const gs_pid *pid = data;
	gs_bytes state;

	for (int i = 0; i < 5; i++) {
		int status = gs_sys_get_state(GS_PID(*pid), &state, SOON);

		if (status == -ESTALE)
			continue;
		CHECK_INT(status, 0);
		CHECK_INT(state.size, 3000001);
		for (int n = 0; n < 3000000; n++)
			CHECK(((const char *)state.data)[n] == 3);
	}
	return NULL;
}

TEST(SYS_03_long_answers_to_two_at_once)
{
	pthread_t other;
	gs_pid pid;

	node_up();
	CHECK_OK(gs_start(&big, GS_TEXT("3"), NULL, &pid));
	CHECK_INT(pthread_create(&other, NULL, ask_often, &pid), 0);
	ask_often(&pid);
	CHECK_INT(pthread_join(other, NULL), 0);
	node_down();
}

TEST(SYS_04_replace_state_with_a_function_or_bytes)
{
	struct puppet p = { .n = 50 };
	gs_bytes state;
	gs_pid pid;

	node_up();
	pid = start("set 5");
	CHECK_OK(gs_sys_replace_state(
	    GS_PID(pid), "add_to_state", GS_TEXT("3"), &state, SOON));
	CHECK_INT(number_of(state), 8);
	CHECK_STR(ask(GS_PID(pid), "get"), "8");
	CHECK_OK(gs_sys_suspend(GS_PID(pid), SOON));
	CHECK_OK(gs_sys_replace_state(
	    GS_PID(pid), "add_to_state", GS_TEXT("1"), &state, SOON));
	CHECK_INT(number_of(state), 9);
	CHECK_OK(gs_sys_resume(GS_PID(pid), SOON));
	CHECK_STR(ask(GS_PID(pid), "get"), "9");
	CHECK_OK(gs_sys_replace_state(
	    GS_PID(pid), NULL, GS_OBJECT(p), &state, SOON));
	CHECK_INT(number_of(state), 50);
	CHECK_STR(ask(GS_PID(pid), "get"), "50");
	node_down();
}

TEST(SYS_05_a_function_that_fails_changes_nothing)
{
	gs_addr to;

	node_up();
	to = GS_PID(start("set 5"));
	CHECK_INT(gs_sys_replace_state(
		      to, "spoil_state", GS_TEXT("exit"), NULL, SOON),
	    -ECANCELED);
	CHECK_STR(
	    gs_error_reason(), "callback_failed: spoil_state: exit spoilt");
	CHECK_INT(gs_sys_replace_state(to, "spoil_state", GS_NONE, NULL, SOON),
	    -ECANCELED);
	CHECK_INT(strncmp(gs_error_reason(), "callback_failed", 15), 0);
	CHECK_INT(
	    gs_sys_replace_state(to, "no_such_function", GS_NONE, NULL, SOON),
	    -ENOSYS);
	CHECK_INT(strncmp(gs_error_reason(), "undef", 5), 0);
	CHECK_INT(gs_sys_replace_state(to, NULL, GS_TEXT("short"), NULL, SOON),
	    -EINVAL);
	CHECK_STR(ask(to, "get"), "5");
	CHECK_INT(get_number(to), 5);
	node_down();
}

TEST(SYS_05_a_crash_of_it_ends_the_server)
{
	gs_addr to;

	node_up();
	to = GS_PID(start("set 5"));
	CHECK_INT(gs_sys_replace_state(
		      to, "spoil_state", GS_TEXT("crash"), NULL, FOREVER),
	    -ECONNRESET);
	CHECK_STR(gs_error_reason(), "signal:11");
	node_down();
}

TEST(SYS_01_fails_like_a_call)
{
	gs_bytes state;
	gs_pid pid;

	node_up();
	CHECK_INT(gs_sys_get_state(GS_NAME("nobody"), &state, SOON), -ENOENT);
	CHECK_STR(gs_error_reason(), "noproc");
	CHECK_INT(gs_sys_get_state(GS_NAME_AT("a", "no-node"), &state, SOON),
	    -EHOSTUNREACH);
	CHECK_INT(gs_sys_get_state(GS_PID(self_pid()), &state, SOON), -EDEADLK);
	CHECK_STR(gs_error_reason(), "calling_self");
	pid = start("set 1");
	CHECK_INT(gs_sys_get_state(GS_PID(pid), &state, -1), -EINVAL);
	tell(GS_PID(pid), "gate 1");
	CHECK_INT(gs_sys_get_state(GS_PID(pid), &state, 60), -ETIMEDOUT);
	CHECK_STR(gs_error_reason(), "timeout");
	gate_open(1);
	CHECK_INT(get_number(GS_PID(pid)), 1);
	/* asked before it is dead */
	tell(GS_PID(pid), "sleep 1500; end broken");
	CHECK_INT(gs_sys_get_state(GS_PID(pid), &state, SOON), -ECONNRESET);
	CHECK_STR(gs_error_reason(), "broken");
	CHECK(wait_dead(pid));
	CHECK_INT(gs_sys_get_state(GS_PID(pid), &state, SOON), -ESRCH);
	node_down();
}

/* Time is over before the server comes to it: nothing is done any more. */
TEST(SYS_01_what_is_late_is_not_begun)
{
	gs_addr to;

	node_up();
	to = GS_PID(start("set 5"));
	tell(to, "gate 1");
	CHECK_INT(
	    gs_sys_replace_state(to, "add_to_state", GS_TEXT("1"), NULL, 60),
	    -ETIMEDOUT);
	CHECK_INT(gs_sys_suspend(to, 60), -ETIMEDOUT);
	gate_open(1);
	CHECK_STR(ask(to, "get"), "5");
	node_down();
}

TEST(SYS_06_status_says_who_it_is)
{
	gs_sys_status status;
	char text[GS_PID_TEXT];
	gs_pid pid;

	node_up();
	/* SYS-11 SYS-32: known by pid, and nobody's child */
	pid = start("set 5;label night shift");
	CHECK_OK(gs_sys_get_status(GS_PID(pid), &status, SOON));
	CHECK(gs_pid_equal(status.pid, pid));
	CHECK(gs_pid_equal(status.parent, pid));
	CHECK(!status.suspended);
	CHECK_STR(status.kind, "gen_server");
	CHECK_STR(status.behaviour, "puppet");
	CHECK_STR(status.version, "1");
	CHECK_STR(status.initial_call, "puppet:init");
	CHECK_STR(status.label, "night shift");
	CHECK_STR(status.debug, "");
	CHECK_STR(status.log, "");
	CHECK_INT(strncmp(status.header, "Status for generic server ", 26), 0);
	CHECK_STR(status.header + 26, gs_pid_text(pid, text));
	CHECK_INT(strncmp(status.state, "24 bytes: 05", 12), 0);
	CHECK_OK(gs_sys_suspend(GS_PID(pid), SOON));
	CHECK_OK(gs_sys_log(GS_PID(pid), 3, SOON));
	CHECK_OK(gs_sys_count(GS_PID(pid), true, SOON));
	CHECK_OK(gs_sys_get_status(GS_PID(pid), &status, SOON));
	CHECK(status.suspended);
	CHECK_STR(status.debug, "statistics,log(3)");
	node_down();
}

TEST(SYS_32_status_has_the_real_parent)
{
	gs_sys_status status;
	gs_pid pid;

	node_up();
	CHECK_OK(try_start_link("set 1", &pid));
	CHECK_OK(gs_sys_get_status(GS_PID(pid), &status, SOON));
	CHECK(gs_pid_equal(status.parent, self_pid()));
	pid = start_child("set 1", "child", GS_TEMPORARY);
	CHECK_OK(gs_sys_get_status(GS_NAME("child"), &status, SOON));
	CHECK(gs_pid_equal(status.parent, root_process().pid));
	/* SYS-11 */
	CHECK_STR(status.header, "Status for generic server child");
	node_down();
}

TEST(SYS_30_terminate_answers_and_then_ends)
{
	gs_info info;
	gs_ref ref;
	gs_pid pid;

	node_up();
	pid = start("set 3;tag t");
	CHECK_OK(gs_monitor(GS_PID(pid), &ref));
	CHECK_OK(gs_sys_terminate(GS_PID(pid), "enough", SOON));
	CHECK(got(GS_INFO_DOWN, "enough", &info));
	CHECK(wait_note("t: terminate enough 3"));
	node_down();
}

/* A supervisor's state is a pointer of the library's own. */
TEST(SYS_the_root_keeps_its_state)
{
	gs_addr root;

	node_up();
	root = GS_PID(root_process().pid);
	CHECK_INT(
	    gs_sys_replace_state(root, NULL, GS_TEXT("12345678"), NULL, SOON),
	    -EPERM);
	/* nobody would be started, or ended, any more */
	CHECK_INT(gs_sys_suspend(root, SOON), -EPERM);
	CHECK_OK(gs_sys_resume(root, SOON));
	stop(start("set 1"));
	node_down();
}
