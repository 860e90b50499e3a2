/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moving a traced process.  The rule: one that gives no sign for a while
 * sleeps if /proc says so, twice, and not because time has passed.
 */
#include "tests/instructions/step.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/runner.h"

#define TICK_US 3000
#define PATIENCE_MS 20000
#define OPTIONS (PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD)

static void
tick(int sig)
{
	(void)sig;
}

/* While it is on, a wait is interrupted each TICK_US. */
void
step_ticking(bool on)
{
	struct sigaction action = { .sa_handler = tick };
	struct itimerval every = { 0 };

	if (on) {
		sigaction(SIGALRM, &action, NULL);
		every.it_interval.tv_usec = every.it_value.tv_usec = TICK_US;
	}
	setitimer(ITIMER_REAL, &every, NULL);
}

/*
 * Until it stops: the signal, 0 when it has ended, -1 when it sleeps.  Its
 * sleep is ended once by wake, if there is one.
 */
static int
report(struct stepper *s)
{
	int64_t end = now_ms() + (int64_t)PATIENCE_MS * test_slowness();
	int asleep = 0, status;

	for (;;) {
		pid_t pid = waitpid(s->pid, &status, __WALL);

		if (pid == s->pid && WIFSTOPPED(status)) {
			s->running = false;
			return WSTOPSIG(status);
		}
		if (pid == s->pid) {
			s->status = status;
			s->running = false;
			return 0;
		}
		if (errno != EINTR)
			FAIL("waitpid %d: %s", (int)s->pid, strerror(errno));
		asleep = test_is_asleep(&s->pid) ? asleep + 1 : 0;
		if (asleep >= 2) {
			step_ticking(false);
			if (s->wake == NULL || !s->wake(s->data, s->turns++))
				return -1;
			step_ticking(true);
			asleep = 0;
		}
		if (now_ms() > end)
			FAIL("process %d neither goes on nor sleeps",
			    (int)s->pid);
	}
}

/* Lets it go and waits for its next trap; other signals it gets. */
int
step_move(struct stepper *s, int how)
{
	long signal = 0;
	int got;

	for (;;) {
		if (!s->running && ptrace(how, s->pid, 0, signal) != 0)
			FAIL("ptrace %d of %d: %s", how, (int)s->pid,
			    strerror(errno));
		s->running = true;
		got = report(s);
		if (got <= 0 || got == SIGTRAP || got == STEP_CALL)
			return got;
		if (got == SIGSEGV || got == SIGBUS || got == SIGILL)
			FAIL("signal %d at %zx", got,
			    (size_t)step_offset(step_where(s)));
		signal = got == SIGSTOP ? 0 : got;
	}
}

enum step_end
step_end_of(int got)
{
	return got == 0 ? STEP_ENDED : STEP_ASLEEP;
}

enum step_end
step_to_mark(struct stepper *s)
{
	int got;

	step_ticking(true);
	do
		got = step_move(s, PTRACE_CONT);
	while (got == SIGTRAP && !step_in_mark(step_where(s)));
	step_ticking(false);
	return got == SIGTRAP ? STEP_MARK : step_end_of(got);
}

static void
set_options(struct stepper *s)
{
	if (ptrace(PTRACE_SETOPTIONS, s->pid, 0, OPTIONS) != 0)
		FAIL("ptrace options of %d: %s", (int)s->pid, strerror(errno));
}

void
step_child(struct stepper *s, pid_t pid)
{
	CHECK(pid > 1);
	s->pid = pid;
	s->running = true;
	/* however long it takes, and whatever it sleeps for on its way */
	if (report(s) != SIGTRAP)
		FAIL("the process to step did not get to its mark");
	set_options(s);
}

void
step_seize(struct stepper *s, pid_t pid)
{
	CHECK(pid > 1);
	s->pid = pid;
	s->running = true;
	if (ptrace(PTRACE_SEIZE, pid, 0, OPTIONS) != 0)
		FAIL("ptrace seize %d: %s", (int)pid, strerror(errno));
}

void
step_halt(struct stepper *s)
{
	int status;

	if (!s->running)
		return;
	/* a child that asked for it itself is met by a signal it never gets */
	if (ptrace(PTRACE_INTERRUPT, s->pid, 0, 0) != 0 &&
	    kill(s->pid, SIGSTOP) != 0)
		FAIL("cannot halt %d: %s", (int)s->pid, strerror(errno));
	if (waitpid(s->pid, &status, __WALL) != s->pid || !WIFSTOPPED(status))
		FAIL("cannot halt %d: %s", (int)s->pid, strerror(errno));
	s->running = false;
}

/* ---- the end ---- */

void
step_kill(struct stepper *s)
{
	int status;

	if (s->pid <= 1)
		return;
	kill(s->pid, SIGKILL);
	do {
		while (waitpid(s->pid, &status, __WALL) < 0) {
			if (errno != EINTR)
				FAIL("waitpid %d: %s", (int)s->pid,
				    strerror(errno));
		}
	} while (WIFSTOPPED(status));
	s->status = status;
	s->pid = 0;
}

/* A step's trap that is still to come would kill it once it is untraced. */
static bool
has_trap(pid_t pid)
{
	char path[40], line[200];
	unsigned long pending = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "SigPnd: %lx", &pending) == 1)
			break;
	if (file)
		fclose(file);
	return (pending >> (SIGTRAP - 1) & 1) != 0;
}

void
step_free(struct stepper *s)
{
	step_halt(s);
	step_back(s);
	if (has_trap(s->pid))
		step_move(s, PTRACE_CONT);
	if (ptrace(PTRACE_DETACH, s->pid, 0, 0) != 0)
		FAIL("ptrace detach %d: %s", (int)s->pid, strerror(errno));
	s->running = true;
}

static void
probe(void *data)
{
	(void)data;
	step_me();
	step_mark();
}

const char *
step_refused(void)
{
#if defined(__x86_64__)
	struct stepper s = { .pid = test_fork(probe, NULL), .running = true };
	int got;

	step_ticking(true);
	got = report(&s);
	step_ticking(false);
	if (got == 0)
		return "ptrace is not permitted here";
	step_kill(&s);
	return NULL;
#else
	return "stepping is written for x86-64";
#endif
}
