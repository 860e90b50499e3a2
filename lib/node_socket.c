/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node's socket: where clients attach and bells are handed out.  The
 * kernel says who is talking (SO_PEERCRED and the sender's own pidfd); a bad
 * packet costs its sender the connection and nobody anything else.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/node_parts.h"
#include "lib/runtime.h"

int
gsi_node_listen(struct gsi_node *node)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char path[512];
	int status;

	status = gsi_runtime_file(path, sizeof(path), node->name, ".sock");
	if (status != 0)
		return status;
	if (strlen(path) >= sizeof(address.sun_path))
		return gsi_fail(-ENAMETOOLONG, "",
		    "the socket path %s is "
		    "longer than %zu bytes: use a shorter name",
		    path, sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	node->listener =
	    socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (node->listener < 0)
		return -errno;
	unlink(path);
	if (bind(node->listener, (struct sockaddr *)&address,
		sizeof(address)) != 0 ||
	    chmod(path, 0600) != 0 || listen(node->listener, 4096) != 0)
		return gsi_fail(-errno, "", "cannot listen on %s: %s", path,
		    strerror(errno));
	return gm_poll_add(
	    node->poll, node->listener, gsi_token(GSI_AT_LISTENER, 0, 0), 0);
}

static bool
peer(int socket, struct ucred *cred)
{
	socklen_t size = sizeof(*cred);

	return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, cred, &size) == 0 &&
	       (cred->uid == geteuid() || cred->uid == 0);
}

