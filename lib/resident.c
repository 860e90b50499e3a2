/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory and state of processes as /proc has them.  That takes the kernel some
 * ten microseconds for each, so where there are many a second thread does half
 * of them.  The rule: it touches nothing but its half, takes no signals, and
 * is gone before this returns.
 */
#include "lib/resident.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MANY 512u /* from which a thread pays */

/* Field 3 is the state, field 24 the resident pages. */
static void
parse(char *text, struct gsi_resident *out)
{
	/* the command's name may hold anything, its last bracket ends it */
	char *at = strrchr(text, ')');

	if (at == NULL || at[1] != ' ')
		return;
	out->stopped = at[2] == 'T' || at[2] == 't';
	for (int field = 2; field < 24 && at != NULL; field++)
		at = strchr(at + 1, ' ');
	if (at != NULL)
		out->bytes =
		    strtoull(at, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void
read_one(struct gsi_resident *out)
{
	char path[32], text[512];
	ssize_t n;
	int fd;

	out->stopped = false;
	out->bytes = 0;
	if (out->os_pid <= 0)
		return;
	snprintf(path, sizeof(path), "/proc/%d/stat", out->os_pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return;
	text[n] = '\0';
	parse(text, out);
}

struct half {
	struct gsi_resident *all;
	uint32_t count;
};

static void *
read_half(void *data)
{
	const struct half *half = data;

	for (uint32_t i = 0; i < half->count; i++)
		read_one(&half->all[i]);
	return NULL;
}

static bool
two_cpus(void)
{
	cpu_set_t cpus;

	return sched_getaffinity(0, sizeof(cpus), &cpus) != 0 ||
	       CPU_COUNT(&cpus) > 1;
}

static bool
begin(pthread_t *thread, struct half *half)
{
	sigset_t all, before;
	bool begun;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	begun = pthread_create(thread, NULL, read_half, half) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return begun;
}

void
gsi_resident_read(struct gsi_resident *all, uint32_t count)
{
	struct half mine = { all, count }, other = { NULL, 0 };
	bool helped = false;
	pthread_t thread;
	int cancel;

	/* the other half is on this stack */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	if (count >= MANY && two_cpus()) {
		other = (struct half){ all + count / 2, count - count / 2 };
		helped = begin(&thread, &other);
	}
	if (helped)
		mine.count = count / 2;
	read_half(&mine);
	if (helped)
		pthread_join(thread, NULL);
	pthread_setcancelstate(cancel, NULL);
}
