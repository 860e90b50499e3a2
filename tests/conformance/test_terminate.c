/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STOP: when terminate runs, when not, and what comes after it.
 */
#include "tests/conformance/helpers.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static gs_pid
start_watched(const char *script)
{
	gs_ref ref;
	gs_pid pid;

	CHECK_INT(
	    gs_start_monitor(&puppet, GS_TEXT(script), NULL, &pid, &ref), 0);
	return pid;
}

TEST(STOP_15_terminate_runs_when_a_callback_stops)
{
	node_up();
	tell(GS_PID(start_watched("")), "set 1;end a");
	CHECK(got(GS_INFO_DOWN, "a", NULL));
	post(GS_PID(start_watched("")), "set 2;end b");
	CHECK(got(GS_INFO_DOWN, "b", NULL));
	tell(GS_PID(start_watched("")), "continue set 3;end c");
	CHECK(got(GS_INFO_DOWN, "c", NULL));
	CHECK(gs_call(GS_PID(start_watched("")), GS_TEXT("set 4;end d"), NULL,
		  FOREVER) < 0);
	CHECK(got(GS_INFO_DOWN, "d", NULL));
	start_watched("ok;timeout 10;at_timeout set 5|end e");
	CHECK(got(GS_INFO_DOWN, "e", NULL));
	CHECK(notes_in_order("terminate a 1", "terminate b 2", "terminate c 3",
	    "terminate d 4", "terminate e 5", NULL));
	node_down();
}

TEST(STOP_15_terminate_runs_on_the_exit_route_and_garbage)
{
	node_up();
	tell(GS_PID(start_watched("set 1")), "set 9;exit a");
	CHECK(got(GS_INFO_DOWN, "a", NULL));
	post(GS_PID(start_watched("set 2")), "set 9;exit b");
	CHECK(got(GS_INFO_DOWN, "b", NULL));
	tell(GS_PID(start_watched("set 3")), "garbage");
	CHECK(got(GS_INFO_DOWN, "bad_return_value", NULL));
	CHECK(notes_in_order("terminate a 1", "terminate b 2",
	    "terminate bad_return_value 3", NULL));
	CHECK_INT(try_start("set 4;exit init", NULL), -ECHILD);
	CHECK_INT(try_start("set 4;end init", NULL), -ECHILD);
	CHECK_INT(notes("terminate init 4"), 0);
	node_down();
}

TEST(STOP_16_terminate_runs_when_the_parent_sends_an_exit_signal)
{
	gs_pid parent, kid;

	node_up();
	parent = start("tag parent;trap 1");
	kid = parsed(
	    ask(GS_PID(parent), "startlink kid tag kid|trap 1|set 2;last"));
	CHECK_STR(ask(GS_PID(parent), "exitsig kid shutdown;last"), "0");
	CHECK(wait_dead(kid));
	CHECK_INT(notes("kid: terminate shutdown 2"), 1);
	CHECK_INT(notes("kid: exit shutdown"), 0);
	node_down();
}

TEST(STOP_16_terminate_runs_when_the_parent_dies)
{
	gs_pid parent, kid;

	node_up();
	parent = start("");
	kid = parsed(ask(GS_PID(parent), "startlink kid tag kid|trap 1;last"));
	end_with(parent, "shutdown");
	CHECK(wait_dead(kid));
	CHECK_INT(notes("kid: terminate shutdown 0"), 1);
	node_down();
}

TEST(STOP_16_terminate_runs_when_its_supervisor_stops_it)
{
	node_up();
	start_child("trap 1;set 3", "kid", GS_PERMANENT);
	CHECK_INT(gs_child_stop(GS_NAME("kid"), FOREVER), 0);
	CHECK_INT(notes("terminate shutdown 3"), 1);
	CHECK(is_free("kid"));
	node_down();
}

