/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer's bell taken from the peer itself, which is faster than asking the
 * node and works while that is stopped.  The kernel gives it to those who may
 * trace that process: the same user, where no security module says otherwise.
 *
 * The rule: what a page says of its bell may be wrong, since a server can
 * close it and open something else under its number, and of a client that is
 * dead the process may be another by now.  The table, which only the node
 * writes, says under which number the node has the right one open, and it has
 * as long as the entry is live; the kernel compares the two.
 */
#include <errno.h>
#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/internal.h"

/* Is it the very one that the node has open under that number? */
static bool
is_that_of_node(const struct gsi_self *me, int bell, uint32_t number)
{
	return syscall(SYS_kcmp, getpid(), (pid_t)me->arena->header->os_pid,
		   KCMP_FILE, (long)bell, (long)number) == 0;
}

int
gsi_bell_of(struct gsi_self *me, const struct gsi_peer *peer)
{
	const struct gm_page *page = gm_arena_page(me->arena, peer->pid.slot);
	uint32_t number = gm_load(&page->bell, acquire);
	pid_t os_pid = (pid_t)gm_load(&peer->entry->os_pid, relaxed);
	uint32_t kept = (uint32_t)gm_load(&peer->entry->bell, relaxed);
	int pidfd, bell;

	if (number == 0 || number > INT32_MAX || os_pid <= 1 || kept == 0)
		return -ESRCH;
	pidfd = (int)syscall(SYS_pidfd_open, os_pid, 0);
	if (pidfd < 0)
		return -errno;
	bell = (int)syscall(SYS_pidfd_getfd, pidfd, (int)number - 1, 0);
	bell = bell < 0 ? -errno : bell;
	close(pidfd);
	/* acquire: still live once they have been compared */
	if (bell >= 0 && (!is_that_of_node(me, bell, kept - 1) ||
			     gm_load(&peer->entry->word, acquire) !=
				 gm_word_of(peer->pid.gen, GM_LIVE))) {
		close(bell);
		bell = -EBADF;
	}
	return bell;
}
