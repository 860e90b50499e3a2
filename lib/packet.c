/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets over Unix sockets, with descriptors.  The kernel says who listens;
 * to another user's socket not a byte is said.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/attach.h"

#define FDS_MAX 16

/* A socket that is passed on or served by others may be in our folder. */
static int
check_listener(int fd, const char *path)
{
	struct ucred cred = { 0 };
	socklen_t size = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) != 0)
		return -errno;
	if (cred.uid == geteuid())
		return 0;
	return gsi_fail(-EPERM, "",
	    "at %s listens a process of user %u, not of yours: remove it", path,
	    (unsigned)cred.uid);
}

/* The time that connect, and nothing later, may wait for a queue: 0 no end. */
static void
limit(int fd, int64_t ns)
{
	struct timeval t = { ns / 1000000000, ns % 1000000000 / 1000 };

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
}

static int
connect_within(int fd, const struct sockaddr_un *address, int64_t deadline)
{
	int64_t left = deadline < 0 ? 0 : deadline - gsi_now_ns();
	int status;

	if (deadline >= 0)
		limit(fd, left > NS_PER_MS ? left : NS_PER_MS);
	do
		status = connect(
		    fd, (const struct sockaddr *)address, sizeof(*address));
	while (status != 0 && errno == EINTR &&
	       (deadline < 0 || gsi_now_ns() < deadline));
	if (status != 0)
		return errno == EINTR ? -ETIMEDOUT : -errno;
	if (deadline >= 0)
		limit(fd, 0);
	return 0;
}

int
gsi_connect(const char *path, int flags, int64_t deadline)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, status;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);
	if (fd < 0)
		return -errno;
	status = connect_within(fd, &address, deadline);
	if (status == -EAGAIN && (flags & SOCK_NONBLOCK) == 0)
		status = -ETIMEDOUT;
	if (status == 0)
		status = check_listener(fd, path);
	if (status == 0)
		return fd;
	close(fd);
	return status;
}

int
gsi_packet_send(
    int socket, const void *data, size_t size, const int *fds, int n_fds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * FDS_MAX)];
	} control = { 0 };
	struct iovec iov = { (void *)(uintptr_t)data, size };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;
	ssize_t n;

	if (n_fds > FDS_MAX)
		return -EINVAL;
	if (n_fds > 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)n_fds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * (size_t)n_fds);
	}
	do
		n = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* Descriptors beyond what was asked for are closed. */
static void
take_fds(struct msghdr *message, int *fds, int n_fds)
{
	struct cmsghdr *c;
	int got = 0;

	for (c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		size_t bytes = c->cmsg_len - CMSG_LEN(0);
		int all[FDS_MAX];

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
		    bytes > sizeof(all))
			continue;
		memcpy(all, CMSG_DATA(c), bytes);
		for (size_t i = 0; i < bytes / sizeof(int); i++) {
			if (got < n_fds)
				fds[got++] = all[i];
			else
				close(all[i]);
		}
	}
}

ssize_t
gsi_packet_receive(
    int socket, void *data, size_t size, int *fds, int n_fds, int flags)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * FDS_MAX)];
	} control;
	struct iovec iov = { data, size };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t n;

	for (int i = 0; i < n_fds; i++)
		fds[i] = -1;
	do
		n = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	take_fds(&message, fds, n_fds);
	return n;
}
