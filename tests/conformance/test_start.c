/* SPDX-License-Identifier: Apache-2.0 */
/*
 * START: starting a server, and what its init may say or suffer.
 */
#include "tests/conformance/start_failures.h"

/* The script fails as the table says and leaves nothing at all. */
static void
fails_cleanly(const char *script)
{
	char whole[100];

	node_up();
	snprintf(whole, sizeof(whole), "whoami;%s", script);
	start_failed(start_failure(script), try_start(whole, "unlucky"));
	CHECK(!os_exists(note_rest("os_pid ")));
	CHECK(!gs_alive(parsed(note_rest("pid "))));
	CHECK(is_free("unlucky"));
	CHECK_INT(server_count(), 0);
	CHECK(note_rest("terminate") == NULL);
	node_down();
}

TEST(START_01_start_waits_for_init)
{
	struct starter s;
	int64_t from;

	node_up();
	from = now_ms();
	start_named("sleep 200", "slow");
	CHECK(now_ms() - from >= 200);
	settle(GS_NAME("slow"));

	start_begin(&s, &puppet, "note init;gate 1;note init done", "gated");
	CHECK(wait_note("init"));
	CHECK(!s.done);
	gate_open(1);
	CHECK_INT(start_end(&s), 0);
	CHECK_INT(notes("init done"), 1);
	node_down();
}

static long touched;

static gs_next
toucher_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	touched = getpid();
	return gs_ok();
}

static gs_next
toucher_call(void *state, gs_bytes request, gs_from from)
{
	(void)state;
	(void)request;
	(void)from;
	return gs_next_reply(GS_STR("%ld %ld", (long)getpid(), touched));
}

static GS_SERVER(toucher, .init = toucher_init, .handle_call = toucher_call);

TEST(START_02_init_runs_in_a_process_of_its_own)
{
	gs_pid pid;
	long mine, seen;

	node_up();
	CHECK_INT(gs_start(&toucher, GS_NONE, NULL, &pid), 0);
	CHECK_INT(sscanf(ask(GS_PID(pid), "?"), "%ld %ld", &mine, &seen), 2);
	CHECK(mine != getpid());
	CHECK_INT(mine, seen);
	CHECK_INT(mine, os_pid_of(GS_PID(pid)));
	CHECK_INT(touched, 0);
	node_down();
}

struct kept {
	size_t size;
	unsigned char bytes[1024];
};

static gs_next
keeper_init(void *state, gs_bytes argument)
{
	struct kept *kept = state;

	kept->size = argument.size;
	if (argument.size > sizeof(kept->bytes))
		return gs_error("too much");
	if (argument.size)
		memcpy(kept->bytes, argument.data, argument.size);
	return gs_ok();
}

static gs_next
keeper_call(void *state, gs_bytes request, gs_from from)
{
	struct kept *kept = state;

	(void)from;
	if (gs_is(request, "size"))
		return gs_next_reply(GS_STR("%zu", kept->size));
	return gs_next_reply(GS_BYTES(kept->bytes, kept->size));
}

static GS_SERVER(keeper, .state_size = sizeof(struct kept), .init = keeper_init,
    .handle_call = keeper_call);

TEST(START_03_init_gets_exactly_the_argument)
{
	unsigned char bytes[1024];
	static const size_t sizes[] = { 0, 1, 7, 31, 32, 33, 64, 1000, 1024 };
	gs_bytes reply;
	gs_pid pid;
	size_t i;

	node_up();
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)i;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		CHECK_INT(
		    gs_start(&keeper, GS_BYTES(bytes, sizes[i]), NULL, &pid),
		    0);
		CHECK_INT(atoi(ask(GS_PID(pid), "size")), sizes[i]);
		CHECK_INT(gs_call(GS_PID(pid), GS_NONE, &reply, SOON), 0);
		CHECK_INT(reply.size, sizes[i]);
		CHECK(
		    memcmp(reply.data ? reply.data : "", bytes, sizes[i]) == 0);
	}
	node_down();
}

TEST(START_04_ok_starts_the_loop_with_the_state)
{
	gs_pid pid;

	node_up();
	pid = start("set 42;ok");
	CHECK(gs_alive(pid));
	CHECK_STR(ask(GS_PID(pid), "get"), "42");
	CHECK_STR(ask(GS_PID(pid), "add 1;get"), "43");
	node_down();
}

TEST(START_05_ok_takes_an_action)
{
	gs_pid pid;

	node_up();
	start("tag a;ok;timeout 30");
	start("tag b;ok;continue note continued");
	pid = start("tag c;set 7;ok;hibernate");
	CHECK(wait_note("a: timeout"));
	CHECK(wait_note("b: continued"));
	CHECK(wait_state(GS_PID(pid), GS_STATE_HIBERNATING));
	CHECK_STR(ask(GS_PID(pid), "get"), "7");
	CHECK_INT(notes("b: timeout") + notes("c: timeout"), 0);
	node_down();
}

