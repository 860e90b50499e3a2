/* SPDX-License-Identifier: Apache-2.0 */
/* What the stepped process does for it, and looking at where it stands. */
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>

#include "tests/instructions/step.h"
#include "tests/runner.h"

#if defined(__x86_64__)
#include <sys/user.h>
#define RIP offsetof(struct user, regs.rip)
#define RSP offsetof(struct user, regs.rsp)
#else
#define RIP 0
#define RSP 0
#endif

static void
nothing(int sig)
{
	(void)sig;
}

/* A mark that it passes when nobody traces it any more is passed. */
static void
survive_marks(void)
{
	struct sigaction action = { .sa_handler = nothing };

	sigaction(SIGTRAP, &action, NULL);
}

void
step_me(void)
{
	survive_marks();
	ptrace(PTRACE_TRACEME, 0, 0, 0);
}

void
step_allow(void)
{
	survive_marks();
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
}

__attribute__((noinline)) void
step_mark(void)
{
#if defined(__x86_64__)
	__asm__ volatile("int3");
#endif
}

/* ---- looking ---- */

bool
step_in_mark(uintptr_t at)
{
	return at >= (uintptr_t)step_mark && at < (uintptr_t)step_mark + 32;
}

uintptr_t
step_where(const struct stepper *s)
{
	return (uintptr_t)ptrace(PTRACE_PEEKUSER, s->pid, RIP, 0);
}

void
step_set(const struct stepper *s, uintptr_t at)
{
	ptrace(PTRACE_POKEUSER, s->pid, RIP, at);
}

static cpu_set_t everywhere;

/* Of a function that has just been called: where it returns to. */
uintptr_t
step_return(const struct stepper *s)
{
	long top = ptrace(PTRACE_PEEKUSER, s->pid, RSP, 0);

	return (uintptr_t)ptrace(PTRACE_PEEKDATA, s->pid, top, 0);
}

/* Takes the trap away that waits there. */
void
step_back(struct stepper *s)
{
	if (s->back != 0)
		ptrace(PTRACE_POKETEXT, s->pid, s->back, s->back_text);
	s->back = 0;
}

void
step_near(void)
{
	cpu_set_t one;
	int cpu = sched_getcpu();

	sched_getaffinity(0, sizeof(everywhere), &everywhere);
	CPU_ZERO(&one);
	CPU_SET(cpu < 0 ? 0 : (unsigned)cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

void
step_apart(void)
{
	if (CPU_COUNT(&everywhere) > 0)
		sched_setaffinity(0, sizeof(everywhere), &everywhere);
}

void
step_together(const struct stepper *s)
{
	cpu_set_t mine;

	if (sched_getaffinity(0, sizeof(mine), &mine) == 0)
		sched_setaffinity(s->pid, sizeof(mine), &mine);
}
