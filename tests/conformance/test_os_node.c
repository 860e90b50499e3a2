/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OS: the end of a node, with all its processes or before them, and the next
 * node of the same name.
 */
#include "tests/conformance/helpers.h"

#include <dirent.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PIDS 64

struct pids {
	pid_t pid[PIDS];
	int n;
};

static bool
holds(const struct pids *all, pid_t pid)
{
	for (int i = 0; i < all->n; i++)
		if (all->pid[i] == pid)
			return true;
	return false;
}

/* The children of those that are in the list already. */
static void
add_children(struct pids *all)
{
	DIR *d = opendir("/proc");
	struct dirent *entry;

	CHECK(d);
	while ((entry = readdir(d)) != NULL && all->n < PIDS) {
		pid_t pid = atoi(entry->d_name), parent;
		char state;

		if (pid > 1 && test_process(pid, &state, &parent) &&
		    holds(all, parent) && !holds(all, pid))
			all->pid[all->n++] = pid;
	}
	closedir(d);
}

/* The node and all below it. */
static struct pids
processes_of_node(void)
{
	struct pids all = { .n = 1 };
	gs_node_info info;
	int before;

	CHECK_OK(gs_node_inspect(&info));
	all.pid[0] = info.os_pid;
	do {
		before = all.n;
		add_children(&all);
	} while (all.n > before);
	return all;
}

static bool
all_gone(void *data)
{
	const struct pids *all = data;

	for (int i = 0; i < all->n; i++)
		if (!test_gone(all->pid[i]))
			return false;
	return true;
}

static int
count_child(const gs_child *child, void *data)
{
	(void)child;
	++*(int *)data;
	return 0;
}

static void
tables_are_empty(void)
{
	int children = 0;

	CHECK_INT(server_count(), 0);
	CHECK_OK(gs_children(count_child, &children));
	CHECK_INT(children, 0);
	CHECK(is_free("x"));
	CHECK(is_free("y"));
}

TEST(OS_16_after_a_power_cut_the_next_node_is_empty)
{
	for (int round = 0; round < 3; round++) {
		struct pids all;

		named_node_up();
		tables_are_empty();
		start_child("", "x", GS_PERMANENT);
		start_child("trap 1", "y", GS_PERMANENT);
		tell(GS_NAME("y"), "gate 1");
		all = processes_of_node();
		/* node, root, logger, two servers */
		CHECK(all.n >= 5);
		for (int i = 0; i < all.n; i++)
			CHECK_INT(kill(all.pid[i], SIGSTOP), 0);
		/* the node last: its end would be that of the others */
		for (int i = all.n; i-- > 0;)
			CHECK_INT(kill(all.pid[i], SIGKILL), 0);
		test_wait(all.pid[0]);
		CHECK(eventually(all_gone, &all, SOON));
		CHECK_INT(
		    gs_call(GS_NAME("x"), GS_NONE, NULL, SOON), -ENOTCONN);
		gs_node_close();
	}
	named_node_up();
	tables_are_empty();
	start_child("", "x", GS_PERMANENT);
	CHECK_STR(ask(GS_NAME("x"), "reply here"), "here");
	named_node_down();
}

/* Idle, busy, blocked, stopped, or with an end that takes long. */
TEST(OS_17_nothing_of_a_killed_node_goes_on)
{
	struct pids all;
	gs_pid stopped;

	named_node_up();
	start_child("", "x", GS_PERMANENT);
	tell(GS_PID(start("")), "busy 25000");
	tell(GS_PID(start("trap 1")), "gate 1");
	tell(GS_PID(start("trap 1;at_end sleep 25000")), "end boom");
	stopped = start("");
	freeze(stopped);
	all = processes_of_node();
	CHECK(all.n >= 8);
	CHECK_INT(kill(all.pid[0], SIGKILL), 0);
	test_wait(all.pid[0]);
	CHECK(eventually(all_gone, &all, PROMPT));
	CHECK_INT(gs_call(GS_NAME("x"), GS_NONE, NULL, SOON), -ENOTCONN);
	gs_node_close();
	/* the next one sweeps the segment; it would be found left */
	named_node_up();
	tables_are_empty();
	named_node_down();
}

static void *
kill_node(void *data)
{
	struct pids *all = data;

	CHECK_INT(kill(all->pid[0], SIGKILL), 0);
	test_wait(all->pid[0]);
	return NULL;
}

/* Nobody is left who could make room, or ring. */
TEST(OS_17_who_waits_for_room_learns_that_the_node_is_gone)
{
	static const char filling[4096] = "note x";
	pthread_t thread;
	struct pids all;
	gs_pid pid;

	named_node_up();
	pid = start("");
	freeze(pid);
	all = processes_of_node();
	while (gs_cast(GS_PID(pid), GS_OBJECT(filling)) == 0)
		;
	CHECK_INT(
	    gs_cast_wait(GS_PID(pid), GS_OBJECT(filling), 300), -ETIMEDOUT);
	CHECK_INT(pthread_create(&thread, NULL, kill_node, &all), 0);
	CHECK_INT(gs_cast_wait(GS_PID(pid), GS_OBJECT(filling), GS_INFINITY),
	    -ENOTCONN);
	CHECK_INT(pthread_join(thread, NULL), 0);
	CHECK(eventually(all_gone, &all, SOON));
	gs_node_close();
	named_node_up();
	named_node_down();
}

static gs_next
cpu_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

/* Goes to each CPU that it may use: how often the C library is mistaken. */
static gs_next
cpu_call(void *state, gs_bytes request, gs_from from)
{
	cpu_set_t all, one;
	int mistakes = 0;

	(void)state;
	(void)request;
	(void)from;
	CHECK_INT(sched_getaffinity(0, sizeof(all), &all), 0);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		CHECK_INT(sched_setaffinity(0, sizeof(one), &one), 0);
		mistakes += sched_getcpu() != cpu;
	}
	return gs_next_reply(GS_STR("%d", mistakes));
}

static GS_SERVER(cpus, .init = cpu_init, .handle_call = cpu_call);

/* How a process waits depends on it, and programs ask for it as well. */
TEST(servers_of_a_private_node_know_where_they_run)
{
	gs_pid pid;

	node_up();
	for (int i = 0; i < 3; i++) {
		CHECK_OK(gs_start(&cpus, GS_NONE, NULL, &pid));
		CHECK_STR(ask(GS_PID(pid), "mistakes"), "0");
	}
	node_down();
}
