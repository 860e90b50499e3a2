/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The points of a way, noted once and then gone to again: by a trap in the
 * place of the point's anchor, and by few steps from there, because a step
 * costs tens of microseconds on a virtual machine.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>

#include "tests/instructions/step.h"
#include "tests/runner.h"

#define TRAP 0xccu /* int3 */
#define SYSCALL 0x050fu

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

static void
add_point(struct trace *trace, uintptr_t at)
{
	uint32_t n = trace->n;

	if (n == trace->room) {
		trace->room = n == 0 ? 1024 : 2 * n;
		trace->at =
		    realloc(trace->at, trace->room * sizeof(*trace->at));
		trace->anchor = realloc(
		    trace->anchor, trace->room * sizeof(*trace->anchor));
		CHECK(trace->at && trace->anchor);
	}
	trace->at[n] = at;
	trace->anchor[n] = n;
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

static void
find_anchors(struct trace *trace)
{
	uint32_t *order = calloc(trace->n + 1, sizeof(*order)), last = 0;

	CHECK(order);
	for (uint32_t i = 0; i < trace->n; i++)
		order[i] = i;
	qsort_r(order, trace->n, sizeof(*order), by_address, trace);
	for (uint32_t i = 1; i < trace->n; i++)
		if (trace->at[order[i]] == trace->at[order[i - 1]])
			trace->anchor[order[i]] = UINT32_MAX;
	for (uint32_t i = 0; i < trace->n; i++) {
		if (trace->anchor[i] != UINT32_MAX)
			last = i;
		trace->anchor[i] = last;
	}
	free(order);
}

enum step_end
step_next(struct stepper *s, uintptr_t *at)
{
	bool entered = (text_at(s, step_where(s)) & 0xffff) == SYSCALL;
	enum step_end end = STEP_POINT;
	int got;

	step_ticking(true);
	for (;;) {
		got = step_move(s, PTRACE_SINGLESTEP);
		if (got != SIGTRAP) {
			end = step_end_of(got);
			break;
		}
		*at = step_where(s);
		if (is_point(s, *at, &entered))
			break;
		if (step_in_mark(*at) && (text_at(s, *at) & 0xff) == TRAP) {
			end = STEP_MARK;
			break;
		}
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
		add_point(trace, at);
	find_anchors(trace);
	return end;
}

/* Until it comes to at, by a trap in its place. */
static enum step_end
run_to(struct stepper *s, uintptr_t at)
{
	unsigned long text = text_at(s, at);
	enum step_end end = STEP_POINT;
	int got;

	ptrace(PTRACE_POKETEXT, s->pid, at, (text & ~0xfful) | TRAP);
	step_ticking(true);
	do
		got = step_move(s, PTRACE_CONT);
	while (got == SIGTRAP && step_where(s) != at + 1 &&
	       !step_in_mark(step_where(s)));
	step_ticking(false);
	if (got != SIGTRAP)
		end = step_end_of(got);
	else if (step_where(s) != at + 1)
		end = STEP_MARK;
	if (got == -1)
		step_halt(s);
	if (got != 0)
		ptrace(PTRACE_POKETEXT, s->pid, at, text);
	if (end == STEP_POINT)
		step_set(s, at);
	return end;
}

enum step_end
step_go(struct stepper *s, const struct trace *trace, uint32_t k)
{
	uint32_t i = trace->anchor[k];
	enum step_end end = run_to(s, trace->at[i]);
	uintptr_t at;

	while (end == STEP_POINT && i++ < k)
		end = step_next(s, &at);
	return end;
}

void
trace_free(struct trace *trace)
{
	free(trace->at);
	free(trace->anchor);
	*trace = (struct trace){ 0 };
}
