/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nng over ipc: req to rep for calls, push to pull for casts, with nng_msg,
 * which are handed over and not copied; its own number of threads.
 */
#include <errno.h>
#include <nng/nng.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/peers/peer.h"

#define QUEUE 1024 /* messages, as ZeroMQ has by default */

static void
must(int error, const char *what)
{
	if (error == 0)
		return;
	fprintf(stderr, "bench: nng: %s: %s\n", what, nng_strerror(error));
	exit(1);
}

static void
address(const struct peer_job *job, char text[100])
{
	snprintf(text, 100, "ipc://%s/nng", job->folder);
}

static void
serve(const struct peer_job *job)
{
	nng_socket socket;
	nng_msg *message;
	char at[100];

	address(job, at);
	must(job->casts ? nng_pull0_open(&socket) : nng_rep0_open(&socket),
	    "socket");
	must(nng_listen(socket, at, NULL, 0), "listen");
	peer_ready();
	for (;;) {
		must(nng_recvmsg(socket, &message, 0), "receive");
		if (job->casts) {
			peer_taken();
			nng_msg_free(message);
		} else
			must(nng_sendmsg(socket, message, 0), "send");
	}
}

static void *
open_client(const struct peer_job *job, int index)
{
	nng_socket *socket = malloc(sizeof(*socket));
	char at[100];

	(void)index;
	peer_check(socket != NULL, "memory");
	address(job, at);
	must(job->casts ? nng_push0_open(socket) : nng_req0_open(socket),
	    "socket");
	/* else each cast waits until the receiver has taken the one before */
	if (job->casts)
		must(nng_socket_set_int(*socket, NNG_OPT_SENDBUF, QUEUE),
		    "buffer");
	must(nng_dial(*socket, at, NULL, 0), "dial");
	return socket;
}

static nng_msg *
message_of(const void *bytes, size_t size)
{
	nng_msg *message;

	must(nng_msg_alloc(&message, 0), "memory");
	must(nng_msg_append(message, bytes, size), "memory");
	return message;
}

static void
call(void *client, const void *request, size_t size)
{
	nng_socket *socket = client;
	nng_msg *reply;

	must(nng_sendmsg(*socket, message_of(request, size), 0), "send");
	must(nng_recvmsg(*socket, &reply, 0), "receive");
	errno = 0;
	peer_check(nng_msg_len(reply) == size, "reply");
	nng_msg_free(reply);
}

static void
cast(void *client, const void *message, size_t size)
{
	nng_socket *socket = client;

	must(nng_sendmsg(*socket, message_of(message, size), 0), "send");
}

static void
close_client(void *client)
{
	nng_socket *socket = client;

	nng_close(*socket);
	free(socket);
}

int
main(int argc, char **argv)
{
	static const struct peer peer = { .name = "nng",
		.serve = serve,
		.open = open_client,
		.call = call,
		.cast = cast,
		.close = close_client };

	return peer_main(argc, argv, &peer);
}
