/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SYS: changing the code of a running server.
 */
#include "tests/conformance/code.h"
#include "tests/conformance/log.h"

static gs_addr
suspended_tally(const char *name)
{
	gs_addr to = GS_NAME(name);

	start_module(fixture("fx_tally1.so"), name);
	CHECK_STR(ask(to, "add"), "1");
	CHECK_OK(gs_sys_suspend(to, SOON));
	return to;
}

TEST(SYS_25_only_when_suspended)
{
	gs_addr to = GS_NAME("tally");

	node_up();
	start_module(fixture("fx_tally1.so"), "tally");
	/* the callback would have ended it */
	refused(
	    to, fixture("fx_tally2.so"), "crash", -EBUSY, "unknown_system_msg");
	CHECK_STR(ask(to, "version"), "1");
	CHECK_OK(gs_sys_suspend(to, SOON));
	CHECK_OK(gs_sys_resume(to, SOON));
	refused(
	    to, fixture("fx_tally2.so"), "crash", -EBUSY, "unknown_system_msg");
	CHECK_STR(ask(to, "version"), "1");
	node_down();
}

TEST(SYS_26_a_wider_state_and_back)
{
	gs_sys_code down = { .module = fixture("fx_tally1.so"), .down = true };
	gs_sys_status status;
	gs_process_info info;
	gs_bytes state;
	gs_addr to;

	node_up();
	to = suspended_tally("tally");
	CHECK_OK(change(to, fixture("fx_tally2.so"), "say hello"));
	CHECK_OK(gs_sys_get_status(to, &status, SOON));
	CHECK(status.suspended);
	CHECK_STR(status.version, "2");
	CHECK_OK(gs_sys_get_state(to, &state, SOON));
	CHECK_INT(state.size, 3 * sizeof(long) + 100 + 4);
	CHECK_OK(gs_process_inspect(to, &info));
	CHECK_STR(info.version, "2");
	CHECK_OK(gs_sys_resume(to, SOON));
	CHECK_STR(ask(to, "version"), "2");
	CHECK_STR(ask(to, "told"), "from '1', 24 bytes, say hello");
	CHECK_STR(ask(to, "add"), "2");
	/* up from 2 to 2: other versions are the module's affair */
	CHECK_OK(change_at_once(to, fixture("fx_tally2.so"), false));
	CHECK_STR(ask(to, "told"), "from '2', 128 bytes, ");
	/* down: the running code is asked, for the other has no code_change */
	CHECK_OK(gs_sys_suspend(to, SOON));
	CHECK_OK(gs_sys_change_code(to, &down, SOON));
	CHECK_OK(gs_sys_get_state(to, &state, SOON));
	CHECK_INT(state.size, 24);
	CHECK_OK(gs_sys_resume(to, SOON));
	CHECK_STR(ask(to, "version"), "1");
	CHECK_STR(ask(to, "add"), "3");
	node_down();
}

TEST(SYS_26_a_relative_path_is_the_callers)
{
	gs_addr to;

	node_up();
	to = suspended_tally("tally");
	CHECK_INT(chdir(fixture("")), 0);
	CHECK_OK(change(to, "fx_tally2.so", ""));
	CHECK_OK(gs_sys_resume(to, SOON));
	CHECK_STR(ask(to, "version"), "2");
	node_down();
}

/* The loader itself would take the old object again. */
TEST(SYS_26_the_same_path_with_other_content)
{
	char path[256];
	gs_addr to = GS_NAME("tally");

	node_up();
	snprintf(path, sizeof(path), "%s/tally.so", test_dir());
	put_module("fx_tally1.so", path);
	start_module(path, "tally");
	for (int round = 0; round < 3; round++) {
		put_module("fx_tally2.so", path);
		CHECK_STR(ask(to, "version"), "1");
		CHECK_OK(change_at_once(to, path, false));
		CHECK_STR(ask(to, "version"), "2");
		put_module("fx_tally1.so", path);
		CHECK_OK(change_at_once(to, path, true));
		CHECK_STR(ask(to, "version"), "1");
		CHECK_INT(atoi(ask(to, "add")), round + 1);
	}
	unlink(path);
	node_down();
}

