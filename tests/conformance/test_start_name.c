/* SPDX-License-Identifier: Apache-2.0 */
/*
 * START: names of new servers, and messages that reach init's process early.
 */
#include "tests/conformance/helpers.h"

TEST(START_22_messages_to_the_name_wait_for_init)
{
	struct starter s;
	struct caller c;

	node_up();
	start_begin(&s, &puppet, "note init;gate 1;note ready", "early");
	CHECK(wait_note("init"));
	tell(GS_NAME("early"), "note one");
	post(GS_NAME("early"), "note two");
	CHECK(wait_queue(GS_NAME("early"), 2));
	call_begin(&c, GS_NAME("early"), "note three;reply here", FOREVER);
	CHECK(wait_queue(GS_NAME("early"), 3));
	tell(GS_NAME("early"), "note four");
	CHECK_INT(notes("one"), 0);
	gate_open(1);
	CHECK_INT(start_end(&s), 0);
	CHECK_INT(call_end(&c), 0);
	CHECK_STR(c.reply, "here");
	CHECK(wait_note("four"));
	CHECK(notes_in_order("ready", "one", "two", "three", "four", NULL));
	node_down();
}

static void
waiting_callers_fail(const char *script, const char *reason)
{
	struct starter s;
	struct caller c[4];
	int i;

	node_up();
	start_begin(&s, &puppet, script, "doomed");
	CHECK(wait_note("init"));
	for (i = 0; i < 4; i++)
		call_begin(&c[i], GS_NAME("doomed"), "reply x", FOREVER);
	CHECK(wait_queue(GS_NAME("doomed"), 4));
	gate_open(1);
	CHECK(start_end(&s) < 0);
	for (i = 0; i < 4; i++) {
		CHECK_INT(call_end(&c[i]), -ECONNRESET);
		CHECK_STR(c[i].reason, reason);
		CHECK(c[i].took < SOON);
	}
	node_down();
}

TEST(START_23_callers_fail_when_init_stops)
{
	waiting_callers_fail("note init;gate 1;end boom", "boom");
}

TEST(START_23_callers_fail_when_init_crashes)
{
	waiting_callers_fail("note init;gate 1;raise 11", "signal:11");
}

TEST(START_23_callers_fail_when_init_ignores)
{
	waiting_callers_fail("note init;gate 1;ignore", "normal");
}

TEST(START_24_messages_to_itself_from_init_come_after_it)
{
	gs_pid pid;

	node_up();
	pid = start("send self note one;cast self note two;"
		    "send self note three;note init");
	settle(GS_PID(pid));
	CHECK(notes_in_order("init", "one", "two", "three", NULL));
	CHECK_INT(notes("one"), 1);
	node_down();
}

TEST(START_25_taken_name_is_refused_with_its_holder)
{
	gs_options options = { .name = "taken" };
	gs_bytes script = GS_TEXT("note newcomer");
	gs_pid holder, pid;
	gs_ref ref;

	node_up();
	CHECK_INT(gs_trap_exit(true), 0);
	holder = start_named("set 9", "taken");
	memset(&pid, 0, sizeof(pid));
	CHECK_INT(gs_start(&puppet, script, &options, &pid), -EEXIST);
	CHECK(gs_pid_equal(pid, holder));
	CHECK_STR(gs_error_reason(), "already_started");
	memset(&pid, 0, sizeof(pid));
	CHECK_INT(gs_start_link(&puppet, script, &options, &pid), -EEXIST);
	CHECK(gs_pid_equal(pid, holder));
	memset(&pid, 0, sizeof(pid));
	CHECK_INT(
	    gs_start_monitor(&puppet, script, &options, &pid, &ref), -EEXIST);
	CHECK(gs_pid_equal(pid, holder));
	CHECK_INT(notes("newcomer"), 0);
	CHECK_INT(server_count(), 1);
	CHECK_INT(gs_links(holder, NULL, 0), 0);
	CHECK_STR(ask(GS_NAME("taken"), "get"), "9");
	CHECK(got_nothing());
	node_down();
}

#define RACERS 4

TEST(START_26_one_of_racing_starts_wins)
{
	struct starter s[RACERS];
	int round, i, winners;
	gs_pid holder;

	node_up();
	for (round = 0; round < 20; round++) {
		for (i = 0; i < RACERS; i++)
			start_begin(&s[i], &puppet, "", "race");
		winners = 0;
		for (i = 0; i < RACERS; i++)
			winners += start_end(&s[i]) == 0;
		CHECK_INT(winners, 1);
		CHECK_INT(gs_whereis("race", &holder), 0);
		for (i = 0; i < RACERS; i++) {
			CHECK(s[i].result == 0 || s[i].result == -EEXIST);
			CHECK(gs_pid_equal(s[i].pid, holder));
		}
		stop(holder);
	}
	node_down();
}

TEST(START_27_malformed_names_are_refused)
{
	static const char *const names[] = { "", "nil", "true", "false",
		"undefined", "<x", "tab\there", "line\n", "\xff\xfe", "\x7f" };
	char name[GS_NAME_MAX + 2];
	size_t i;

	node_up();
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (try_start("note started", names[i]) != -EINVAL)
			FAIL("name \"%s\" was accepted", names[i]);
	}
	CHECK_INT(try_start("note started", "<odd.one"), -EINVAL);
	CHECK(strstr(gs_error_text(), "<odd.one") != NULL);
	memset(name, 'x', sizeof(name));
	name[GS_NAME_MAX + 1] = '\0';
	CHECK_INT(try_start("note started", name), -EINVAL);
	CHECK_INT(notes("started"), 0);
	CHECK_INT(server_count(), 0);
	name[GS_NAME_MAX] = '\0';
	CHECK_INT(try_start("note started", name), 0);
	CHECK_INT(try_start("note started", "gr\xc3\xbc\xc3\x9f gott"), 0);
	node_down();
}

TEST(START_28_no_name_is_an_unnamed_server)
{
	gs_process_info info;
	gs_pid pid;

	node_up();
	pid = start_named("", NULL);
	CHECK_INT(gs_process_inspect(GS_PID(pid), &info), 0);
	CHECK_STR(info.name, "");
	CHECK_INT(try_start("", NULL), 0);
	node_down();
}

static int
copy_id(const gs_child *child, void *data)
{
	snprintf(data, GS_NAME_MAX + 1, "%s", child->id);
	return 1;
}

/* What a child without a name is called in lists is no name that it has. */
TEST(START_25_id_of_an_unnamed_child_is_a_free_name)
{
	gs_child_spec spec = { .behaviour = &puppet };
	char id[GS_NAME_MAX + 1] = "";
	gs_pid unnamed, named, found;

	node_up();
	CHECK_OK(gs_child_start(&spec, &unnamed));
	CHECK_INT(gs_children(copy_id, id), 1);
	CHECK(id[0] != '\0' && gs_whereis(id, &found) != 0);
	spec.options.name = id;
	CHECK_OK(gs_child_start(&spec, &named));
	CHECK_OK(gs_whereis(id, &found));
	CHECK(gs_pid_equal(found, named) && !gs_pid_equal(found, unnamed));
	CHECK_STR(ask(GS_PID(unnamed), "reply here"), "here");
	CHECK_STR(ask(GS_NAME(id), "reply there"), "there");
	node_down();
}
