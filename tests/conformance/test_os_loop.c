/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OS: what could go on for ever: a child that crashes as soon as it runs, and
 * clients that are killed while they change the tables.
 */
#include "tests/conformance/helpers.h"

/* ---- a crash loop ---- */

#define RESTARTS 20

/* User and system time of a process, in ms. */
static long
cpu_ms(pid_t pid)
{
	unsigned long user, system;
	char path[64], text[1024];
	size_t n;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	CHECK(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = '\0';
	CHECK_INT(sscanf(strrchr(text, ')') + 1,
		      " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
		      &user, &system),
	    2);
	return (long)(user + system) * 1000 / sysconf(_SC_CLK_TCK);
}

static long
cpu_of_both(void)
{
	gs_node_info info;

	CHECK_OK(gs_node_inspect(&info));
	return cpu_ms(info.os_pid) + cpu_ms(root_process().os_pid);
}

static bool
all_crashes_told(void *data)
{
	(void)data;
	return caught_count(" error crash ") > RESTARTS;
}

TEST(OS_21_a_crash_loop_costs_little_and_ends)
{
	gs_child_spec spec = { .behaviour = &puppet,
		.argument = GS_TEXT("note up;after 0 self raise 11"),
		.options.name = "x",
		.has_intensity = true,
		.max_restarts = RESTARTS,
		.max_seconds = 60 };
	char *full = NULL;
	size_t size;
	long cpu;
	gs_pid pid;

	node_up_caught();
	cpu = cpu_of_both();
	CHECK_INT(gs_child_start(&spec, &pid), 0);
	CHECK(wait_child("x", GS_CHILD_FAILED));
	CHECK_INT(notes("up"), RESTARTS + 1);
	/* each end is reported once; then there is silence */
	CHECK(wait_caught("reached_max_restart_intensity"));
	CHECK(eventually(all_crashes_told, NULL, SOON));
	CHECK_INT(caught_count(" error crash "), RESTARTS + 1);
	size = strlen(caught());
	CHECK(size < (RESTARTS + 2) * 4096);
	cpu = cpu_of_both() - cpu;
	CHECK(cpu < (RESTARTS + 1) * 50 || test_slow());
	usleep(300000);
	full = strdup(caught());
	CHECK(full);
	CHECK_INT(strlen(full), size);
	free(full);
	CHECK_INT(notes("up"), RESTARTS + 1);
	node_down();
}

/* ---- killed while they change the tables ---- */

#define VICTIMS 24

static struct {
	_Atomic int turn;
	_Atomic int at_it;
} * stage;

/* One at a time, so that there is one to be killed. */
static void
change_tables(void *data)
{
	int me = (int)(intptr_t)data;
	char name[16];
	gs_ref ref;
	gs_pid x;

	while (atomic_load(&stage->turn) != me)
		usleep(1000);
	CHECK_INT(gs_node_open(test_node(), 0), 0);
	CHECK_INT(gs_whereis("x", &x), 0);
	snprintf(name, sizeof(name), "victim %d", me);
	for (;;) {
		CHECK_INT(gs_register(name), 0);
		CHECK_INT(gs_monitor(GS_PID(x), &ref), 0);
		CHECK_INT(gs_link(GS_PID(x)), 0);
		atomic_store(&stage->at_it, me);
		CHECK_INT(gs_unlink(x), 0);
		CHECK_INT(gs_demonitor(ref, false), 0);
		CHECK_INT(gs_unregister(name), 0);
	}
}

static bool
is_at_it(void *data)
{
	return atomic_load(&stage->at_it) == (int)(intptr_t)data;
}

static bool
is_free_again(void *data)
{
	return is_free(data);
}

TEST(OS_05_who_is_killed_changing_the_tables_holds_up_nobody)
{
	pid_t victims[VICTIMS];
	char name[16];
	int64_t from;
	gs_pid x;

	stage = test_shared(sizeof(*stage));
	for (intptr_t i = 0; i < VICTIMS; i++)
		victims[i] = test_fork(change_tables, (void *)(i + 1));
	named_node_up();
	x = start_named("trap 1;at_exit note exit", "x");
	for (intptr_t i = 0; i < VICTIMS; i++) {
		atomic_store(&stage->turn, (int)i + 1);
		CHECK(eventually(is_at_it, (void *)(i + 1), SOON));
		usleep((unsigned)(i * 37 % 500));
		test_kill(victims[i]);
		from = now_ms();
		CHECK_INT(gs_register("me"), 0);
		CHECK_STR(ask(GS_PID(x), "reply here"), "here");
		CHECK_INT(gs_unregister("me"), 0);
		CHECK(now_ms() - from < PROMPT);
		snprintf(name, sizeof(name), "victim %d", (int)i + 1);
		CHECK(eventually(is_free_again, name, PROMPT));
	}
	named_node_down();
}
