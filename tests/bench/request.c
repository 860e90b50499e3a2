/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request.N: one client keeps N requests out, and takes the oldest response
 * before it sends the next; the time from sending to taking, for each.  With
 * one out that is a call in two steps, with many it is how long they queue.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/kit.h"

#define OUT_MAX 256

static gs_pid server;

static gs_reqid
ask(void)
{
	static const char message[BENCH_SIZE] = "request";
	gs_reqid id;

	bench_must(gs_send_request(GS_PID(server), GS_OBJECT(message), &id),
	    "request");
	return id;
}

static void
measure(size_t out, int64_t *ns, size_t count)
{
	gs_reqid id[OUT_MAX];
	int64_t sent[OUT_MAX], now;
	char name[32];

	for (size_t i = 0; i < out; i++) {
		sent[i] = bench_now();
		id[i] = ask();
	}
	for (size_t i = 0; i < count + out; i++) {
		size_t at = i % out;

		bench_must(
		    gs_receive_response(id[at], NULL, 60000), "response");
		now = bench_now();
		/* the first of each place filled the pipe */
		if (i >= out)
			ns[i - out] = now - sent[at];
		sent[at] = now;
		id[at] = ask();
	}
	for (size_t i = 0; i < out; i++)
		bench_must(
		    gs_receive_response(id[(count + i) % out], NULL, 60000),
		    "response");
	snprintf(name, sizeof(name), "request.%zu", out);
	bench_latency("ours", name, ns, count);
}

int
main(int argc, char **argv)
{
	size_t count = (size_t)bench_number(argc, argv, 1, 200000);
	int64_t *ns = bench_samples(count);

	server = bench_start(NULL);
	for (int i = 0; i < 2000; i++)
		bench_call(server);
	measure(1, ns, count);
	measure(16, ns, count);
	measure(OUT_MAX, ns, count);
	free(ns);
	return 0;
}
