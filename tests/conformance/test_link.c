/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EXIT: links.
 */
#include "tests/conformance/helpers.h"

static gs_pid
start_linked(const char *script)
{
	gs_pid pid;

	CHECK_INT(try_start_link(script, &pid), 0);
	return pid;
}

TEST(EXIT_11_a_link_is_symmetric_and_single)
{
	gs_pid a, b, links[8];

	node_up();
	a = start_named("tag a;trap 1", "a");
	b = start_named("tag b;trap 1", "b");
	CHECK_STR(ask(GS_PID(a), "link b;last"), "0");
	CHECK_STR(ask(GS_PID(a), "link b;last"), "0");
	CHECK_STR(ask(GS_PID(b), "link a;last"), "0");
	CHECK_STR(ask(GS_PID(a), "link self;last"), "0");
	CHECK_INT(gs_links(a, links, 8), 1);
	CHECK(gs_pid_equal(links[0], b));
	CHECK(linked(b, a));
	end_with(b, "kill");
	CHECK(wait_note("a: exit killed"));
	settle(GS_PID(a));
	CHECK_INT(notes("a: exit killed"), 1);
	CHECK_INT(gs_links(a, NULL, 0), 0);
	node_down();
}

TEST(EXIT_11_a_link_works_in_the_other_direction)
{
	gs_pid a, b;

	node_up();
	a = start_named("tag a;trap 1", "a");
	b = start_named("tag b;trap 1;link a", "b");
	end_with(a, "kill");
	CHECK(wait_note("b: exit killed"));
	settle(GS_PID(b));
	CHECK_INT(gs_link(GS_NAME("nobody")), -ENOENT);
	node_down();
}

TEST(EXIT_12_an_abnormal_end_spreads_with_its_reason)
{
	gs_info info;
	gs_ref ra, rb;
	gs_pid a, b, c, d;

	node_up();
	a = start_named("", "a");
	b = start_named("link a", "b");
	c = start_named("trap 1;tag c;link b", "c");
	d = start_named("tag d", "d");
	CHECK_INT(gs_monitor(GS_PID(a), &ra), 0);
	CHECK_INT(gs_monitor(GS_PID(b), &rb), 0);
	tell(GS_PID(a), "end boom");
	CHECK(got(GS_INFO_DOWN, "boom", &info));
	CHECK(gs_pid_equal(info.from, a));
	CHECK(got(GS_INFO_DOWN, "boom", &info));
	CHECK(gs_pid_equal(info.from, b));
	CHECK(wait_note("c: exit boom"));
	settle(GS_PID(c));
	settle(GS_PID(d));
	CHECK_INT(notes("terminate boom 0"), 1);
	node_down();
}

TEST(EXIT_12_every_kind_of_death_spreads)
{
	static const struct {
		const char *script;
		const char *reason;
	} ends[] = { { "end boom", "boom" }, { "raise 11", "signal:11" },
		{ "raise 9", "killed" }, { "_exit 3", "exit:3" },
		{ "end shutdown", "shutdown" },
		{ "garbage", "bad_return_value" } };
	gs_ref ref;
	gs_pid a, b;
	size_t i;

	node_up();
	for (i = 0; i < 6; i++) {
		a = start_named("", "a");
		CHECK_INT(gs_start_monitor(
			      &puppet, GS_TEXT("link a"), NULL, &b, &ref),
		    0);
		tell(GS_PID(a), ends[i].script);
		CHECK(got(GS_INFO_DOWN, ends[i].reason, NULL));
		CHECK(!gs_alive(b));
	}
	node_down();
}

TEST(EXIT_13_a_normal_end_does_not_spread)
{
	gs_pid a, b, c;

	node_up();
	a = start_named("", "a");
	b = start("tag b;link a");
	c = start("tag c;trap 1;link a");
	stop(a);
	CHECK(wait_note("c: exit normal"));
	settle(GS_PID(b));
	settle(GS_PID(c));
	CHECK(note_rest("b: ") == NULL);
	CHECK_INT(gs_links(b, NULL, 0), 0);
	node_down();
}

TEST(EXIT_14_linking_to_the_dead_gives_noproc)
{
	char script[100];
	char text[GS_PID_TEXT];
	gs_info info;
	gs_ref ref;
	gs_pid dead, pid;

	node_up();
	dead = start("");
	stop(dead);
	CHECK_INT(gs_trap_exit(true), 0);
	CHECK_INT(gs_link(GS_PID(dead)), 0);
	CHECK(got(GS_INFO_EXIT, "noproc", &info));
	CHECK(gs_pid_equal(info.from, dead));
	CHECK_INT(gs_start_monitor(&puppet, GS_NONE, NULL, &pid, &ref), 0);
	snprintf(
	    script, sizeof(script), "link %s;gate 1", gs_pid_text(dead, text));
	tell(GS_PID(pid), script);
	CHECK(got(GS_INFO_DOWN, "noproc", NULL));
	node_down();
}

TEST(EXIT_15_after_unlink_no_exit_arrives)
{
	gs_pid a, b;
	int round;

	node_up();
	CHECK_INT(gs_trap_exit(true), 0);
	a = start_linked("");
	b = start_linked("");
	CHECK_INT(gs_unlink(a), 0);
	CHECK(!linked(self_pid(), a) && !linked(a, self_pid()));
	end_with(a, "boom");
	end_with(b, "fence");
	CHECK(got(GS_INFO_EXIT, "fence", NULL));
	CHECK(got_nothing());
	CHECK_INT(gs_unlink(a), 0);
	CHECK_INT(gs_unlink(b), 0);
	/* an exit that is here already goes too */
	for (round = 0; round < 20; round++) {
		a = start_linked("");
		CHECK_INT(gs_exit_signal(GS_PID(a), "race"), 0);
		if (round % 2)
			CHECK(wait_dead(a));
		CHECK_INT(gs_unlink(a), 0);
	}
	b = start_linked("");
	end_with(b, "fence");
	CHECK(got(GS_INFO_EXIT, "fence", NULL));
	CHECK(got_nothing());
	node_down();
}

TEST(EXIT_15_an_unlinked_neighbour_survives)
{
	char script[100];
	char text[GS_PID_TEXT];
	gs_pid a, b;

	node_up();
	a = start_named("", "a");
	b = start("link a");
	snprintf(
	    script, sizeof(script), "unlink %s;last", gs_pid_text(a, text));
	CHECK_STR(ask(GS_PID(b), script), "0");
	end_with(a, "boom");
	settle(GS_PID(b));
	CHECK_INT(gs_links(b, NULL, 0), 0);
	node_down();
}
