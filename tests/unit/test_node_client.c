/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node's side of an end: what its poller still reports of a client that
 * has gone is nobody's, and what a dead root has sent still counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/node_parts.h"
#include "tests/runner.h"

#define SLOTS 64u

static struct gsi_node *
new_node(void)
{
	struct gsi_node *node = calloc(1, sizeof(*node));
	char why[32];

	CHECK(node);
	node->procs = calloc(SLOTS, sizeof(*node->procs));
	CHECK(node->procs);
	for (uint32_t i = 0; i < GSI_PIPES; i++)
		node->pipes[i] = -1;
	node->high = 1;
	CHECK_INT(gm_arena_create(&node->arena, NULL, why), 0);
	node->arena.header->fds_max = 1024;
	CHECK_INT(gm_poll_open(&node->poll, 8, getenv("GS_POLLER")), 0);
	return node;
}

static void
free_node(struct gsi_node *node)
{
	gm_poll_close(node->poll);
	gm_arena_close(&node->arena);
	free(node->procs);
	free(node);
}

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* Without the state being asked descriptor 0 was closed, whosever it was. */
TEST(node_client_event_of_a_slot_that_is_free_again_closes_nothing)
{
	struct gsi_node *node = new_node();
	uint32_t slot;

	CHECK(is_open(0));
	CHECK_INT(gsi_node_slot_take(node, true, &slot), 0);
	gsi_node_slot_free(node, slot);
	gsi_node_client(node, slot, node->procs[slot].gen, POLLIN | POLLHUP);
	CHECK(is_open(0));
	free_node(node);
}

TEST(node_slot_that_is_free_has_no_descriptors)
{
	struct gsi_node *node = new_node();
	uint32_t slot;

	CHECK_INT(gsi_node_slot_take(node, true, &slot), 0);
	gsi_node_slot_free(node, slot);
	CHECK_INT(node->procs[slot].bell, -1);
	CHECK_INT(node->procs[slot].socket, -1);
	CHECK_INT(node->procs[slot].pidfd, -1);
	free_node(node);
}

/*
 * The write end of a life pipe: while it exists its children live.  In the
 * socket of a root that has been killed it was closed unread, and the kernel
 * killed up to 64 servers.
 */
TEST(node_reads_what_a_dead_root_has_sent)
{
	struct gsi_node *node = new_node();
	struct pollfd life;
	int pair[2], fds[2];

	CHECK_OK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	CHECK_OK(pipe2(fds, O_CLOEXEC));
	CHECK_INT(gsi_packet_send(pair[1], "p", 1, &fds[1], 1), 0);
	close(fds[1]);
	close(pair[1]);
	node->control = pair[0];
	/* so that no other root is forked here */
	node->phase = GSI_PHASE_STOPPING;
	gsi_node_root_dead(node, "killed");
	CHECK_INT(node->control, -1);
	life = (struct pollfd){ .fd = fds[0] };
	CHECK_INT(poll(&life, 1, 0), 0);
	CHECK_INT(node->pipes[0] >= 0, 1);
	close(node->pipes[0]);
	close(fds[0]);
	free_node(node);
}

/* Root's request, with the dirty bit not yet set. */
static void
ask_quietly(struct gsi_node *node, uint32_t root, uint32_t slot, pid_t child)
{
	struct gm_page *page = gm_arena_page(&node->arena, root);
	struct gsi_born born = {
		.slot = slot,
		.gen = node->procs[slot].gen,
		.os_pid = child,
		.cells = GM_RING_CELLS_MIN,
	};

	page->requests[0].op = GSI_OP_BORN;
	page->requests[0].size = sizeof(born);
	memcpy(page->requests[0].body, &born, sizeof(born));
	gm_store(&page->request_tail, 1, release);
}

/*
 * Its number was free, and perhaps another's, when BORN was read at last.
 * Model: death.pml, DIRTY_ONLY.
 */
TEST(node_child_of_a_dead_root_is_born_before_it_is_reaped)
{
	struct gsi_node *node = new_node();
	uint32_t root, slot;
	siginfo_t info;
	pid_t child;

	node->sender.page = gm_arena_page(&node->arena, 0);
	CHECK_INT(gsi_node_slot_take(node, true, &root), 0);
	CHECK_INT(gsi_node_slot_take(node, true, &slot), 0);
	CHECK_INT(gsi_node_publish(
		      node, root, GS_PROCESS_SUPERVISOR, 0, GM_RING_CELLS_MIN),
	    0);
	node->root_slot = root;
	/* the seat has been handed over */
	node->procs[slot].state = GSI_SLOT_POOLED;
	child = fork();
	if (child == 0)
		_exit(0);
	ask_quietly(node, root, slot, child);
	CHECK_INT(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
	gsi_node_orphans(node);
	CHECK_INT(node->procs[slot].state, GSI_SLOT_DEAD);
	CHECK_INT(node->procs[slot].os_pid, child);
	free_node(node);
}
