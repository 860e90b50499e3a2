/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsctl.call: "gsctl call NAME REQUEST" as a whole process, from fork to
 * exit, against a named node that runs.  Limit: /bin/true in the same way.
 * gsctl.lines.rate: requests by the lines of a file through one gsctl.
 *
 *	bench_command GSCTL NODE MODULE.so [COUNT]
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/kit.h"

extern char **environ;

static const char *gsctl;

static int
run(const char *const *argv)
{
	posix_spawn_file_actions_t actions;
	int status = -1;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(
	    &actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (posix_spawn(&pid, argv[0], &actions, NULL, (char *const *)argv,
		environ) != 0 ||
	    waitpid(pid, &status, 0) != pid)
		status = -1;
	posix_spawn_file_actions_destroy(&actions);
	return status;
}

static void
must_run(const char *const *argv)
{
	if (run(argv) == 0)
		return;
	fprintf(stderr, "bench: %s %s failed\n", argv[0],
	    argv[1] != NULL ? argv[1] : "");
	exit(1);
}

static int64_t
timed(const char *const *argv)
{
	int64_t start = bench_now();

	must_run(argv);
	return bench_now() - start;
}

static void
down(void)
{
	const char *const argv[] = { gsctl, "down", NULL };

	run(argv);
}

static void
up(const char *node, const char *module)
{
	const char *const argv[] = { gsctl, "up", NULL };
	const char *const start[] = { gsctl, "start", "--name", "echo", module,
		NULL };

	setenv("GS_NODE", node, 1);
	must_run(argv);
	atexit(down);
	must_run(start);
}

/* M/s */
static double
lines(long count)
{
	const char *const argv[] = { "/bin/sh", "-c",
		"exec \"$0\" call --lines echo", gsctl, NULL };
	FILE *file = tmpfile();
	int64_t start;

	if (file == NULL)
		exit(1);
	for (long i = 0; i < count; i++)
		fputs("hello\n", file);
	fflush(file);
	rewind(file);
	dup2(fileno(file), STDIN_FILENO);
	lseek(STDIN_FILENO, 0, SEEK_SET);
	start = bench_now();
	must_run(argv);
	start = bench_now() - start;
	fclose(file);
	return (double)count * 1e3 / (double)start;
}

int
main(int argc, char **argv)
{
	const char *truth[] = { "/bin/true", NULL };
	const char *call[] = { NULL, "call", "echo", "hello", NULL };
	size_t count = (size_t)bench_number(argc, argv, 4, 200);
	int64_t *our = calloc(count, sizeof(*our));
	int64_t *bare = calloc(count, sizeof(*bare));

	if (argc < 4 || our == NULL || bare == NULL) {
		fprintf(
		    stderr, "usage: bench_command GSCTL NODE MODULE [COUNT]\n");
		return 64;
	}
	gsctl = call[0] = argv[1];
	up(argv[2], argv[3]);
	for (size_t i = 0; i < count; i++) {
		our[i] = timed(call);
		bare[i] = timed(truth);
	}
	bench_tell(
	    "ours", "gsctl.call", bench_percentile(our, count, 0.5) / 1e6);
	bench_tell(
	    "limit", "gsctl.call", bench_percentile(bare, count, 0.5) / 1e6);
	bench_tell("ours", "gsctl.lines.rate", lines((long)count * 1000));
	free(our);
	free(bare);
	return 0;
}