/* A behaviour of the program itself, unsupervised, and a program's. */
TEST(SYS_26_wherever_the_old_code_is)
{
	gs_addr to;

	node_up();
	to = GS_PID(start("set 5"));
	CHECK_OK(change_at_once(to, fixture("fx_tally2.so"), false));
	CHECK_STR(ask(to, "get"), "5");
	CHECK_STR(ask(to, "told"), "from '1', 24 bytes, ");
	stop(gs_addr_pid(to));

	to = GS_NAME("program");
	start_module(fixture("fx_program"), "program");
	CHECK_STR(ask(to, "words"), "1");
	CHECK_OK(change_at_once(to, fixture("fx_tally2.so"), false));
	CHECK_STR(ask(to, "told"), "from '', 128 bytes, ");
	node_down();
}

TEST(SYS_29_after_hibernation)
{
	gs_addr to = GS_NAME("tally");

	node_up();
	start_module(fixture("fx_tally1.so"), "tally");
	CHECK_STR(ask(to, "hibernate"), "");
	CHECK(wait_state(to, GS_STATE_HIBERNATING));
	CHECK_OK(gs_sys_suspend(to, SOON));
	CHECK_OK(change(to, fixture("fx_tally2.so"), ""));
	CHECK_OK(gs_sys_resume(to, SOON));
	CHECK(wait_state(to, GS_STATE_HIBERNATING));
	CHECK_STR(ask(to, "version"), "2");
	CHECK_STR(ask(to, "hibernate"), "");
	CHECK(wait_state(to, GS_STATE_HIBERNATING));
	CHECK_STR(ask(to, "version"), "2");
	node_down();
}

/* gs_exit takes back what the callback has done to the new state. */
TEST(SYS_29_exit_finds_the_state_from_before)
{
	gs_addr to = GS_NAME("tally");
	const char *line;

	named_node_up();
	start_module(fixture("fx_tally1.so"), "tally");
	CHECK_STR(ask(to, "add"), "1");
	CHECK_OK(change_at_once(to, fixture("fx_tally2.so"), false));
	CHECK_STR(ask(to, "add"), "2");
	CHECK_INT(gs_call(to, GS_TEXT("spoil"), NULL, SOON), -ECONNRESET);
	CHECK(wait_reports("server_terminated", "tally", 1));
	line = report("server_terminated", "tally");
	field_has(line, "reason", "spoilt");
	field_has(line, "state", "128 bytes: 0200000000");
	named_node_down();
}

/* What came while it was suspended is for the new code, in order. */
TEST(SYS_29_what_waits_is_handled_by_the_new_code)
{
	char text[16];
	gs_bytes reply;
	gs_reqid id;
	gs_addr to;

	node_up();
	to = suspended_tally("tally");
	for (int i = 1; i <= 300; i++) {
		snprintf(text, sizeof(text), "%d", i);
		tell(to, text);
		if (i == 150)
			CHECK_OK(change(to, fixture("fx_tally2.so"), ""));
	}
	CHECK_OK(gs_send_request(to, GS_TEXT("version"), &id));
	CHECK(wait_queue(to, 301));
	CHECK_OK(gs_sys_resume(to, SOON));
	CHECK_OK(gs_receive_response(id, &reply, SOON));
	CHECK_STR(gs_string(reply, text, sizeof(text)), "2");
	CHECK_STR(ask(to, "order"), "300 0");
	CHECK_STR(ask(to, "get"), "301");
	node_down();
}

struct load {
	_Atomic bool over;
	long casts;
	long calls;
};

static void *
load_run(void *data)
{
	struct load *load = data;
	gs_addr to = GS_NAME("tally");
	char text[24];

	while (!load->over) {
		for (int i = 0; i < 10; i++) {
			snprintf(text, sizeof(text), "%ld", ++load->casts);
			tell(to, text);
		}
		CHECK_INT(gs_call(to, GS_TEXT("add"), NULL, FOREVER), 0);
		load->calls++;
	}
	return NULL;
}

TEST(SYS_29_up_and_down_under_load)
{
	gs_addr to = GS_NAME("tally");
	struct load load = { 0 };
	pthread_t thread;
	char text[64];

	node_up();
	start_module(fixture("fx_tally1.so"), "tally");
	CHECK_INT(pthread_create(&thread, NULL, load_run, &load), 0);
	for (int i = 0; i < 20; i++) {
		CHECK_OK(change_at_once(to, fixture("fx_tally2.so"), false));
		CHECK_STR(ask(to, "version"), "2");
		CHECK_OK(change_at_once(to, fixture("fx_tally1.so"), true));
		CHECK_STR(ask(to, "version"), "1");
	}
	load.over = true;
	CHECK_INT(pthread_join(thread, NULL), 0);
	snprintf(text, sizeof(text), "%ld 0", load.casts);
	CHECK_STR(ask(to, "order"), text);
	CHECK_INT(atol(ask(to, "get")), load.casts + load.calls);
	node_down();
}

