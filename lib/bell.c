/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer's bell taken from the peer itself, which is faster than asking the
 * node and works while that is stopped.  The kernel gives it to those who may
 * trace that process: the same user, where no security module says otherwise.
 *
 * The rule: what a page says of its bell may be wrong, since a server can
 * close it and open something else under its number, and of a client that is
 * dead the process may be another by now.  The table, which only the node
 * writes, says what the kernel calls the right one, and while the entry is
 * live nothing else is called that: the node has it open.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/internal.h"

uint64_t
gsi_bell_id(int bell)
{
	static const char key[] = "\neventfd-id:";
	char path[64], text[512], *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", bell);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, key);
	return at != NULL ? strtoull(at + sizeof(key) - 1, NULL, 10) + 1 : 0;
}

int
gsi_bell_of(struct gsi_self *me, const struct gsi_peer *peer)
{
	const struct gm_page *page = gm_arena_page(me->arena, peer->pid.slot);
	uint32_t number = gm_load(&page->bell, acquire);
	pid_t os_pid = (pid_t)gm_load(&peer->entry->os_pid, relaxed);
	uint64_t id = gm_load(&peer->entry->bell, relaxed);
	int pidfd, bell;

	if (number == 0 || number > INT32_MAX || os_pid <= 1 || id == 0)
		return -ESRCH;
	pidfd = (int)syscall(SYS_pidfd_open, os_pid, 0);
	if (pidfd < 0)
		return -errno;
	bell = (int)syscall(SYS_pidfd_getfd, pidfd, (int)number - 1, 0);
	bell = bell < 0 ? -errno : bell;
	close(pidfd);
	/* acquire: still live once the name has been compared */
	if (bell >= 0 && (gsi_bell_id(bell) != id ||
			     gm_load(&peer->entry->word, acquire) !=
				 gm_word_of(peer->pid.gen, GM_LIVE))) {
		close(bell);
		bell = -EBADF;
	}
	return bell;
}
