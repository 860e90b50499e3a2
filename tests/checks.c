/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a case may use: verdicts, waiting for a condition, children.  A
 * verdict that does not hold ends the process with a line on stderr.
 */
#include "tests/runner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t
now_ms(void)
{
	return now_ns() / 1000000;
}

int
test_slowness(void)
{
	const char *text = getenv("GS_TEST_SLOW");
	int times = text ? atoi(text) : 1;

	return times > 1 ? times : 1;
}

bool
test_slow(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
	return true;
#endif
#endif
	return test_slowness() > 1;
}

bool
eventually(bool (*cond)(void *data), void *data, int ms)
{
	int64_t deadline = now_ms() + (int64_t)ms * test_slowness();
	struct timespec pause = { 0, 20000 };

	while (!cond(data)) {
		if (now_ms() >= deadline)
			return cond(data);
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 5000000)
			pause.tv_nsec *= 2;
	}
	return true;
}

pid_t
test_fork(void (*fn)(void *data), void *data)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		FAIL("fork: %s", strerror(errno));
	if (pid > 0)
		return pid;
	fn(data);
	fflush(NULL);
	_exit(0);
}

int
test_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			FAIL("waitpid %d: %s", (int)pid, strerror(errno));
	}
	return status;
}

const char *
test_ending(int status, char *text, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(text, size, "killed by signal %d (%s)%s",
		    WTERMSIG(status), strsignal(WTERMSIG(status)),
		    WCOREDUMP(status) ? ", core dumped" : "");
	else
		snprintf(text, size, "exit status %d", WEXITSTATUS(status));
	return text;
}

void
test_join(pid_t pid)
{
	int status = test_wait(pid);
	char text[80];

	if (status != 0)
		FAIL("child %d: %s", (int)pid,
		    test_ending(status, text, sizeof(text)));
}

void
test_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	test_wait(pid);
}

bool
test_process(pid_t pid, char *state, pid_t *parent)
{
	char path[32], text[512];
	const char *after;
	ssize_t n;
	int fd, ppid;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	after = strrchr(text, ')');
	if (!after || sscanf(after, ") %c %d", state, &ppid) != 2)
		return false;
	*parent = ppid;
	return true;
}

static bool
is_in(pid_t pid, char wanted)
{
	char state;
	pid_t parent;

	return test_process(pid, &state, &parent) && state == wanted;
}

bool
test_is_stopped(void *pid)
{
	return is_in(*(pid_t *)pid, 'T');
}

bool
test_is_asleep(void *pid)
{
	return is_in(*(pid_t *)pid, 'S');
}

bool
test_is_named(pid_t pid, const char *comm)
{
	char path[32], text[32];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text));
	close(fd);
	return n == (ssize_t)strlen(comm) + 1 && !memcmp(text, comm, n - 1);
}

bool
test_gone(pid_t pid)
{
	char state;
	pid_t parent;

	return !test_process(pid, &state, &parent) || state == 'Z' ||
	       state == 'X';
}

void *
test_shared(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(at != MAP_FAILED);
	return at;
}

const char *
test_dir(void)
{
	return getenv("GS_RUNTIME_DIR");
}

const char *
test_node(void)
{
	return getenv("GS_TEST_NODE");
}

void
test_keeps_fds(void)
{
	test_report->keeps_fds = true;
}

int
test_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	if (!dir)
		return 0;
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 3; /* . and .. and dir */
}

/* ---- verdicts ---- */

noreturn void
test_fail(const char *file, int line, const char *fmt, ...)
{
	const char *base = strrchr(file, '/');
	char text[2000];
	va_list args;
	int n;

	n = snprintf(
	    text, sizeof(text), "%s:%d: ", base ? base + 1 : file, line);
	va_start(args, fmt);
	vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, args);
	va_end(args);
	fflush(NULL);
	dprintf(STDERR_FILENO, "%s\n", text);
	_exit(1);
}

noreturn void
test_skip(const char *why)
{
	snprintf(test_report->skip, sizeof(test_report->skip), "%s", why);
	fflush(NULL);
	dprintf(STDERR_FILENO, "skipped: %s\n", why);
	_exit(TEST_EXIT_SKIP);
}

void
test_int(const char *file, int line, const char *a_text, const char *b_text,
    intmax_t a, intmax_t b)
{
	if (a == b)
		return;
	test_fail(file, line, "%s is %jd, but %s is %jd%s%s", a_text, a, b_text,
	    b, a < 0 && a > -134 ? ": " : "",
	    a < 0 && a > -134 ? strerror((int)-a) : "");
}

void
test_str(const char *file, int line, const char *a_text, const char *b_text,
    const char *a, const char *b)
{
	if (a == b || (a && b && strcmp(a, b) == 0))
		return;
	test_fail(file, line, "%s is \"%s\", but %s is \"%s\"", a_text,
	    a ? a : "(NULL)", b_text, b ? b : "(NULL)");
}

void
test_ok(const char *file, int line, const char *text, intmax_t a)
{
	if (a < 0)
		test_fail(
		    file, line, "%s: %s (%jd)", text, strerror((int)-a), a);
}
