/* SPDX-License-Identifier: Apache-2.0 */
/*
 * START: entering the loop of a gen_server later.
 */
#include "tests/conformance/helpers.h"

#include <fcntl.h>

static int
start_program(const char *how, const char *name, const char *says, gs_pid *pid)
{
	const char *const argv[] = { how, says, NULL };
	char path[400];
	gs_child_spec spec = { .path = path,
		.argv = argv,
		.options.name = name,
		.restart = GS_TEMPORARY };

	snprintf(path, sizeof(path), "%s/tests/fixtures/fx_enter",
	    getenv("GS_BUILD"));
	return gs_child_start(&spec, pid);
}

static bool
last_is(void *data)
{
	const char *const *want = data;

	return strcmp(ask(GS_NAME("entered"), "last"), *want) == 0;
}

static bool
wait_last(const char *want)
{
	return eventually(last_is, &want, SOON);
}

static uint64_t
infos_of(gs_addr to)
{
	gs_process_info info;

	CHECK_OK(gs_process_inspect(to, &info));
	return info.infos;
}

static bool
has_infos(void *wanted)
{
	return infos_of(GS_NAME("entered")) >= *(uint64_t *)wanted;
}

/* Asked for the last message before it has come, it would be ended. */
static void
comes_by_itself(gs_addr to, const char *what, bool suspended)
{
	uint64_t wanted = infos_of(to) + 1;

	CHECK_STR(ask(to, what), "");
	/* its interval begins anew */
	if (suspended) {
		CHECK_OK(gs_sys_suspend(to, SOON));
		CHECK(unnoted("nothing", 200));
		CHECK_OK(gs_sys_resume(to, SOON));
	}
	CHECK(eventually(has_infos, &wanted, SOON));
	CHECK(wait_last(what));
}

/* SYS-23, SYS-24 */
static void
is_suspended_like_any_other(gs_addr to)
{
	gs_bytes state;

	for (int round = 1; round <= 2; round++) {
		CHECK_OK(gs_sys_suspend(to, SOON));
		CHECK(wait_state(to, GS_STATE_SUSPENDED));
		/* more than one gs_dispatch takes */
		for (int i = 0; i < 300; i++)
			tell(to, i % 2 ? "1" : "-1");
		post(to, round == 1 ? "one" : "two");
		CHECK(wait_queue(to, 301));
		CHECK_OK(gs_sys_get_state(to, &state, SOON));
		CHECK(unnoted("nothing", 60));
		CHECK(wait_queue(to, 301));
		CHECK_OK(gs_sys_resume(to, SOON));
		CHECK_STR(ask(to, "get"), "1042");
		CHECK_STR(ask(to, "last"), round == 1 ? "one" : "two");
	}
	comes_by_itself(to, "timeout", true);
}

/* Whose loop it is, the program's or the library's, nobody can tell. */
static void
serves_like_any_other(const char *how)
{
	struct caller c;
	gs_ref ref;
	gs_pid pid;

	node_up();
	CHECK_INT(start_program(how, "entered", "entered", &pid), 0);
	/* its state, and the action; init would have ended it */
	CHECK_STR(ask(GS_PID(pid), "get"), "42");
	for (int i = 0; i < 1000; i++)
		tell(GS_NAME("entered"), "1");
	CHECK_STR(ask(GS_PID(pid), "get"), "1042");
	post(GS_PID(pid), "message");
	CHECK(wait_last("message"));
	CHECK_STR(ask(GS_PID(pid), "later"), "");
	CHECK(wait_last("later"));
	comes_by_itself(GS_PID(pid), "timeout", false);
	comes_by_itself(GS_PID(pid), "event", false);
	CHECK_STR(ask(GS_PID(pid), "hibernate"), "");
	CHECK(wait_state(GS_PID(pid), GS_STATE_HIBERNATING));
	CHECK_STR(ask(GS_PID(pid), "get"), "1042");
	CHECK(wait_state(GS_PID(pid), GS_STATE_WAITING));
	CHECK_INT(gs_ping(GS_PID(pid), SOON), 0);
	is_suspended_like_any_other(GS_PID(pid));
	/* it ends as any other, with its process */
	CHECK_INT(gs_monitor(GS_PID(pid), &ref), 0);
	call_begin(&c, GS_PID(pid), "exit", SOON);
	CHECK(got(GS_INFO_DOWN, "left", NULL));
	CHECK_INT(call_end(&c), -ECONNRESET);
	CHECK_STR(c.reason, "left");
	CHECK(is_free("entered"));
	/* and is stopped as any other */
	CHECK_INT(start_program(how, "entered", "entered", &pid), 0);
	CHECK_INT(gs_stop(GS_PID(pid), "normal", SOON), 0);
	CHECK_INT(start_program(how, "entered", "entered", &pid), 0);
	CHECK_INT(kill(os_pid_of(GS_PID(pid)), SIGTERM), 0);
	CHECK(wait_dead(pid));
	node_down();
}