TEST(STOP_16_terminate_runs_when_the_node_is_closed)
{
	int64_t from;

	node_up();
	start("tag a;trap 1;set 1");
	start_child("tag b;trap 1;set 2", NULL, GS_PERMANENT);
	start("tag c");
	from = now_ms();
	node_down();
	CHECK_INT(notes("a: terminate shutdown 1"), 1);
	CHECK_INT(notes("b: terminate shutdown 2"), 1);
	CHECK(note_rest("c: ") == NULL);
	CHECK(now_ms() - from < PROMPT);
}

TEST(STOP_17_terminate_does_not_run_on_an_untrapped_signal)
{
	node_up();
	end_with(start_watched(""), "boom");
	CHECK(got(GS_INFO_DOWN, "boom", NULL));
	end_with(start_watched("trap 1;ok"), "kill");
	CHECK(got(GS_INFO_DOWN, "killed", NULL));
	start_child("", "plain", GS_PERMANENT);
	CHECK_INT(gs_child_stop(GS_NAME("plain"), FOREVER), 0);
	CHECK(note_rest("terminate") == NULL);
	node_down();
}

TEST(STOP_17_terminate_does_not_run_on_a_brutal_kill)
{
	gs_child_spec spec = { .behaviour = &puppet,
		.argument = GS_TEXT("trap 1"),
		.options.name = "brutal",
		.shutdown = GS_BRUTAL_KILL,
		.has_shutdown = true };
	gs_ref ref;
	gs_pid pid;

	node_up();
	CHECK_INT(gs_child_start(&spec, &pid), 0);
	CHECK_INT(gs_monitor(GS_PID(pid), &ref), 0);
	CHECK_INT(gs_child_stop(GS_NAME("brutal"), FOREVER), 0);
	CHECK(got(GS_INFO_DOWN, "killed", NULL));
	CHECK(note_rest("terminate") == NULL);
	node_down();
}

TEST(STOP_17_terminate_does_not_run_after_a_real_crash)
{
	static const char *const crashes[] = { "raise 11", "raise 6", "raise 9",
		"_exit 1", "_exit 0" };
	size_t i;

	node_up();
	for (i = 0; i < 5; i++) {
		gs_pid pid = start("trap 1");

		tell(GS_PID(pid), crashes[i]);
		CHECK(wait_dead(pid));
	}
	CHECK(note_rest("terminate") == NULL);
	node_down();
}

TEST(STOP_18_terminate_gets_new_state_from_stop_old_from_failure)
{
	node_up();
	tell(GS_PID(start_watched("set 1")), "set 2;end new");
	CHECK(got(GS_INFO_DOWN, "new", NULL));
	tell(GS_PID(start_watched("set 1")), "set 2;exit old");
	CHECK(got(GS_INFO_DOWN, "old", NULL));
	tell(GS_PID(start_watched("set 1")), "set 2;garbage");
	CHECK(got(GS_INFO_DOWN, "bad_return_value", NULL));
	CHECK_INT(notes("terminate new 2"), 1);
	CHECK_INT(notes("terminate old 1"), 1);
	CHECK_INT(notes("terminate bad_return_value 1"), 1);
	node_down();
}

/* In C terminate returns nothing: a verdict made in it must not count. */
TEST(STOP_19_terminate_cannot_change_the_reason_by_a_verdict)
{
	gs_pid pid;

	node_up();
	pid = start_watched("at_end end other");
	CHECK_INT(gs_stop(GS_PID(pid), "shutdown", FOREVER), 0);
	CHECK(got(GS_INFO_DOWN, "shutdown", NULL));
	tell(GS_PID(start_watched("at_end garbage")), "end boom");
	CHECK(got(GS_INFO_DOWN, "boom", NULL));
	node_down();
}

static gs_next
brief_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

static gs_next
brief_cast(void *state, gs_bytes request)
{
	char reason[32];

	(void)state;
	return gs_next_stop(gs_string(request, reason, sizeof(reason)));
}

static GS_SERVER(brief, .init = brief_init, .handle_cast = brief_cast);

