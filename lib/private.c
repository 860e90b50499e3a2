/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The private node of a program: forked off as an orphaned grandchild, so that
 * the program keeps its pid, terminal, threads and exit status.  The end of one
 * ends the other: the node watches the program's pidfd, and the program is
 * killed when the life pipe loses its only writer, the node.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/missing.h"
#include "lib/node_parts.h"

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
	int owner; /* pidfd of the program, -1 */
	struct gsi_eye program;
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
	if (e->owner < 0)
		node->owner_eye = e->program;
	node->eyes = e->owner < 0;
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
	/*
	 * No vfork: for who shares its memory, and for all that it forks, the
	 * kernel no longer writes down the CPU where glibc reads it (rseq).
	 */
	middle = fork();
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

int
gsi_open_private(unsigned flags)
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
	e.program.pid = getpid();
	gsi_eye_sees(&e.program);
	e.owner = gsi_pidfd(e.program.pid);
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
		status = gsi_open_named(e.name, -1);
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
