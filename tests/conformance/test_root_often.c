/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Root supervisors that are killed one after the other, in the middle of
 * whatever they do.
 */
#include "tests/conformance/helpers.h"

static bool
root_lives(void *data)
{
	gs_process_info *root = data;

	*root = root_process();
	return root->os_pid > 1;
}

static gs_process_info
living_root(void)
{
	gs_process_info root;

	CHECK(eventually(root_lives, &root, SOON));
	return root;
}

static void *
come_and_go(void *data)
{
	CHECK_STR(ask(GS_NAME("one"), "get"), "5");
	return data;
}

/* Clients that have the dead root's slot meanwhile are no roots. */
static void
visitors(int count)
{
	pthread_t thread;

	for (int i = 0; i < count; i++) {
		CHECK_INT(pthread_create(&thread, NULL, come_and_go, NULL), 0);
		CHECK_INT(pthread_join(thread, NULL), 0);
	}
}

/* It is forked again more slowly then, and nobody minds. */
TEST(root_killed_again_and_again_is_not_the_end)
{
	gs_pid pid;

	node_up();
	pid = start_child("set 5", "one", GS_PERMANENT);
	for (int i = 0; i < 6; i++) {
		gs_process_info root = living_root();

		CHECK_INT(kill(root.os_pid, SIGKILL), 0);
		CHECK(wait_dead(root.pid));
		CHECK_STR(ask(GS_PID(pid), "get"), "5");
		visitors(i < 3 ? 10 : 60);
	}
	end_with(pid, "boom");
	CHECK(wait_up("one"));
	CHECK_INT(try_start("", "two"), 0);
	node_down();
}

#define ROOTS 16

/* A start that was in the way of the kill is there, or it is not. */
TEST_TIMEOUT(root_killed_at_any_moment_loses_no_child, 60)
{
	unsigned seed = (unsigned)getpid();
	struct found found;
	char name[16];
	int started = 0;

	printf("# seed %u\n", seed);
	node_up();
	for (int i = 0; i < ROOTS; i++) {
		gs_child_spec spec = { .behaviour = &puppet,
			.argument = GS_TEXT(""),
			.options = { .name = name },
			.max_restarts = 50,
			.max_seconds = 1,
			.has_intensity = true };
		pid_t root = living_root().os_pid, killer = fork();
		gs_pid pid;
		int status;

		if (killer == 0) {
			struct timespec t = { 0, rand_r(&seed) % 3000 * 1000 };

			nanosleep(&t, NULL);
			kill(root, SIGKILL);
			_exit(0);
		}
		rand_r(&seed);
		for (int k = 0; k < 3; k++) {
			snprintf(name, sizeof(name), "n%d.%d", i, k);
			status = gs_child_start(&spec, &pid);
			CHECK(status == 0 || status == -ECONNRESET);
			if (status != 0)
				continue;
			started++;
			if (rand_r(&seed) % 2 == 0)
				gs_exit_signal(GS_PID(pid), "boom");
		}
		test_join(killer);
	}
	printf("# %d started, %d roots killed\n", started, ROOTS);
	found = entry("none");
	CHECK(found.count >= started);
	for (int i = 0; i < 3 * ROOTS; i++) {
		snprintf(name, sizeof(name), "n%d.%d", i / 3, i % 3);
		found = entry(name);
		if (found.index >= 0)
			CHECK(wait_up(name));
	}
	CHECK_INT(server_count(), entry("none").count);
	node_down();
}