void
gsi_node_visit(struct gsi_node *node)
{
	node->unfinished = false;
	for (;;) {
		struct gsi_visitor *v = NULL;
		struct ucred cred;
		int fd = accept4(
		    node->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		/* out of descriptors or memory: nobody rings again for these */
		node->unfinished = fd < 0 && errno != EAGAIN;
		if (fd < 0)
			return;
		for (int k = 0; k < GSI_VISITORS && v == NULL; k++)
			if (node->visitors[k].socket < 0)
				v = &node->visitors[k];
		if (v == NULL) {
			/* all places taken: the oldest silent one goes */
			v = &node->visitors[node->next_visitor % GSI_VISITORS];
			gm_poll_remove(
			    node->poll, gsi_token(GSI_AT_VISITOR, v->id, 0));
			close(v->socket);
			v->socket = -1;
		}
		if (!peer(fd, &cred)) {
			close(fd);
			continue;
		}
		v->socket = fd;
		v->id = ++node->next_visitor & 0xffffff;
		if (gm_poll_add(node->poll, fd,
			gsi_token(GSI_AT_VISITOR, v->id, 0), 0) != 0) {
			close(fd);
			v->socket = -1;
			continue;
		}
		gsi_node_visitor(node, v->id);
	}
}

/* The pidfd must speak of the process the socket's other end belongs to. */
static bool
pidfd_is(int pidfd, pid_t pid)
{
	char path[64], text[512], *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	at = strstr(text, "\nPid:");
	return at != NULL && atoi(at + 5) == pid;
}

static void
refuse(int socket, int status, const char *text)
{
	struct gsi_welcome no = { .status = status };

	snprintf(no.text, sizeof(no.text), "%s", text);
	gsi_packet_send(socket, &no, sizeof(no), NULL, 0);
	close(socket);
}

static void
close_if(int fd)
{
	if (fd >= 0)
		close(fd);
}

static int
seat_client(
    struct gsi_node *node, int socket, pid_t pid, int pidfd, uint32_t *out)
{
	struct gsi_proc *proc;
	uint32_t slot;
	int status = gsi_node_slot_take(node, true, &slot);

	if (status != 0) {
		close_if(pidfd);
		return status;
	}
	proc = &node->procs[slot];
	proc->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	status = proc->bell < 0 ? -errno
				: gsi_node_publish(node, slot,
				      GS_PROCESS_CLIENT, pid, GSI_CLIENT_CELLS);
	if (status != 0) {
		close_if(pidfd);
		gsi_node_slot_free(node, slot);
		return status;
	}
	status = gsi_node_watch(node, slot, pidfd);
	if (status == 0)
		status = gm_poll_add(node->poll, socket,
		    gsi_token(GSI_AT_CLIENT, slot, proc->gen), 0);
	if (status != 0) {
		gm_poll_remove(
		    node->poll, gsi_token(GSI_AT_PROCESS, slot, proc->gen));
		gsi_node_unpublish(node, slot);
		return status;
	}
	proc->socket = socket;
	*out = slot;
	gsi_node_changed(node);
	return 0;
}

/* It has not heard of its seat, and would wait for that for ever. */
static void
unseat(struct gsi_node *node, uint32_t slot, int status)
{
	struct gsi_proc *proc = &node->procs[slot];
	int socket = proc->socket;

	gm_poll_remove(node->poll, gsi_token(GSI_AT_CLIENT, slot, proc->gen));
	gm_poll_remove(node->poll, gsi_token(GSI_AT_PROCESS, slot, proc->gen));
	proc->socket = -1;
	gsi_node_unpublish(node, slot);
	refuse(socket, status, strerror(-status));
}

static void
attach(struct gsi_node *node, int socket, int pidfd,
    const struct gsi_packet *packet)
{
	struct gsi_welcome welcome = { .node_os_pid = (int32_t)getpid() };
	struct ucred cred;
	int fds[4], status;
	uint32_t slot;

	/* it may have none to send: valgrind knows no pidfd_open */
	if (pidfd < 0)
		pidfd = gsi_pidfd_of_peer(socket);
	if (packet->layout_hash != gm_layout_hash()) {
		refuse(socket, -EPROTO,
		    "it was started by genserver " GS_VERSION
		    ", another version: restart the node, or use "
		    "the gsctl that belongs to it");
	} else if (!peer(socket, &cred) ||
		   (pidfd >= 0 && !pidfd_is(pidfd, cred.pid))) {
		refuse(socket, -EPERM, "the pidfd does not belong to you");
	} else if (pidfd < 0 && pidfd != -ENOSYS) {
		refuse(socket, -EMFILE,
		    "your pidfd did not arrive: are the file descriptors used "
		    "up, here or there?");
	} else if (node->phase != GSI_PHASE_UP) {
		refuse(socket, -ENOTCONN, "it is going down");
	} else {
		status = seat_client(node, socket, cred.pid, pidfd, &slot);
		if (status != 0) {
			refuse(socket, status,
			    status == -ENOSPC ? "shared memory is full"
					      : strerror(-status));
			return;
		}
		welcome.pid = gsi_node_pid(node, slot);
		welcome.n_fds = 4;
		fds[0] = node->arena.fd;
		fds[1] = node->procs[slot].bell;
		fds[2] = node->bell;
		fds[3] = node->reports[1];
		status =
		    gsi_packet_send(socket, &welcome, sizeof(welcome), fds, 4);
		if (status != 0)
			unseat(node, slot, status);
		return;
	}
	close_if(pidfd);
}

/* Who may have a bell: any process of this node that can show it is one. */
void
gsi_node_fetch(
    struct gsi_node *node, int socket, const struct gsi_packet *packet)
{
	struct gsi_welcome answer = { .status = -ESRCH };
	struct gsi_proc *target = gsi_node_proc(node, packet->target);
	int n = 0, fd = -1;

	if (target != NULL && target->bell >= 0) {
		answer.status = 0;
		fd = target->bell;
		n = 1;
	}
	gsi_packet_send(socket, &answer, sizeof(answer), &fd, n);
}

static bool
server_says(struct gsi_node *node, int socket, const struct gsi_packet *packet)
{
	struct gsi_proc *who = gsi_node_proc(node, packet->who);
	struct ucred cred;

	return who != NULL && peer(socket, &cred) && cred.pid == who->os_pid;
}

/* The first packet of a connection decides what it is. */
static void
first(struct gsi_node *node, struct gsi_visitor *v)
{
	struct gsi_packet packet = { 0 };
	int pidfd, socket = v->socket;
	ssize_t n;
	bool whole;

	n = gsi_packet_receive(socket, &packet, sizeof(packet), &pidfd, 1,
	    MSG_DONTWAIT | MSG_TRUNC);
	if (n == -EAGAIN)
		return;
	gm_poll_remove(node->poll, gsi_token(GSI_AT_VISITOR, v->id, 0));
	v->socket = -1;
	whole = n == (ssize_t)sizeof(packet);
	if (n > 0 && packet.magic == GSI_PACKET_MAGIC) {
		if (packet.op == GSI_PACKET_ATTACH) {
			/* another version's packet may have another size */
			if (!whole)
				packet.layout_hash = 0;
			attach(node, socket, pidfd, &packet);
			return;
		}
		if (whole && packet.op == GSI_PACKET_FETCH &&
		    server_says(node, socket, &packet))
			gsi_node_fetch(node, socket, &packet);
	}
	close_if(pidfd);
	close(socket);
}

void
gsi_node_visitor(struct gsi_node *node, uint32_t id)
{
	for (int i = 0; i < GSI_VISITORS; i++) {
		struct gsi_visitor *v = &node->visitors[i];

		if (v->socket >= 0 && v->id == id) {
			first(node, v);
			return;
		}
	}
}