TEST(STOP_20_without_terminate_the_reason_is_unchanged)
{
	gs_ref ref;
	gs_pid pid;

	node_up();
	CHECK_INT(gs_start_monitor(&brief, GS_NONE, NULL, &pid, &ref), 0);
	tell(GS_PID(pid), "boom");
	CHECK(got(GS_INFO_DOWN, "boom", NULL));
	CHECK_INT(gs_start_monitor(&brief, GS_NONE, NULL, &pid, &ref), 0);
	CHECK_INT(gs_stop(GS_PID(pid), NULL, FOREVER), 0);
	CHECK(got(GS_INFO_DOWN, "normal", NULL));
	node_down();
}

TEST(STOP_21_a_failure_in_terminate_becomes_the_reason)
{
	node_up_caught();
	tell(GS_PID(start_watched("at_end exit mishap")), "end normal");
	CHECK(got(GS_INFO_DOWN, "mishap", NULL));
	CHECK(wait_caught("mishap"));
	CHECK_INT(notes("terminate normal 0"), 1);
	CHECK_INT(notes("terminate mishap 0"), 0);
	node_down();
}

TEST(STOP_22_the_reply_goes_out_although_terminate_fails)
{
	gs_pid pid;

	node_up();
	pid = start_watched("at_end exit worse");
	CHECK_STR(ask(GS_PID(pid), "endreply boom bye"), "bye");
	CHECK(got(GS_INFO_DOWN, "worse", NULL));
	node_down();
}

TEST(STOP_24_links_and_monitors_hear_after_terminate)
{
	gs_info info;
	gs_ref ref;
	gs_pid pid;

	node_up();
	CHECK_INT(gs_trap_exit(true), 0);
	CHECK_INT(try_start_link("at_end gate 1|note ended", &pid), 0);
	CHECK_INT(gs_monitor(GS_PID(pid), &ref), 0);
	tell(GS_PID(pid), "end boom");
	CHECK(wait_note("terminate boom 0"));
	CHECK_INT(gs_receive(&info, 200), -ETIMEDOUT);
	gate_open(1);
	CHECK_INT(gs_receive(&info, SOON), 0);
	CHECK_STR(info.reason, "boom");
	CHECK_INT(notes("ended"), 1);
	CHECK_INT(gs_receive(&info, SOON), 0);
	CHECK_STR(info.reason, "boom");
	node_down();
}

/* Holds an abstract socket name: a kernel object that only closing frees. */
static gs_next
holder_init(void *state, gs_bytes argument)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	socklen_t size = offsetof(struct sockaddr_un, sun_path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	memcpy(at.sun_path + 1, argument.data, argument.size);
	size += 1 + (socklen_t)argument.size;
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, size) < 0)
		return gs_error("held");
	return gs_ok();
}

static void
holder_terminate(void *state, const char *reason)
{
	(void)state;
	(void)reason;
	note("terminate");
}

static gs_next
holder_cast(void *state, gs_bytes request)
{
	(void)state;
	raise((int)gs_long(request, SIGSEGV));
	return gs_next_noreply();
}

static GS_SERVER(holder, .init = holder_init, .handle_cast = holder_cast,
    .terminate = holder_terminate);

TEST(STOP_31_what_it_held_is_released_by_any_death)
{
	static const char *const signals[] = { "9", "11", "6", "exit" };
	char name[64];
	gs_pid pid;
	size_t i;

	node_up();
	snprintf(name, sizeof(name), "%s-held", test_node());
	for (i = 0; i < 4; i++) {
		CHECK_INT(gs_start(&holder, GS_TEXT(name), NULL, &pid), 0);
		CHECK_INT(try_start("", NULL), 0);
		CHECK_INT(
		    gs_start(&holder, GS_TEXT(name), NULL, &(gs_pid){ 0 }),
		    -ECHILD);
		CHECK_STR(gs_error_reason(), "held");
		if (strcmp(signals[i], "exit") == 0)
			CHECK_INT(gs_exit_signal(GS_PID(pid), "boom"), 0);
		else
			tell(GS_PID(pid), signals[i]);
		CHECK(wait_dead(pid));
	}
	CHECK_INT(gs_start(&holder, GS_TEXT(name), NULL, &pid), 0);
	CHECK_INT(notes("terminate"), 0);
	node_down();
}