TEST(START_29_a_program_may_enter_the_loop_later)
{
	serves_like_any_other("loop");
}

TEST(START_29_a_program_may_serve_in_a_loop_of_its_own)
{
	serves_like_any_other("serve");
}

TEST(START_29_its_own_work_and_the_server_s_go_on_together)
{
	gs_ref ref;
	gs_pid pid;

	node_up();
	CHECK_INT(start_program("busy", "entered", NULL, &pid), 0);
	CHECK_STR(ask(GS_PID(pid), "get"), "42");
	CHECK_INT(gs_monitor(GS_PID(pid), &ref), 0);
	/* the program reads its pipe in its own loop, and says so */
	CHECK_STR(ask(GS_PID(pid), "write"), "1");
	CHECK(got(GS_INFO_DOWN, "read", NULL));
	node_down();
}

/* SYS-23: of a suspended server, the program's own work goes on. */
TEST(START_29_suspended_it_does_not_hold_up_its_program)
{
	char path[64];
	gs_bytes state;
	gs_ref ref;
	gs_pid pid;
	int fd, own;

	node_up();
	CHECK_INT(start_program("busy", "entered", NULL, &pid), 0);
	CHECK_OK(gs_sys_suspend(GS_PID(pid), SOON));
	/* where its pipe is, stands in its state behind a long */
	CHECK_OK(gs_sys_get_state(GS_PID(pid), &state, SOON));
	memcpy(&fd, (const char *)state.data + sizeof(long), sizeof(fd));
	snprintf(
	    path, sizeof(path), "/proc/%d/fd/%d", os_pid_of(GS_PID(pid)), fd);
	own = open(path, O_WRONLY | O_CLOEXEC);
	CHECK(own >= 0);
	CHECK_OK(gs_monitor(GS_PID(pid), &ref));
	CHECK_INT(write(own, "x", 1), 1);
	CHECK(got(GS_INFO_DOWN, "read", NULL));
	close(own);
	node_down();
}

static bool
queue_is_empty(void *data)
{
	const gs_pid *pid = data;
	gs_process_info info;

	return gs_process_inspect(GS_PID(*pid), &info) == 0 &&
	       info.messages_queued == 0;
}

/* The wait for the helper takes the ring of the cast. */
TEST(START_29_what_comes_while_it_waits_for_others_is_not_lost)
{
	gs_pid pid;

	node_up();
	start_named("", "helper");
	CHECK_INT(start_program("busy", "entered", NULL, &pid), 0);
	CHECK_STR(ask(GS_PID(pid), "ask"), "1");
	CHECK(wait_note("asked"));
	tell(GS_PID(pid), "5");
	CHECK(wait_queue(GS_PID(pid), 1));
	/* it is asleep again */
	CHECK(unnoted("nothing", 100));
	gate_open(1);
	/* looked at before a call: who calls rings again after a second */
	CHECK(eventually(queue_is_empty, &pid, SOON));
	CHECK_STR(ask(GS_PID(pid), "get"), "47");
	node_down();
}

/* ---- a server that becomes another one ---- */

struct two {
	char text[32];
};

static gs_next
two_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	note("init of two");
	return gs_ok();
}

static gs_next
two_call(void *state, gs_bytes request, gs_from from)
{
	(void)request;
	(void)from;
	return gs_next_reply(GS_TEXT(((struct two *)state)->text));
}

