/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime folder: sockets, locks and logs of this user's nodes.  The rule:
 * it is ours alone (owner, 0700), or it is not used.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/runtime.h"

/* A program that runs as another than its starter believes no environment. */
static const char *
choose(char *path, size_t size)
{
	const char *set = secure_getenv("GS_RUNTIME_DIR");
	const char *xdg = secure_getenv("XDG_RUNTIME_DIR");

	if (set != NULL && set[0] != '\0')
		snprintf(path, size, "%s", set);
	else if (xdg != NULL && xdg[0] != '\0')
		snprintf(path, size, "%s/genserver", xdg);
	else if (geteuid() == 0)
		snprintf(path, size, "/run/genserver");
	else
		snprintf(path, size, "/tmp/genserver-%u", (unsigned)geteuid());
	return set != NULL && set[0] != '\0' ? NULL : xdg;
}

/* After su it may be another's, where a folder of ours would be in the way. */
static int
check_xdg(const char *xdg)
{
	struct stat st;

	if (xdg == NULL || xdg[0] == '\0' || stat(xdg, &st) != 0 ||
	    st.st_uid == 0 || st.st_uid == geteuid())
		return 0;
	return gsi_fail(-EPERM, "",
	    "XDG_RUNTIME_DIR is %s, which belongs to user %u, not to you: "
	    "unset it, or set GS_RUNTIME_DIR to a folder of your own",
	    xdg, (unsigned)st.st_uid);
}

static int
check(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return gsi_fail(-errno, "",
		    "cannot look at the runtime folder "
		    "%s: %s",
		    path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return gsi_fail(-ENOTDIR, "",
		    "the runtime folder %s is no "
		    "folder, but a %s of user %u: remove it or set "
		    "GS_RUNTIME_DIR to a folder of your own",
		    path, S_ISLNK(st.st_mode) ? "link" : "file",
		    (unsigned)st.st_uid);
	if (st.st_uid != geteuid())
		return gsi_fail(-EPERM, "",
		    "the runtime folder %s belongs to "
		    "user %u, not to you: set GS_RUNTIME_DIR to a folder of "
		    "your own",
		    path, (unsigned)st.st_uid);
	if ((st.st_mode & 077) != 0)
		return gsi_fail(-EPERM, "",
		    "the runtime folder %s is open to "
		    "others (mode %03o): chmod 700 it",
		    path, (unsigned)(st.st_mode & 0777));
	return 0;
}

int
gs_runtime_dir(char *path, size_t size)
{
	char chosen[256];
	const char *xdg = choose(chosen, sizeof(chosen));
	int status = check_xdg(xdg);

	if (status != 0)
		return status;
	/* a socket path has room for 107 bytes in all */
	if (strlen(chosen) >= size || strlen(chosen) > 80)
		return gsi_fail(-ENAMETOOLONG, "",
		    "the runtime folder %s has "
		    "a name too long for a socket: set GS_RUNTIME_DIR",
		    chosen);
	if (mkdir(chosen, 0700) != 0 && errno != EEXIST)
		return gsi_fail(-errno, "",
		    "cannot make the runtime folder "
		    "%s: %s",
		    chosen, strerror(errno));
	snprintf(path, size, "%s", chosen);
	return check(path);
}

/* A file of a node: names are checked, but may hold a slash. */
int
gsi_runtime_file(char *path, size_t size, const char *node, const char *suffix)
{
	char dir[256], safe[GS_NAME_MAX * 3 + 1];
	size_t n = 0;
	int status = gs_runtime_dir(dir, sizeof(dir));

	if (status != 0)
		return status;
	for (const char *c = node; *c != '\0'; c++) {
		if (*c == '/' || *c == '%' || (*c == '.' && c == node))
			n += (size_t)snprintf(safe + n, sizeof(safe) - n,
			    "%%%02x", (unsigned char)*c);
		else
			safe[n++] = *c;
	}
	safe[n] = '\0';
	if ((size_t)snprintf(path, size, "%s/%s%s", dir, safe, suffix) >= size)
		return gsi_fail(-ENAMETOOLONG, "",
		    "the node name '%s' is too "
		    "long for a socket in %s",
		    node, dir);
	return 0;
}

/* True when path still names the file we have open: nobody unlinked it. */
static bool
still_there(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && lstat(path, &b) == 0 &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* Not ours, or it cannot be opened: who stands in the way. */
static int
lock_refused(const char *path, int status)
{
	struct stat st;

	if (lstat(path, &st) == 0 && st.st_uid != geteuid())
		return gsi_fail(-EPERM, "",
		    "%s belongs to user %u, not to you: remove it", path,
		    (unsigned)st.st_uid);
	return gsi_fail(
	    status, "", "cannot open %s: %s", path, strerror(-status));
}

static int
open_lock(const char *node, char *path, size_t size)
{
	int status = gsi_runtime_file(path, size, node, ".lock");
	struct stat st;
	int fd;

	if (status != 0)
		return status;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return lock_refused(path, -errno);
	/* root can open what is not its own */
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid())
		return fd;
	close(fd);
	return lock_refused(path, -EPERM);
}

int
gsi_node_lock(const char *node)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[512];
	int fd;

	for (;;) {
		fd = open_lock(node, path, sizeof(path));
		if (fd < 0)
			return fd;
		if (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
			int status = errno == EAGAIN || errno == EACCES
					 ? -EEXIST
					 : -errno;

			close(fd);
			return status;
		}
		if (still_there(fd, path))
			return fd;
		close(fd);
	}
}

/* What the holder of the lock may do: nobody else touches leftovers. */
int
gsi_node_sweep(const char *node)
{
	char path[512], segment[256];
	int stale, status;

	gm_segment_name(segment, sizeof(segment), node);
	/* also what is not ours but has our name, if the kernel lets us */
	stale = gm_segment_stale(segment);
	if (stale == 1 || stale == -EPERM || stale == -EACCES)
		stale = shm_unlink(segment) == 0 ? 0 : -errno;
	status = gsi_runtime_file(path, sizeof(path), node, ".sock");
	if (status == 0 && unlink(path) != 0 && errno != ENOENT)
		status = -errno;
	return stale < 0 && stale != -ENOENT ? stale : status;
}

/* The lock file goes last; who waits on it opens it anew. */
void
gsi_node_unlock(const char *node, int fd)
{
	char path[512];

	if (gsi_runtime_file(path, sizeof(path), node, ".lock") == 0)
		unlink(path);
	close(fd);
}
