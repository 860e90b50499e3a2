/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening and closing the node of this program: a running one by name, or a
 * private one that is forked off as an orphaned grandchild, so that the
 * program keeps its pid, terminal, threads and exit status.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/node.h"
#include "lib/runtime.h"
#include "lib/self.h"

const char *
gs_version(void)
{
	return GS_VERSION;
}

/* ---- attaching by name ---- */

static int
set_home(const char *name)
{
	struct gsi_home *home = gsi_home();

	if (gs_name_check(name, NULL) != 0)
		return gsi_name_refused(name);
	snprintf(home->name, sizeof(home->name), "%s", name);
	return gsi_runtime_file(home->path, sizeof(home->path), name, ".sock");
}

void
gsi_home_named(const char *name)
{
	if (set_home(name) == 0)
		gsi_home()->open = true;
}

static int
open_named(const char *name)
{
	struct gsi_home *home = gsi_home();
	struct gsi_self *me;
	int status = set_home(name);

	if (status != 0)
		return status;
	status = gsi_attach(&me);
	if (status == -ENOENT || status == -ECONNREFUSED ||
	    status == -ECONNRESET)
		return gsi_fail(-ENOTCONN, "nodedown",
		    "no node '%s' is "
		    "running",
		    name);
	home->open = status == 0;
	return status;
}

/* ---- the private node ---- */

/* More threads than this one, those of io_uring not counted? */
static bool
threaded(void)
{
	struct dirent *entry;
	DIR *d = opendir("/proc/self/task");
	int n = 0;

	if (d == NULL)
		return false;
	while ((entry = readdir(d)) != NULL) {
		char path[300], name[32] = "";
		int fd;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/self/task/%s/comm",
		    entry->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			if (read(fd, name, sizeof(name) - 1) < 0)
				name[0] = '\0';
			close(fd);
		}
		n += strncmp(name, "iou-", 4) != 0;
	}
	closedir(d);
	return n > 1;
}

struct embed {
	char name[GS_NAME_MAX + 1];
	int socket[2]; /* program, node */
	int life[2]; /* read: program, write: node */
	int owner; /* pidfd of the program */
};

/* Moves the three that the node needs out of the way and closes the rest. */
static void
keep(struct gsi_node *node, struct embed *e)
{
	int *fds[] = { &e->socket[1], &e->life[1], &e->owner, &node->out_fd,
		&node->err_fd };
	int top = 3;

	for (int i = 0; i < 5; i++)
		if (*fds[i] >= 0)
			*fds[i] = fcntl(*fds[i], F_DUPFD_CLOEXEC, 20);
	for (int i = 0; i < 5; i++) {
		if (*fds[i] < 0)
			continue;
		dup3(*fds[i], top, O_CLOEXEC);
		*fds[i] = top++;
	}
	close_range((unsigned)top, ~0u, 0);
}

static void __attribute__((noreturn)) be_node(struct embed *e)
{
	struct gsi_node *node = calloc(1, sizeof(*node));
	int status, said;

	if (node == NULL)
		_exit(1);
	setsid();
	memcpy(node->name, e->name, sizeof(node->name));
	node->embedded = true;
	node->out_fd = 1;
	node->err_fd = 2;
	keep(node, e);
	node->owner = e->owner;
	node->owner_life = e->life[1];
	said = fcntl(e->socket[1], F_DUPFD_CLOEXEC, 3);
	status = gsi_node_main(node, e->socket[1]);
	if (status != 0) {
		const char *text = gs_error_text();

		if (text[0] == '\0')
			text = strerror(-status);
		if (write(said, text, strlen(text)) < 0)
			_exit(1);
	}
	_exit(0);
}

