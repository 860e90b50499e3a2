/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a node: nothing of it is left, no process, no segment, no socket.
 * The lock goes last, so a successor finds everything gone.
 */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/node_parts.h"
#include "lib/runtime.h"

/* Everything of the node that still lives, helpers of servers included. */
static void
kill_all(struct gsi_node *node)
{
	for (uint32_t s = 1; s < node->high; s++) {
		struct gsi_proc *proc = &node->procs[s];

		if (proc->state != GSI_SLOT_LIVE ||
		    proc->kind == GS_PROCESS_CLIENT || proc->os_pid <= 1)
			continue;
		kill(-proc->os_pid, SIGKILL);
		kill(proc->os_pid, SIGKILL);
	}
}

/* The logger writes what it has and goes; a stuck one is not waited for. */
static void
end_logger(struct gsi_node *node)
{
	struct timespec pause = { 0, 1000000 };

	if (node->logger_pid <= 0)
		return;
	/* what was sent can still be read, then both ends are at their end */
	shutdown(node->reports[0], SHUT_RDWR);
	if (node->output[0] >= 0)
		shutdown(node->output[0], SHUT_RDWR);
	for (int i = 0; i < 500; i++) {
		if (waitpid(node->logger_pid, NULL, WNOHANG) != 0)
			return;
		nanosleep(&pause, NULL);
	}
	kill(node->logger_pid, SIGKILL);
	waitpid(node->logger_pid, NULL, 0);
}

static void
reap_all(void)
{
	struct timespec pause = { 0, 1000000 };

	for (int i = 0; i < 2000; i++) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid < 0)
			return;
		if (pid == 0)
			nanosleep(&pause, NULL);
	}
}

void
gsi_node_teardown(struct gsi_node *node)
{
	char segment[256];
	int left = 0;

	if (node->root_pid > 0)
		kill(node->root_pid, SIGKILL);
	if (node->procs != NULL)
		kill_all(node);
	end_logger(node);
	reap_all();
	if (node->lock < 0)
		return;
	if (node->arena.lock_fd >= 0) {
		gm_segment_name(segment, sizeof(segment), node->name);
		left |= gm_arena_unlink(&node->arena, segment) != 0;
	}
	left |= unlink(node->path) != 0 && errno != ENOENT;
	/* by the lock's file the next node finds what is left */
	if (left == 0)
		unlink(node->lock_path);
	close(node->lock);
}
