/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the node learns of an end.  The rule: by a pidfd, which the kernel makes
 * readable.  Where there is none (valgrind knows no pidfd_open) the node looks
 * into /proc now and then instead; what it has not told anybody yet stays
 * there as a zombie, so nobody's end can be missed.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/node_parts.h"
#include "lib/procfs.h"

#define LOOK_NS (20 * NS_PER_MS)

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

int
gsi_pidfd(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : fd;
}

int
gsi_pidfd_of_peer(int socket)
{
	socklen_t size = sizeof(int);
	int fd;

	if (getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &fd, &size) == 0)
		return fd;
	return errno == ENOPROTOOPT ? -ENOSYS : -errno;
}

/* State, number of threads and start time: fields 3, 20 and 22. */
static bool
read_stat(pid_t pid, char *state, long *threads, unsigned long long *start)
{
	char text[GSI_STAT], *stat = gsi_proc_stat(pid, text);

	return stat != NULL &&
	       sscanf(stat,
		   " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
		   "%*u %*u %*d %*d %*d %*d %ld %*d %llu",
		   state, threads, start) == 3;
}

bool
gsi_eye_sees(struct gsi_eye *eye)
{
	unsigned long long start;
	long threads;
	char state;

	if (!read_stat(eye->pid, &state, &threads, &start))
		return kill(eye->pid, 0) == 0 || errno != ESRCH;
	if (eye->start == 0)
		eye->start = start;
	/* its first thread may have gone before the others */
	return start == eye->start &&
	       ((state != 'Z' && state != 'X') || threads > 1);
}

int
gsi_node_watch(struct gsi_node *node, uint32_t slot, int pidfd)
{
	struct gsi_proc *proc = &node->procs[slot];
	bool keep = proc->kind == GS_PROCESS_CLIENT;

	if (pidfd == -ENOSYS) {
		proc->eye = (struct gsi_eye){ .pid = proc->os_pid };
		node->eyes = true;
		return 0;
	}
	if (keep)
		proc->pidfd = pidfd;
	return gm_poll_add(node->poll, pidfd,
	    gsi_token(GSI_AT_PROCESS, slot, proc->gen), keep ? 0 : GM_POLL_OWN);
}

int64_t
gsi_node_next_look(const struct gsi_node *node)
{
	return node->eyes ? gsi_now_ns() + LOOK_NS : -1;
}

void
gsi_node_look(struct gsi_node *node)
{
	if (!node->eyes)
		return;
	node->eyes = node->owner_eye.pid != 0;
	if (node->eyes && !gsi_eye_sees(&node->owner_eye))
		gsi_node_stop(node);
	for (uint32_t s = 1; s < node->high; s++) {
		struct gsi_proc *proc = &node->procs[s];

		if (!gsi_node_runs(node, s) || proc->eye.pid == 0)
			continue;
		node->eyes = true;
		if (!gsi_eye_sees(&proc->eye))
			gsi_node_gone(node, s);
	}
}
