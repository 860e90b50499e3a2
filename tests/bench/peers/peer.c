/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures a peer.  Every figure has a server of its own, and clients in a
 * process of their own, as not every library is of use again after a fork.
 */
#include "tests/bench/peers/peer.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/figures.h"

#define SAMPLES_MAX 1000000
#define WARM_NS INT64_C(10000000)

/* Between the measuring process and the server. */
struct shared {
	_Alignas(64) _Atomic uint32_t ready;
	_Alignas(64) _Atomic uint64_t taken;
};

static struct shared *shared;
static const struct peer *peer;
static struct peer_job job;
static pid_t server;
static int64_t slice; /* ns for each figure */
static char payload[PEER_LARGEST];
static pthread_barrier_t all;
static int64_t deadline;

void
peer_check(bool well, const char *what)
{
	if (well)
		return;
	fprintf(stderr, "bench: %s: %s: %s\n", peer->name, what,
	    errno != 0 ? strerror(errno) : "failed");
	exit(1);
}

void
peer_ready(void)
{
	atomic_store_explicit(&shared->ready, 1, memory_order_release);
}

void
peer_taken(void)
{
	uint64_t n = atomic_load_explicit(&shared->taken, memory_order_relaxed);

	atomic_store_explicit(&shared->taken, n + 1, memory_order_release);
}

/* ---- the server ---- */

static void
pairs(void)
{
	int ends[2];

	for (int i = 0; i < job.clients && peer->socket_type != 0; i++) {
		peer_check(socketpair(AF_UNIX, peer->socket_type, 0, ends) == 0,
		    "socketpair");
		job.client_end[i] = ends[0];
		job.server_end[i] = ends[1];
	}
}

static void
close_pairs(const int *end)
{
	for (int i = 0; i < job.clients && peer->socket_type != 0; i++)
		close(end[i]);
}

static void
start(int clients, bool casts)
{
	const char *parent = getenv("TMPDIR");

	job.clients = clients;
	job.casts = casts;
	snprintf(job.folder, sizeof(job.folder), "%.40s/gsbenchXXXXXX",
	    parent != NULL ? parent : "/tmp");
	peer_check(mkdtemp(job.folder) != NULL, "folder for sockets");
	pairs();
	atomic_store(&shared->ready, 0);
	atomic_store(&shared->taken, 0);
	server = fork();
	peer_check(server >= 0, "fork");
	if (server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		close_pairs(job.client_end);
		peer->serve(&job);
		exit(0);
	}
	close_pairs(job.server_end);
	while (
	    atomic_load_explicit(&shared->ready, memory_order_acquire) == 0) {
		peer_check(
		    waitpid(server, NULL, WNOHANG) == 0, "the server ended");
		usleep(1000);
	}
}

static void
stop(void)
{
	char command[100];

	kill(server, SIGTERM);
	waitpid(server, NULL, 0);
	close_pairs(job.client_end);
	snprintf(command, sizeof(command), "rm -rf '%s'", job.folder);
	peer_check(system(command) == 0, "rm");
}

/* ---- one client ---- */

/* Calls until the time is up; how many. */
static size_t
calls(void *client, size_t size, int64_t ns_in_all, int64_t *ns)
{
	int64_t before = bench_now(), end = before + ns_in_all, after;
	size_t n = 0;

	while (before < end && n < SAMPLES_MAX) {
		peer->call(client, payload, size);
		after = bench_now();
		ns[n++] = after - before;
		before = after;
	}
	return n;
}

static double
call_p50(size_t size)
{
	int64_t *ns = bench_samples(SAMPLES_MAX);
	void *client;
	double p50;

	start(1, false);
	client = peer->open(&job, 0);
	calls(client, size, WARM_NS, ns);
	p50 = bench_percentile(ns, calls(client, size, slice, ns), 0.5);
	peer->close(client);
	stop();
	return p50;
}

static void
awake(size_t size)
{
	int64_t *ns = bench_samples(SAMPLES_MAX);
	void *client;
	int64_t cpu;
	size_t n;

	start(1, false);
	client = peer->open(&job, 0);
	calls(client, size, WARM_NS, ns);
	cpu = bench_cpu(0) + bench_cpu(server);
	n = calls(client, size, slice, ns);
	cpu = bench_cpu(0) + bench_cpu(server) - cpu;
	bench_latency(peer->name, "call.awake", ns, n);
	bench_tell(peer->name, "cpu.call", (double)cpu / (double)n / 1e3);
	peer->close(client);
	stop();
}

