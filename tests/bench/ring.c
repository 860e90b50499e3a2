/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring alone: two processes on two CPUs, nanoseconds for each message by
 * size (a message header of 16 bytes comes on top), and a spinning round
 * trip over two rings.  Every line of a payload is read.
 *
 * Time is taken for each window of some thousand messages, and the median and
 * the tenth part of the windows are told: on a busy machine most of the rest
 * is the time of others.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shm/region.h"

#define HEAD 16
#define CELLS 16384u
#define SENDERS_MAX 8
#define WINDOWS_MAX 100000

struct shared {
	struct gm_page pages[SENDERS_MAX];
	_Alignas(GM_LINE) _Atomic uint64_t alive;
	_Alignas(GM_LINE) _Atomic uint32_t go;
};

static struct shared *shared;
static struct gm_region_ref region;
static bool fenced;
static double windows[WINDOWS_MAX];
static int n_windows;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void
must(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "bench ring: %s\n", what);
		exit(1);
	}
}

static void
on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu % (int)sysconf(_SC_NPROCESSORS_ONLN), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void
fresh(int fd)
{
	static uint64_t at = GM_PAGE;

	must(gm_region_create(fd, at, CELLS, 1, 1) == 0, "no memory");
	must(gm_region_map(fd, at, 1, 1, true, &region) == 0, "map");
	at += gm_region_span(CELLS);
	gm_store(&shared->go, 0, relaxed);
}

static inline void
send_one(
    struct gm_sender *me, enum gm_which ring, const uint8_t *body, size_t size)
{
	const struct gm_alive alive = { &shared->alive, 1 };
	struct gm_slip slip;
	int status;

	while ((status = gm_ring_open(me, &region.ring[ring], alive,
		    HEAD + size, 0, &slip)) == -EAGAIN)
		gm_relax();
	must(status == 0, "open");
	memset(slip.payload, 1, HEAD);
	memcpy((uint8_t *)slip.payload + HEAD, body, size);
	must(gm_ring_commit(me, &region.ring[ring], &slip) == 0, "asleep");
	gm_ring_done(me);
}

static pid_t
sender(int i, long count, size_t size)
{
	struct gm_sender me = { &shared->pages[i], (uint32_t)i + 1, fenced };
	static uint8_t body[4096];
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	on_cpu(1 + i);
	memset(body, 7, sizeof(body));
	while (gm_load(&shared->go, acquire) == 0)
		gm_relax();
	for (long n = 0; n < count; n++)
		send_one(&me, GM_MAILBOX, body, size);
	_exit(0);
}

static uint64_t
take_one(struct gm_receiver *r)
{
	struct gm_record record;
	uint64_t sum = 0, word;
	int status;

	while ((status = gm_ring_take(r, &record)) == 0)
		gm_relax();
	must(status == 1, "damaged");
	for (size_t i = 0; i < record.size; i += GM_LINE) {
		memcpy(&word, (const uint8_t *)record.payload + i, 8);
		sum += word;
	}
	return sum;
}

/* One more message: at the end of a window, what each has taken. */
static void
window(long n, long size, double *start)
{
	double end;

	if (n % size != 0)
		return;
	end = now();
	if (n > 0 && n_windows < WINDOWS_MAX)
		windows[n_windows++] = (end - *start) / (double)size;
	*start = end;
}

static void
stream(int fd, int senders, size_t size, long count)
{
	pid_t pids[SENDERS_MAX];
	struct gm_receiver r;
	uint64_t sum = 0;
	double start = 0;

	fresh(fd);
	for (int i = 0; i < senders; i++)
		pids[i] = sender(i, count, size);
	gm_receiver_init(&r, &region.ring[GM_MAILBOX], fenced);
	gm_store(&shared->go, 1, release);
	for (long n = 0; n < count * senders; n++) {
		window(n, size > 1000 ? 2000 : 100000, &start);
		sum += take_one(&r);
	}
	gm_ring_release(&r);
	must(sum != 0, "nothing read");
	for (int i = 0; i < senders; i++)
		waitpid(pids[i], NULL, 0);
	must(gm_ring_check(&r) == NULL, "check");
	gm_receiver_fini(&r);
	gm_region_unmap(&region);
}

static void
round_trip(int fd, long count)
{
	struct gm_sender me = { &shared->pages[0], 1, fenced };
	static const uint8_t body[24];
	struct gm_receiver r;
	double start = 0;
	pid_t pid;

	fresh(fd);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		on_cpu(1);
		me = (struct gm_sender){ &shared->pages[1], 2, fenced };
		gm_receiver_init(&r, &region.ring[GM_MAILBOX], fenced);
		for (long n = 0; n < count; n++) {
			take_one(&r);
			send_one(&me, GM_REPLIES, body, sizeof(body));
		}
		_exit(0);
	}
	gm_receiver_init(&r, &region.ring[GM_REPLIES], fenced);
	for (long n = 0; n < count; n++) {
		window(n, 1000, &start);
		send_one(&me, GM_MAILBOX, body, sizeof(body));
		take_one(&r);
	}
	waitpid(pid, NULL, 0);
	gm_receiver_fini(&r);
	gm_region_unmap(&region);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
report(const char *what)
{
	qsort(windows, (size_t)n_windows, sizeof(*windows), compare);
	printf("%-24s %8.1f ns  (tenth %.1f)\n", what, windows[n_windows / 2],
	    windows[n_windows / 10]);
	fflush(stdout);
	n_windows = 0;
}

int
main(int argc, char **argv)
{
	static const size_t sizes[] = { 32, 48, 64, 240, 4000 };
	int fd = memfd_create("bench-ring", MFD_CLOEXEC);
	int rounds = 5;
	char what[64];

	if (argc > 1)
		rounds = atoi(argv[1]);
	must(rounds >= 1 && rounds <= 32, "rounds: 1 to 32");
	fenced = argc > 2 && strcmp(argv[2], "fenced") == 0;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(fd >= 0 && shared != MAP_FAILED, "memory");
	gm_store(&shared->alive, 1, release);
	on_cpu(0);
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		for (int i = 0; i < rounds; i++)
			stream(fd, 1, sizes[s],
			    sizes[s] > 1000 ? 200000 : 2000000);
		snprintf(what, sizeof(what), "%zu bytes", sizes[s]);
		report(what);
	}
	for (int i = 0; i < rounds; i++)
		stream(fd, 2, 32, 1000000);
	report("32 bytes, 2 senders");
	for (int i = 0; i < rounds; i++)
		round_trip(fd, 300000);
	report("round trip, 24 bytes");
	return 0;
}
