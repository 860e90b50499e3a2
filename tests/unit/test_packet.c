/* SPDX-License-Identifier: Apache-2.0 */
/* Packets: bytes and descriptors arrive together, none leaks. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/attach.h"
#include "tests/runner.h"

#define MANY 100 /* more than a packet is expected to have */

static void
pair_up(int pair[2])
{
	CHECK_OK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
}

static void
part(int pair[2])
{
	close(pair[0]);
	close(pair[1]);
}

static bool
same_file(int a, int b)
{
	struct stat x, y;

	CHECK_OK(fstat(a, &x));
	CHECK_OK(fstat(b, &y));
	return x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

TEST(packet_carries_bytes_whole)
{
	char text[32] = "";
	int pair[2];

	pair_up(pair);
	CHECK_INT(gsi_packet_send(pair[0], "one", 4, NULL, 0), 0);
	CHECK_INT(gsi_packet_send(pair[0], "second", 7, NULL, 0), 0);
	CHECK_INT(gsi_packet_receive(
		      pair[1], text, sizeof(text), NULL, 0, MSG_DONTWAIT),
	    4);
	CHECK_STR(text, "one");
	/* what does not fit is cut off, the next one is not hurt */
	CHECK_INT(gsi_packet_send(pair[0], "third", 6, NULL, 0), 0);
	CHECK_INT(gsi_packet_receive(pair[1], text, 3, NULL, 0, 0), 3);
	CHECK(memcmp(text, "sec", 3) == 0);
	CHECK_INT(
	    gsi_packet_receive(pair[1], text, sizeof(text), NULL, 0, 0), 6);
	CHECK_STR(text, "third");
	CHECK_INT(gsi_packet_receive(
		      pair[1], text, sizeof(text), NULL, 0, MSG_DONTWAIT),
	    -EAGAIN);
	part(pair);
}

TEST(packet_carries_descriptors_in_order)
{
	int pair[2], pipes[2], got[4], fds = test_fds();
	char byte = 0;

	pair_up(pair);
	CHECK_OK(pipe2(pipes, O_CLOEXEC));
	CHECK_INT(gsi_packet_send(pair[0], "x", 1, pipes, 2), 0);
	CHECK_INT(gsi_packet_receive(pair[1], &byte, 1, got, 4, 0), 1);
	CHECK_INT(byte, 'x');
	CHECK(same_file(got[0], pipes[0]) && same_file(got[1], pipes[1]));
	CHECK_INT(got[2], -1);
	CHECK_INT(got[3], -1);
	CHECK_INT(fcntl(got[0], F_GETFL) & O_ACCMODE, O_RDONLY);
	CHECK_INT(fcntl(got[1], F_GETFL) & O_ACCMODE, O_WRONLY);
	CHECK_INT(fcntl(got[0], F_GETFD), FD_CLOEXEC);
	close(got[0]);
	close(got[1]);
	part(pipes);
	part(pair);
	CHECK_INT(test_fds(), fds);
}

TEST(packet_without_descriptors_gives_none)
{
	int pair[2], got[2] = { 77, 77 };
	char byte;

	pair_up(pair);
	CHECK_INT(gsi_packet_send(pair[0], "x", 1, NULL, 0), 0);
	CHECK_INT(gsi_packet_receive(pair[1], &byte, 1, got, 2, 0), 1);
	CHECK_INT(got[0], -1);
	CHECK_INT(got[1], -1);
	part(pair);
}

TEST(packet_descriptors_nobody_asked_for_are_closed)
{
	int pair[2], pipes[2], got, fds;
	char byte;

	pair_up(pair);
	CHECK_OK(pipe2(pipes, O_CLOEXEC));
	fds = test_fds();
	CHECK_INT(gsi_packet_send(pair[0], "x", 1, pipes, 2), 0);
	CHECK_INT(gsi_packet_receive(pair[1], &byte, 1, &got, 1, 0), 1);
	CHECK(same_file(got, pipes[0]));
	close(got);
	CHECK_INT(gsi_packet_send(pair[0], "y", 1, pipes, 2), 0);
	CHECK_INT(gsi_packet_receive(pair[1], &byte, 1, NULL, 0, 0), 1);
	CHECK_INT(test_fds(), fds);
	part(pipes);
	part(pair);
}

/* Somebody who does not use gsi_packet_send. */
static void
send_many(int socket)
{
	char control[CMSG_SPACE(sizeof(int) * MANY)] = { 0 };
	struct iovec iov = { "x", 1 };
	struct msghdr message = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);
	int fds[MANY];

	for (int i = 0; i < MANY; i++)
		fds[i] = STDERR_FILENO;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	CHECK_INT(sendmsg(socket, &message, 0), 1);
}

