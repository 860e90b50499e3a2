/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libqb's IPC over shared memory (QB_IPC_SHM), its fast kind: the server
 * under qb_loop with requests unlimited (QB_IPCS_RATE_FAST), replies by
 * sendv without a copy in between; the client by qb_ipcc_sendv_recv.
 */
#include <errno.h>
#include <qb/qbipcc.h>
#include <qb/qbipcs.h>
#include <qb/qbloop.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/bench/peers/peer.h"

#define CALL 1
#define CAST 2
#define REPLY_MAX (PEER_LARGEST + 4096)
#define RING (1 << 20) /* bytes, as a mailbox of ours */

static qb_loop_t *loop;

/* ---- the server ---- */

static int32_t
accept_all(qb_ipcs_connection_t *c, uid_t uid, gid_t gid)
{
	(void)c;
	(void)uid;
	(void)gid;
	return 0;
}

static int32_t
process(qb_ipcs_connection_t *c, void *data, size_t size)
{
	const struct qb_ipc_request_header *request = data;
	struct qb_ipc_response_header head = { .id = CALL };
	struct iovec parts[2] = { { &head, sizeof(head) },
		{ (char *)data + sizeof(*request), size - sizeof(*request) } };

	if (request->id == CAST) {
		peer_taken();
		return 0;
	}
	head.size = (int32_t)(parts[0].iov_len + parts[1].iov_len);
	peer_check(qb_ipcs_response_sendv(c, parts, 2) == head.size, "reply");
	return 0;
}

static int32_t
closed(qb_ipcs_connection_t *c)
{
	(void)c;
	return 0;
}

static int32_t
add_job(enum qb_loop_priority p, void *data, qb_loop_job_dispatch_fn fn)
{
	return qb_loop_job_add(loop, p, data, fn);
}

static int32_t
add_poll(enum qb_loop_priority p, int32_t fd, int32_t events, void *data,
    qb_ipcs_dispatch_fn_t fn)
{
	return qb_loop_poll_add(loop, p, fd, events, data, fn);
}

static int32_t
modify_poll(enum qb_loop_priority p, int32_t fd, int32_t events, void *data,
    qb_ipcs_dispatch_fn_t fn)
{
	return qb_loop_poll_mod(loop, p, fd, events, data, fn);
}

static int32_t
remove_poll(int32_t fd)
{
	return qb_loop_poll_del(loop, fd);
}

static int32_t
end(int32_t signal, void *data)
{
	(void)signal;
	(void)data;
	qb_loop_stop(loop);
	return 0;
}

/* Each server has a name of its own; nobody else sees the folder's. */
static const char *
name_of(const struct peer_job *job)
{
	return strrchr(job->folder, '/') + 1;
}

static void
serve(const struct peer_job *job)
{
	struct qb_ipcs_service_handlers handlers = {
		.connection_accept = accept_all,
		.msg_process = process,
		.connection_closed = closed,
	};
	struct qb_ipcs_poll_handlers polls = {
		.job_add = add_job,
		.dispatch_add = add_poll,
		.dispatch_mod = modify_poll,
		.dispatch_del = remove_poll,
	};
	qb_ipcs_service_t *service =
	    qb_ipcs_create(name_of(job), 0, QB_IPC_SHM, &handlers);

	loop = qb_loop_create();
	peer_check(service != NULL && loop != NULL, "server");
	qb_ipcs_poll_handlers_set(service, &polls);
	qb_ipcs_request_rate_limit(service, QB_IPCS_RATE_FAST);
	peer_check(qb_ipcs_run(service) == 0, "run");
	qb_loop_signal_add(loop, QB_LOOP_HIGH, SIGTERM, NULL, end, NULL);
	peer_ready();
	qb_loop_run(loop);
	/* with it goes what it has in /dev/shm */
	qb_ipcs_destroy(service);
}

/* ---- the client ---- */

struct client {
	qb_ipcc_connection_t *to;
	char reply[REPLY_MAX];
};

static void *
open_client(const struct peer_job *job, int index)
{
	struct client *c = malloc(sizeof(*c));

	(void)index;
	peer_check(c != NULL, "memory");
	c->to = qb_ipcc_connect(name_of(job), RING);
	peer_check(c->to != NULL, "connect");
	return c;
}

static void
call(void *client, const void *request, size_t size)
{
	struct qb_ipc_request_header head = { .id = CALL,
		.size = (int32_t)(sizeof(head) + size) };
	struct iovec parts[2] = { { &head, sizeof(head) },
		{ (void *)(uintptr_t)request, size } };
	struct client *c = client;
	ssize_t n =
	    qb_ipcc_sendv_recv(c->to, parts, 2, c->reply, sizeof(c->reply), -1);

	peer_check(n == (ssize_t)(sizeof(struct qb_ipc_response_header) + size),
	    "call");
}

static void
cast(void *client, const void *message, size_t size)
{
	struct qb_ipc_request_header head = { .id = CAST,
		.size = (int32_t)(sizeof(head) + size) };
	struct iovec parts[2] = { { &head, sizeof(head) },
		{ (void *)(uintptr_t)message, size } };
	struct client *c = client;
	ssize_t n;

	while ((n = qb_ipcc_sendv(c->to, parts, 2)) == -EAGAIN)
		sched_yield();
	peer_check(n == head.size, "cast");
}

static void
close_client(void *client)
{
	struct client *c = client;

	qb_ipcc_disconnect(c->to);
	free(c);
}

int
main(int argc, char **argv)
{
	static const struct peer peer = { .name = "libqb",
		.serve = serve,
		.open = open_client,
		.call = call,
		.cast = cast,
		.close = close_client };

	return peer_main(argc, argv, &peer);
}
