/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting the node in the background: fork, a session of its own, gs-node.
 * Its one line through the ready pipe says that it is up; if the pipe closes
 * without it, what gs-node wrote to stderr says why.  Of two that start the
 * same node at once one wins; the other attaches to the winner's.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cmd/gsctl/cmd.h"

#ifndef GS_LIBEXECDIR
#define GS_LIBEXECDIR "/usr/libexec/genserver"
#endif
#define START_MS 30000 /* for a node to come up */
#define END_MS 5000 /* for one that gives up to be gone */
#define RUNS_ALREADY 73 /* gs-node's exit status then */
#define WORDS 1024 /* of gs-node's that are shown */

struct launch {
	char program[PATH_MAX];
	const char *node;
	int ready[2];
	int words; /* memory file: stderr of gs-node */
	pid_t child;
};

/* Beside this program, as in a build folder, else where it was installed. */
static int
find_program(struct launch *launch)
{
	static const char name[] = "gs-node";
	ssize_t n = readlink("/proc/self/exe", launch->program,
	    sizeof(launch->program) - sizeof(name) - 1);
	char *slash;

	if (n > 0) {
		launch->program[n] = '\0';
		slash = strrchr(launch->program, '/');
		memcpy(slash + 1, name, sizeof(name));
		if (access(launch->program, X_OK) == 0)
			return 0;
	}
	snprintf(launch->program, sizeof(launch->program), "%s/%s",
	    GS_LIBEXECDIR, name);
	if (access(launch->program, X_OK) == 0)
		return 0;
	return cmd_error(CMD_INTERNAL,
	    "no program gs-node, neither beside gsctl nor as %s: "
	    "is genserver installed whole?",
	    launch->program);
}

/* The child: nothing of ours stays with the node but the two descriptors. */
static void
become_node(const struct launch *launch)
{
	sigset_t none;
	int null;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	/* The third is fixed, so that all others can be closed as one range. */
	if (dup2(launch->words, STDERR_FILENO) >= 0 && null >= 0 &&
	    dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 &&
	    chdir("/") == 0 && dup2(launch->ready[1], 3) >= 0) {
		fcntl(3, F_SETFD, 0);
		close_range(4, ~0u, 0);
		execl(launch->program, "gs-node", launch->node, "--ready-fd",
		    "3", (char *)NULL);
	}
	fprintf(
	    stderr, "cannot run %s: %s\n", launch->program, strerror(errno));
	_exit(CMD_INTERNAL);
}

static int
spawn(struct launch *launch)
{
	launch->words = memfd_create("gs-node", MFD_CLOEXEC);
	if (launch->words < 0 || pipe2(launch->ready, O_CLOEXEC) != 0)
		return cmd_error(CMD_INTERNAL, "cannot start node '%s': %s",
		    launch->node, strerror(errno));
	launch->child = fork();
	if (launch->child == 0)
		become_node(launch);
	close(launch->ready[1]);
	if (launch->child < 0)
		return cmd_error(CMD_INTERNAL, "cannot start node '%s': %s",
		    launch->node, strerror(errno));
	return 0;
}

/* Has the node written its line?  -ETIMEDOUT; -ECHILD: it gave up. */
static int
wait_ready(int fd)
{
	int64_t end = gs_now() + START_MS;
	char line[64];
	size_t got = 0;

	while (got < sizeof(line)) {
		struct pollfd wait = { fd, POLLIN, 0 };
		int64_t left = end - gs_now();
		ssize_t n;

		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&wait, 1, (int)left) <= 0)
			continue;
		n = read(fd, line + got, sizeof(line) - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -ECHILD;
		got += (size_t)n;
		if (memchr(line, '\n', got) != NULL)
			return 0;
	}
	return -ECHILD;
}

/* False: it lives, though nothing has come through the pipe. */
static bool
has_ended(const struct launch *launch, int *status)
{
	static const struct timespec pause = { 0, 5000000 };
	int64_t end = gs_now() + END_MS;

	while (waitpid(launch->child, status, WNOHANG) == 0) {
		if (gs_now() >= end)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

/* 0 and why in words: another holds the node's lock, or none: it lives. */
static int
gave_up(const struct launch *launch, char words[WORDS])
{
	ssize_t n;
	int status = 0;

	words[0] = '\0';
	/* Perhaps it is up and could not say so: attaching will tell. */
	if (!has_ended(launch, &status))
		return 0;
	n = pread(launch->words, words, WORDS - 1, 0);
	words[n > 0 ? n : 0] = '\0';
	words[strcspn(words, "\n")] = '\0';
	if (WIFEXITED(status) && WEXITSTATUS(status) == RUNS_ALREADY)
		return 0;
	if (n <= 0 && WIFSIGNALED(status))
		snprintf(words, WORDS, "it was ended by signal %d",
		    WTERMSIG(status));
	else if (n <= 0)
		snprintf(words, WORDS, "it ended with status %d",
		    WEXITSTATUS(status));
	if (WIFEXITED(status) && WEXITSTATUS(status) == CMD_DENIED)
		status = CMD_DENIED;
	else if (WIFEXITED(status) && WEXITSTATUS(status) == CMD_USAGE)
		status = CMD_USAGE;
	else
		status = CMD_INTERNAL;
	return cmd_error(
	    status, "node '%s' did not start: %s", launch->node, words);
}

/* The node changes to another folder: a relative path must not. */
static int
fix_runtime(void)
{
	char path[256], whole[PATH_MAX];

	if (gs_runtime_dir(path, sizeof(path)) != 0 || path[0] == '/')
		return 0;
	if (realpath(path, whole) == NULL ||
	    setenv("GS_RUNTIME_DIR", whole, 1) != 0)
		return cmd_error(CMD_INTERNAL, "%s: %s", path, strerror(errno));
	return 0;
}

static int
start_node(const struct cmd *cmd, char words[WORDS])
{
	struct launch launch = { .node = cmd->node };
	char hint[CMD_HINT];
	int status, rc;

	status = fix_runtime();
	if (status == 0)
		status = find_program(&launch);
	if (status == 0)
		status = spawn(&launch);
	if (status != 0)
		return status;
	rc = wait_ready(launch.ready[0]);
	if (rc == -ETIMEDOUT) {
		kill(launch.child, SIGKILL);
		status = cmd_error(CMD_TIMED_OUT,
		    "node '%s' was not up after %d s and was ended; "
		    "'%s' may say why",
		    cmd->node, START_MS / 1000,
		    cmd_hint(cmd, hint, "log", NULL, NULL));
	} else if (rc != 0) {
		status = gave_up(&launch, words);
	}
	close(launch.ready[0]);
	close(launch.words);
	return status;
}

/*
 * A node that is there but lets nobody in is about to be up, another gsctl
 * having been faster, or about to be gone: then it takes another start.
 */
int
cmd_launch(const struct cmd *cmd)
{
	static const struct timespec pause = { 0, 5000000 };
	int64_t end = gs_now() + START_MS;
	char words[WORDS] = "";

	for (;;) {
		int rc = cmd_open(cmd), status;

		if (rc == 0)
			return 0;
		if (rc != -ENOTCONN)
			return cmd_fail(cmd, NULL, rc);
		if (gs_now() >= end)
			return words[0] == '\0'
				   ? cmd_attach(cmd)
				   : cmd_error(CMD_NO_NODE, "%s", words);
		status = start_node(cmd, words);
		if (status != 0)
			return status;
		rc = cmd_open(cmd);
		if (rc == 0)
			return 0;
		nanosleep(&pause, NULL);
	}
}
