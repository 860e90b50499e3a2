/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unix sockets of type SOCK_SEQPACKET: a message stays one, and no byte has to
 * be counted.  Blocking send and recv with one client, the least there can
 * be; with more the server waits with epoll, level-triggered.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/peers/peer.h"

static char buffer[PEER_LARGEST];

static void
serve_one(const struct peer_job *job, int fd)
{
	ssize_t n = recv(fd, buffer, sizeof(buffer), 0);

	if (n <= 0)
		pause(); /* the end is SIGTERM's */
	if (job->casts)
		peer_taken();
	else
		peer_check(send(fd, buffer, (size_t)n, 0) == n, "send");
}

static void
serve(const struct peer_job *job)
{
	struct epoll_event event[PEER_CLIENTS] = { { .events = EPOLLIN } };
	int poll = epoll_create1(0), n;

	for (int i = 0; i < job->clients; i++) {
		event[0].data.fd = job->server_end[i];
		peer_check(epoll_ctl(poll, EPOLL_CTL_ADD, job->server_end[i],
			       &event[0]) == 0,
		    "epoll");
	}
	peer_ready();
	while (job->clients == 1)
		serve_one(job, job->server_end[0]);
	for (;;) {
		n = epoll_wait(poll, event, PEER_CLIENTS, -1);
		for (int i = 0; i < n; i++)
			serve_one(job, event[i].data.fd);
	}
}

struct client {
	int fd;
	char reply[PEER_LARGEST];
};

static void *
open_client(const struct peer_job *job, int index)
{
	struct client *c = malloc(sizeof(*c));

	peer_check(c != NULL, "memory");
	c->fd = job->client_end[index];
	return c;
}

static void
call(void *client, const void *request, size_t size)
{
	struct client *c = client;

	peer_check(send(c->fd, request, size, 0) == (ssize_t)size, "send");
	peer_check(recv(c->fd, c->reply, sizeof(c->reply), 0) == (ssize_t)size,
	    "receive");
}

static void
cast(void *client, const void *message, size_t size)
{
	struct client *c = client;

	peer_check(send(c->fd, message, size, 0) == (ssize_t)size, "send");
}

int
main(int argc, char **argv)
{
	static const struct peer peer = { .name = "unix",
		.socket_type = SOCK_SEQPACKET,
		.serve = serve,
		.open = open_client,
		.call = call,
		.cast = cast,
		.close = free };

	return peer_main(argc, argv, &peer);
}
