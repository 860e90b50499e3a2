/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME: local names.
 */
#include "tests/conformance/helpers.h"

/* Everything that takes an address takes this one. */
static void
is_accepted(gs_addr to, gs_pid pid)
{
	gs_process_info info;
	gs_info message;
	gs_pid found;
	gs_ref ref;

	CHECK_STR(ask(to, "set 1;get"), "1");
	tell(to, "add 1");
	post(to, "add 1");
	CHECK_STR(ask(to, "get"), "3");
	CHECK_INT(gs_cast_wait(to, GS_TEXT("add 1"), SOON), 0);
	CHECK_STR(ask(to, "get"), "4");
	CHECK_INT(gs_send_after(0, to, GS_TEXT("note timer"), NULL), 0);
	CHECK_INT(gs_receive(&message, 50), -ETIMEDOUT);
	CHECK(wait_note("timer"));
	CHECK_INT(gs_resolve(to, &found), 0);
	CHECK(gs_pid_equal(found, pid));
	CHECK_INT(gs_ping(to, SOON), 0);
	CHECK_INT(gs_process_inspect(to, &info), 0);
	CHECK(gs_pid_equal(info.pid, pid));
	CHECK_INT(gs_trap_exit(true), 0);
	CHECK_INT(gs_link(to), 0);
	CHECK_INT(gs_unlink(pid), 0);
	CHECK_INT(gs_trap_exit(false), 1);
	CHECK_INT(gs_monitor(to, &ref), 0);
	CHECK_INT(gs_exit_signal(to, "normal"), 0);
	CHECK_STR(ask(to, "get"), "4");
	CHECK_INT(gs_stop(to, NULL, FOREVER), 0);
	CHECK(got(GS_INFO_DOWN, "normal", NULL));
	CHECK(!gs_alive(pid));
}

TEST(NAME_01_pid_is_accepted_everywhere)
{
	gs_pid pid;

	node_up();
	pid = start("");
	is_accepted(GS_PID(pid), pid);
	node_down();
}

TEST(NAME_01_local_name_is_accepted_everywhere)
{
	node_up();
	is_accepted(GS_NAME("local"), start_named("", "local"));
	node_down();
}

TEST(NAME_21_name_at_the_own_node_is_the_local_name)
{
	gs_node_info node;
	gs_pid pid;

	named_node_up();
	CHECK_INT(gs_node_inspect(&node), 0);
	CHECK_STR(node.name, test_node());
	CHECK_INT(
	    gs_start(&puppet, GS_NONE, &(gs_options){ .name = "local" }, &pid),
	    0);
	is_accepted(GS_NAME_AT("local", node.name), pid);
	CHECK_INT(gs_call(GS_NAME_AT("local", node.name), GS_NONE, NULL, 100),
	    -ENOENT);
	named_node_down();
}

TEST(NAME_02_a_held_name_cannot_be_taken)
{
	gs_pid holder, other, found;

	node_up();
	holder = start_named("", "held");
	other = start("");
	CHECK_STR(ask(GS_PID(other), "register held;last"), "-17");
	CHECK_INT(gs_register("held"), -EEXIST);
	CHECK_INT(gs_register_pid("held", other), -EEXIST);
	CHECK_INT(try_start("", "held"), -EEXIST);
	CHECK_INT(gs_whereis("held", &found), 0);
	CHECK(gs_pid_equal(found, holder));
	stop(holder);
	CHECK_STR(ask(GS_PID(other), "register held;last"), "0");
	CHECK_INT(gs_whereis("held", &found), 0);
	CHECK(gs_pid_equal(found, other));
	node_down();
}

TEST(NAME_03_a_process_has_one_name)
{
	gs_pid pid;

	node_up();
	pid = start_named("", "first");
	CHECK_STR(ask(GS_PID(pid), "register second;last"), "-17");
	CHECK_INT(gs_register_pid("second", pid), -EEXIST);
	CHECK(is_free("second"));
	CHECK(!is_free("first"));
	CHECK_STR(
	    ask(GS_PID(pid), "unregister first;register second;last"), "0");
	CHECK(is_free("first"));
	CHECK(!is_free("second"));
	CHECK_INT(gs_register("me"), 0);
	CHECK_INT(gs_register("me-too"), -EEXIST);
	CHECK_INT(gs_unregister("me"), 0);
	node_down();
}

TEST(NAME_04_reserved_names_are_refused)
{
	static const char *const names[] = { "nil", "true", "false",
		"undefined", "", "<1.2.3>", "a\nb", "\xc3" };
	const char *why;
	gs_pid pid;
	size_t i;

	node_up();
	pid = start("");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		why = NULL;
		CHECK_INT(gs_name_check(names[i], &why), -EINVAL);
		CHECK(why && *why);
		CHECK_INT(gs_register(names[i]), -EINVAL);
		CHECK_INT(gs_register_pid(names[i], pid), -EINVAL);
	}
	CHECK_INT(gs_name_check("nilly", NULL), 0);
	CHECK_INT(gs_register_pid("nilly", pid), 0);
	CHECK_INT(gs_name_check("a b/c.d:e", NULL), 0);
	node_down();
}

