/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients: a thread becomes a process of the node by one packet over the
 * node's socket, with its own pidfd, so that it cannot lose a race with its
 * own death.  The socket stays open for life: its end is the node's end.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/dispatch.h"
#include "lib/guest.h"
#include "lib/pending.h"
#include "lib/self.h"

#define FETCH_MS 100

enum { FD_ARENA, FD_BELL, FD_NODE_BELL, FD_REPORTS, FD_COUNT };

static int
say_hello(int socket)
{
	struct gsi_packet hello = {
		.magic = GSI_PACKET_MAGIC,
		.op = GSI_PACKET_ATTACH,
		.layout_hash = gm_layout_hash(),
	};
	int pidfd, status;

	pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	status = gsi_packet_send(
	    socket, &hello, sizeof(hello), &pidfd, pidfd >= 0 ? 1 : 0);
	if (pidfd >= 0)
		close(pidfd);
	return status;
}

static void
close_all(int *fds, int n)
{
	for (int i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* A node of another version may answer in another way. */
static int
welcomed(const char *name, struct gsi_welcome *welcome, ssize_t n)
{
	bool foreign = n != (ssize_t)sizeof(*welcome);

	if (n <= 0)
		return n < 0 ? (int)n : -ECONNRESET;
	if (foreign) {
		snprintf(welcome->text, sizeof(welcome->text),
		    "it is of another version of genserver");
		welcome->status = -EPROTO;
	}
	welcome->text[sizeof(welcome->text) - 1] = '\0';
	if (welcome->status == 0)
		return 0;
	return gsi_fail(welcome->status, "", "node '%s' refuses: %s%s", name,
	    welcome->text,
	    welcome->status == -EPROTO ? " (this is " GS_VERSION ")" : "");
}

/* A node that is stopped answers when it goes on. */
static int
await_welcome(int socket, int64_t deadline)
{
	struct pollfd p = { .fd = socket, .events = POLLIN };
	int64_t left;
	int n;

	do {
		left = deadline - gsi_now_ns();
		n = poll(&p, 1,
		    deadline < 0 ? -1
		    : left > 0   ? (int)((left + NS_PER_MS - 1) / NS_PER_MS)
				 : 0);
	} while (n < 0 && errno == EINTR);
	return n == 0 ? -ETIMEDOUT : n < 0 ? -errno : 0;
}

static struct gm_arena *
take_arena(
    struct gsi_self *me, int fd, uint32_t creation, char *text, size_t size)
{
	return me->guest != NULL ? gsi_share_guest(fd, text, size)
				 : gsi_share_take(fd, creation, text, size);
}

static int
enter(struct gsi_self *me, const struct gsi_door *door)
{
	struct gsi_welcome welcome = { 0 };
	char text[256] = "out of memory";
	int fds[FD_COUNT];
	ssize_t n;
	int status;

	status = await_welcome(me->socket, door->deadline);
	if (status != 0)
		return status;
	n = gsi_packet_receive(
	    me->socket, &welcome, sizeof(welcome), fds, FD_COUNT, 0);
	status = welcomed(door->name, &welcome, n);
	if (status != 0) {
		close_all(fds, FD_COUNT);
		return status;
	}
	if (fds[FD_ARENA] < 0 || fds[FD_BELL] < 0 || fds[FD_NODE_BELL] < 0) {
		close_all(fds, FD_COUNT);
		return -EMFILE;
	}
	me->arena =
	    take_arena(me, fds[FD_ARENA], welcome.pid.node, text, sizeof(text));
	if (me->arena == NULL) {
		close_all(fds + 1, FD_COUNT - 1);
		return gsi_fail(
		    -EPROTO, "", "cannot use node '%s': %s", door->name, text);
	}
	if (me->guest == NULL)
		gsi_home()->node_os_pid = welcome.node_os_pid;
	status = gsi_member_init(me, welcome.pid, me->arena, fds[FD_BELL],
	    fds[FD_NODE_BELL], fds[FD_REPORTS]);
	if (status == 0)
		status = gsi_dispatch_add(me, me->socket, 0);
	if (status == 0)
		status = gm_poll_add(
		    me->poll, me->socket, gsi_token_of(me, GSI_TOKEN_NODE), 0);
	return status;
}

static int
not_entered(struct gsi_self *me, const struct gsi_door *door, int status)
{
	if (gs_error_text()[0] == '\0')
		gsi_fail(status, status == -ETIMEDOUT ? "timeout" : "nodedown",
		    "cannot attach to node '%s': %s", door->name,
		    strerror(-status));
	gsi_leave(me, false);
	return status;
}

int
gsi_enter_begin(struct gsi_self *me, const struct gsi_door *door)
{
	int status;

	me->bell = me->node_bell = me->reports = -1;
	gsi_fail(0, "", "%s", "");
	me->socket = gsi_connect(door->path, door->flags, door->deadline);
	status = me->socket < 0 ? me->socket : say_hello(me->socket);
	return status == 0 ? 0 : not_entered(me, door, status);
}

int
gsi_enter_end(struct gsi_self *me, const struct gsi_door *door)
{
	int status = enter(me, door);

	if (status != 0)
		return not_entered(me, door, status);
	gm_store(&me->page->started, 1, release);
	gm_store(&me->page->doing, GS_STATE_RUNNING, relaxed);
	return 0;
}

int
gsi_enter(struct gsi_self *me, const struct gsi_door *door)
{
	int status = gsi_enter_begin(me, door);

	return status == 0 ? gsi_enter_end(me, door) : status;
}

int
gsi_attach(struct gsi_self **out, int64_t deadline)
{
	const struct gsi_home *home = gsi_home();
	struct gsi_door door = { home->name, home->path, 0, deadline };
	struct gsi_self *me = calloc(1, sizeof(*me));
	int status;

	if (me == NULL)
		return -ENOMEM;
	status = gsi_enter(me, &door);
	if (status != 0) {
		free(me);
		return status;
	}
	gsi_home_lock();
	gsi_selves_add(me);
	gsi_home_unlock();
	gsi_self_set(me);
	*out = me;
	return 0;
}

void
gsi_leave(struct gsi_self *me, bool orderly)
{
	struct gsi_packet bye = {
		.magic = GSI_PACKET_MAGIC,
		.op = GSI_PACKET_DETACH,
	};

	if (orderly)
		gsi_packet_send(me->socket, &bye, sizeof(bye), NULL, 0);
	gsi_member_free(me);
	gsi_share_drop(me->arena);
}

void
gsi_detach(struct gsi_self *me, bool orderly)
{
	gsi_home_lock();
	gsi_selves_drop(me);
	gsi_home_unlock();
	/* while the pages are still ours */
	gsi_pendings_free(me);
	gsi_guests_free(me);
	gsi_leave(me, orderly);
	free(me);
}

bool
gsi_node_alive(struct gsi_self *me)
{
	struct pollfd p = { .fd = me->socket, .events = POLLIN };

	/* a server is killed with its node and has no need to look */
	if (me->socket < 0)
		return true;
	if (poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR)) != 0)
		me->node_gone = true;
	return !me->node_gone;
}

