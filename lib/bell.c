/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer's bell taken from the peer itself, which is faster than asking the
 * node and works while that is stopped.  The kernel gives it to those who may
 * trace that process: the same user, where no security module says otherwise.
 *
 * The rule: what a page says of its bell may be wrong, since a server can
 * close it and open something else under its number.  The table, which only
 * the node writes, says what the kernel calls the right one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/internal.h"

/* When it began, CLOCK_MONOTONIC in ns, to a tick; -1 not to be known. */
static int64_t
began(pid_t os_pid)
{
	struct timespec boot, now;
	char path[64], text[1024], *at;
	int fd, field = 2;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)os_pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	for (at = strrchr(text, ')'); at != NULL && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (at == NULL)
		return -1;
	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_MONOTONIC, &now);
	return atoll(at) * (1000000000 / sysconf(_SC_CLK_TCK)) -
	       (boot.tv_sec - now.tv_sec) * 1000000000 -
	       (boot.tv_nsec - now.tv_nsec);
}

/*
 * Nobody reaps a server before its death is published, so its number is its
 * own.  A client's may be another's by now: one that is younger than its seat.
 */
static bool
is_still(const struct gsi_peer *peer, pid_t os_pid)
{
	int64_t seated = gm_load(&peer->entry->started, relaxed);

	if (gm_load(&peer->entry->word, acquire) !=
	    gm_word_of(peer->pid.gen, GM_LIVE))
		return false;
	if (gm_load(&peer->entry->kind, relaxed) != GS_PROCESS_CLIENT)
		return true;
	return began(os_pid) >= 0 && began(os_pid) <= seated + 20 * NS_PER_MS;
}

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
	int pidfd, bell = -ESRCH;

	if (number == 0 || number > INT32_MAX || os_pid <= 1 || id == 0)
		return -ESRCH;
	pidfd = (int)syscall(SYS_pidfd_open, os_pid, 0);
	if (pidfd < 0)
		return -errno;
	if (is_still(peer, os_pid)) {
		bell = (int)syscall(SYS_pidfd_getfd, pidfd, (int)number - 1, 0);
		bell = bell < 0 ? -errno : bell;
	}
	close(pidfd);
	if (bell >= 0 && gsi_bell_id(bell) != id) {
		close(bell);
		bell = -EBADF;
	}
	return bell;
}
