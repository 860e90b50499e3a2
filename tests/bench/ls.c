/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ls10k: "gsctl ls" as a whole process, from fork to exit, of a named node
 * with ten thousand servers.
 *
 *	bench_ls GSCTL NODE MODULE.so [COUNT [TIMES]]
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/kit.h"

extern char **environ;

static const char *gsctl;

static void
run(const char *verb)
{
	const char *const argv[] = { gsctl, verb, NULL };
	posix_spawn_file_actions_t actions;
	int status = -1;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(
	    &actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (posix_spawn(&pid, gsctl, &actions, NULL, (char *const *)argv,
		environ) != 0 ||
	    waitpid(pid, &status, 0) != pid || status != 0) {
		fprintf(stderr, "bench: %s %s failed\n", gsctl, verb);
		_exit(1);
	}
	posix_spawn_file_actions_destroy(&actions);
}

static void
down(void)
{
	gs_node_close();
	run("down");
}

static const gs_behaviour *
load(const char *module)
{
	void *object = dlopen(module, RTLD_NOW);
	const gs_behaviour *const *behaviour =
	    object == NULL ? NULL : dlsym(object, "gs_module");

	if (behaviour == NULL) {
		fprintf(stderr, "bench: %s\n", dlerror());
		exit(1);
	}
	return *behaviour;
}

static void
start(const gs_behaviour *behaviour, long count)
{
	gs_pid pid;

	for (long i = 0; i < count; i++)
		bench_must(gs_start(behaviour, GS_NONE, NULL, &pid), "start");
}

int
main(int argc, char **argv)
{
	long count = bench_number(argc, argv, 4, 10000);
	size_t times = (size_t)bench_number(argc, argv, 5, 5);
	int64_t *ns = bench_samples(times);
	const gs_behaviour *behaviour;

	if (argc < 4) {
		fprintf(stderr,
		    "usage: bench_ls GSCTL NODE MODULE [COUNT [TIMES]]\n");
		return 64;
	}
	gsctl = argv[1];
	setenv("GS_NODE", argv[2], 1);
	behaviour = load(argv[3]);
	run("up");
	atexit(down);
	bench_must(gs_node_open(argv[2], 0), "node");
	start(behaviour, count);
	for (size_t i = 0; i < times; i++) {
		int64_t begin = bench_now();

		run("ls");
		ns[i] = bench_now() - begin;
	}
	bench_tell("ours", "ls10k", bench_percentile(ns, times, 0.5) / 1e6);
	free(ns);
	return 0;
}
