/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nodes of this user, living and dead, as their files in the runtime
 * folder show them; and what dead ones left, removed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/runtime.h"

#define PATIENCE_NS (100 * NS_PER_MS) /* with a node that is stopped */

/* Undoes the escapes of gsi_runtime_file. */
static void
unescape(char *out, const char *in, size_t n)
{
	unsigned byte;

	while (n > 0) {
		if (in[0] == '%' && n >= 3 &&
		    sscanf(in + 1, "%2x", &byte) == 1) {
			*out++ = (char)byte;
			in += 3;
			n -= 3;
		} else {
			*out++ = *in++;
			n--;
		}
	}
	*out = '\0';
}

/* Asks without taking, so that looking never gets in a node's way. */
static bool
locked(const char *path, uint32_t *creation)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	bool is;

	if (fd < 0)
		return false;
	is = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	*creation = is ? gsi_creation_read(fd) : 0;
	close(fd);
	return is;
}

static int
os_pid_of(const char *node)
{
	char path[108];
	struct ucred cred;
	socklen_t size = sizeof(cred);
	int fd, pid = 0;

	if (gsi_runtime_file(path, sizeof(path), node, ".sock") != 0)
		return 0;
	fd = gsi_connect(path, 0, gsi_now_ns() + PATIENCE_NS);
	if (fd < 0)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) == 0)
		pid = cred.pid;
	close(fd);
	return pid;
}

static int
visit(const char *file, int (*each)(const gs_node_entry *, void *), void *data,
    bool ask)
{
	gs_node_entry node = { 0 };
	char path[512];
	size_t size = strlen(file);

	if (size < 6 || size - 5 > sizeof(node.name) - 1 ||
	    strcmp(file + size - 5, ".lock") != 0)
		return 0;
	unescape(node.name, file, size - 5);
	/* a node's, by the very name that the node gives it */
	if (gs_name_check(node.name, NULL) != 0 ||
	    gsi_runtime_file(path, sizeof(path), node.name, ".lock") != 0 ||
	    strcmp(strrchr(path, '/') + 1, file) != 0)
		return 0;
	node.running = locked(path, &node.creation);
	if (node.running && ask)
		node.os_pid = os_pid_of(node.name);
	return each(&node, data);
}

int
gsi_nodes(
    int (*each)(const gs_node_entry *node, void *data), void *data, bool ask)
{
	char dir[256];
	struct dirent *entry;
	DIR *d;
	int status = gs_runtime_dir(dir, sizeof(dir));

	if (status != 0)
		return status;
	d = opendir(dir);
	if (d == NULL)
		return -errno;
	while (status == 0 && (entry = readdir(d)) != NULL)
		status = visit(entry->d_name, each, data, ask);
	closedir(d);
	return status;
}

int
gs_nodes(int (*each)(const gs_node_entry *node, void *data), void *data)
{
	return gsi_nodes(each, data, true);
}

struct pruning {
	int count;
	int status; /* of the first that could not be removed */
};

/* One that cannot be removed does not keep the others. */
static int
prune(const gs_node_entry *node, void *data)
{
	struct pruning *p = data;
	int status = 0, lock;

	if (node->running)
		return 0;
	lock = gsi_node_lock(node->name);
	/* somebody has just taken it */
	if (lock == -EEXIST)
		return 0;
	if (lock >= 0)
		status = gsi_node_sweep(node->name);
	if (lock >= 0 && status == 0) {
		gsi_node_unlock(node->name, lock);
		p->count++;
		return 0;
	}
	if (lock >= 0)
		close(lock);
	if (p->status == 0)
		p->status = lock < 0 ? lock : status;
	return 0;
}

int
gs_nodes_prune(void)
{
	struct pruning p = { 0, 0 };
	int status = gs_nodes(prune, &p);

	if (status >= 0)
		status = p.status;
	return status < 0 ? status : p.count;
}
