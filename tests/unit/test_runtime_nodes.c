/* SPDX-License-Identifier: Apache-2.0 */
/* Locks of nodes, the list of nodes, and what is swept and when. */
#include <errno.h>
#include <fcntl.h>
#include <genserver.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/runtime.h"
#include "shm/arena.h"
#include "tests/runner.h"

static bool
there(const char *node, const char *suffix)
{
	char path[600];

	CHECK_INT(gsi_runtime_file(path, sizeof(path), node, suffix), 0);
	return access(path, F_OK) == 0;
}

static void
make(const char *node, const char *suffix)
{
	char path[600];
	int fd;

	CHECK_INT(gsi_runtime_file(path, sizeof(path), node, suffix), 0);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	close(fd);
}

TEST(node_lock_is_held_once)
{
	int lock = gsi_node_lock("one"), other;
	struct stat st;

	CHECK_OK(lock);
	CHECK_OK(fstat(lock, &st));
	CHECK_INT(st.st_mode & 0777, 0600);
	CHECK_INT(fcntl(lock, F_GETFD), FD_CLOEXEC);
	CHECK_INT(gsi_node_lock("one"), -EEXIST);
	other = gsi_node_lock("two");
	CHECK_OK(other);
	gsi_node_unlock("one", lock);
	CHECK(!there("one", ".lock"));
	lock = gsi_node_lock("one");
	CHECK_OK(lock);
	gsi_node_unlock("one", lock);
	gsi_node_unlock("two", other);
}

static void
lock_and_die(void *data)
{
	CHECK_OK(gsi_node_lock(data));
	raise(SIGKILL);
}

TEST(node_lock_falls_with_its_holder)
{
	int lock;

	CHECK_INT(test_wait(test_fork(lock_and_die, "n")), SIGKILL);
	CHECK(there("n", ".lock"));
	lock = gsi_node_lock("n");
	CHECK_OK(lock);
	gsi_node_unlock("n", lock);
}

TEST(node_lock_follows_no_link)
{
	char path[600], target[600];

	CHECK_INT(gsi_runtime_file(path, sizeof(path), "n", ".lock"), 0);
	snprintf(target, sizeof(target), "%s/target", test_dir());
	CHECK_INT(symlink(target, path), 0);
	CHECK_INT(gsi_node_lock("n"), -ELOOP);
	CHECK(access(target, F_OK) != 0);
	CHECK_INT(unlink(path), 0);
}

/* ---- one at a time, though the file comes and goes ---- */

#define HOLDERS 4
#define ROUNDS 300

static _Atomic int *inside;

static void
hold_often(void *data)
{
	(void)data;
	for (int round = 0; round < ROUNDS;) {
		int lock = gsi_node_lock("race");

		if (lock == -EEXIST) {
			usleep(50);
			continue;
		}
		CHECK_OK(lock);
		CHECK_INT(atomic_fetch_add(inside, 1), 0);
		usleep(20);
		CHECK_INT(atomic_fetch_sub(inside, 1), 1);
		gsi_node_unlock("race", lock);
		round++;
	}
}

TEST(node_lock_has_one_holder_at_a_time)
{
	pid_t pids[HOLDERS];

	inside = test_shared(sizeof(*inside));
	for (int i = 0; i < HOLDERS; i++)
		pids[i] = test_fork(hold_often, NULL);
	for (int i = 0; i < HOLDERS; i++)
		test_join(pids[i]);
	CHECK(!there("race", ".lock"));
}

/* ---- the list ---- */

struct list {
	gs_node_entry at[8];
	int n;
};

static int
gather(const gs_node_entry *node, void *data)
{
	struct list *list = data;

	CHECK(list->n < 8);
	list->at[list->n++] = *node;
	return 0;
}

static const gs_node_entry *
listed(const struct list *list, const char *name)
{
	for (int i = 0; i < list->n; i++)
		if (strcmp(list->at[i].name, name) == 0)
			return &list->at[i];
	FAIL("%s is not in the list", name);
}

static int
stop_at_once(const gs_node_entry *node, void *data)
{
	(void)node;
	++*(int *)data;
	return 42;
}

TEST(nodes_are_listed_by_their_names)
{
	static const char *const names[] = { "plain", "a/b", "..", "100%",
		"%2f", "a b" };
	struct list list = { 0 };
	int lock = gsi_node_lock("running"), count = 0;

	CHECK_OK(lock);
	for (int i = 0; i < 6; i++)
		make(names[i], ".lock");
	make("other", ".sock");
	make("other", ".log");
	CHECK_INT(gs_nodes(gather, &list), 0);
	CHECK_INT(list.n, 7);
	for (int i = 0; i < 6; i++) {
		CHECK(!listed(&list, names[i])->running);
		CHECK_INT(listed(&list, names[i])->os_pid, 0);
	}
	CHECK(listed(&list, "running")->running);
	CHECK_INT(gs_nodes(stop_at_once, &count), 42);
	CHECK_INT(count, 1);
	/* looking has taken nothing away */
	CHECK_INT(gsi_node_lock("running"), -EEXIST);
	CHECK_INT(gs_nodes_prune(), 6);
	CHECK_INT(gs_nodes_prune(), 0);
	for (int i = 0; i < 6; i++)
		CHECK(!there(names[i], ".lock"));
	CHECK(there("running", ".lock"));
	/* without a lock file it is nobody's node: left alone */
	CHECK(there("other", ".sock"));
	gsi_node_sweep("other");
	CHECK(!there("other", ".sock"));
	gsi_node_unlock("running", lock);
}