static void
crash(const char *name)
{
	gs_pid pid;

	CHECK_OK(gs_resolve(GS_NAME(name), &pid));
	CHECK_INT(kill(os_pid_of(GS_PID(pid)), SIGKILL), 0);
	CHECK(wait_dead(pid));
	CHECK(wait_up(name));
}

/* In OTP code is everybody's; here it is the supervisor that remembers. */
TEST(SYS_29_a_restart_is_of_the_new_code)
{
	const char *names[] = { "tally", "program" };
	gs_addr to;

	node_up();
	start_module(fixture("fx_tally1.so"), "tally");
	start_module(fixture("fx_program"), "program");
	for (int i = 0; i < 2; i++) {
		to = GS_NAME(names[i]);
		CHECK_OK(change_at_once(to, fixture("fx_tally2.so"), false));
		CHECK_STR(entry(names[i]).child.what, fixture("fx_tally2.so"));
		crash(names[i]);
		CHECK_STR(ask(to, "version"), "2");
		/* not migrated: it is a new one */
		CHECK_STR(ask(to, "told"), "");
		CHECK_STR(ask(to, "get"), "0");
	}
	/* the next supervisor knows it, too */
	replace_root();
	crash("tally");
	CHECK_STR(ask(GS_NAME("tally"), "version"), "2");
	CHECK_OK(
	    change_at_once(GS_NAME("tally"), fixture("fx_tally1.so"), true));
	crash("tally");
	CHECK_STR(ask(GS_NAME("tally"), "version"), "1");
	node_down();
}

/* An event with these words comes, those before it are taken away. */
static bool
traced(const char *words)
{
	char text[256];
	gs_info info;

	while (gs_receive(&info, SOON) == 0) {
		gs_string(info.body, text, sizeof(text));
		if (info.kind == GS_INFO_MESSAGE && strstr(text, words) != NULL)
			return true;
	}
	return false;
}

TEST(SYS_31_what_watches_goes_on)
{
	gs_addr to = GS_NAME("tally");
	gs_sys_statistics statistics;
	gs_sys_status status;
	const char *log;
	char path[256], line[256], debug[300], all[4096] = "";
	FILE *file;

	node_up();
	start_module(fixture("fx_tally1.so"), "tally");
	snprintf(path, sizeof(path), "%s/tally.log", test_dir());
	CHECK_OK(gs_sys_log(to, 20, SOON));
	CHECK_OK(gs_sys_count(to, true, SOON));
	CHECK_OK(gs_sys_log_to_file(to, path, SOON));
	CHECK_OK(gs_sys_trace_to_me(to, true, SOON));
	CHECK_OK(gs_sys_get_status(to, &status, SOON));
	snprintf(debug, sizeof(debug), "%s", status.debug);
	tell(to, "1");
	CHECK(traced("got cast 1"));
	CHECK_OK(gs_sys_suspend(to, SOON));
	CHECK_OK(change(to, fixture("fx_tally2.so"), ""));
	tell(to, "2");
	CHECK_OK(gs_sys_resume(to, SOON));
	CHECK_STR(ask(to, "order"), "2 0");
	CHECK_OK(gs_sys_get_status(to, &status, SOON));
	CHECK_STR(status.debug, debug);
	CHECK_OK(gs_sys_get_statistics(to, &statistics, SOON));
	CHECK_INT(statistics.messages_in, 3);
	CHECK_INT(statistics.messages_out, 1);
	CHECK_OK(gs_sys_get_log(to, &log, SOON));
	CHECK(strstr(log, "got cast 1") != NULL);
	CHECK(strstr(log, "got cast 2") != NULL);
	CHECK(traced("got cast 2"));
	CHECK_OK(gs_sys_log_to_file(to, NULL, SOON));
	file = fopen(path, "re");
	CHECK(file != NULL);
	while (fgets(line, sizeof(line), file) != NULL)
		strncat(all, line, sizeof(all) - strlen(all) - 1);
	fclose(file);
	CHECK(strstr(all, "got cast 1") != NULL);
	CHECK(strstr(all, "got cast 2") != NULL);
	unlink(path);
	node_down();
}