TEST(START_06_ignore_leaves_no_process_and_no_report)
{
	node_up_caught();
	CHECK_INT(try_start("whoami;label hush;ignore", "ignored"), -ECANCELED);
	CHECK(!os_exists(note_rest("os_pid ")));
	CHECK(is_free("ignored"));
	CHECK_INT(server_count(), 0);
	CHECK(note_rest("terminate") == NULL);
	/* what is reported later has been reported: so this was not */
	CHECK_INT(try_start("exit fence", NULL), -ECHILD);
	CHECK(wait_caught("fence"));
	CHECK_INT(caught_count("ignored"), 0);
	CHECK_INT(caught_count(note_rest("pid ")), 0);
	node_down();
}

TEST(START_07_stop_fails_the_start_with_the_reason)
{
	fails_cleanly("end boom");
}

TEST(START_07_stop_normal_fails_too)
{
	fails_cleanly("end normal");
}

TEST(START_07_stop_shutdown_fails_too)
{
	fails_cleanly("end shutdown:gone");
}

TEST(START_08_only_an_abnormal_stop_is_reported)
{
	node_up_caught();
	CHECK_INT(try_start("end normal", "quiet-a"), -ECHILD);
	CHECK_INT(try_start("end shutdown", "quiet-b"), -ECHILD);
	CHECK_INT(try_start("end shutdown:x", "quiet-c"), -ECHILD);
	CHECK_INT(try_start("end loudly", "loud"), -ECHILD);
	CHECK(wait_caught("loudly"));
	CHECK_INT(caught_count("quiet-"), 0);
	node_down();
}

TEST(START_09_error_refuses_without_a_report)
{
	node_up_caught();
	CHECK_INT(try_start("error gently", "gentle"), -ECHILD);
	CHECK_STR(gs_error_reason(), "gently");
	CHECK_INT(try_start("end fence", NULL), -ECHILD);
	CHECK(wait_caught("fence"));
	CHECK_INT(caught_count("gent"), 0);
	node_down();
}

TEST(START_10_exit_route_in_init_fails_the_start)
{
	fails_cleanly("exit left");
}

TEST(START_11_crash_in_init_fails_the_start)
{
	static const char *const scripts[] = { "raise 11", "raise 6", "raise 9",
		"_exit 3", "_exit 0" };
	size_t i;

	for (i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		fails_cleanly(scripts[i]);
}

TEST(START_12_unknown_verdict_fails_the_start)
{
	static const char *const scripts[] = { "garbage", "zero", "reply x",
		"noreply" };
	size_t i;

	for (i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		fails_cleanly(scripts[i]);
}

static GS_SERVER(no_init, .handle_call = keeper_call);

TEST(START_13_missing_init_is_undef)
{
	gs_options options = { .name = "hollow" };
	gs_pid pid;

	node_up();
	CHECK(gs_start(&no_init, GS_NONE, &options, &pid) < 0);
	CHECK_STR(gs_error_reason(), "undef");
	CHECK(strstr(gs_error_text(), "start hollow: undef, the behaviour "
				      "has no init") != NULL);
	CHECK(is_free("hollow"));
	CHECK_INT(server_count(), 0);
	CHECK(got_nothing());
	node_down();
}

TEST(START_14_the_same_failure_five_times)
{
	const struct start_failure *f;
	int round;

	node_up();
	for (f = start_failures; f->script; f++) {
		for (round = 0; round < 5; round++) {
			start_failed(f, try_start(f->script, "again"));
			CHECK_INT(server_count(), 0);
		}
	}
	start_named("", "again");
	CHECK_INT(server_count(), 1);
	node_down();
}

TEST(START_15_name_is_free_when_a_failed_start_returns)
{
	const struct start_failure *f = start_failures;
	int round;

	node_up();
	for (round = 0; round < 100; round++) {
		start_failed(f, try_start(f->script, "brief"));
		CHECK(is_free("brief"));
		if (!(++f)->script)
			f = start_failures;
	}
	node_down();
}

TEST(START_16_unlinked_deaths_do_not_spread)
{
	gs_pid a, b, c;

	node_up();
	a = start("tag a");
	b = parsed(ask(GS_PID(a), "start - tag b;last"));
	c = parsed(ask(GS_PID(a), "start - tag c;last"));
	CHECK_INT(gs_exit_signal(GS_PID(b), "boom"), 0);
	CHECK(wait_dead(b));
	settle(GS_PID(a));
	CHECK_INT(gs_exit_signal(GS_PID(a), "boom"), 0);
	CHECK(wait_dead(a));
	settle(GS_PID(c));
	CHECK_INT(gs_links(c, NULL, 0), 0);
	node_down();
}