/* The grandchild is an orphan at once: nobody's wait() ever sees it. */
static int
fork_node(struct embed *e)
{
	sigset_t all, old;
	pid_t middle;
	int status = 0;

	fflush(NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	middle = vfork();
	if (middle == 0) {
		pid_t node = fork();

		if (node == 0)
			be_node(e);
		_exit(node < 0);
	}
	if (middle < 0)
		status = -errno;
	else
		while (waitpid(middle, &status, 0) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return middle < 0 ? status : status != 0 ? -EAGAIN : 0;
}

static int
wait_ready(int socket)
{
	char text[512];
	ssize_t n;

	do
		n = read(socket, text, sizeof(text) - 1);
	while (n < 0 && errno == EINTR);
	if (n > 0 && memcmp(text, "ready", 5) == 0)
		return 0;
	text[n > 0 ? n : 0] = '\0';
	return gsi_fail(-ENOTCONN, "nodedown",
	    "the private node did not "
	    "start: %s",
	    n > 0 ? text : "it ended at once");
}

/* From now on the node's end is ours, unless we asked to outlive it. */
static void
arm(int life, unsigned flags)
{
	struct f_owner_ex owner = { F_OWNER_PID, getpid() };

	if ((flags & GS_NODE_OUTLIVE) != 0) {
		close(life);
		return;
	}
	fcntl(life, F_SETSIG, SIGKILL);
	fcntl(life, F_SETOWN_EX, &owner);
	fcntl(life, F_SETFL, O_ASYNC | O_NONBLOCK);
}

static void
close_embed(struct embed *e)
{
	int fds[] = { e->socket[0], e->socket[1], e->life[0], e->life[1],
		e->owner };

	for (int i = 0; i < 5; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static void
private_name(char name[GS_NAME_MAX + 1])
{
	snprintf(name, GS_NAME_MAX + 1, "%.40s.%d",
	    program_invocation_short_name, (int)getpid());
	if (gs_name_check(name, NULL) != 0)
		snprintf(name, GS_NAME_MAX + 1, "private.%d", (int)getpid());
}

static int
open_private(unsigned flags)
{
	struct embed e = {
		.socket = { -1, -1 }, .life = { -1, -1 }, .owner = -1
	};
	int status = 0;

	if (threaded())
		return gsi_fail(-EBUSY, "badarg",
		    "gs_node_open: threads are "
		    "running already: open the node before they start");
	private_name(e.name);
	e.owner = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, e.socket) != 0 ||
	    pipe2(e.life, O_CLOEXEC) != 0)
		status = -errno;
	if (status == 0)
		status = fork_node(&e);
	if (status != 0) {
		close_embed(&e);
		return gsi_fail(status, "system_limit",
		    "cannot fork the "
		    "private node: %s",
		    strerror(-status));
	}
	close(e.socket[1]);
	close(e.life[1]);
	e.socket[1] = e.life[1] = -1;
	status = wait_ready(e.socket[0]);
	if (status == 0)
		status = open_named(e.name);
	if (status != 0) {
		close_embed(&e);
		return status;
	}
	gsi_home()->embedded = true;
	gsi_home()->life = e.life[0];
	arm(e.life[0], flags);
	if ((flags & GS_NODE_OUTLIVE) != 0)
		gsi_home()->life = -1;
	close(e.socket[0]);
	if (e.owner >= 0)
		close(e.owner);
	return 0;
}

int
gs_node_open(const char *name, unsigned flags)
{
	struct gsi_home *home = gsi_home();
	int status;

	if (home->open)
		return gsi_fail(-EALREADY, "badarg",
		    "node '%s' is open "
		    "already",
		    home->name);
	if (name == NULL && (flags & GS_NODE_PRIVATE) == 0) {
		name = getenv("GS_NODE");
		if (name != NULL && name[0] == '\0')
			name = NULL;
	}
	status = name != NULL ? open_named(name) : open_private(flags);
	if (status == 0 && !home->registered)
		home->registered = atexit(gs_node_close) == 0;
	return status;
}

/* ---- leaving ---- */

/* Until the node has let go of our socket; true when it has. */
static bool
wait_gone(int socket, int timeout)
{
	int64_t deadline = gsi_deadline(timeout);
	struct pollfd p = { .fd = socket, .events = POLLRDHUP };

	for (;;) {
		int left = -1, n;

		if (deadline >= 0) {
			int64_t ms = (deadline - gsi_now_ns()) / NS_PER_MS;

			left = ms > 0 ? (int)ms : 0;
		}
		n = poll(&p, 1, left);
		if (n > 0 && (p.revents & (POLLHUP | POLLRDHUP)) != 0)
			return true;
		if (n == 0)
			return false;
	}
}

static int
ask_down(struct gsi_self *me, int timeout)
{
	struct gsi_packet down = {
		.magic = GSI_PACKET_MAGIC,
		.op = GSI_PACKET_DOWN,
	};

	/* the program is not to be killed for what it asked for itself */
	if (gsi_home()->life >= 0) {
		close(gsi_home()->life);
		gsi_home()->life = -1;
	}
	gsi_packet_send(me->socket, &down, sizeof(down), NULL, 0);
	return wait_gone(me->socket, timeout) ? 0 : -ETIMEDOUT;
}

static void
leave(struct gsi_self *me)
{
	struct gsi_home *home = gsi_home();

	gsi_self_set(NULL);
	gsi_detach(me, true);
	home->open = false;
	home->embedded = false;
	/* other threads may still be in the arena: then it stays mapped */
	if (home->mapped && !gsi_selves_any()) {
		gm_arena_close(&home->arena);
		home->mapped = false;
	}
}

void
gs_node_close(void)
{
	struct gsi_home *home = gsi_home();
	struct gsi_self *me = gsi_self_peek();

	if (!home->open || (me != NULL && me->is_server))
		return;
	if (me == NULL && home->embedded)
		me = gsi_self();
	if (me == NULL) {
		home->open = false;
		return;
	}
	if (home->embedded)
		ask_down(me, GS_INFINITY);
	leave(me);
}

int
gs_node_down(int timeout)
{
	struct gsi_self *me = gsi_self();
	int status;

	if (timeout < 0)
		return -EINVAL;
	if (me == NULL)
		return -ENOTCONN;
	if (me->is_server)
		return gsi_fail(-EPERM, "badarg",
		    "a server cannot wait for "
		    "the end of its own node");
	status = ask_down(me, timeout);
	if (status != 0)
		return gsi_fail(status, "timeout",
		    "node '%s' is still going "
		    "down after %d ms",
		    gsi_home()->name, timeout);
	leave(me);
	return 0;
}

/* ---- being a node ---- */

int
gs_node_run(const char *name, int ready)
{
	struct gsi_node *node;
	int status;

	if (gs_name_check(name, NULL) != 0)
		return gsi_name_refused(name);
	node = calloc(1, sizeof(*node));
	if (node == NULL)
		return -ENOMEM;
	setsid();
	snprintf(node->name, sizeof(node->name), "%s", name);
	node->owner = node->owner_life = -1;
	status = gsi_node_main(node, ready);
	free(node->procs);
	free(node);
	return status;
}

int
gs_node_inspect(gs_node_info *info)
{
	struct gsi_self *me = gsi_self();
	const struct gm_header *h;

	memset(info, 0, sizeof(*info));
	if (me == NULL)
		return -ENOTCONN;
	h = me->arena->header;
	snprintf(info->name, sizeof(info->name), "%s", h->name);
	snprintf(info->version, sizeof(info->version), "%s", h->version);
	snprintf(info->poller, sizeof(info->poller), "%s", h->poller);
	snprintf(info->memory, sizeof(info->memory), "%s", h->memory);
	snprintf(info->log, sizeof(info->log), "%s", h->log);
	info->creation = h->creation;
	info->os_pid = (int)h->os_pid;
	info->arena_used = gm_arena_used(me->arena);
	info->processes = gm_load(&h->processes, relaxed);
	info->processes_max = h->processes_max;
	info->fds_used = gm_load(&h->fds_used, relaxed);
	info->fds_max = h->fds_max;
	info->uptime = (gsi_now_ns() - h->started) / NS_PER_MS;
	return gs_runtime_dir(info->runtime, sizeof(info->runtime));
}

const char *
gs_poller(void)
{
	struct gsi_home *home = gsi_home();
	char *text = home->poller;
	struct gm_poll *poll;
	int status = gm_poll_open(&poll, 8, getenv("GS_POLLER"));

	if (status != 0) {
		snprintf(
		    text, sizeof(home->poller), "none (%s)", strerror(-status));
		return text;
	}
	snprintf(text, sizeof(home->poller), "%s", gm_poll_name(poll));
	gm_poll_close(poll);
	return text;
}
