/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs and nodes of different versions, and strangers: each is refused
 * with words, the node goes on, and nothing leaks.
 */
#include <errno.h>
#include <fcntl.h>
#include <genserver.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/runtime.h"
#include "tests/runner.h"

static struct gsi_packet
hello(void)
{
	struct gsi_packet packet = {
		.magic = GSI_PACKET_MAGIC,
		.op = GSI_PACKET_ATTACH,
		.layout_hash = gm_layout_hash(),
	};

	return packet;
}

/* What the node answers to bytes, with a pidfd of pid, 0 none: its size. */
static ssize_t
ask_with(pid_t pid, const void *bytes, size_t size, struct gsi_welcome *answer)
{
	int socket = gsi_connect(gsi_home()->path, 0, -1);
	int pidfd, fds[4];
	ssize_t n;

	pidfd = (int)syscall(SYS_pidfd_open, pid != 0 ? pid : getpid(), 0);
	CHECK_OK(socket);
	CHECK_OK(pidfd);
	CHECK_INT(gsi_packet_send(socket, bytes, size, &pidfd, pid != 0), 0);
	memset(answer, 0, sizeof(*answer));
	n = gsi_packet_receive(socket, answer, sizeof(*answer), fds, 4, 0);
	for (int i = 0; i < 4; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	close(pidfd);
	close(socket);
	return n;
}

static ssize_t
ask(const void *bytes, size_t size, struct gsi_welcome *answer)
{
	return ask_with(getpid(), bytes, size, answer);
}

static void
refused(const void *bytes, size_t size, int status, const char *part)
{
	struct gsi_welcome answer;

	CHECK_INT(ask(bytes, size, &answer), sizeof(answer));
	CHECK_INT(answer.status, status);
	if (!strstr(answer.text, part))
		FAIL("'%s' without '%s'", answer.text, part);
}

static void
ignored(const void *bytes, size_t size)
{
	struct gsi_welcome answer;
	ssize_t n = ask(bytes, size, &answer);

	CHECK(n == 0 || n == -ECONNRESET);
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

TEST(node_refuses_other_versions_and_strangers)
{
	struct gsi_packet packet = hello();
	struct gsi_welcome answer;
	char longer[sizeof(packet) + 64] = { 0 };
	gs_node_info before;

	CHECK_INT(gs_node_open(NULL, 0), 0);
	CHECK_INT(gs_node_inspect(&before), 0);
	/* once before, so that the node holds what it always will */
	CHECK_INT(ask(&packet, sizeof(packet), &answer), sizeof(answer));
	CHECK_INT(answer.status, 0);
	before.fds_used = UINT32_MAX;
	CHECK(eventually(as_many, &before, 10000));
	CHECK_INT(gs_node_inspect(&before), 0);
	packet.layout_hash ^= 1;
	refused(&packet, sizeof(packet), -EPROTO, gs_version());
	/* packets of another size, that begin as ours do */
	refused(&packet, 16, -EPROTO, gs_version());
	packet = hello();
	refused(&packet, sizeof(packet) - 4, -EPROTO, gs_version());
	packet.layout_hash ^= 1;
	memcpy(longer, &packet, sizeof(packet));
	refused(longer, sizeof(longer), -EPROTO, gs_version());
	/* another's pidfd; without one the node finds out by itself */
	packet = hello();
	CHECK_INT(ask_with(getppid(), &packet, sizeof(packet), &answer),
	    sizeof(answer));
	CHECK_INT(answer.status, -EPERM);
	CHECK(strstr(answer.text, "pidfd"));
	CHECK_INT(
	    ask_with(0, &packet, sizeof(packet), &answer), sizeof(answer));
	CHECK_INT(answer.status, 0);
	/* what is no packet at all */
	packet.magic++;
	ignored(&packet, sizeof(packet));
	ignored("x", 1);
	packet = hello();
	packet.op = 77;
	ignored(&packet, sizeof(packet));
	CHECK(eventually(as_many, &before, 10000));
	gs_node_close();
}

/* ---- a node that is not ours ---- */

struct fake {
	int listener;
	char bytes[2000];
	size_t size;
};

static void
answer_all(void *data)
{
	const struct fake *fake = data;
	char packet[1000];

	for (;;) {
		int socket = accept(fake->listener, NULL, NULL);

		CHECK_OK(socket);
		CHECK(recv(socket, packet, sizeof(packet), 0) > 0);
		if (fake->size > 0)
			CHECK(send(socket, fake->bytes, fake->size, 0) > 0);
		close(socket);
	}
}

static void
fails(const struct fake *fake, int status, const char *part, const char *other)
{
	pid_t pid = test_fork(answer_all, (void *)fake);
	int fds = test_fds();
	const char *text;

	CHECK_INT(gs_node_open("fake", 0), status);
	text = gs_error_text();
	if (!strstr(text, part) || !strstr(text, other))
		FAIL("'%s' without '%s' and '%s'", text, part, other);
	CHECK_INT(test_fds(), fds);
	test_kill(pid);
}

TEST(client_says_what_is_wrong_with_a_node)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct gsi_welcome no = { .status = -EPROTO };
	struct fake fake = { 0 };
	char mine[64];

	CHECK_INT(gsi_runtime_file(address.sun_path, sizeof(address.sun_path),
		      "fake", ".sock"),
	    0);
	fake.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	CHECK_OK(
	    bind(fake.listener, (struct sockaddr *)&address, sizeof(address)));
	CHECK_OK(listen(fake.listener, 4));
	snprintf(mine, sizeof(mine), "this is %s", gs_version());
	/* one that knows that we are another, and one that does not */
	strcpy(no.text, "it was started by genserver 9.8.7");
	memcpy(fake.bytes, &no, sizeof(no));
	fake.size = sizeof(no);
	fails(&fake, -EPROTO, "genserver 9.8.7", mine);
	fake.size = sizeof(no) - 8;
	fails(&fake, -EPROTO, "another version", mine);
	fake.size = sizeof(no) + 8;
	fails(&fake, -EPROTO, "genserver 9.8.7", mine);
	/* words without an end; a welcome without descriptors; none at all */
	memset(no.text, 'x', sizeof(no.text));
	no.status = -EPERM;
	memcpy(fake.bytes, &no, sizeof(no));
	fake.size = sizeof(no);
	fails(&fake, -EPERM, "xxxx", "refuses");
	no.status = 0;
	memcpy(fake.bytes, &no, sizeof(no));
	fails(&fake, -EMFILE, "fake", "");
	fake.size = 0;
	fails(&fake, -ENOTCONN, "no node 'fake'", "");
	close(fake.listener);
	CHECK_OK(unlink(address.sun_path));
}

/* ---- a crowd at the door ---- */

#define CROWD 3000
#define SOON 10000

static void
need(rlim_t fds)
{
	struct rlimit limit;
	FILE *file = fopen("/proc/sys/net/core/somaxconn", "re");
	int backlog = 0;

	if (!file || fscanf(file, "%d", &backlog) != 1)
		backlog = 0;
	if (file)
		fclose(file);
	CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_cur < fds)
		limit.rlim_cur = fds;
	if (limit.rlim_max < fds || setrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    backlog < CROWD + 100)
		SKIP("too few descriptors or connections are allowed");
}