/* ---- segments ---- */

static void
create(struct gm_arena *arena)
{
	char name[256], why[32];

	gm_segment_name(name, sizeof(name), test_node());
	CHECK_INT(gm_arena_create(arena, name, why), 0);
}

static void
create_and_die(void *data)
{
	struct gm_arena arena;

	CHECK_OK(gsi_node_lock(data));
	make(data, ".sock");
	create(&arena);
	raise(SIGKILL);
}

static int
segment_stale(void)
{
	char name[256];

	gm_segment_name(name, sizeof(name), test_node());
	return gm_segment_stale(name);
}

TEST(sweep_takes_what_a_killed_node_left)
{
	void *name = (void *)test_node();
	int lock;

	CHECK_INT(test_wait(test_fork(create_and_die, name)), SIGKILL);
	CHECK_INT(segment_stale(), 1);
	CHECK(there(test_node(), ".sock"));
	lock = gsi_node_lock(test_node());
	CHECK_OK(lock);
	gsi_node_sweep(test_node());
	CHECK_INT(segment_stale(), -ENOENT);
	CHECK(!there(test_node(), ".sock"));
	gsi_node_unlock(test_node(), lock);
}

TEST(prune_takes_what_a_killed_node_left)
{
	void *name = (void *)test_node();

	CHECK_INT(test_wait(test_fork(create_and_die, name)), SIGKILL);
	CHECK_INT(gs_nodes_prune(), 1);
	CHECK_INT(segment_stale(), -ENOENT);
	CHECK(!there(test_node(), ".sock"));
	CHECK(!there(test_node(), ".lock"));
}

TEST(sweep_leaves_a_segment_that_is_locked)
{
	struct gm_arena arena;
	char name[256];

	create(&arena);
	gsi_node_sweep(test_node());
	CHECK_INT(segment_stale(), 0);
	gm_arena_close(&arena);
	CHECK_INT(segment_stale(), 1);
	gm_segment_name(name, sizeof(name), test_node());
	CHECK_INT(shm_unlink(name), 0);
}

TEST(sweep_takes_a_strangers_segment_of_our_name)
{
	char path[300], name[256];
	struct stat st;
	int fd;

	if (geteuid() != 0)
		SKIP("needs root to give a segment away");
	gm_segment_name(name, sizeof(name), test_node());
	fd = shm_open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK_OK(fd);
	CHECK_OK(fchown(fd, 54321, 54321));
	close(fd);
	CHECK_INT(segment_stale(), -EPERM);
	gsi_node_sweep(test_node());
	snprintf(path, sizeof(path), "/dev/shm%s", name);
	CHECK_INT(lstat(path, &st), -1);
}

/* ---- private nodes, whose names never come again ---- */

static void
open_and_lose(void *data)
{
	gs_node_info info;

	(void)data;
	CHECK_INT(gs_node_open(NULL, 0), 0);
	CHECK_INT(gs_node_inspect(&info), 0);
	CHECK_INT(kill(info.os_pid, SIGKILL), 0);
	/* the node's end is ours */
	for (;;)
		pause();
}

TEST(next_node_sweeps_what_killed_private_nodes_left)
{
	struct list list = { 0 };
	gs_node_info info;
	char name[256];
	pid_t pids[3];

	for (int i = 0; i < 3; i++)
		pids[i] = test_fork(open_and_lose, NULL);
	for (int i = 0; i < 3; i++)
		CHECK_INT(test_wait(pids[i]), SIGKILL);
	CHECK_INT(gs_nodes(gather, &list), 0);
	CHECK(list.n >= 1);
	CHECK_INT(gs_node_open(NULL, 0), 0);
	CHECK_INT(gs_node_inspect(&info), 0);
	for (int i = 0; i < list.n; i++) {
		CHECK(!there(list.at[i].name, ".lock"));
		CHECK(!there(list.at[i].name, ".sock"));
		gm_segment_name(name, sizeof(name), list.at[i].name);
		CHECK_INT(gm_segment_stale(name), -ENOENT);
	}
	list.n = 0;
	CHECK_INT(gs_nodes(gather, &list), 0);
	CHECK_INT(list.n, 1);
	CHECK_STR(list.at[0].name, info.name);
	gs_node_close();
}
