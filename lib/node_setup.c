/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Setting a node up and taking it down.  The root supervisor is forked before
 * the node holds the write end of any life pipe, so that nobody but the node
 * ever has one; each later fork of root or logger closes everything first.
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
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/node.h"
#include "lib/root.h"
#include "lib/runtime.h"
#include "shm/barrier.h"

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
	for (int s = 1; s < 32; s++)
		signal(s, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
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
		int fds[1] = { pair[1] };

		dup2(node->out_fd, 1);
		dup2(node->err_fd, 2);
		keep_only(fds, 1);
		settle_child(me, "gs-root");
		gsi_root_main(fds[0]);
	}
	close(pair[1]);
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	node->control = pair[0];
	node->root_pid = pid;
	return 0;
}

int
gsi_node_install_root(struct gsi_node *node)
{
	struct gsi_root_setup setup = { .node = gsi_node_pid(node, 0) };
	struct gsi_proc *proc;
	uint32_t slot;
	int fds[4], pidfd, status;

	status = gsi_node_slot_take(node, &slot);
	if (status != 0)
		return status;
	proc = &node->procs[slot];
	proc->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	proc->parent = setup.node;
	proc->forker = setup.node;
	proc->ours = true;
	pidfd = (int)syscall(SYS_pidfd_open, node->root_pid, 0);
	if (pidfd < 0 || proc->bell < 0)
		return -errno;
	status = gsi_node_publish(
	    node, slot, GS_PROCESS_SUPERVISOR, node->root_pid, ROOT_CELLS);
	if (status == 0)
		status = gsi_node_watch(node, slot, pidfd);
	if (status != 0)
		return status;
	node->root_slot = slot;
	gm_store(&node->arena.table[slot].flags, GM_TRAP_EXIT, relaxed);
	setup.pid = gsi_node_pid(node, slot);
	snprintf(setup.name, sizeof(setup.name), "%s", node->name);
	snprintf(setup.path, sizeof(setup.path), "%s", node->path);
	fds[0] = node->arena.fd;
	fds[1] = proc->bell;
	fds[2] = node->bell;
	fds[3] = node->reports[1];
	gm_store(&node->arena.header->root, (uint64_t)slot << 32 | proc->gen,
	    release);
	status = gsi_packet_send(node->control, &setup, sizeof(setup), fds, 4);
	if (status == 0)
		status = gm_poll_add(node->poll, node->control,
		    gsi_token(GSI_AT_CONTROL, 0, 0), 0);
	node->pooled = 0;
	gsi_node_pool_refill(node);
	return status;
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
		static struct gm_arena arena; /* its own, read-only view */
		char text[256];

		dup2(node->err_fd, 2);
		keep_only(fds, 3);
		settle_child(me, "gs-log");
		if (gm_arena_attach(&arena, fds[2], text, sizeof(text)) == 0)
			logger.arena = &arena;
		munmap(node->arena.pages, (size_t)GM_SLOTS * GM_PAGE_BYTES);
		munmap(node->arena.header,
		    GM_AT_TABLE + (size_t)GM_SLOTS * sizeof(struct gm_entry));
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

	for (int i = 0; i < 64; i++) {
		ssize_t n = gsi_packet_receive(
		    node->control, &byte, 1, &fd, 1, MSG_DONTWAIT);

		if (fd >= 0)
			gsi_node_pipe(node, fd);
		if (n <= 0)
			return;
	}
}

