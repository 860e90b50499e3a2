/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory and state of processes as /proc has them.  That takes the kernel more
 * than ten microseconds for each, so where there are many, threads help.  The
 * rule: they take no signals and are gone before this returns.
 */
#include "lib/resident.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/procfs.h"

#define MANY 512u /* from which a thread pays */
#define PIECE 64u
#define HELPERS_MAX 3

/* Field 3 is the state, field 24 the resident pages. */
static void
read_one(struct gsi_resident *out)
{
	char text[GSI_STAT], *at = NULL;

	out->stopped = false;
	out->bytes = 0;
	if (out->os_pid > 0)
		at = gsi_proc_stat(out->os_pid, text);
	if (at == NULL)
		return;
	out->stopped = gsi_stat_stopped(at);
	for (int field = 3; field < 24 && at != NULL; field++)
		at = strchr(at + 1, ' ');
	if (at != NULL)
		out->bytes =
		    strtoull(at, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Taken in pieces: who has a CPU for himself does more of them. */
struct job {
	struct gsi_resident *all;
	uint32_t count;
	_Atomic uint32_t next;
};

static void *
work(void *data)
{
	struct job *job = data;
	uint32_t from, to;

	for (;;) {
		/* relaxed: nothing but the number is shared */
		from = atomic_fetch_add_explicit(
		    &job->next, PIECE, memory_order_relaxed);
		if (from >= job->count)
			return NULL;
		to = job->count - from < PIECE ? job->count : from + PIECE;
		while (from < to)
			read_one(&job->all[from++]);
	}
}

/* How many threads may help: a CPU each. */
static int
helpers(uint32_t count)
{
	cpu_set_t cpus;
	int n;

	if (count < MANY || sched_getaffinity(0, sizeof(cpus), &cpus) != 0)
		return 0;
	n = CPU_COUNT(&cpus) - 1;
	return n < HELPERS_MAX ? n : HELPERS_MAX;
}

static bool
begin(pthread_t *thread, struct job *job)
{
	sigset_t all, before;
	bool begun;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	begun = pthread_create(thread, NULL, work, job) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return begun;
}

void
gsi_resident_read(struct gsi_resident *all, uint32_t count)
{
	struct job job = { all, count, 0 };
	pthread_t thread[HELPERS_MAX];
	int most = helpers(count), n = 0, cancel;

	/* the job is on this stack */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	while (n < most && begin(&thread[n], &job))
		n++;
	work(&job);
	while (n > 0)
		pthread_join(thread[--n], NULL);
	pthread_setcancelstate(cancel, NULL);
}
