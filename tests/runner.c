/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the cases one after another, each forked in a process group of its
 * own.  What a case writes goes to memory and is shown when it fails, so that
 * nothing can garble the TAP.  The runner is a subreaper: whatever a case
 * leaves behind becomes the runner's child, is reported, and killed by pid.
 */
#include "tests/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SHOWN 16384 /* of a failed case's output, the end */

struct run {
	const struct test_case *test;
	pid_t pid;
	int status;
	int output; /* memfd */
	bool failed;
	char dir[200];
	char node[40];
	struct segments before;
};

struct test_report *test_report;

static struct test_case *first;
static struct test_case **last = &first;
static sigset_t waited; /* blocked in the runner, not in cases */
static sigset_t inherited;
static int interrupted;
static int soak; /* seconds */

int
test_seconds(void)
{
	return soak > 0 ? soak : 10;
}

void
test_add(struct test_case *test)
{
	*last = test;
	last = &test->next;
}

static void
complain(struct run *run, const char *fmt, ...)
{
	va_list args;

	run->failed = true;
	printf("# ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
}

/* All of it when the case has failed, else what it wrote as TAP comments. */
static void
show_output(const struct run *run)
{
	char text[SHOWN + 1];
	off_t size = lseek(run->output, 0, SEEK_END);
	off_t from = size > SHOWN ? size - SHOWN : 0;
	ssize_t n = pread(run->output, text, SHOWN, from);
	char *rest = text;
	const char *line;

	text[n > 0 ? n : 0] = '\0';
	while ((line = strsep(&rest, "\n"))) {
		if (run->failed && (*line || rest))
			printf("# | %s\n", line);
		else if (strncmp(line, "# ", 2) == 0)
			printf("%s\n", line);
	}
}

/* ---- one case ---- */

static bool
prepare(struct run *run, int number)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(run->dir, sizeof(run->dir), "%s/gs-XXXXXX",
	    tmp && *tmp && strlen(tmp) < 100 ? tmp : "/tmp");
	snprintf(
	    run->node, sizeof(run->node), "test-%d-%d", (int)getpid(), number);
	memset(test_report, 0, sizeof(*test_report));
	if (!mkdtemp(run->dir)) {
		complain(run, "%s: %s", run->dir, strerror(errno));
		return false;
	}
	setenv("GS_RUNTIME_DIR", run->dir, 1);
	setenv("GS_TEST_NODE", run->node, 1);
	unsetenv("GS_NODE");
	return true;
}

static void
show_fd(int fd)
{
	char path[40], to[200];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, to, sizeof(to) - 1);
	if (n < 0)
		return;
	to[n] = '\0';
	fprintf(stderr, "open: %d -> %s\n", fd, to);
}

noreturn static void
in_case(const struct run *run, pid_t runner)
{
	const struct rlimit no_core = { 0, RLIM_INFINITY };
	int null = open("/dev/null", O_RDWR);
	int fds;

	setpgid(0, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != runner)
		_exit(1);
	setrlimit(RLIMIT_CORE, &no_core);
	dup2(null, STDIN_FILENO);
	dup2(run->output, STDOUT_FILENO);
	dup2(run->output, STDERR_FILENO);
	syscall(SYS_close_range, 3, ~0U, 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigprocmask(SIG_SETMASK, &inherited, NULL);
	fds = test_fds();
	run->test->run();
	if (test_fds() > fds && !test_report->keeps_fds) {
		fprintf(stderr, "left descriptors open:\n");
		for (int fd = 3; fd < 1024; fd++)
			show_fd(fd);
		_exit(1);
	}
	exit(0);
}

/* Reaps meanwhile what the case orphaned, as init would. */
static void
wait_case(struct run *run)
{
	int64_t deadline = now_ms() + (int64_t)(run->test->seconds + soak) *
					  1000 * test_slowness();
	struct timespec left;
	int64_t ms;
	pid_t pid;
	int status, sig;

	for (;;) {
		while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
			run->status = status;
			if (pid == run->pid)
				return;
		}
		ms = deadline - now_ms();
		if (ms <= 0 || interrupted)
			break;
		left.tv_sec = ms / 1000;
		left.tv_nsec = ms % 1000 * 1000000;
		sig = sigtimedwait(&waited, NULL, &left);
		if (sig > 0 && sig != SIGCHLD)
			interrupted = sig;
	}
	complain(run, interrupted ? "interrupted" : "not done after %d seconds",
	    run->test->seconds);
	left_late(run->pid);
	waitpid(run->pid, &run->status, 0);
	run->status = 0;
}

static void
finish(struct run *run)
{
	char text[100];
	bool skipped = WIFEXITED(run->status) &&
		       WEXITSTATUS(run->status) == TEST_EXIT_SKIP &&
		       test_report->skip[0];

	if (run->status != 0 && !skipped)
		complain(
		    run, "%s", test_ending(run->status, text, sizeof(text)));
	run->failed |= left_children();
	run->failed |= left_segment(&run->before, run->node);
	run->failed |= left_files(run->dir);
	show_output(run);
}

static bool
run_case(const struct test_case *test, int number)
{
	struct run run = { .test = test };
	pid_t runner = getpid();

	left_list(&run.before);
	run.output = memfd_create("output", MFD_CLOEXEC);
	if (run.output >= 0 && prepare(&run, number)) {
		fcntl(run.output, F_SETFL, O_APPEND);
		fflush(NULL);
		run.pid = fork();
		if (run.pid == 0)
			in_case(&run, runner);
		if (run.pid > 0) {
			wait_case(&run);
			finish(&run);
		}
	}
	if (run.pid <= 0)
		complain(&run, "cannot run: %s", strerror(errno));
	printf("%s %d - %s", run.failed ? "not ok" : "ok", number, test->name);
	if (!run.failed && test_report->skip[0])
		printf(" # SKIP %s", test_report->skip);
	printf("\n");
	fflush(stdout);
	close(run.output);
	return !run.failed;
}

static int
run_here(const char *name)
{
	struct run run = { .test = first };

	while (run.test && strcmp(run.test->name, name) != 0)
		run.test = run.test->next;
	if (!run.test) {
		fprintf(stderr, "no case %s; see --list\n", name);
		return 1;
	}
	if (!prepare(&run, 0))
		return 1;
	run.test->run();
	return left_files(run.dir);
}

static int
run_all(void)
{
	const struct test_case *test;
	int number = 0, failed = 0;

	sigemptyset(&waited);
	sigaddset(&waited, SIGCHLD);
	sigaddset(&waited, SIGINT);
	sigaddset(&waited, SIGTERM);
	sigaddset(&waited, SIGHUP);
	sigprocmask(SIG_BLOCK, &waited, &inherited);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (test = first; test; test = test->next)
		number++;
	printf("1..%d\n", number);
	number = 0;
	for (test = first; test && !interrupted; test = test->next)
		failed += !run_case(test, ++number);
	return failed || interrupted;
}

int
main(int argc, char **argv)
{
	test_report = test_shared(sizeof(*test_report));
	if (argc == 3 && strcmp(argv[1], "--seconds") == 0) {
		soak = atoi(argv[2]);
		argc = 1;
	}
	if (argc > 2) {
		fprintf(stderr, "usage: %s [--list | --seconds N | NAME]\n",
		    argv[0]);
		return 1;
	}
	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		for (const struct test_case *t = first; t; t = t->next)
			printf("%s\n", t->name);
		return 0;
	}
	if (argc == 2)
		return run_here(argv[1]);
	return run_all();
}
