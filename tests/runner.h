/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The test runner.  TEST(name) { ... } is a whole case; runner.c has main.
 * The one rule: each case runs in a process of its own and leaves nothing:
 * no child, no open descriptor, no segment, no file but *.log.
 *
 *	prog		runs all, prints TAP; exit 1 when one failed
 *	prog NAME	runs one here, unforked and without limit: for gdb
 *	prog --list	prints the names
 *	prog --seconds N  runs all; those that go by test_seconds so long
 *
 * A case finds in its environment GS_RUNTIME_DIR, a fresh empty folder, and
 * GS_TEST_NODE, a node name nobody else has.  GS_TEST_SLOW=n multiplies all
 * time limits (valgrind).  Lines that a case begins with "# " are shown also
 * when it passes.
 */
#ifndef GS_TESTS_RUNNER_H
#define GS_TESTS_RUNNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/types.h>

#define TEST_SECONDS 60

struct test_case {
	const char *name;
	void (*run)(void);
	int seconds;
	struct test_case *next;
};

#define TEST(name) TEST_TIMEOUT(name, TEST_SECONDS)

#define TEST_TIMEOUT(name, seconds)                                            \
	static void run_##name(void);                                          \
	static struct test_case case_##name = { #name, run_##name, seconds,    \
		NULL };                                                        \
	__attribute__((constructor)) static void add_##name(void)              \
	{                                                                      \
		test_add(&case_##name);                                        \
	}                                                                      \
	static void run_##name(void)

/*
 * Each ends the calling process when it does not hold; so they also work in
 * children of the case, if the case looks at their status (test_join).
 */
#define CHECK(cond)                                                            \
	((cond) ? (void)0 : test_fail(__FILE__, __LINE__, "%s", #cond))
#define CHECK_INT(a, b)                                                        \
	test_int(__FILE__, __LINE__, #a, #b, (intmax_t)(a), (intmax_t)(b))
#define CHECK_STR(a, b) test_str(__FILE__, __LINE__, #a, #b, a, b)
/* For what returns -errno: not negative. */
#define CHECK_OK(a) test_ok(__FILE__, __LINE__, #a, (intmax_t)(a))
#define FAIL(...) test_fail(__FILE__, __LINE__, __VA_ARGS__)
#define SKIP(why) test_skip(why)

/* Polls cond(data) until it is true or ms are over. */
bool eventually(bool (*cond)(void *data), void *data, int ms);

int64_t now_ms(void), now_ns(void);

/* Runs fn(data) in a child, which ends with 0 when fn returns. */
pid_t test_fork(void (*fn)(void *data), void *data);

/* Waits for a child; the raw wait status. */
int test_wait(pid_t pid);

/* Waits for a child and fails unless it ended with 0. */
void test_join(pid_t pid);

/* SIGKILL, and waits. */
void test_kill(pid_t pid);

/* True when the process is gone or a zombie. */
bool test_gone(pid_t pid);

/* Pages shared with all children of the case, zeroed. */
void *test_shared(size_t size);

/* The case's own folder and node name. */
const char *test_dir(void);
const char *test_node(void);

/* This case may end with more descriptors open than it began with. */
void test_keeps_fds(void);

/* How many descriptors this process has open. */
int test_fds(void);

/* How long a torture test is to go on: 10 s unless --seconds says. */
int test_seconds(void);

/* True under valgrind or a sanitizer: sizes and speeds mean nothing. */
bool test_slow(void);

/* ---- what the macros and runner.c use ---- */

#define TEST_EXIT_SKIP 77

/* Shared by the runner, the case and its children. */
struct test_report {
	char skip[200];
	bool keeps_fds;
};

extern struct test_report *test_report;

int test_slowness(void);
const char *test_ending(int status, char *text, size_t size);
/* State letter and parent of a process; false when there is none. */
bool test_process(pid_t pid, char *state, pid_t *parent);
bool test_is_named(pid_t pid, const char *comm);
bool test_is_stopped(void *pid); /* for eventually: a pid_t */
bool test_is_asleep(void *pid);

void test_add(struct test_case *test);
noreturn void test_fail(const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
noreturn void test_skip(const char *why);
void test_int(const char *file, int line, const char *a_text,
    const char *b_text, intmax_t a, intmax_t b);
void test_str(const char *file, int line, const char *a_text,
    const char *b_text, const char *a, const char *b);
void test_ok(const char *file, int line, const char *text, intmax_t a);

/* ---- leftovers.c: each prints what it found as # lines ---- */

#define SEGMENTS 256

struct segments {
	char name[SEGMENTS][256];
	int n;
};

void left_list(struct segments *list);
/* One that is not in before and belongs to no living node of other tests. */
bool left_segment(const struct segments *before, const char *node);
/* Waits for children that are ending, kills the rest. */
bool left_children(void);
/* Prints and kills a process that takes too long, and all below it. */
void left_late(pid_t pid);
/* Removes dir. */
bool left_files(char *dir);

#endif
