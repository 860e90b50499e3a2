/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who claims to be somebody else: with a pidfd or credentials that are not the
 * sender's.  Each is refused, leaks nothing and hurts nobody.  OS-20
 */
#include "tests/unit/forged.h"

/* ---- an attach with the wrong descriptor ---- */

/* It is closed here. */
static void
refused_with(int fd)
{
	struct gsi_packet packet = packet_of(GSI_PACKET_ATTACH);
	struct gsi_welcome answer;

	CHECK_OK(fd);
	CHECK_INT(
	    ask(&packet, sizeof(packet), &fd, 1, &answer), sizeof(answer));
	CHECK_INT(answer.status, -EPERM);
	CHECK(strstr(answer.text, "pidfd"));
	close(fd);
}

static void
wait_for_ever(void *data)
{
	(void)data;
	for (;;)
		pause();
}

static bool
is_gone(void *data)
{
	return test_gone(*(pid_t *)data);
}

TEST(pidfds_of_others_are_refused)
{
	pid_t other = test_fork(wait_for_ever, NULL);
	gs_node_info before;
	int theirs;

	open_node(&before);
	refused_with(pidfd_of(getppid()));
	refused_with(pidfd_of(other));
	/* of one who has died, and of one who is nobody any more */
	theirs = pidfd_of(other);
	CHECK_INT(kill(other, SIGKILL), 0);
	CHECK(eventually(is_gone, &other, SOON));
	refused_with(dup(theirs));
	test_wait(other);
	refused_with(theirs);
	close_node(&before);
}

TEST(descriptors_that_are_no_pidfds_are_refused)
{
	gs_node_info before;
	int ends[2];

	open_node(&before);
	refused_with(eventfd(0, 0));
	refused_with(memfd_create("Pid:", 0));
	refused_with(epoll_create1(0));
	refused_with(open("/dev/null", O_RDONLY));
	refused_with(open("/proc/self", O_RDONLY | O_DIRECTORY));
	refused_with(open("/proc/self/fdinfo/0", O_RDONLY));
	refused_with(socket(AF_UNIX, SOCK_SEQPACKET, 0));
	CHECK_INT(pipe(ends), 0);
	refused_with(ends[0]);
	refused_with(ends[1]);
	/* the segment itself, which every client has */
	refused_with(dup(gsi_self()->arena->fd));
	close_node(&before);
}

/* ---- credentials ---- */

/* What only root may send: credentials that are not its own. */
static int
send_as(int socket, const void *bytes, size_t size, int fd, pid_t pid)
{
	struct ucred cred = { pid, geteuid(), getegid() };
	_Alignas(struct cmsghdr) char
	    control[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(cred))] = { 0 };
	struct iovec iov = { (void *)(uintptr_t)bytes, size };
	struct msghdr message = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	c = CMSG_NXTHDR(&message, c);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_CREDENTIALS;
	c->cmsg_len = CMSG_LEN(sizeof(cred));
	memcpy(CMSG_DATA(c), &cred, sizeof(cred));
	return sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

TEST(credentials_of_others_do_not_help)
{
	struct gsi_packet packet = packet_of(GSI_PACKET_ATTACH);
	struct gsi_welcome answer;
	gs_node_info before;
	int socket, pidfd, status;

	open_node(&before);
	pidfd = pidfd_of(getppid());
	socket = gsi_connect(gsi_home()->path, 0, -1);
	CHECK_OK(socket);
	status = send_as(socket, &packet, sizeof(packet), pidfd, getppid());
	if (status == 0) {
		CHECK_INT(answer_on(socket, &answer), sizeof(answer));
		CHECK_INT(answer.status, -EPERM);
	} else {
		/* the kernel itself refuses, unless it is root who asks */
		CHECK_INT(status, -EPERM);
		CHECK(geteuid() != 0);
	}
	close(socket);
	close(pidfd);
	close_node(&before);
}
