/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients that have a seat: what they still say through their socket, and what
 * its end means.  A thread that leaves is no process that dies: only the pidfd
 * says that.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/node_parts.h"
#include "lib/procfs.h"

#define PACKETS_MAX 1024

/* Exiting already?  Then its pidfd will say how; else it only left us. */
static bool
exiting(pid_t pid)
{
	char text[GSI_STAT], *stat = gsi_proc_stat(pid, text);
	unsigned long flags = 0;
	char state = 'X';

	if (stat != NULL)
		sscanf(stat, " %c %*d %*d %*d %*d %*d %lu", &state, &flags);
	return state == 'Z' || state == 'X' || (flags & 4) != 0;
}

static void
client_says(
    struct gsi_node *node, uint32_t slot, const struct gsi_packet *packet)
{
	switch (packet->op) {
	case GSI_PACKET_FETCH:
		gsi_node_fetch(node, node->procs[slot].socket, packet);
		break;
	case GSI_PACKET_DETACH:
		node->procs[slot].detached = true;
		gsi_node_gone(node, slot);
		break;
	case GSI_PACKET_DOWN:
		/* the ends it asked for itself are not to hit it */
		gsi_node_edges_clear(node, slot);
		gsi_node_stop(node);
		break;
	default:
		break;
	}
}

static void
client_left(struct gsi_node *node, uint32_t slot)
{
	struct gsi_proc *proc = &node->procs[slot];

	gm_poll_remove(node->poll, gsi_token(GSI_AT_CLIENT, slot, proc->gen));
	close(proc->socket);
	proc->socket = -1;
	if (proc->detached || !exiting(proc->os_pid)) {
		/* closed or exec'd: it may still have its page mapped */
		proc->lost = !proc->detached;
		proc->detached = true;
		gsi_node_gone(node, slot);
	} else if (proc->eye.pid != 0) {
		/* nothing else will tell of its end */
		gsi_node_gone(node, slot);
	}
}

void
gsi_node_client(
    struct gsi_node *node, uint32_t slot, uint32_t gen, uint32_t ready)
{
	struct gsi_packet packet;
	int fd;

	/* reported twice, and the first one has ended it: it is nobody's */
	if (slot >= node->high || node->procs[slot].gen != gen ||
	    node->procs[slot].state != GSI_SLOT_LIVE)
		return;
	for (int i = 0; node->procs[slot].socket >= 0; i++) {
		ssize_t n = gsi_packet_receive(node->procs[slot].socket,
		    &packet, sizeof(packet), &fd, 1, MSG_DONTWAIT | MSG_TRUNC);

		if (fd >= 0)
			close(fd);
		if (n == -EAGAIN)
			break;
		/* at the end, or a flood: its sender is the one who pays */
		if (n <= 0 || i == PACKETS_MAX) {
			client_left(node, slot);
			return;
		}
		if (n == (ssize_t)sizeof(packet) &&
		    packet.magic == GSI_PACKET_MAGIC)
			client_says(node, slot, &packet);
	}
	if ((ready & POLLHUP) != 0 && node->procs[slot].socket >= 0)
		client_left(node, slot);
}
