/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Setting a node up.  The root supervisor is forked before the node holds the
 * lock or the write end of any life pipe, so that neither can be inherited;
 * the socket comes last, when everything it leads to is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/node_parts.h"
#include "lib/runtime.h"
#include "shm/barrier.h"

/* A write of output waits so long for a logger that does not read. */
static const struct timeval patience = { 0, 200000 };

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
	setsockopt(node->output[1], SOL_SOCKET, SO_SNDTIMEO, &patience,
	    sizeof(patience));
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
	status = gm_poll_open(&node->poll, 256, secure_getenv("GS_POLLER"));
	if (status != 0)
		return gsi_fail(status, "",
		    "cannot make a poller (GS_POLLER=%s; "
		    "io_uring and epoll are known): %s",
		    secure_getenv("GS_POLLER"), strerror(-status));
	node->sender.page = gm_arena_page(&node->arena, 0);
	node->sender.slot = 0;
	node->high = 1;
	node->procs[0].gen = 1;
	node->procs[0].state = GSI_SLOT_LIVE;
	node->procs[0].kind = GS_PROCESS_NODE;
	node->procs[0].bell = -1;
	fill_header(node, memory, raise_fds());
	gsi_node_reserve(node);
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
		if (node->lock >= 0)
			gsi_creation_write(node->lock, node->creation);
		if (node->lock != -EEXIST)
			return node->lock < 0 ? node->lock : 0;
		socket = gsi_connect(node->path, 0, -1);
		if (socket >= 0)
			close(socket);
		if (socket >= 0)
			return gsi_fail(-EEXIST, "already_started",
			    "node '%s' is running already", node->name);
		if (gsi_now_ns() > until)
			return gsi_fail(-EEXIST, "already_started",
			    "the lock of node '%s' is held, but no node "
			    "answers at %s: it is just starting, or fuser(1) "
			    "says who holds the .lock beside it",
			    node->name, node->path);
		nanosleep(&pause, NULL);
	}
}

/* How processes ended stands there, by the numbers of this namespace. */
static int
check_proc(void)
{
	char number[32];
	ssize_t n = readlink("/proc/self", number, sizeof(number) - 1);

	if (n < 0)
		return gsi_fail(-ENOTSUP, "",
		    "a node needs /proc, which cannot be read here: %s",
		    strerror(errno));
	number[n] = '\0';
	if (atoi(number) == getpid())
		return 0;
	return gsi_fail(-ENOTSUP, "",
	    "/proc is that of another PID namespace, where the numbers of "
	    "processes mean others: mount one here, as unshare --mount-proc "
	    "does");
}

int
gsi_node_setup(struct gsi_node *node)
{
	int status = check_proc();

	if (status != 0)
		return status;
	node->procs = calloc(GM_SLOTS, sizeof(*node->procs));
	if (node->procs == NULL)
		return -ENOMEM;
	node->creation = ((uint32_t)getpid() ^
			     (uint32_t)(gsi_now_ns() >> 10) * 2654435761u) |
			 1;
	/* no two nodes have the same refs; the top bit is for others */
	node->next_ref = (uint64_t)(node->creation & INT32_MAX) << 32;
	status =
	    gsi_runtime_file(node->log, sizeof(node->log), node->name, ".log");
	if (status == 0)
		status = gsi_runtime_file(
		    node->path, sizeof(node->path), node->name, ".sock");
	if (status == 0)
		status = gsi_runtime_file(node->lock_path,
		    sizeof(node->lock_path), node->name, ".lock");
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
	/* what nodes of other names left whose names never come again */
	if (status == 0)
		gs_nodes_prune();
	return status;
}
