/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TCP echo server on the loopback: its listening socket and its connections
 * are watched, and what happens on them comes to handle_info between calls
 * and casts.  ARGUMENT is the port, none lets the system choose one.
 *
 *	gsctl start --name echo ./tcpecho.so 7007
 *	gsctl call echo port
 *	gsctl call echo clients
 *
 * The rule of a connection: what could not be sent yet is kept, and as long
 * as there is such a rest it is watched for room and nothing more is read.
 */
#include <errno.h>
#include <genserver.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define FDS 1024 /* descriptors from there on are refused */
#define PIECE 16384

struct client {
	char *rest;
	size_t size;
};

struct tcpecho {
	int listener;
	int port;
	int n_clients;
	struct client *clients[FDS]; /* by descriptor */
};

/* The descriptor, or -errno. */
static int
listen_on(int port)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_port = htons((in_port_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, status;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
	    listen(fd, SOMAXCONN) == 0)
		status = gs_watch_fd(fd, GS_FD_READ);
	else
		status = -errno;
	if (status == 0)
		return fd;
	close(fd);
	return status;
}

static gs_next
tcpecho_init(void *state, gs_bytes argument)
{
	struct tcpecho *t = state;
	struct sockaddr_in at;
	socklen_t size = sizeof(at);

	t->listener = listen_on((int)gs_long(argument, 0));
	if (t->listener < 0)
		return gs_error(
		    GS_STR("no_port: %s", strerror(-t->listener)).data);
	if (getsockname(t->listener, (struct sockaddr *)&at, &size) != 0)
		return gs_error(GS_STR("no_port: %s", strerror(errno)).data);
	t->port = ntohs(at.sin_port);
	return gs_ok();
}

static void
hang_up(struct tcpecho *t, int fd)
{
	gs_unwatch_fd(fd);
	close(fd);
	free(t->clients[fd]->rest);
	free(t->clients[fd]);
	t->clients[fd] = NULL;
	t->n_clients--;
}

static void
welcome(struct tcpecho *t)
{
	int fd = accept4(t->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (fd < FDS)
		t->clients[fd] = calloc(1, sizeof(*t->clients[fd]));
	if (fd >= FDS || !t->clients[fd]) {
		close(fd);
		return;
	}
	t->n_clients++;
	if (gs_watch_fd(fd, GS_FD_READ) != 0)
		hang_up(t, fd);
}

/* 0, or -1: the other end is gone. */
static int
send_back(struct client *c, int fd, const char *data, size_t size)
{
	ssize_t n = send(fd, data, size, MSG_NOSIGNAL);
	char *rest;

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return -1;
	data += n > 0 ? n : 0;
	size -= n > 0 ? (size_t)n : 0;
	rest = size ? malloc(size) : NULL;
	if (size && !rest)
		return -1;
	if (size)
		memcpy(rest, data, size);
	free(c->rest);
	c->rest = rest;
	c->size = size;
	return gs_watch_fd(fd, size ? GS_FD_WRITE : GS_FD_READ);
}

static void
attend(struct tcpecho *t, int fd)
{
	struct client *c = t->clients[fd];
	char piece[PIECE];
	ssize_t n;

	if (c->size) {
		if (send_back(c, fd, c->rest, c->size) != 0)
			hang_up(t, fd);
		return;
	}
	n = recv(fd, piece, sizeof(piece), 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || send_back(c, fd, piece, (size_t)n) != 0)
		hang_up(t, fd);
}

static gs_next
tcpecho_info(void *state, const gs_info *info)
{
	struct tcpecho *t = state;

	if (info->kind != GS_INFO_FD)
		return gs_next_noreply();
	if (info->fd == t->listener)
		welcome(t);
	else if (info->fd < FDS && t->clients[info->fd])
		attend(t, info->fd);
	return gs_next_noreply();
}

static gs_next
tcpecho_call(void *state, gs_bytes request, gs_from from)
{
	const struct tcpecho *t = state;

	(void)from;
	if (gs_is(request, "port"))
		return gs_next_reply(GS_STR("%d", t->port));
	if (gs_is(request, "clients"))
		return gs_next_reply(GS_STR("%d", t->n_clients));
	return gs_next_reply(GS_TEXT("port or clients?"));
}

GS_SERVER(tcpecho, .version = "1", .state_size = sizeof(struct tcpecho),
    .init = tcpecho_init, .handle_call = tcpecho_call,
    .handle_info = tcpecho_info);
GS_MODULE(tcpecho);
