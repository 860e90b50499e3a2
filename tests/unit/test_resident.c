/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says of processes, of few and of so many that two look. */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/resident.h"
#include "tests/runner.h"

#define COUNT 1001

static pid_t
stopped_child(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		raise(SIGSTOP);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	return pid;
}

TEST(resident_reads_each_where_it_stands)
{
	static struct gsi_resident all[COUNT];
	pid_t stopped = stopped_child();

	for (int i = 0; i < COUNT; i++)
		all[i].os_pid = i % 3 == 0   ? (int)getpid()
				: i % 3 == 1 ? (int)stopped
					     : 0;
	for (uint32_t n = 1; n <= COUNT; n = n * 10 + 1) {
		for (int i = 0; i < COUNT; i++)
			all[i].bytes = 77;
		gsi_resident_read(all, n);
		for (uint32_t i = 0; i < n; i++) {
			CHECK_INT(all[i].stopped, i % 3 == 1);
			CHECK_INT(all[i].bytes > 4096, i % 3 != 2);
			CHECK_INT(all[i].bytes % 4096, 0);
		}
		CHECK(n == COUNT || all[n].bytes == 77);
	}
	CHECK_INT(kill(stopped, SIGKILL), 0);
	CHECK_INT(waitpid(stopped, NULL, 0), stopped);
	/* gone: nothing is known of it */
	gsi_resident_read(&all[1], 1);
	CHECK(all[1].bytes == 0 && !all[1].stopped);
}

TEST(resident_leaves_signals_where_they_were)
{
	static struct gsi_resident all[COUNT];
	sigset_t before, after;

	pthread_sigmask(SIG_BLOCK, NULL, &before);
	gsi_resident_read(all, COUNT);
	pthread_sigmask(SIG_BLOCK, NULL, &after);
	for (int s = 1; s < 32; s++)
		CHECK_INT(sigismember(&after, s), sigismember(&before, s));
}
