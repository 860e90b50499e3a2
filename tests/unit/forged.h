/* SPDX-License-Identifier: Apache-2.0 */
/* Packets that are not what they claim, and a node that has to stand them. */
#ifndef GS_TESTS_FORGED_H
#define GS_TESTS_FORGED_H

#include <errno.h>
#include <fcntl.h>
#include <genserver.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/attach.h"
#include "tests/runner.h"

#define SOON 5000

static inline struct gsi_packet
packet_of(uint32_t op)
{
	struct gsi_packet packet = {
		.magic = GSI_PACKET_MAGIC,
		.op = op,
		.layout_hash = gm_layout_hash(),
	};

	return packet;
}

static inline int
pidfd_of(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* The answer of the node on an open connection; its size, 0 at its end. */
static inline ssize_t
answer_on(int socket, struct gsi_welcome *answer)
{
	int fds[4];
	ssize_t n;

	memset(answer, 0, sizeof(*answer));
	n = gsi_packet_receive(socket, answer, sizeof(*answer), fds, 4, 0);
	for (int i = 0; i < 4; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return n == -ECONNRESET ? 0 : n;
}

/* The same for one packet on a connection of its own. */
static inline ssize_t
ask(const void *bytes, size_t size, const int *fds, int n_fds,
    struct gsi_welcome *answer)
{
	int socket = gsi_connect(gsi_home()->path, 0, -1);
	ssize_t n;

	CHECK_OK(socket);
	CHECK_INT(gsi_packet_send(socket, bytes, size, fds, n_fds), 0);
	n = answer_on(socket, answer);
	close(socket);
	return n;
}

static inline bool
as_many(void *data)
{
	const gs_node_info *before = data;
	gs_node_info now;

	CHECK_INT(gs_node_inspect(&now), 0);
	return now.processes <= before->processes &&
	       now.fds_used <= before->fds_used;
}

/* The node has done all it was asked for: what it counts is written then. */
static inline bool
node_sleeps(void *data)
{
	pid_t pid = ((const gs_node_info *)data)->os_pid;

	return test_is_asleep(&pid);
}

static inline void
count(gs_node_info *before)
{
	CHECK_INT(gs_node_inspect(before), 0);
	CHECK(eventually(node_sleeps, before, SOON));
	CHECK_INT(gs_node_inspect(before), 0);
}

/* Once before, so that the node holds what it always will. */
static inline void
open_node(gs_node_info *before)
{
	struct gsi_packet packet = packet_of(GSI_PACKET_ATTACH);
	struct gsi_welcome answer;
	int pidfd = pidfd_of(getpid());

	CHECK_INT(gs_node_open(NULL, 0), 0);
	CHECK_INT(gs_node_inspect(before), 0);
	CHECK_INT(
	    ask(&packet, sizeof(packet), &pidfd, 1, &answer), sizeof(answer));
	CHECK_INT(answer.status, 0);
	close(pidfd);
	before->fds_used = UINT32_MAX;
	CHECK(eventually(as_many, before, SOON));
	count(before);
}

static inline void
close_node(gs_node_info *before)
{
	CHECK(eventually(as_many, before, SOON));
	gs_node_close();
}

#endif
