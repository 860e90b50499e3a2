/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The points of a way, noted once and then gone to again by a trap in the
 * point's place, because a step costs tens of microseconds on a virtual
 * machine.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>

#include "tests/instructions/step.h"
#include "tests/runner.h"

#define TRAP 0xccu /* int3 */
#define SYSCALL 0x050fu
#define TIMES 8u

extern const char __executable_start[], etext[];
extern const char __start_victim_text[], __stop_victim_text[];

uintptr_t
step_offset(uintptr_t at)
{
	return at - (uintptr_t)__executable_start;
}

static bool
in_library(uintptr_t at)
{
	return at >= (uintptr_t)__executable_start && at < (uintptr_t)etext &&
	       !(at >= (uintptr_t)__start_victim_text &&
		   at < (uintptr_t)__stop_victim_text) &&
	       !step_in_mark(at);
}

static bool
in_image(uintptr_t at)
{
	return (at >= (uintptr_t)__executable_start && at < (uintptr_t)etext) ||
	       (at >= (uintptr_t)__start_victim_text &&
		   at < (uintptr_t)__stop_victim_text);
}

static unsigned long
text_at(const struct stepper *s, uintptr_t at)
{
	return (unsigned long)ptrace(PTRACE_PEEKTEXT, s->pid, at, 0);
}

/* *entered: a system call is what it has just made. */
static bool
is_point(const struct stepper *s, uintptr_t at, bool *entered)
{
	bool was = *entered;

	*entered = false;
	if (in_library(at))
		return true;
	*entered = (text_at(s, at) & 0xffff) == SYSCALL;
	return *entered || was;
}

void
trace_add(struct trace *trace, uintptr_t at)
{
	uint32_t n = trace->n;

	if (n == trace->room) {
		trace->room = n == 0 ? 1024 : 2 * n;
		trace->at =
		    realloc(trace->at, trace->room * sizeof(*trace->at));
		CHECK(trace->at);
	}
	trace->at[n] = at;
	trace->n++;
}

static int
by_address(const void *a, const void *b, void *trace)
{
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct trace *t = trace;

	if (t->at[i] != t->at[j])
		return t->at[i] < t->at[j] ? -1 : 1;
	return i < j ? -1 : i > j;
}

/* Tells the first times at the same place from those that are too many. */
void
trace_finish(struct trace *trace)
{
	uint32_t *order = calloc(trace->n + 1, sizeof(*order)), kept = 0;

	trace->time = calloc(trace->n + 1, sizeof(*trace->time));
	CHECK(order && trace->time);
	for (uint32_t i = 0; i < trace->n; i++)
		order[i] = i;
	qsort_r(order, trace->n, sizeof(*order), by_address, trace);
	for (uint32_t i = 0; i < trace->n; i++) {
		bool same =
		    i > 0 && trace->at[order[i]] == trace->at[order[i - 1]];

		trace->time[order[i]] =
		    same ? trace->time[order[i - 1]] + 1 : 1;
	}
	for (uint32_t i = 0; i < trace->n; i++) {
		if (trace->time[i] > TIMES)
			continue;
		trace->at[kept] = trace->at[i];
		trace->time[kept++] = trace->time[i];
	}
	trace->n = kept;
	free(order);
}

/*
 * It has just been called from the program's own text: a trap waits where it
 * will return to, and until then only system calls are looked at.
 */
static void
leave(struct stepper *s)
{
	uintptr_t back = step_return(s);

	if (!in_image(back))
		return;
	s->back = back;
	s->back_text = text_at(s, back);
	s->inside = false;
	ptrace(PTRACE_POKETEXT, s->pid, back, (s->back_text & ~0xfful) | TRAP);
}

/* One stop further: false when it was none. */
static bool
advance(struct stepper *s, uintptr_t *at, bool *call, int *got)
{
	*got = step_move(s, s->back ? PTRACE_SYSCALL : PTRACE_SINGLESTEP);
	*call = *got == STEP_CALL;
	if (*got != SIGTRAP && !*call)
		return false;
	*at = step_where(s);
	if (*call) {
		s->inside = !s->inside;
		/* before it, where the instruction itself stands */
		*at -= s->inside ? 2 : 0;
	} else if (s->back != 0 && *at == s->back + 1) {
		*at = s->back;
		step_set(s, *at);
		step_back(s);
	}
	return true;
}

enum step_end
step_next(struct stepper *s, uintptr_t *at)
{
	bool entered = s->running, ours = false, call;
	enum step_end end = STEP_POINT;
	int got;

	if (!s->running) {
		entered = (text_at(s, step_where(s)) & 0xffff) == SYSCALL;
		ours = in_image(step_where(s));
	}
	step_ticking(true);
	for (;;) {
		if (!advance(s, at, &call, &got)) {
			end = step_end_of(got);
			break;
		}
		if (call || is_point(s, *at, &entered))
			break;
		if (step_in_mark(*at) && (text_at(s, *at) & 0xff) == TRAP) {
			end = STEP_MARK;
			break;
		}
		if (ours && s->back == 0 && !in_image(*at))
			leave(s);
		ours = in_image(*at);
	}
	step_ticking(false);
	return end;
}

enum step_end
step_record(struct stepper *s, struct trace *trace)
{
	uintptr_t at;
	enum step_end end;

	*trace = (struct trace){ 0 };
	while ((end = step_next(s, &at)) == STEP_POINT)
		trace_add(trace, at);
	trace_finish(trace);
	return end;
}

/* Up to the trap in the place of at. */
static enum step_end
to_trap(struct stepper *s, uintptr_t at)
{
	int got;

	do
		got = step_move(s, PTRACE_CONT);
	while (got == SIGTRAP && step_where(s) != at + 1 &&
	       !step_in_mark(step_where(s)));
	if (got != SIGTRAP)
		return step_end_of(got);
	return step_where(s) == at + 1 ? STEP_POINT : STEP_MARK;
}

enum step_end
step_go(struct stepper *s, const struct trace *trace, uint32_t k)
{
	uintptr_t at = trace->at[k];
	unsigned long text = text_at(s, at);
	enum step_end end = STEP_POINT;

	step_ticking(true);
	for (uint32_t i = 0; i < trace->time[k] && end == STEP_POINT; i++) {
		int got = i > 0 ? step_move(s, PTRACE_SINGLESTEP) : SIGTRAP;

		if (got != SIGTRAP) {
			end = step_end_of(got);
			break;
		}
		ptrace(PTRACE_POKETEXT, s->pid, at, (text & ~0xfful) | TRAP);
		end = to_trap(s, at);
		if (end == STEP_ASLEEP)
			step_halt(s);
		if (end != STEP_ENDED)
			ptrace(PTRACE_POKETEXT, s->pid, at, text);
		if (end == STEP_POINT)
			step_set(s, at);
	}
	step_ticking(false);
	return end;
}

void
trace_free(struct trace *trace)
{
	free(trace->at);
	free(trace->time);
	*trace = (struct trace){ 0 };
}