static void
two_terminate(void *state, const char *reason)
{
	(void)state;
	note("two ends: %s", reason);
}

static GS_SERVER(two, .state_size = sizeof(struct two), .init = two_init,
    .handle_call = two_call, .terminate = two_terminate);

static gs_next
one_init(void *state, gs_bytes argument)
{
	struct two ready = { "two is ready" };
	char name[64];

	(void)state;
	gs_string(argument, name, sizeof(name));
	if (gs_is(argument, "bad"))
		gs_enter_loop(&two, &ready, NULL, gs_next_noreply());
	if (gs_is(argument, "none"))
		return gs_enter_loop(NULL, NULL, NULL, gs_ok()) == -EINVAL
			   ? gs_error("einval")
			   : gs_ok();
	gs_enter_loop(&two, &ready, name[0] ? name : NULL, gs_ok());
	note("came back");
	return gs_ok();
}

static gs_next
one_call(void *state, gs_bytes request, gs_from from)
{
	struct two ready = { "two at last" };

	(void)state;
	(void)request;
	gs_reply(from, GS_TEXT("bye"));
	gs_enter_loop(&two, &ready, NULL, gs_ok());
	return gs_ok();
}

static GS_SERVER(one, .init = one_init, .handle_call = one_call);

static int
start_one(const char *argument, const char *name, gs_pid *pid)
{
	gs_options options = { .name = name };

	return gs_start(&one, GS_TEXT(argument), &options, pid);
}

TEST(START_29_a_server_may_enter_the_loop_in_its_init)
{
	gs_pid pid;

	node_up();
	CHECK_INT(start_one("", "name", &pid), 0);
	CHECK_STR(ask(GS_NAME("name"), "x"), "two is ready");
	CHECK_INT(gs_ping(GS_PID(pid), SOON), 0);
	CHECK_INT(gs_stop(GS_PID(pid), "normal", SOON), 0);
	CHECK(wait_note("two ends: normal"));
	CHECK_INT(notes("came back") + notes("init of two"), 0);
	/* what it says is looked at like any verdict */
	CHECK_INT(start_one("bad", NULL, &pid), -ECHILD);
	CHECK_STR(gs_error_reason(), "bad_return_value");
	CHECK_INT(start_one("none", NULL, &pid), -ECHILD);
	CHECK_STR(gs_error_reason(), "einval");
	node_down();
}

TEST(START_30_who_does_not_hold_the_name_ends)
{
	gs_pid pid;

	node_up();
	/* nobody holds it */
	CHECK_INT(start_one("other", "name", &pid), -ECHILD);
	CHECK_STR(gs_error_reason(), "process_not_registered");
	CHECK_INT(start_one("other", NULL, &pid), -ECHILD);
	CHECK_STR(gs_error_reason(), "process_not_registered");
	/* somebody else does */
	start_named("", "other");
	CHECK_INT(start_one("other", "name", &pid), -ECHILD);
	CHECK_STR(gs_error_reason(), "process_not_registered");
	CHECK(is_free("name"));
	/* it does */
	CHECK_INT(start_one("name", "name", &pid), 0);
	CHECK_STR(ask(GS_PID(pid), "x"), "two is ready");
	CHECK_INT(start_program("loop", "entered", "somebody", &pid), -ECHILD);
	CHECK_STR(gs_error_reason(), "process_not_registered");
	CHECK_INT(start_program("serve", "entered", "somebody", &pid), -ECHILD);
	CHECK_STR(gs_error_reason(), "process_not_registered");
	CHECK(is_free("entered"));
	node_down();
}

TEST(START_30_a_process_that_the_node_has_not_started_cannot_enter)
{
	struct two ready = { "" };

	CHECK_INT(gs_enter_loop(&two, &ready, NULL, gs_ok()), -EPERM);
	node_up();
	CHECK_INT(gs_enter_loop(&two, &ready, NULL, gs_ok()), -EPERM);
	CHECK_INT(gs_serve(&two, &ready, NULL, gs_ok()), -EPERM);
	/* it goes on as the client that it is */
	start_named("", "somebody");
	CHECK_STR(ask(GS_NAME("somebody"), "reply here"), "here");
	node_down();
}
