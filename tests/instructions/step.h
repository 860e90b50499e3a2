/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stepping another process through an operation with ptrace.  The operation
 * stands between two marks.  A point is where the process stands before an
 * instruction of the library (the program's own text, the VICTIM functions of
 * the test left out), or before or after a system call of libc; the other
 * instructions of libc, and what it calls back, belong to the point before
 * them.  What a loop passes more often than eight times is a point for the
 * first eight.
 *
 * The rule: the tracer and what it traces come from one image by fork alone,
 * so their addresses are the same.
 */
#ifndef GS_TESTS_INSTRUCTIONS_STEP_H
#define GS_TESTS_INSTRUCTIONS_STEP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A test's own function that runs between the marks. */
#define VICTIM __attribute__((section("victim_text"), noinline))

struct stepper {
	pid_t pid;
	/*
	 * The process sleeps in a system call: makes it wake up and returns
	 * true, or false when it may sleep on.  turn counts from 0.
	 */
	bool (*wake)(void *data, int turn);
	void *data;
	int turns; /* wakes so far */
	int status; /* wait status, once it has ended */
	bool running; /* last seen so */
	/* in libc: where it comes back, and what stands there */
	uintptr_t back;
	unsigned long back_text;
	bool inside; /* a system call */
};

/* What was passed on one way through: the points, in order. */
struct trace {
	uintptr_t *at;
	uint32_t *time; /* it is there for the so-manieth time */
	uint32_t n;
	uint32_t room;
};

enum step_end {
	STEP_POINT, /* stands at the point asked for */
	STEP_MARK, /* stands at the next mark */
	STEP_ASLEEP, /* in a system call, and nobody wakes it */
	STEP_ENDED, /* has ended: status */
};

/* NULL, or why no process can be stepped here. */
const char *step_refused(void);

/* ---- in the process that is stepped ---- */

/* Its tracer is its parent.  Before the first mark. */
void step_me(void);
/* Whoever is of this user may trace it. */
void step_allow(void);
void step_mark(void);

/* ---- in the tracer ---- */

/*
 * This process and its children to come stay on one CPU: a step across CPUs
 * costs three times as much.
 */
void step_near(void);
/* A child that is to see all CPUs nevertheless, in the child. */
void step_apart(void);
/* What is stepped comes to the tracer's CPU. */
void step_together(const struct stepper *s);

/* A child that calls step_me: up to its first mark. */
void step_child(struct stepper *s, pid_t pid);
/* Any process, which runs on; later step_halt or step_to_mark. */
void step_seize(struct stepper *s, pid_t pid);
/* Stops it wherever it is. */
void step_halt(struct stepper *s);
/* Lets it run up to a mark, or until it sleeps. */
enum step_end step_to_mark(struct stepper *s);

/* Steps to the next mark, or until it sleeps, and notes the points. */
enum step_end step_record(struct stepper *s, struct trace *trace);
/* The same way again, up to point k. */
enum step_end step_go(struct stepper *s, const struct trace *trace, uint32_t k);
/* To the next point of a process that stands: STEP_POINT and *at. */
enum step_end step_next(struct stepper *s, uintptr_t *at);

/* Ends it, wherever it is, and reaps it if it is ours. */
void step_kill(struct stepper *s);
/* Lets it go on untraced, from wherever it stands. */
void step_free(struct stepper *s);

/* What step_record does, for who steps by himself. */
void trace_add(struct trace *trace, uintptr_t at);
void trace_finish(struct trace *trace);
void trace_free(struct trace *trace);

/* ---- between step.c and trace.c ---- */

#define STEP_CALL 0x85 /* before or after a system call */

/* Goes on in a way of ptrace's: SIGTRAP, STEP_CALL, 0 ended, -1 sleeps. */
int step_move(struct stepper *s, int how);
enum step_end step_end_of(int got);
uintptr_t step_where(const struct stepper *s);
void step_set(const struct stepper *s, uintptr_t at);
uintptr_t step_return(const struct stepper *s);
void step_back(struct stepper *s);
bool step_in_mark(uintptr_t at);
/* On while waits of step_move are to notice that the process sleeps. */
void step_ticking(bool on);

/* Function names cannot be told here: the offset, for addr2line. */
uintptr_t step_offset(uintptr_t at);

#endif
