/* SPDX-License-Identifier: Apache-2.0 */
/*
 * START: links, monitors and parents of new servers.
 */
#include "tests/conformance/start_failures.h"

TEST(START_17_the_link_is_older_than_init)
{
	gs_pid a, b, c, d;

	node_up();
	a = start("");
	tell(GS_PID(a), "startlink linked note linked|gate 1");
	c = start("");
	tell(GS_PID(c), "start free note free|gate 1");
	CHECK(wait_note("linked"));
	CHECK(wait_note("free"));
	CHECK_INT(gs_whereis("linked", &b), 0);
	CHECK_INT(gs_whereis("free", &d), 0);
	CHECK(linked(b, a) && linked(a, b));
	CHECK_INT(gs_exit_signal(GS_PID(c), "boom"), 0);
	CHECK_INT(gs_exit_signal(GS_PID(a), "boom"), 0);
	CHECK(wait_dead(b));
	CHECK(is_free("linked"));
	gate_open(1);
	settle(GS_PID(d));
	node_down();
}

TEST(START_18_start_link_links_both_ways)
{
	gs_pid a, b, c;

	node_up();
	CHECK_INT(gs_trap_exit(true), 0);
	CHECK_INT(try_start_link("", &a), 0);
	CHECK(linked(a, self_pid()));
	CHECK(linked(self_pid(), a));
	b = parsed(ask(GS_PID(a), "startlink - note b;last"));
	CHECK(linked(a, b) && linked(b, a));
	CHECK(!linked(b, self_pid()));
	c = start("");
	CHECK(!linked(self_pid(), c) && !linked(c, self_pid()));
	CHECK_INT(gs_exit_signal(GS_PID(b), "boom"), 0);
	CHECK(got(GS_INFO_EXIT, "boom", NULL));
	CHECK(wait_dead(a));
	node_down();
}

TEST(START_19_failed_start_link_leaves_no_message)
{
	gs_info info;
	gs_pid pid;
	const struct start_failure *f;

	node_up();
	CHECK_INT(gs_trap_exit(true), 0);
	for (f = start_failures; f->script; f++)
		start_failed(f, try_start_link(f->script, NULL));
	CHECK_INT(try_start_link("", &pid), 0);
	CHECK_INT(gs_exit_signal(GS_PID(pid), "fence"), 0);
	CHECK(got(GS_INFO_EXIT, "fence", &info));
	CHECK(gs_pid_equal(info.from, pid));
	CHECK(got_nothing());
	CHECK_INT(gs_links(self_pid(), NULL, 0), 0);
	node_down();
}

TEST(START_20_failed_start_link_spares_a_caller_that_does_not_trap)
{
	gs_pid a;

	node_up();
	a = start("set 5");
	CHECK_STR(ask(GS_PID(a), "startlink - end boom;last"), "-10 boom");
	CHECK_STR(ask(GS_PID(a), "startlink - raise 11;last"), "-10 signal:11");
	CHECK_STR(ask(GS_PID(a), "get"), "5");
	CHECK_INT(gs_links(a, NULL, 0), 0);
	CHECK_INT(try_start_link("end boom", NULL), -ECHILD);
	settle(GS_PID(a));
	node_down();
}

TEST(START_21_start_monitor_gives_one_down)
{
	gs_ref ref, none;
	gs_info info;
	gs_pid pid, other;
	const struct start_failure *f;

	node_up();
	for (f = start_failures; f->script; f++)
		start_failed(f, gs_start_monitor(&puppet, GS_TEXT(f->script),
				    NULL, &other, &none));
	CHECK_INT(gs_start_monitor(&puppet, GS_NONE, NULL, &pid, &ref), 0);
	CHECK(got_nothing());
	CHECK_INT(gs_exit_signal(GS_PID(pid), "fence"), 0);
	CHECK(got(GS_INFO_DOWN, "fence", &info));
	CHECK(gs_pid_equal(info.from, pid));
	CHECK_INT(info.ref.id, ref.id);
	CHECK(got_nothing());
	node_down();
}

TEST(START_31_a_named_parent_is_known_by_pid)
{
	gs_pid papa, kid;

	node_up();
	papa = start_named("", "papa");
	kid = parsed(ask(GS_PID(papa), "startlink kid tag kid|trap 1;last"));
	CHECK_INT(gs_exit_signal(GS_PID(papa), "boom"), 0);
	CHECK(wait_dead(kid));
	CHECK_INT(notes("kid: terminate boom 0"), 1);
	CHECK_INT(notes("kid: exit boom"), 0);
	node_down();
}

TEST(START_32_a_child_starts_with_nothing_of_its_parent)
{
	gs_process_info info;
	gs_pid a, b, other, links[4];

	node_up();
	other = start_named("", "other");
	a = start("trap 1;monitor other;link other;after 100 self note tick");
	b = parsed(ask(GS_PID(a), "startlink - note b;last"));
	CHECK_INT(gs_process_inspect(GS_PID(b), &info), 0);
	CHECK(!info.trap_exit);
	CHECK_INT(info.messages_queued, 0);
	CHECK_INT(gs_links(b, links, 4), 1);
	CHECK(gs_pid_equal(links[0], a));
	CHECK(wait_note("tick"));
	stop(other);
	settle(GS_PID(b));
	CHECK_INT(notes("tick"), 1);
	node_down();
}

TEST(START_33_parents_and_behaviour_are_readable)
{
	gs_process_info info;
	gs_pid a, b, c;

	node_up();
	a = start("");
	b = parsed(ask(GS_PID(a), "startlink - note b;last"));
	c = parsed(ask(GS_PID(b), "startlink - note c;last"));
	CHECK_INT(gs_process_inspect(GS_PID(c), &info), 0);
	CHECK(gs_pid_equal(info.parent, b));
	CHECK_STR(info.behaviour, "puppet");
	CHECK_STR(info.version, "1");
	CHECK_INT(info.kind, GS_PROCESS_SERVER);
	CHECK_INT(gs_process_inspect(GS_PID(b), &info), 0);
	CHECK(gs_pid_equal(info.parent, a));
	CHECK_INT(gs_process_inspect(GS_PID(info.supervisor), &info), 0);
	CHECK_INT(info.kind, GS_PROCESS_SUPERVISOR);
	node_down();
}
