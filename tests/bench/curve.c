/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How cost grows, for the figures that tests/bench/run --svg draws:
 *
 *	size	call and reply of so many bytes, median ns
 *	depth	median ns from request to response with so many outstanding
 *	senders	millions of casts a second by so many threads together
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/kit.h"

#define LARGEST 131072
#define DEPTH_MAX 256
#define SENDERS_MAX 8

static const char message[LARGEST];
static gs_pid server;
static long casts;
static pthread_barrier_t all;

static double
call_p50(int64_t *ns, size_t count, size_t size)
{
	gs_bytes reply;

	for (size_t i = 0; i < count; i++) {
		int64_t start = bench_now();

		bench_must(gs_call(GS_PID(server), gs_bytes_of(message, size),
			       &reply, 60000),
		    "call");
		ns[i] = bench_now() - start;
	}
	return bench_percentile(ns, count, 0.5);
}

static gs_reqid
ask(int64_t *at)
{
	gs_reqid id;

	*at = bench_now();
	bench_must(gs_send_request(
		       GS_PID(server), gs_bytes_of(message, BENCH_SIZE), &id),
	    "request");
	return id;
}

static double
outstanding_p50(int64_t *ns, size_t count, size_t depth)
{
	gs_reqid id[DEPTH_MAX];
	int64_t at[DEPTH_MAX];

	for (size_t i = 0; i < depth; i++)
		id[i] = ask(&at[i]);
	for (size_t i = 0; i < count; i++) {
		size_t oldest = i % depth;

		bench_must(
		    gs_receive_response(id[oldest], NULL, 60000), "response");
		ns[i] = bench_now() - at[oldest];
		id[oldest] = ask(&at[oldest]);
	}
	for (size_t i = 0; i < depth; i++)
		bench_must(gs_receive_response(id[i], NULL, 60000), "response");
	return bench_percentile(ns, count, 0.5);
}

static void *
sender(void *data)
{
	bench_call(server);
	pthread_barrier_wait(&all);
	for (long i = 0; i < casts; i++)
		bench_must(gs_cast_wait(GS_PID(server),
			       gs_bytes_of(message, BENCH_SIZE), 60000),
		    "cast");
	bench_call_at_last(server);
	return data;
}

/* M/s */
static double
cast_rate(unsigned senders)
{
	pthread_t thread[SENDERS_MAX];
	int64_t start;

	pthread_barrier_init(&all, NULL, senders + 1);
	for (unsigned i = 0; i < senders; i++)
		bench_must(
		    -pthread_create(&thread[i], NULL, sender, NULL), "thread");
	pthread_barrier_wait(&all);
	start = bench_now();
	for (unsigned i = 0; i < senders; i++)
		pthread_join(thread[i], NULL);
	pthread_barrier_destroy(&all);
	return (double)casts * senders * 1e3 / (double)(bench_now() - start);
}

int
main(int argc, char **argv)
{
	size_t count = (size_t)bench_number(argc, argv, 1, 20000);
	int64_t *ns = bench_samples(count);

	server = bench_start(NULL);
	call_p50(ns, count, BENCH_SIZE);
	for (size_t size = 16; size <= LARGEST; size *= 2)
		bench_point("ours", "size", (double)size,
		    call_p50(ns, size < 8192 ? count : count / 8 + 1, size));
	for (size_t depth = 1; depth <= DEPTH_MAX; depth *= 2)
		bench_point("ours", "depth", (double)depth,
		    outstanding_p50(ns, count, depth));
	for (unsigned senders = 1; senders <= SENDERS_MAX; senders *= 2) {
		casts = (long)count * 50 / senders;
		bench_point(
		    "ours", "senders", (double)senders, cast_rate(senders));
	}
	free(ns);
	return 0;
}
