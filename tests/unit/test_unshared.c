/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of a forker that its children do not have: lib/unshared.c. */
#include "lib/unshared.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/runner.h"

#define MANY 2000

static bool
all_are(const unsigned char *at, size_t size, unsigned char value)
{
	while (size > 0)
		if (at[--size] != value)
			return false;
	return true;
}

static size_t
size_of(int i)
{
	static const size_t sizes[] = { 1, 63, 64, 65, 700, 4096, 4097, 5000,
		8192, 70000, 300000 };

	return i % 50 == 0 ? sizes[i / 50 % 11] : sizes[i % 6];
}

TEST(unshared_memory_is_zero_and_nobody_elses)
{
	struct gsi_unshared memory = { 0 };
	static unsigned char *at[MANY];

	for (int turn = 0; turn < 3; turn++) {
		for (int i = turn; i < MANY; i += turn + 1) {
			if (at[i] != NULL)
				continue;
			at[i] = gsi_unshared_take(&memory, size_of(i));
			CHECK(at[i]);
			CHECK(all_are(at[i], size_of(i), 0));
			memset(at[i], i % 255 + 1, size_of(i));
		}
		for (int i = 0; i < MANY; i += 2) {
			CHECK(
			    at[i] == NULL || all_are(at[i], size_of(i),
						 (unsigned char)(i % 255 + 1)));
			gsi_unshared_give(&memory, at[i], size_of(i));
			at[i] = NULL;
		}
	}
	for (int i = 1; i < MANY; i += 2)
		CHECK(all_are(at[i], size_of(i), (unsigned char)(i % 255 + 1)));
}

TEST(unshared_memory_that_was_given_is_taken_again)
{
	struct gsi_unshared memory = { 0 };
	static const size_t sizes[] = { 1, 64, 2176, 4097, 100000 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		void *first = gsi_unshared_take(&memory, sizes[i]);

		CHECK(first);
		gsi_unshared_give(&memory, first, sizes[i]);
		CHECK(gsi_unshared_take(&memory, sizes[i]) == first);
	}
	CHECK(gsi_unshared_take(&memory, SIZE_MAX / 2) == NULL);
	gsi_unshared_give(&memory, NULL, 5);
	gsi_unshared_end(&memory);
	CHECK(memory.newest == NULL && memory.free[0] == NULL);
	CHECK(gsi_unshared_take(&memory, 64));
	gsi_unshared_end(&memory);
}

/* How a child ends that reads a byte there. */
static int
read_in_child(const volatile char *at)
{
	int status = 0;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		_exit(at[0]);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return status;
}

TEST(unshared_memory_is_not_in_a_child)
{
	struct gsi_unshared memory = { 0 };
	char *shared = calloc(1, 64);
	char *own = gsi_unshared_take(&memory, 64);
	int status;

	CHECK(shared && own);
	shared[0] = own[0] = 7;
	status = read_in_child(shared);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	status = read_in_child(own);
	/* a sanitizer exits when it has told */
	CHECK(!WIFEXITED(status) || WEXITSTATUS(status) != 7);
	CHECK(own[0] == 7);
	free(shared);
}