static int
make_channels(struct gsi_node *node)
{
	int on = 1;

	node->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (node->bell < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC,
				  0, node->reports) != 0)
		return -errno;
	setsockopt(node->reports[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	if (node->embedded)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, node->output) !=
	    0)
		return -errno;
	setsockopt(node->output[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	node->out_fd = node->err_fd = node->output[1];
	return 0;
}

/* It is there from the start, so that whoever follows it finds it. */
static void
make_log(struct gsi_node *node)
{
	int fd;

	if (node->embedded)
		return;
	fd = open(node->log,
	    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		close(fd);
}

static int
raise_fds(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 1024;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_max > INT32_MAX ? INT32_MAX : (int)limit.rlim_max;
}

static void
fill_header(struct gsi_node *node, const char *memory, int fds_max)
{
	struct gm_header *header = node->arena.header;
	struct gm_entry *entry = &node->arena.table[0];

	snprintf(header->version, sizeof(header->version), "%s", GS_VERSION);
	snprintf(header->name, sizeof(header->name), "%s", node->name);
	snprintf(header->memory, sizeof(header->memory), "%s", memory);
	snprintf(header->poller, sizeof(header->poller), "%s",
	    gm_poll_name(node->poll));
	snprintf(header->log, sizeof(header->log), "%s",
	    node->embedded ? "" : node->log);
	header->creation = node->creation;
	header->os_pid = (uint32_t)getpid();
	header->started = gsi_now_ns();
	header->fds_max = (uint32_t)fds_max;
	header->processes_max = GM_SLOTS - 1;
	if (gm_membarrier_register() != 0) {
		header->flags |= GM_FENCED;
		node->sender.fenced = true;
	}
	gm_store(&entry->os_pid, header->os_pid, relaxed);
	gm_store(&entry->kind, GS_PROCESS_NODE, relaxed);
	gm_store(&entry->started, header->started, relaxed);
	gm_store(&entry->word, gm_word_of(1, GM_LIVE), release);
}

static int
make_arena(struct gsi_node *node)
{
	char segment[256], memory[32];
	int status;

	gm_segment_name(segment, sizeof(segment), node->name);
	status = gm_arena_create(&node->arena, segment, memory);
	if (status == -EEXIST)
		return gsi_fail(-EBUSY, "",
		    "a node '%s' of yours runs already, with another runtime "
		    "folder than %s: set GS_RUNTIME_DIR to that one, or choose "
		    "another name",
		    node->name, node->path);
	if (status != 0)
		return gsi_fail(status, "",
		    "cannot make the shared memory of "
		    "node '%s': %s",
		    node->name, strerror(-status));
	status = gm_poll_open(&node->poll, 256, getenv("GS_POLLER"));
	if (status != 0)
		return gsi_fail(status, "",
		    "cannot make a poller (GS_POLLER=%s; "
		    "io_uring and epoll are known): %s",
		    getenv("GS_POLLER"), strerror(-status));
	node->sender.page = gm_arena_page(&node->arena, 0);
	node->sender.slot = 0;
	node->high = 1;
	node->procs[0].gen = 1;
	node->procs[0].state = GSI_SLOT_LIVE;
	node->procs[0].kind = GS_PROCESS_NODE;
	node->procs[0].bell = -1;
	fill_header(node, memory, raise_fds());
	gsi_node_spare(node);
	return 0;
}

/* Somebody who only looks may hold the lock for a moment; a node keeps it. */
static int
take_lock(struct gsi_node *node)
{
	int64_t until = gsi_now_ns() + 1000 * NS_PER_MS;
	struct timespec pause = { 0, 2000000 };

	for (;;) {
		int socket;

		node->lock = gsi_node_lock(node->name);
		if (node->lock != -EEXIST)
			return node->lock < 0 ? node->lock : 0;
		socket = gsi_connect(node->path);
		if (socket >= 0)
			close(socket);
		if (socket >= 0 || gsi_now_ns() > until)
			return gsi_fail(-EEXIST, "already_started",
			    "node '%s' is running already", node->name);
		nanosleep(&pause, NULL);
	}
}

int
gsi_node_setup(struct gsi_node *node)
{
	int status;

	node->procs = calloc(GM_SLOTS, sizeof(*node->procs));
	if (node->procs == NULL)
		return -ENOMEM;
	node->creation = ((uint32_t)getpid() ^
			     (uint32_t)(gsi_now_ns() >> 10) * 2654435761u) |
			 1;
	status =
	    gsi_runtime_file(node->log, sizeof(node->log), node->name, ".log");
	if (status == 0)
		status = gsi_runtime_file(
		    node->path, sizeof(node->path), node->name, ".sock");
	if (status == 0)
		status = make_channels(node);
	/* root first: no life pipe and no lock is there to be inherited */
	if (status == 0)
		status = gsi_node_fork_root(node);
	if (status == 0)
		status = take_lock(node);
	if (status != 0)
		return status;
	gsi_node_sweep(node->name);
	make_log(node);
	status = make_arena(node);
	if (status == 0)
		status = gsi_node_fork_logger(node);
	if (status == 0)
		status = gsi_node_install_root(node);
	if (status == 0)
		status = gsi_node_listen(node);
	return status;
}

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
		shm_unlink(segment);
	}
	unlink(node->path);
	gsi_node_unlock(node->name, node->lock);
}