TEST(packet_with_a_hundred_descriptors_leaks_none)
{
	int pair[2], got[2], on = 1, fds;
	char byte;

	pair_up(pair);
	fds = test_fds();
	for (int i = 0; i < 3; i++) {
		send_many(pair[0]);
		CHECK_INT(gsi_packet_receive(pair[1], &byte, 1, got, 2, 0), 1);
		CHECK(got[0] >= 0 && got[1] >= 0);
		close(got[0]);
		close(got[1]);
		CHECK_INT(test_fds(), fds);
		/* with credentials beside them, as the node's reports have */
		setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	}
	part(pair);
}

TEST(packet_with_more_than_fit_is_refused)
{
	int pair[2], fds[MANY];
	char byte;

	for (int i = 0; i < MANY; i++)
		fds[i] = STDERR_FILENO;
	pair_up(pair);
	CHECK_INT(gsi_packet_send(pair[0], "x", 1, fds, 16), 0);
	CHECK_INT(gsi_packet_receive(pair[1], &byte, 1, fds, 16, 0), 1);
	for (int i = 0; i < 16; i++)
		close(fds[i]);
	CHECK_INT(gsi_packet_send(pair[0], "x", 1, fds, 17), -EINVAL);
	CHECK_INT(gsi_packet_receive(pair[1], &byte, 1, NULL, 0, MSG_DONTWAIT),
	    -EAGAIN);
	part(pair);
}

TEST(packet_to_and_from_one_who_left)
{
	int pair[2], got = 77;
	char byte;

	pair_up(pair);
	close(pair[1]);
	CHECK_INT(gsi_packet_receive(pair[0], &byte, 1, &got, 1, 0), 0);
	CHECK_INT(got, -1);
	/* no signal */
	CHECK_INT(gsi_packet_send(pair[0], "x", 1, NULL, 0), -EPIPE);
	close(pair[0]);
	CHECK_INT(gsi_packet_send(pair[0], "x", 1, NULL, 0), -EBADF);
}

TEST(packet_that_cannot_be_queued_says_so)
{
	int pair[2], status = 0, n = 0;
	static char bytes[4096];

	CHECK_OK(socketpair(
	    AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair));
	while (status == 0 && n++ < 100000)
		status =
		    gsi_packet_send(pair[0], bytes, sizeof(bytes), NULL, 0);
	CHECK_INT(status, -EAGAIN);
	part(pair);
}

TEST(connect_says_why_not)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char path[200];
	int fd, other, fds = test_fds();

	snprintf(path, sizeof(path), "%s/s", test_dir());
	CHECK_INT(gsi_connect(path, 0, -1), -ENOENT);
	snprintf(
	    address.sun_path, sizeof(address.sun_path), "%s/s", test_dir());
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	CHECK_OK(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	CHECK_INT(gsi_connect(path, 0, -1), -ECONNREFUSED);
	CHECK_OK(listen(fd, 4));
	other = gsi_connect(path, 0, -1);
	CHECK_OK(other);
	CHECK_INT(fcntl(other, F_GETFD), FD_CLOEXEC);
	close(other);
	close(fd);
	CHECK_INT(gsi_connect(path, 0, -1), -ECONNREFUSED);
	CHECK_OK(unlink(path));
	memset(path, 'x', sizeof(path));
	path[sizeof(address.sun_path)] = '\0';
	CHECK_INT(gsi_connect(path, 0, -1), -ENAMETOOLONG);
	CHECK_INT(test_fds(), fds);
}
