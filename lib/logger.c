/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The logger: a process of its own between everybody and the log, so that no
 * server and not the node ever waits for a disk.  The rule: it sleeps while
 * nobody speaks, believes nothing it reads, and ends with the node or when
 * nobody is left who could speak.
 */
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/record.h"

#define BATCH 64

struct logger {
	struct pollfd fds[2]; /* reports, output */
	struct gsi_logfile file;
	struct gsi_output *output;
	char data[GSI_RECORD_MAX];
};

/* Everything but what must kill it is ignored: it ends with the node. */
static void
be_logger(void)
{
	const struct sched_param none = { 0 };
	sigset_t all;

	prctl(PR_SET_NAME, "gs-log");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* who is woken by a report takes nobody's CPU: a restart may be due */
	sched_setscheduler(0, SCHED_BATCH, &none);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
}

static ssize_t
receive(int fd, struct logger *l, int *os_pid, int *flags)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec iov = { l->data, sizeof(l->data) };
	struct msghdr message = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *c;
	struct ucred from;

	*os_pid = 0;
	*flags = message.msg_flags;
	if (n < 0)
		return -errno;
	for (c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
		if (c->cmsg_level == SOL_SOCKET &&
		    c->cmsg_type == SCM_CREDENTIALS &&
		    c->cmsg_len >= CMSG_LEN(sizeof(from))) {
			memcpy(&from, CMSG_DATA(c), sizeof(from));
			*os_pid = from.pid;
		}
	}
	return n;
}

/* True while more may be waiting. */
static bool
take_report(struct logger *l)
{
	struct gsi_record record;
	int os_pid, flags;
	ssize_t n = receive(l->fds[0].fd, l, &os_pid, &flags);

	if (n < 0)
		return n == -EINTR;
	if (n == 0)
		return false;
	if (!(flags & MSG_TRUNC) &&
	    gsi_record_read(l->data, (size_t)n, &record))
		gsi_logfile_write(&l->file, &record);
	return true;
}

static bool
take_output(struct logger *l)
{
	int os_pid, flags;
	ssize_t n = receive(l->fds[1].fd, l, &os_pid, &flags);

	if (n < 0)
		return n == -EINTR;
	if (n > 0)
		gsi_output_take(l->output, os_pid, l->data, (size_t)n);
	return n > 0;
}

/* Some of each, so that a flood of one does not drown the other. */
static void
take(struct logger *l)
{
	for (int i = 0; i < BATCH && l->fds[0].revents; i++) {
		if (!take_report(l))
			break;
	}
	for (int i = 0; i < BATCH && l->fds[1].revents; i++) {
		if (!take_output(l))
			break;
	}
}

/* A source nobody writes to any more, and drained, is watched no longer. */
static void
drop_closed(struct logger *l)
{
	for (int i = 0; i < 2; i++) {
		short events = l->fds[i].revents;

		if ((events & (POLLHUP | POLLERR | POLLNVAL)) &&
		    !(events & POLLIN))
			l->fds[i].fd = -1;
	}
}

static bool
drained(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

static void
step(struct logger *l)
{
	int n = poll(l->fds, 2, gsi_output_wait(l->output));

	if (n > 0) {
		take(l);
		/* at the end of a stream POLLIN is set for ever */
		for (int i = 0; i < 2; i++) {
			if ((l->fds[i].revents & POLLHUP) &&
			    drained(l->fds[i].fd))
				l->fds[i].revents &= (short)~POLLIN;
		}
		drop_closed(l);
	}
	gsi_output_flush(l->output, false);
}

void
gsi_logger_run(const struct gsi_logger *logger)
{
	struct logger *l = calloc(1, sizeof(*l));

	be_logger();
	if (!l || gsi_logfile_open(&l->file, logger->path) < 0)
		_exit(1);
	l->output = gsi_output_new(&l->file, logger->arena);
	if (!l->output)
		_exit(1);
	l->fds[0] = (struct pollfd){ .fd = logger->reports, .events = POLLIN };
	l->fds[1] = (struct pollfd){ .fd = logger->output, .events = POLLIN };
	while (l->fds[0].fd >= 0 || l->fds[1].fd >= 0)
		step(l);
	gsi_output_flush(l->output, true);
	gsi_logfile_close(&l->file);
	gsi_output_free(l->output);
	_exit(0);
}
