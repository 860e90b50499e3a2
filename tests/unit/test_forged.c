/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who claims to be somebody else: by packets with a pidfd, credentials or a
 * pid that are not the sender's, by packets of a wrong size or out of order.
 * Each is refused, leaks nothing and hurts nobody.  OS-20
 */
#include <errno.h>
#include <fcntl.h>
#include <genserver.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/attach.h"
#include "tests/runner.h"

#define SOON 5000

static struct gsi_packet
packet_of(uint32_t op)
{
	struct gsi_packet packet = {
		.magic = GSI_PACKET_MAGIC,
		.op = op,
		.layout_hash = gm_layout_hash(),
	};

	return packet;
}

static int
pidfd_of(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* The answer of the node on an open connection; its size, 0 at its end. */
static ssize_t
answer_on(int socket, struct gsi_welcome *answer)
{
	int fds[4];
	ssize_t n;

	memset(answer, 0, sizeof(*answer));
	n = gsi_packet_receive(socket, answer, sizeof(*answer), fds, 4, 0);
	for (int i = 0; i < 4; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return n == -ECONNRESET ? 0 : n;
}

/* The same for one packet on a connection of its own. */
static ssize_t
ask(const void *bytes, size_t size, const int *fds, int n_fds,
    struct gsi_welcome *answer)
{
	int socket = gsi_connect(gsi_home()->path, 0, -1);
	ssize_t n;

	CHECK_OK(socket);
	CHECK_INT(gsi_packet_send(socket, bytes, size, fds, n_fds), 0);
	n = answer_on(socket, answer);
	close(socket);
	return n;
}

static bool
as_many(void *data)
{
	const gs_node_info *before = data;
	gs_node_info now;

	CHECK_INT(gs_node_inspect(&now), 0);
	return now.processes <= before->processes &&
	       now.fds_used <= before->fds_used;
}

/* The node has done all it was asked for: what it counts is written then. */
static bool
node_sleeps(void *data)
{
	const gs_node_info *node = data;
	pid_t parent;
	char state;

	return test_process(node->os_pid, &state, &parent) && state == 'S';
}

static void
count(gs_node_info *before)
{
	CHECK_INT(gs_node_inspect(before), 0);
	CHECK(eventually(node_sleeps, before, SOON));
	CHECK_INT(gs_node_inspect(before), 0);
}

/* Once before, so that the node holds what it always will. */
static void
open_node(gs_node_info *before)
{
	struct gsi_packet packet = packet_of(GSI_PACKET_ATTACH);
	struct gsi_welcome answer;
	int pidfd = pidfd_of(getpid());

	CHECK_INT(gs_node_open(NULL, 0), 0);
	CHECK_INT(gs_node_inspect(before), 0);
	CHECK_INT(
	    ask(&packet, sizeof(packet), &pidfd, 1, &answer), sizeof(answer));
	CHECK_INT(answer.status, 0);
	close(pidfd);
	before->fds_used = UINT32_MAX;
	CHECK(eventually(as_many, before, SOON));
	count(before);
}

static void
close_node(gs_node_info *before)
{
	CHECK(eventually(as_many, before, SOON));
	gs_node_close();
}

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

TEST(more_descriptors_than_wanted_are_closed)
{
	struct gsi_packet packet = packet_of(GSI_PACKET_FETCH);
	struct gsi_welcome answer;
	gs_node_info before;
	int fds[16];

	open_node(&before);
	for (int i = 0; i < 16; i++)
		fds[i] = eventfd(0, 0);
	CHECK_INT(ask(&packet, sizeof(packet), fds, 16, &answer), 0);
	packet.op = 77;
	CHECK_INT(ask(&packet, sizeof(packet), fds, 16, &answer), 0);
	packet.op = GSI_PACKET_ATTACH;
	CHECK_INT(
	    ask(&packet, sizeof(packet), fds, 16, &answer), sizeof(answer));
	CHECK_INT(answer.status, -EPERM);
	for (int i = 0; i < 16; i++)
		close(fds[i]);
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

/* ---- a bell for somebody else ---- */

static gs_next
nothing(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

static GS_SERVER(idle, .init = nothing);

TEST(who_is_not_that_process_gets_no_bell)
{
	struct gsi_packet packet = packet_of(GSI_PACKET_FETCH);
	gs_child_spec spec = { .behaviour = &idle };
	struct gsi_welcome answer;
	gs_node_info before;
	gs_pid server;

	open_node(&before);
	CHECK_INT(gs_child_start(&spec, &server), 0);
	count(&before);
	packet.target = gsi_self()->pid;
	packet.who = server;
	CHECK_INT(ask(&packet, sizeof(packet), NULL, 0, &answer), 0);
	packet.who = gsi_self()->pid;
	packet.who.gen++;
	CHECK_INT(ask(&packet, sizeof(packet), NULL, 0, &answer), 0);
	packet.who.slot = UINT32_MAX;
	CHECK_INT(ask(&packet, sizeof(packet), NULL, 0, &answer), 0);
	/* of whom there is none */
	packet.who = gsi_self()->pid;
	packet.target.slot = UINT32_MAX;
	CHECK_INT(
	    ask(&packet, sizeof(packet), NULL, 0, &answer), sizeof(answer));
	CHECK_INT(answer.status, -ESRCH);
	close_node(&before);
}

/* ---- sizes and order ---- */

TEST(packets_of_a_wrong_size_are_refused)
{
	struct gsi_packet packet = packet_of(GSI_PACKET_ATTACH);
	char longer[4096] = { 0 };
	struct gsi_welcome answer;
	int pidfd = pidfd_of(getpid());
	gs_node_info before;

	open_node(&before);
	memcpy(longer, &packet, sizeof(packet));
	for (size_t size = 1; size <= sizeof(longer); size += 7) {
		ssize_t n;

		if (size == sizeof(packet))
			continue;
		n = ask(longer, size, &pidfd, 1, &answer);
		if (n != 0) {
			CHECK_INT(n, sizeof(answer));
			CHECK_INT(answer.status, -EPROTO);
		}
	}
	close(pidfd);
	close_node(&before);
}

TEST(packets_out_of_order_do_nothing)
{
	struct gsi_packet packet = packet_of(GSI_PACKET_ATTACH);
	struct gsi_packet down = packet_of(GSI_PACKET_DOWN);
	struct gsi_packet bye = packet_of(GSI_PACKET_DETACH);
	int pidfd = pidfd_of(getpid()), socket;
	struct gsi_welcome answer;
	gs_node_info before;

	open_node(&before);
	/* from one who has not come in */
	CHECK_INT(ask(&down, sizeof(down), NULL, 0, &answer), 0);
	CHECK_INT(ask(&bye, sizeof(bye), NULL, 0, &answer), 0);
	/* coming in twice; words of a wrong size; then leaving twice */
	socket = gsi_connect(gsi_home()->path, 0, -1);
	CHECK_OK(socket);
	for (int i = 0; i < 3; i++)
		CHECK_INT(
		    gsi_packet_send(socket, &packet, sizeof(packet), &pidfd, 1),
		    0);
	CHECK_INT(gsi_packet_send(socket, &down, sizeof(down) - 1, NULL, 0), 0);
	CHECK_INT(gsi_packet_send(socket, &bye, sizeof(bye), NULL, 0), 0);
	gsi_packet_send(socket, &bye, sizeof(bye), NULL, 0);
	CHECK_INT(answer_on(socket, &answer), sizeof(answer));
	CHECK_INT(answer.status, 0);
	CHECK_INT(answer_on(socket, &answer), 0);
	close(socket);
	close(pidfd);
	close_node(&before);
}
