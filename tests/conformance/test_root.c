/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root supervisor under attack: killed while others wait for it, told to
 * end while it ends, asked by many at once.
 */
#include "tests/conformance/helpers.h"

#include <dirent.h>

/* ---- killed ---- */

TEST(root_that_has_died_is_waited_for)
{
	gs_process_info root;

	node_up();
	for (int i = 0; i < 2; i++) {
		root = root_process();
		CHECK_INT(kill(root.os_pid, SIGKILL), 0);
		CHECK(wait_dead(root.pid));
		/* the next one may not be up yet */
		CHECK_INT(try_start("", NULL), 0);
	}
	node_down();
}

static bool
late_is_free(void *data)
{
	(void)data;
	return is_free("late") && server_count() == 0;
}

TEST(root_killed_during_an_init_leaves_no_process_and_no_name)
{
	struct starter starter;

	node_up();
	start_begin(&starter, &puppet, "note in;gate 0", "late");
	CHECK(wait_note("in"));
	replace_root();
	CHECK_INT(start_end(&starter), -ECONNRESET);
	CHECK(eventually(late_is_free, NULL, SOON));
	start_named("", "late");
	node_down();
}

/* Shared memory that this process could damage. */
static int
writable_shared(pid_t pid)
{
	char path[64], line[400], rights[8];
	int count = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	file = fopen(path, "re");
	CHECK(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %7s", rights) == 1 &&
		    strcmp(rights, "rw-s") == 0 && !strstr(line, "io_uring"))
			count++;
	fclose(file);
	return count;
}

struct mapped {
	pid_t pid;
	int most;
};

/* A newborn that has just told root of it still has root's mailbox. */
static bool
maps_no_more(void *data)
{
	const struct mapped *m = data;

	return writable_shared(m->pid) <= m->most;
}

TEST(root_forked_again_maps_no_more_than_the_first)
{
	struct mapped now;
	int root, server;
	gs_pid pid;

	node_up();
	pid = start("");
	root = writable_shared(root_process().os_pid);
	server = writable_shared(os_pid_of(GS_PID(pid)));
	CHECK(root > 0 && server > 0);
	/* the node has written to these, and may have them mapped still */
	for (int i = 0; i < 6; i++)
		CHECK_OK(gs_exit_signal(GS_PID(start("trap 1")), "hello"));
	replace_root();
	pid = start("");
	now = (struct mapped){ root_process().os_pid, root };
	CHECK(eventually(maps_no_more, &now, SOON));
	now = (struct mapped){ os_pid_of(GS_PID(pid)), server };
	CHECK(eventually(maps_no_more, &now, SOON));
	node_down();
}

/* ---- told to end while it ends ---- */

static void *
insist(void *data)
{
	pid_t root = *(pid_t *)data;

	CHECK(wait_note("stuck: terminate shutdown 0"));
	for (int i = 0; i < 3; i++)
		CHECK(kill(root, SIGTERM) == 0 || errno == ESRCH);
	return NULL;
}

TEST(root_told_twice_to_end_still_kills_who_is_stuck)
{
	gs_child_spec spec = { .behaviour = &puppet,
		.argument = GS_TEXT("tag stuck;trap 1;at_end gate 0"),
		.shutdown = 300,
		.has_shutdown = true };
	pthread_t thread;
	int64_t from;
	pid_t root;
	gs_pid pid;

	node_up();
	root = root_process().os_pid;
	CHECK_OK(gs_child_start(&spec, &pid));
	CHECK_INT(pthread_create(&thread, NULL, insist, &root), 0);
	from = now_ms();
	node_down();
	CHECK(now_ms() - from < SOON);
	CHECK_INT(pthread_join(thread, NULL), 0);
}

/* ---- asked by many ---- */

#define CROWD 60

struct holder {
	pid_t pid;
	int fewer; /* than these */
};

static int
fds_of(pid_t pid)
{
	char path[64];
	int count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	CHECK(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static bool
holds_fewer(void *data)
{
	const struct holder *h = data;

	return fds_of(h->pid) < h->fewer;
}

static void *
ask_root(void *data)
{
	CHECK_INT(gs_child_stop(GS_NAME("nobody"), FOREVER), -ENOENT);
	pthread_barrier_wait(data);
	return NULL;
}

TEST(root_keeps_no_descriptor_of_whom_it_answered)
{
	pthread_barrier_t all;
	pthread_t thread[CROWD];
	struct holder few;
	pid_t root;

	node_up();
	start("");
	root = root_process().os_pid;
	few = (struct holder){ root, fds_of(root) + 8 };
	CHECK(few.fewer < 64);
	CHECK_INT(pthread_barrier_init(&all, NULL, CROWD), 0);
	/* all at once, so that they sleep when the answer comes */
	CHECK_INT(kill(root, SIGSTOP), 0);
	for (int i = 0; i < CROWD; i++)
		CHECK_INT(pthread_create(&thread[i], NULL, ask_root, &all), 0);
	CHECK(wait_queue(GS_PID(root_process().pid), CROWD));
	CHECK_INT(kill(root, SIGCONT), 0);
	for (int i = 0; i < CROWD; i++)
		CHECK_INT(pthread_join(thread[i], NULL), 0);
	/* the last of them may be about to be closed */
	CHECK(eventually(holds_fewer, &few, SOON));
	pthread_barrier_destroy(&all);
	node_down();
}

/* The second one stays in its init until it is killed there. */
static gs_next
init_but_once(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	note("in");
	if (notes("in") == 2)
		gate_wait(1);
	return gs_ok();
}

static GS_SERVER(but_once, .init = init_but_once);

static void *
restart_one(void *data)
{
	gs_pid pid;

	*(int *)data = gs_child_restart(GS_NAME("one"), &pid, FOREVER);
	return NULL;
}

/* SUPA-08, and with nobody to do it again it is not started again. */
TEST(root_leaves_down_what_fails_when_it_is_restarted_by_hand)
{
	gs_child_spec spec = { .behaviour = &but_once };
	gs_pid pid;
	pthread_t thread;
	int status;

	node_up();
	spec.options.name = "one";
	CHECK_OK(gs_child_start(&spec, &pid));
	CHECK_INT(pthread_create(&thread, NULL, restart_one, &status), 0);
	CHECK(wait_notes("in", 2));
	CHECK_OK(gs_whereis("one", &pid));
	end_with(pid, "kill");
	CHECK_INT(pthread_join(thread, NULL), 0);
	CHECK_INT(status, -ECHILD);
	CHECK_INT(entry("one").child.state, GS_CHILD_STOPPED);
	CHECK_STR(entry("one").child.last_reason, "killed");
	CHECK(is_free("one"));
	CHECK_OK(gs_child_restart(GS_NAME("one"), &pid, SOON));
	CHECK_INT(notes("in"), 3);
	node_down();
}
