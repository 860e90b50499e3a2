/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OPT: start options.
 */
#include <sched.h>
#include <sys/resource.h>

#include "tests/conformance/helpers.h"

#include <fcntl.h>
#include <sys/mman.h>

static int
start_with(const char *script, gs_options options, gs_pid *pid)
{
	gs_pid mine;

	return gs_start(&puppet, GS_TEXT(script), &options, pid ? pid : &mine);
}

TEST(OPT_01_init_that_takes_too_long_is_killed)
{
	int64_t from;

	node_up();
	from = now_ms();
	CHECK_INT(start_with("whoami;trap 1;gate 1",
		      (gs_options){ .name = "slow", .timeout = 300 }, NULL),
	    -ETIMEDOUT);
	CHECK_STR(gs_error_reason(), "timeout");
	CHECK(now_ms() - from >= 300);
	CHECK(now_ms() - from < 300 + PROMPT);
	CHECK(!os_exists(note_rest("os_pid ")));
	CHECK(is_free("slow"));
	CHECK_INT(server_count(), 0);
	CHECK(note_rest("terminate") == NULL);
	CHECK_INT(try_start("", "slow"), 0);
	node_down();
}

TEST(OPT_01_init_within_its_time_is_left_alone)
{
	gs_pid pid;

	node_up();
	CHECK_INT(
	    start_with("sleep 50;set 2", (gs_options){ .timeout = 2000 }, &pid),
	    0);
	/* by default there is no limit */
	CHECK_INT(
	    start_with("sleep 1500", (gs_options){ .timeout = 0 }, NULL), 0);
	CHECK(unnoted("terminate", 800));
	CHECK_STR(ask(GS_PID(pid), "get"), "2");
	node_down();
}

TEST(OPT_02_the_kill_of_a_linked_child_spares_the_caller)
{
	gs_options options = { .timeout = 100 };
	gs_pid pid, a;

	node_up();
	CHECK_INT(gs_start_link(&puppet, GS_TEXT("gate 1"), &options, &pid),
	    -ETIMEDOUT);
	CHECK_INT(gs_links(self_pid(), NULL, 0), 0);
	CHECK_INT(gs_trap_exit(true), 0);
	CHECK_INT(gs_start_link(&puppet, GS_TEXT("gate 1"), &options, &pid),
	    -ETIMEDOUT);
	CHECK_INT(try_start_link("", &a), 0);
	end_with(a, "fence");
	CHECK(got(GS_INFO_EXIT, "fence", NULL));
	CHECK(got_nothing());
	node_down();
}

TEST(OPT_03_values_out_of_range_are_refused)
{
	node_up();
	CHECK_INT(start_with("note up", (gs_options){ .timeout = -1 }, NULL),
	    -EINVAL);
	CHECK_INT(
	    start_with("note up", (gs_options){ .hibernate_after = -1 }, NULL),
	    -EINVAL);
	CHECK_INT(
	    start_with("note up", (gs_options){ .mailbox = 1 }, NULL), -EINVAL);
	CHECK_INT(start_with("note up",
		      (gs_options){ .mailbox = (size_t)2 << 30 }, NULL),
	    -EINVAL);
	CHECK_INT(start_with("note up", (gs_options){ .name = "nil" }, NULL),
	    -EINVAL);
	CHECK_INT(notes("up"), 0);
	CHECK_INT(server_count(), 0);
	CHECK_INT(
	    start_with("note up", (gs_options){ .mailbox = 16 << 10 }, NULL),
	    0);
	node_down();
}

TEST(OPT_03_the_name_option_names_the_server)
{
	gs_process_info info;
	gs_pid pid, found;

	node_up();
	CHECK_INT(start_with("", (gs_options){ .name = "opted" }, &pid), 0);
	CHECK_INT(gs_whereis("opted", &found), 0);
	CHECK(gs_pid_equal(found, pid));
	CHECK_INT(gs_process_inspect(GS_PID(pid), &info), 0);
	CHECK_STR(info.name, "opted");
	node_down();
}

