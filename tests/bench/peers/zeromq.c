/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ZeroMQ over ipc: REQ to REP for calls, PUSH to PULL for casts, which it
 * batches; one I/O thread, the default.  The server sends the message back
 * that it has received, so that nothing is copied there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zmq.h>

#include "tests/bench/peers/peer.h"

struct client {
	void *socket;
	char reply[PEER_LARGEST];
};

/* One for all clients, as its manual says. */
static void *context;

static void
address(const struct peer_job *job, char text[100])
{
	snprintf(text, 100, "ipc://%s/zeromq", job->folder);
}

static void
serve(const struct peer_job *job)
{
	void *socket =
	    zmq_socket(zmq_ctx_new(), job->casts ? ZMQ_PULL : ZMQ_REP);
	zmq_msg_t message;
	char at[100];

	address(job, at);
	peer_check(socket != NULL && zmq_bind(socket, at) == 0, "bind");
	peer_ready();
	zmq_msg_init(&message);
	for (;;) {
		peer_check(zmq_msg_recv(&message, socket, 0) >= 0, "receive");
		if (job->casts)
			peer_taken();
		else
			peer_check(
			    zmq_msg_send(&message, socket, 0) >= 0, "send");
	}
}

static void *
open_client(const struct peer_job *job, int index)
{
	struct client *c = malloc(sizeof(*c));
	char at[100];

	(void)index;
	peer_check(c != NULL, "memory");
	address(job, at);
	c->socket = zmq_socket(context, job->casts ? ZMQ_PUSH : ZMQ_REQ);
	peer_check(
	    c->socket != NULL && zmq_connect(c->socket, at) == 0, "connect");
	return c;
}

static void
call(void *client, const void *request, size_t size)
{
	struct client *c = client;

	peer_check(zmq_send(c->socket, request, size, 0) == (int)size, "send");
	peer_check(
	    zmq_recv(c->socket, c->reply, sizeof(c->reply), 0) == (int)size,
	    "receive");
}

static void
cast(void *client, const void *message, size_t size)
{
	struct client *c = client;

	peer_check(zmq_send(c->socket, message, size, 0) == (int)size, "send");
}

static void
close_client(void *client)
{
	struct client *c = client;

	zmq_close(c->socket);
	free(c);
}

int
main(int argc, char **argv)
{
	static const struct peer peer = { .name = "zeromq",
		.serve = serve,
		.open = open_client,
		.call = call,
		.cast = cast,
		.close = close_client };

	context = zmq_ctx_new();
	return peer_main(argc, argv, &peer);
}