/* More at once than any number the node goes through at a time. */
TEST(all_who_knock_while_the_node_is_stopped_are_answered)
{
	struct gsi_packet packet = {
		.magic = GSI_PACKET_MAGIC,
		.op = GSI_PACKET_FETCH,
	};
	static int socket[CROWD];
	int64_t until;
	gs_node_info info;
	pid_t node;

	need(CROWD + 100);
	CHECK_INT(gs_node_open(NULL, 0), 0);
	CHECK_INT(gs_node_inspect(&info), 0);
	node = info.os_pid;
	CHECK_INT(kill(node, SIGSTOP), 0);
	CHECK(eventually(test_is_stopped, &node, SOON));
	for (int i = 0; i < CROWD; i++) {
		socket[i] = gsi_connect(gsi_home()->path, 0, -1);
		CHECK_OK(socket[i]);
		CHECK_INT(gsi_packet_send(
			      socket[i], &packet, sizeof(packet), NULL, 0),
		    0);
	}
	CHECK_INT(kill(node, SIGCONT), 0);
	until = now_ms() + SOON;
	for (int i = 0; i < CROWD; i++) {
		struct pollfd p = { .fd = socket[i], .events = POLLIN };
		int64_t left = until - now_ms();

		if (poll(&p, 1, left > 0 ? (int)left : 0) != 1)
			FAIL("connection %d was forgotten", i);
		close(socket[i]);
	}
	gs_node_close();
}

/* A newborn that was stopped may find its seat taken by another. */
/* The node is open before root is as far. */
static bool
has_bell(void *data)
{
	const struct gm_page *page = data;

	return gm_load(&page->bell, acquire) != 0;
}

TEST(a_seat_that_is_not_ours_for_sure_is_not_written_to)
{
	struct gsi_self late = { .socket = -1 };
	const struct gm_page *page;
	uint32_t number;
	gs_pid pid;
	int bell;

	CHECK_INT(gs_node_open(NULL, 0), 0);
	pid = gsi_root_pid(gsi_self());
	page = gm_arena_page(gsi_self()->arena, pid.slot);
	CHECK(eventually(has_bell, (void *)(uintptr_t)page, 10000));
	number = gm_load(&page->bell, acquire);
	bell = fcntl(gsi_self()->bell, F_DUPFD_CLOEXEC, 200);
	CHECK(bell >= 200);
	CHECK_INT(
	    gsi_member_prepare(&late, pid, gsi_self()->arena, bell, -1, -1), 0);
	gsi_member_guess(&late);
	CHECK_INT(gm_load(&page->bell, acquire), number);
	gsi_member_free(&late);
	gs_node_close();
}
