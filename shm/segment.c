/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name of a segment in /dev/shm.  The rule: a name proves nothing; the
 * lock says whether its node lives, the inode whether it is ours.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/arena.h"

void
gm_segment_name(char *text, size_t size, const char *node)
{
	size_t n;

	n = (size_t)snprintf(text, size, "/genserver-%u-", (unsigned)geteuid());
	/* a node name may hold anything but control bytes and NUL */
	for (; *node != '\0' && n + 4 < size; node++) {
		unsigned char c = (unsigned char)*node;

		if (c == '/' || c == '%')
			n += (size_t)snprintf(text + n, size - n, "%%%02x", c);
		else
			text[n++] = (char)c;
	}
	text[n] = '\0';
}

int
gm_segment_stale(const char *name)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct stat st;
	int fd, stale;

	fd = shm_open(name, O_RDWR | O_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0 || fcntl(fd, F_OFD_GETLK, &lock) != 0)
		stale = -errno;
	else if (st.st_uid != geteuid())
		stale = -EPERM;
	else
		stale = lock.l_type == F_UNLCK;
	close(fd);
	return stale;
}

/* Somebody may have removed it, and another taken its name. */
int
gm_arena_unlink(const struct gm_arena *arena, const char *name)
{
	struct stat ours, there;
	int fd = shm_open(name, O_RDONLY | O_CLOEXEC, 0);
	int status = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(arena->fd, &ours) == 0 && fstat(fd, &there) == 0 &&
	    ours.st_ino == there.st_ino && ours.st_dev == there.st_dev &&
	    shm_unlink(name) != 0)
		status = -errno;
	close(fd);
	return status;
}