/* What servers write to stdout goes to this file while the node starts. */
static int
catch_stdout(void)
{
	int saved = dup(STDOUT_FILENO);
	int file = memfd_create("stdout", MFD_CLOEXEC);

	CHECK(saved >= 0 && file >= 0);
	fflush(NULL);
	CHECK(dup2(file, STDOUT_FILENO) >= 0);
	node_up_caught();
	dup2(saved, STDOUT_FILENO);
	close(saved);
	return file;
}

struct output {
	int file;
	const char *text;
};

static bool
is_printed(void *data)
{
	const struct output *o = data;
	static char text[1 << 16];
	ssize_t n = pread(o->file, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return strstr(text, o->text) || strstr(caught(), o->text);
}

TEST(OPT_04_trace_shows_the_first_message)
{
	struct output o = { catch_stdout(), "first-ever" };
	gs_pid pid;

	CHECK_INT(start_with("", (gs_options){ .name = "untraced" }, &pid), 0);
	CHECK_STR(ask(GS_PID(pid), "reply not-shown"), "not-shown");
	CHECK_INT(start_with("",
		      (gs_options){ .name = "traced", .debug = "trace" }, &pid),
	    0);
	tell(GS_PID(pid), "note first-ever");
	CHECK(eventually(is_printed, &o, SOON));
	o.text = "not-shown";
	CHECK(!is_printed(&o));
	close(o.file);
	node_down();
}

TEST(OPT_04_the_debug_list_is_accepted)
{
	gs_pid pid;

	node_up();
	CHECK_INT(
	    start_with("", (gs_options){ .debug = "log,statistics" }, &pid), 0);
	settle(GS_PID(pid));
	CHECK_INT(start_with("",
		      (gs_options){ .debug = "trace,log,statistics" }, &pid),
	    0);
	settle(GS_PID(pid));
	node_down();
}

TEST(OPT_05_an_unusable_debug_word_does_not_prevent_the_start)
{
	gs_pid pid;

	node_up();
	CHECK_INT(start_with("", (gs_options){ .debug = "nonsense" }, &pid), 0);
	settle(GS_PID(pid));
	CHECK_INT(
	    start_with("", (gs_options){ .debug = ",,trace,," }, &pid), 0);
	settle(GS_PID(pid));
	CHECK_INT(
	    start_with("",
		(gs_options){ .debug = "log_to_file(/nowhere/at/all),log(3" },
		&pid),
	    0);
	settle(GS_PID(pid));
	node_down();
}

TEST(OPT_09_hibernate_after_is_off_by_default)
{
	gs_pid pid, never;

	node_up();
	never = start("");
	CHECK_INT(
	    start_with("", (gs_options){ .hibernate_after = 50 }, &pid), 0);
	CHECK(wait_state(GS_PID(pid), GS_STATE_HIBERNATING));
	CHECK(state_of(GS_PID(never)) != GS_STATE_HIBERNATING);
	settle(GS_PID(pid));
	CHECK(wait_state(GS_PID(pid), GS_STATE_HIBERNATING));
	CHECK(state_of(GS_PID(never)) != GS_STATE_HIBERNATING);
	node_down();
}

/* ---- spawn options ---- */

static int
nice_of(gs_pid pid)
{
	errno = 0;
	return getpriority(PRIO_PROCESS, (id_t)os_pid_of(GS_PID(pid)));
}

TEST(OPT_06_the_priority_is_visible_on_the_process)
{
	gs_options options = { .priority = GS_PRIORITY_LOW };
	int before = getpriority(PRIO_PROCESS, 0), status;
	gs_pid pid;

	node_up();
	CHECK_INT(gs_start(&puppet, GS_NONE, NULL, &pid), 0);
	CHECK_INT(nice_of(pid), before);
	CHECK_INT(gs_start(&puppet, GS_NONE, &options, &pid), 0);
	CHECK_INT(nice_of(pid), 10);
	CHECK_STR(ask(GS_PID(pid), "reply here"), "here");
	/* these need a right, without which the start says so */
	options.priority = GS_PRIORITY_HIGH;
	status = gs_start(&puppet, GS_NONE, &options, &pid);
	if (status == 0)
		CHECK_INT(nice_of(pid), -10);
	else
		CHECK(strncmp(gs_error_reason(), "priority: ", 10) == 0);
	options.priority = GS_PRIORITY_MAX;
	status = gs_start(&puppet, GS_NONE, &options, &pid);
	if (status == 0)
		CHECK_INT(sched_getscheduler(os_pid_of(GS_PID(pid))), SCHED_RR);
	else
		CHECK(strncmp(gs_error_reason(), "priority: ", 10) == 0);
	options.priority = (enum gs_priority)4;
	CHECK_INT(gs_start(&puppet, GS_NONE, &options, &pid), -EINVAL);
	node_down();
}

/* OPT-06: so is the limit of its memory, which is no end of the process. */
TEST(OPT_06_memory_may_be_limited)
{
	gs_options options = { .max_memory = 64u << 20 };
	struct rlimit limit;
	gs_pid pid;

	if (test_slow())
		SKIP("a sanitizer takes more than any limit");
	node_up();
	CHECK_INT(gs_start(&puppet, GS_NONE, &options, &pid), 0);
	CHECK_INT(
	    prlimit(os_pid_of(GS_PID(pid)), RLIMIT_DATA, NULL, &limit), 0);
	CHECK(limit.rlim_cur == 64u << 20);
	CHECK_STR(ask(GS_PID(pid), "reply here"), "here");
	node_down();
}

TEST(OPT_07_monitor_is_no_spawn_option)
{
	gs_options options = { .name = "m", .spawn = GS_SPAWN_MONITOR };
	gs_pid pid;

	node_up();
	CHECK_INT(gs_start(&puppet, GS_NONE, &options, &pid), -EINVAL);
	CHECK(strstr(gs_error_text(), "gs_start_monitor") != NULL);
	CHECK_INT(gs_start_link(&puppet, GS_NONE, &options, &pid), -EINVAL);
	CHECK(is_free("m"));
	options.spawn = 8;
	CHECK_INT(gs_start(&puppet, GS_NONE, &options, &pid), -EINVAL);
	CHECK_INT(server_count(), 0);
	node_down();
}

TEST(OPT_08_link_with_a_plain_start_is_start_link)
{
	gs_options options = { .spawn = GS_SPAWN_LINK };
	gs_pid pid, other;

	node_up();
	gs_trap_exit(true);
	CHECK_INT(gs_start(&puppet, GS_NONE, NULL, &other), 0);
	CHECK_INT(gs_start(&puppet, GS_NONE, &options, &pid), 0);
	CHECK(linked(pid, self_pid()));
	CHECK(!linked(other, self_pid()));
	end_with(pid, "boom");
	CHECK(got(GS_INFO_EXIT, "boom", NULL));
	/* a start that fails leaves neither a link nor a message */
	CHECK_INT(
	    gs_start(&puppet, GS_TEXT("end no"), &options, &pid), -ECHILD);
	node_down();
}

/*
 * OPT-10: what a supervisor starts takes the same name and spawn options; its
 * children are linked to it, and to nobody else.
 */
TEST(OPT_10_children_take_name_and_spawn_options)
{
	gs_child_spec spec = { .behaviour = &puppet,
		.options = { .name = "c", .priority = GS_PRIORITY_LOW } };
	gs_pid pid;

	node_up();
	CHECK_INT(gs_child_start(&spec, &pid), 0);
	CHECK_INT(nice_of(pid), 10);
	/* also when it is started again */
	CHECK_INT(kill(os_pid_of(GS_PID(pid)), SIGKILL), 0);
	CHECK(wait_dead(pid));
	CHECK(wait_up("c"));
	CHECK_INT(gs_whereis("c", &pid), 0);
	CHECK_INT(nice_of(pid), 10);
	spec.options.name = "d";
	spec.options.spawn = GS_SPAWN_LINK;
	CHECK_INT(gs_child_start(&spec, &pid), -EINVAL);
	CHECK(is_free("d"));
	node_down();
}
