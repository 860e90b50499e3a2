/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One server and many clients, each a thread: eight that call, eight that
 * have sixteen requests out each, four that cast.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/kit.h"

#define CALLERS 8
#define SENDERS 4
#define OUT 16

static gs_pid server;
static long count;
static pthread_barrier_t all;

static void *
caller(void *data)
{
	bench_call(server);
	pthread_barrier_wait(&all);
	for (long i = 0; i < count; i++)
		bench_call(server);
	return data;
}

static gs_reqid
ask(void)
{
	static const char message[BENCH_SIZE] = "request";
	gs_reqid id;

	bench_must(gs_send_request(GS_PID(server), GS_OBJECT(message), &id),
	    "request");
	return id;
}

static void *
pipeliner(void *data)
{
	gs_reqid id[OUT];

	bench_call(server);
	for (int i = 0; i < OUT; i++)
		id[i] = ask();
	pthread_barrier_wait(&all);
	for (long i = 0; i < count; i++) {
		gs_reqid *oldest = &id[i % OUT];

		bench_must(
		    gs_receive_response(*oldest, NULL, 60000), "response");
		*oldest = ask();
	}
	for (int i = 0; i < OUT; i++)
		bench_must(gs_receive_response(id[i], NULL, 60000), "response");
	return data;
}

static void *
sender(void *data)
{
	static const char message[BENCH_SIZE] = "message";

	bench_call(server);
	pthread_barrier_wait(&all);
	for (long i = 0; i < count; i++)
		bench_must(
		    gs_cast_wait(GS_PID(server), GS_OBJECT(message), 60000),
		    "cast");
	bench_call_at_last(server);
	return data;
}

/* Operations of all threads together, per ns. */
static double
rate(void *(*run)(void *data), int threads, long each)
{
	pthread_t thread[CALLERS];
	int64_t start;

	count = each;
	pthread_barrier_init(&all, NULL, (unsigned)threads + 1);
	for (int i = 0; i < threads; i++)
		bench_must(
		    -pthread_create(&thread[i], NULL, run, NULL), "thread");
	pthread_barrier_wait(&all);
	start = bench_now();
	for (int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	pthread_barrier_destroy(&all);
	return (double)each * threads / (double)(bench_now() - start);
}

int
main(int argc, char **argv)
{
	long calls = bench_number(argc, argv, 1, 100000);

	server = bench_start(NULL);
	bench_tell("ours", "call.clients8.rate",
	    rate(caller, CALLERS, calls / CALLERS) * 1e3);
	bench_tell("ours", "call.pipelined16.rate",
	    rate(pipeliner, CALLERS, calls) * 1e3);
	bench_tell("ours", "cast.senders4.rate",
	    rate(sender, SENDERS, calls * 5) * 1e3);
	return 0;
}
