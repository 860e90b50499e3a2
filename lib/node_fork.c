/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the node itself forks: the root supervisor and the logger.  Each closes
 * everything that is not its own before it does anything else, so that nobody
 * but the node ever holds the write end of a life pipe.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/missing.h"
#include "lib/node_parts.h"
#include "lib/root.h"

#define ROOT_CELLS 65536u /* 4 MiB: many starts at once */

/* Moves fds[i] to 3 + i and closes everything behind. */
static void
keep_only(int *fds, int n)
{
	for (int i = 0; i < n; i++)
		if (fds[i] >= 0)
			fds[i] = fcntl(fds[i], F_DUPFD, 3 + n + 8);
	for (int i = 0; i < n; i++) {
		if (fds[i] >= 0) {
			dup2(fds[i], 3 + i);
			fcntl(3 + i, F_SETFD, FD_CLOEXEC);
			fds[i] = 3 + i;
		} else {
			close(3 + i);
		}
	}
	close_range(3 + (unsigned)n, ~0u, 0);
}

/* What every process forked by the node does first. */
static void
settle_child(pid_t node_pid, const char *name)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != node_pid)
		_exit(0);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	prctl(PR_SET_NAME, name);
	setpgid(0, 0);
	for (int s = 1; s < NSIG; s++)
		if (s != SIGKILL && s != SIGSTOP)
			signal(s, SIG_DFL);
	/* of a server that has opened a node of its own */
	*gsi_process_slot() = NULL;
	gsi_home()->guarded = NULL;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A child of the node sees the tables as everybody does: read-only. */
static void
forget_arena(struct gsi_node *node)
{
	if (node->arena.pages != NULL)
		munmap(node->arena.pages, (size_t)GM_SLOTS * GM_PAGE_BYTES);
	if (node->arena.dirty != NULL)
		munmap(node->arena.dirty, GM_PAGE);
	if (node->arena.header != NULL)
		munmap(node->arena.header,
		    GM_AT_TABLE + (size_t)GM_SLOTS * sizeof(struct gm_entry));
	free(node->procs);
}

/*
 * For root and so for all servers: the OOM killer is to prefer them to the
 * node, and a core dump of a large server would hide its death for seconds.
 */
static void
limit_servers(void)
{
	struct rlimit limit;
	char text[16] = "0";
	int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);

	if (fd >= 0) {
		int score = 0;

		if (read(fd, text, sizeof(text) - 1) > 0)
			score = atoi(text);
		if (score <= 900 && dprintf(fd, "%d", score + 100) < 0)
			score = 0;
		close(fd);
	}
	if (getrlimit(RLIMIT_CORE, &limit) == 0) {
		limit.rlim_cur = 0;
		setrlimit(RLIMIT_CORE, &limit);
	}
}

int
gsi_node_fork_root(struct gsi_node *node)
{
	int pair[2];
	pid_t me = getpid(), pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return -errno;
	pid = fork();
	if (pid < 0) {
		close(pair[0]);
		close(pair[1]);
		return -errno;
	}
	if (pid == 0) {
		int fds[2] = { pair[1], node->ledger };

		dup2(node->out_fd, 1);
		dup2(node->err_fd, 2);
		keep_only(fds, 2);
		settle_child(me, "gs-root");
		forget_arena(node);
		limit_servers();
		gsi_root_main(fds[0], fds[1]);
	}
	close(pair[1]);
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	node->control = pair[0];
	node->root_pid = pid;
	return 0;
}

/* Gives root its slot: published and watched, or free again. */
static int
seat_root(struct gsi_node *node, uint32_t slot)
{
	struct gsi_proc *proc = &node->procs[slot];
	int pidfd = gsi_pidfd(node->root_pid);
	int status = pidfd < 0 && pidfd != -ENOSYS ? pidfd : 0;

	proc->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (status == 0 && proc->bell < 0)
		status = -errno;
	if (status == 0)
		status = gsi_node_publish(node, slot, GS_PROCESS_SUPERVISOR,
		    node->root_pid, ROOT_CELLS);
	if (status != 0) {
		if (pidfd >= 0)
			close(pidfd);
		gsi_node_slot_free(node, slot);
		return status;
	}
	status = gsi_node_watch(node, slot, pidfd);
	if (status != 0)
		gsi_node_unpublish(node, slot);
	else
		gsi_node_changed(node);
	return status;
}

static int
set_up_root(struct gsi_node *node, uint32_t slot)
{
	struct gsi_root_setup setup = { .node = gsi_node_pid(node, 0),
		.pid = gsi_node_pid(node, slot) };
	int fds[4] = { node->arena.fd, node->procs[slot].bell, node->bell,
		node->reports[1] };
	int status;

	snprintf(setup.name, sizeof(setup.name), "%s", node->name);
	snprintf(setup.path, sizeof(setup.path), "%s", node->path);
	status = gsi_packet_send(node->control, &setup, sizeof(setup), fds, 4);
	if (status == 0)
		status = gm_poll_add(node->poll, node->control,
		    gsi_token(GSI_AT_CONTROL, 0, 0), 0);
	return status;
}

int
gsi_node_install_root(struct gsi_node *node)
{
	struct gsi_proc *proc;
	uint32_t slot;
	int status;

	status = gsi_node_slot_take(node, true, &slot);
	if (status != 0)
		return status;
	proc = &node->procs[slot];
	proc->parent = proc->forker = gsi_node_pid(node, 0);
	status = seat_root(node, slot);
	if (status != 0)
		return status;
	gm_store(&node->arena.table[slot].flags, GM_TRAP_EXIT, relaxed);
	/* whoever comes up from here on says so to this one */
	gm_store(&node->arena.header->root, (uint64_t)slot << 32 | proc->gen,
	    seq_cst);
	status = set_up_root(node, slot);
	if (status != 0) {
		gm_poll_remove(
		    node->poll, gsi_token(GSI_AT_PROCESS, slot, proc->gen));
		gsi_node_unpublish(node, slot);
		return status;
	}
	node->root_slot = slot;
	node->pooled = 0;
	gsi_node_pool_refill(node);
	return 0;
}

int
gsi_node_fork_logger(struct gsi_node *node)
{
	pid_t me = getpid(), pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		struct gsi_logger logger = { .output = -1 };
		int fds[3] = { node->reports[0], node->output[0],
			node->arena.fd };
		struct gm_arena arena; /* its own, read-only view */
		char text[256];

		dup2(node->err_fd, 2);
		keep_only(fds, 3);
		settle_child(me, "gs-log");
		if (gm_arena_attach(&arena, fds[2], text, sizeof(text)) == 0)
			logger.arena = &arena;
		forget_arena(node);
		logger.reports = fds[0];
		logger.output = fds[1];
		logger.path = node->embedded ? NULL : node->log;
		gsi_logger_run(&logger);
	}
	node->logger_pid = pid;
	return 0;
}

void
gsi_node_control(struct gsi_node *node)
{
	char byte;
	int fd;

	/* edge-triggered: all there is */
	for (;;) {
		ssize_t n = gsi_packet_receive(
		    node->control, &byte, 1, &fd, 1, MSG_DONTWAIT);

		if (fd >= 0)
			gsi_node_pipe(node, fd);
		if (n <= 0)
			return;
	}
}