static int
ask_bell(int socket, struct gsi_self *me, gs_pid target)
{
	struct gsi_packet packet = {
		.magic = GSI_PACKET_MAGIC,
		.op = GSI_PACKET_FETCH,
		.who = me->pid,
		.target = target,
	};
	struct pollfd p = { .fd = socket, .events = POLLIN };
	struct gsi_welcome answer;
	int fd, status;
	ssize_t n;

	status = gsi_packet_send(socket, &packet, sizeof(packet), NULL, 0);
	if (status != 0)
		return status;
	if (poll(&p, 1, FETCH_MS) != 1)
		return -ETIMEDOUT;
	n = gsi_packet_receive(socket, &answer, sizeof(answer), &fd, 1, 0);
	if (n != (ssize_t)sizeof(answer)) {
		if (fd >= 0)
			close(fd);
		return n < 0 ? (int)n : -ECONNRESET;
	}
	return fd >= 0 ? fd : -EMFILE;
}

/*
 * On a connection of its own, so that an answer that comes too late is
 * nobody's; a node that is stopped does not hold up the caller for long.
 */
int
gsi_fetch_bell(struct gsi_self *me, gs_pid pid)
{
	int socket, fd;

	socket = me->guest != NULL
		     ? gsi_connect(gsi_guest_path(me), SOCK_NONBLOCK, 0)
		     : gsi_connect(gsi_home()->path, 0,
			   gsi_now_ns() + FETCH_MS * NS_PER_MS);
	if (socket < 0)
		return socket;
	fd = ask_bell(socket, me, pid);
	close(socket);
	return fd;
}
