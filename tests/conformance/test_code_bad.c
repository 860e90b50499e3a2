/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SYS: a change of code that does not come about: the old code and state stay.
 */
#include "tests/conformance/code.h"
#include "tests/conformance/log.h"

static gs_addr
start_suspended(void)
{
	gs_addr to = GS_NAME("tally");

	start_module(fixture("fx_tally1.so"), "tally");
	CHECK_STR(ask(to, "add"), "1");
	CHECK_OK(gs_sys_suspend(to, SOON));
	return to;
}

static gs_addr
suspended_tally(void)
{
	node_up();
	return start_suspended();
}

/* Still suspended, then resumable, of the old code and with the old state. */
static void
as_before(gs_addr to)
{
	gs_sys_status status;
	gs_bytes state;
	long n;

	CHECK_OK(gs_sys_get_status(to, &status, SOON));
	CHECK(status.suspended);
	CHECK_STR(status.behaviour, "tally");
	CHECK_STR(status.version, "1");
	CHECK_OK(gs_sys_get_state(to, &state, SOON));
	CHECK_INT(state.size, 24);
	memcpy(&n, state.data, sizeof(n));
	CHECK_INT(n, 1);
	CHECK_OK(gs_sys_resume(to, SOON));
	CHECK_STR(ask(to, "version"), "1");
	CHECK_STR(ask(to, "add"), "2");
	CHECK_STR(entry("tally").child.what, fixture("fx_tally1.so"));
	CHECK_INT(entry("tally").child.restarts, 0);
}

TEST(SYS_27_code_change_says_error)
{
	gs_addr to = suspended_tally();

	refused(to, fixture("fx_tally2.so"), "error not today", -ECANCELED,
	    "not today");
	CHECK_STR(gs_error_reason(), "not today");
	CHECK(strstr(gs_error_text(), "not today") != NULL);
	refused(
	    to, fixture("fx_tally2.so"), "error normal", -ECANCELED, "normal");
	as_before(to);
	/* and afterwards it can be changed */
	CHECK_OK(change_at_once(to, fixture("fx_tally2.so"), false));
	CHECK_STR(ask(to, "version"), "2");
	CHECK_STR(ask(to, "get"), "2");
	node_down();
}

TEST(SYS_28_code_change_leaves_or_returns_nonsense)
{
	const char *two = fixture("fx_tally2.so");
	gs_addr to = suspended_tally();

	refused(to, two, "exit left", -ECANCELED, "callback_failed: left");
	refused(to, two, "exit normal", -ECANCELED, "callback_failed: normal");
	refused(to, two, "nonsense", -ECANCELED,
	    "callback_failed: code_change: bad_return_value");
	refused(to, two, "noreply", -ECANCELED, "callback_failed");
	refused(to, two, "hibernate", -ECANCELED, "callback_failed");
	as_before(to);
	node_down();
}

TEST(SYS_28_code_change_is_absent)
{
	gs_sys_code down = { .module = fixture("fx_tally2.so"), .down = true };
	gs_addr to = suspended_tally();

	refused(to, fixture("fx_tally1.so"), "", -ENOSYS, "undef");
	CHECK(strstr(gs_error_text(), "the new code") != NULL);
	CHECK_INT(gs_sys_change_code(to, &down, SOON), -ENOSYS);
	CHECK(strstr(gs_error_text(), "the running code") != NULL);
	as_before(to);
	node_down();
}

/* A real crash ends it as in any callback: it starts again, with old code. */
static void
ends_with(gs_addr to, const char *extra, const char *reason)
{
	gs_pid pid;

	CHECK_OK(gs_resolve(to, &pid));
	CHECK_INT(change(to, fixture("fx_tally2.so"), extra), -ECONNRESET);
	CHECK_STR(gs_error_reason(), reason);
	CHECK(wait_dead(pid));
	CHECK(wait_up("tally"));
	CHECK_STR(ask(to, "version"), "1");
	CHECK_STR(ask(to, "get"), "0");
}

TEST(SYS_28_code_change_crashes)
{
	const char *line;

	named_node_up();
	ends_with(start_suspended(), "crash", "signal:11");
	CHECK(wait_reports("crash", "tally", 1));
	line = report("crash", "tally");
	field_has(line, "reason", "signal:11");
	CHECK_STR(report_field(line, "last_message"), "system: code_change");
	named_node_down();
}

TEST(SYS_28_code_change_ends_the_process)
{
	gs_addr to = suspended_tally();

	ends_with(to, "end", "exit:3");
	node_down();
}

TEST(SYS_28_modules_that_are_none)
{
	gs_addr to = suspended_tally();
	char path[256];
	FILE *file;

	refused(to, "/no/such/file.so", "", -ENOENT, "not_loadable");
	refused(to, "", "", -EINVAL, "badarg");
	refused(to, fixture(""), "", -ENOEXEC, "not_loadable");
	refused(to, fixture("fx_program"), "", -ENOEXEC, "not_loadable");
	refused(to, fixture("fx_no_symbol.so"), "", -ENOEXEC, "no_behaviour");
	refused(to, fixture("fx_other_abi.so"), "", -ENOEXEC, "bad_abi");
	refused(to, fixture("fx_no_init.so"), "", -ENOEXEC, "undef");
	refused(
	    to, fixture("fx_huge_state.so"), "", -ENOEXEC, "bad_state_size");
	snprintf(path, sizeof(path), "%s/text.so", test_dir());
	file = fopen(path, "we");
	CHECK(file != NULL && fputs("no ELF at all\n", file) >= 0);
	CHECK_INT(fclose(file), 0);
	refused(to, path, "", -ENOEXEC, "not_loadable");
	file = fopen(path, "we");
	CHECK(file != NULL && fclose(file) == 0);
	refused(to, path, "", -ENOEXEC, "not_loadable");
	/* half of a module */
	put_module("fx_tally2.so", path);
	CHECK_INT(truncate(path, 3000), 0);
	refused(to, path, "", -ENOEXEC, "not_loadable");
	unlink(path);
	as_before(to);
	node_down();
}

TEST(SYS_28_arguments_that_make_no_sense)
{
	gs_addr to = suspended_tally();
	gs_sys_code none = { 0 };
	char path[6000];

	CHECK_INT(gs_sys_change_code(to, NULL, SOON), -EINVAL);
	CHECK_INT(gs_sys_change_code(to, &none, SOON), -EINVAL);
	none.module = fixture("fx_tally2.so");
	none.extra.size = 5;
	CHECK_INT(gs_sys_change_code(to, &none, SOON), -EINVAL);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	CHECK_INT(change(to, path, ""), -ENAMETOOLONG);
	path[0] = '/';
	CHECK_INT(change(to, path, ""), -ENAMETOOLONG);
	CHECK_INT(
	    change(GS_PID(root_process().pid), fixture("fx_tally2.so"), ""),
	    -EPERM);
	as_before(to);
	node_down();
}

/* One that is late is not kept: the caller has been told so. */
TEST(SYS_28_code_change_takes_too_long)
{
	gs_addr to = suspended_tally();
	gs_sys_code code = { .module = fixture("fx_tally2.so"),
		.extra = GS_TEXT("slow 1500") };

	CHECK_INT(gs_sys_change_code(to, &code, 100), -ETIMEDOUT);
	as_before(to);
	node_down();
}