TEST(NAME_05_dead_pids_and_free_names_are_errors)
{
	gs_pid pid;

	node_up();
	pid = start("");
	stop(pid);
	CHECK_INT(gs_register_pid("name", pid), -ESRCH);
	CHECK(is_free("name"));
	CHECK_INT(gs_unregister("name"), -ENOENT);
	pid = start_named("", "name");
	CHECK_INT(gs_unregister("name"), 0);
	CHECK_INT(gs_unregister("name"), -ENOENT);
	settle(GS_PID(pid));
	node_down();
}

TEST(NAME_06_every_death_releases_the_name)
{
	static const char *const ends[] = { "end normal", "end boom",
		"exit boom", "garbage", "raise 11", "raise 6", "raise 9",
		"_exit 3", "_exit 0" };
	gs_pid pid;
	size_t i;

	node_up();
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		pid = start_named("", "mortal");
		CHECK(!is_free("mortal"));
		tell(GS_NAME("mortal"), ends[i]);
		CHECK(wait_dead(pid));
		CHECK(is_free("mortal"));
	}
	pid = start_named("", "mortal");
	CHECK_INT(kill(os_pid_of(GS_PID(pid)), SIGKILL), 0);
	CHECK(wait_dead(pid));
	CHECK(is_free("mortal"));
	pid = start("register mortal");
	end_with(pid, "boom");
	CHECK(is_free("mortal"));
	node_down();
}

TEST(NAME_07_a_server_may_give_up_its_name)
{
	gs_pid pid;

	node_up();
	pid = start_named("", "shy");
	CHECK_STR(ask(GS_NAME("shy"), "unregister shy;last"), "0");
	CHECK(is_free("shy"));
	settle(GS_PID(pid));
	start_named("set 2", "shy");
	CHECK_STR(ask(GS_NAME("shy"), "get"), "2");
	CHECK_STR(ask(GS_PID(pid), "get"), "0");
	stop(pid);
	CHECK(!is_free("shy"));
	node_down();
}

TEST(NAME_08_whereis)
{
	gs_node_info node;
	gs_pid pid, found;

	node_up();
	pid = start_named("", "here");
	CHECK_INT(gs_whereis("here", &found), 0);
	CHECK(gs_pid_equal(found, pid));
	CHECK_INT(gs_whereis("nowhere", &found), -ENOENT);
	CHECK_INT(gs_whereis("her", &found), -ENOENT);
	CHECK_INT(gs_whereis("heree", &found), -ENOENT);
	CHECK_INT(gs_whereis("", &found), -EINVAL);
	CHECK_INT(gs_resolve(GS_NAME("here"), &found), 0);
	CHECK(gs_pid_equal(found, pid));
	CHECK_INT(gs_node_inspect(&node), 0);
	CHECK_INT(gs_resolve(GS_NAME_AT("here", node.name), &found), 0);
	CHECK(gs_pid_equal(found, pid));
	stop(pid);
	CHECK_INT(gs_whereis("here", &found), -ENOENT);
	/* a pid is not looked up */
	CHECK_INT(gs_resolve(GS_PID(pid), &found), 0);
	CHECK(gs_pid_equal(found, pid));
	node_down();
}

TEST(NAME_09_a_pid_from_whereis_may_be_dead)
{
	gs_pid pid, found;
	gs_ref ref;

	node_up();
	pid = start_named("", "brief");
	CHECK_INT(gs_whereis("brief", &found), 0);
	stop(pid);
	start_named("note heir", "brief");
	CHECK_INT(
	    gs_call(GS_PID(found), GS_TEXT("note x"), NULL, FOREVER), -ESRCH);
	CHECK_STR(gs_error_reason(), "noproc");
	CHECK_INT(gs_cast(GS_PID(found), GS_TEXT("note x")), 0);
	CHECK_INT(gs_send(GS_PID(found), GS_TEXT("note x")), 0);
	CHECK_INT(gs_monitor(GS_PID(found), &ref), 0);
	CHECK(got(GS_INFO_DOWN, "noproc", NULL));
	settle(GS_NAME("brief"));
	CHECK_INT(notes("x"), 0);
	node_down();
}

TEST(NAME_20_a_restarted_child_takes_its_name_again)
{
	gs_pid first, second;
	int round;

	node_up();
	first = start_child("note up", "steady", GS_PERMANENT);
	for (round = 0; round < 3; round++) {
		CHECK_INT(kill(os_pid_of(GS_PID(first)), SIGKILL), 0);
		CHECK(wait_notes("up", 2 + round));
		CHECK_INT(gs_whereis("steady", &second), 0);
		CHECK(!gs_pid_equal(first, second));
		settle(GS_NAME("steady"));
		first = second;
	}
	node_down();
}