static void
one_cpu(size_t size)
{
	bench_on_cpu(0);
	bench_tell(peer->name, "call.1cpu.p50", call_p50(size));
}

static void
sized(size_t size)
{
	double p50 = call_p50(size);
	char metric[32];

	snprintf(metric, sizeof(metric), "call.%zu.p50", size);
	bench_point(peer->name, "size", (double)size, p50);
	if (size == 4096 || size == 65536)
		bench_tell(peer->name, metric, p50);
}

/* ---- many clients ---- */

struct crowd_client {
	pthread_t thread;
	int index;
	uint64_t done;
};

static void *
crowd_client(void *data)
{
	struct crowd_client *me = data;
	void *client = peer->open(&job, me->index);

	if (!job.casts)
		peer->call(client, payload, BENCH_SIZE);
	pthread_barrier_wait(&all);
	pthread_barrier_wait(&all);
	while (bench_now() < deadline) {
		for (int i = 0; i < 16; i++) {
			if (job.casts)
				peer->cast(client, payload, BENCH_SIZE);
			else
				peer->call(client, payload, BENCH_SIZE);
		}
		me->done += 16;
	}
	pthread_barrier_wait(&all);
	/* what was sent must be taken before the connection goes */
	pthread_barrier_wait(&all);
	peer->close(client);
	return NULL;
}

static void
await_taken(uint64_t count)
{
	int64_t last = bench_now() + INT64_C(30000000000);

	while (atomic_load_explicit(&shared->taken, memory_order_acquire) <
	       count) {
		peer_check(bench_now() < last, "casts got lost");
		sched_yield();
	}
}

/* Operations of all clients together, in millions a second. */
static double
crowd(int clients, bool casts)
{
	struct crowd_client client[PEER_CLIENTS] = { 0 };
	uint64_t done = 0;
	int64_t begin, end;

	start(clients, casts);
	pthread_barrier_init(&all, NULL, (unsigned)clients + 1);
	for (int i = 0; i < clients; i++) {
		client[i].index = i;
		errno = pthread_create(
		    &client[i].thread, NULL, crowd_client, &client[i]);
		peer_check(errno == 0, "thread");
	}
	pthread_barrier_wait(&all);
	begin = bench_now();
	deadline = begin + slice;
	pthread_barrier_wait(&all);
	pthread_barrier_wait(&all);
	for (int i = 0; i < clients; i++)
		done += client[i].done;
	if (casts)
		await_taken(done);
	end = bench_now();
	pthread_barrier_wait(&all);
	for (int i = 0; i < clients; i++)
		pthread_join(client[i].thread, NULL);
	pthread_barrier_destroy(&all);
	stop();
	return (double)done * 1e3 / (double)(end - begin);
}

static void
callers(size_t clients)
{
	bench_tell(
	    peer->name, "call.clients8.rate", crowd((int)clients, false));
}

static void
senders(size_t clients)
{
	bench_tell(peer->name,
	    clients == 1 ? "cast.64.rate" : "cast.senders4.rate",
	    crowd((int)clients, true));
}

static void
in_process(void (*figure)(size_t argument), size_t argument)
{
	int status = 0;
	pid_t pid = fork();

	peer_check(pid >= 0, "fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		figure(argument);
		exit(0);
	}
	waitpid(pid, &status, 0);
	if (status != 0)
		exit(1);
}

int
peer_main(int argc, char **argv, const struct peer *which)
{
	static const size_t sizes[] = { 64, 1024, 4096, 16384, 65536 };

	peer = which;
	slice = bench_number(argc, argv, 1, 400) * 1000000;
	memset(payload, 'x', sizeof(payload));
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	peer_check(shared != MAP_FAILED, "shared memory");
	in_process(awake, BENCH_SIZE);
	in_process(one_cpu, BENCH_SIZE);
	for (int i = 0; i < 5; i++)
		in_process(sized, sizes[i]);
	in_process(callers, 8);
	in_process(senders, 1);
	in_process(senders, 4);
	return 0;
}
