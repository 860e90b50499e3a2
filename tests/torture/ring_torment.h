/* SPDX-License-Identifier: Apache-2.0 */
/* What the main program of ring_of_processes does to its servers. */
#ifndef GS_TESTS_RING_TORMENT_H
#define GS_TESTS_RING_TORMENT_H

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/torture/ring_parcel.h"

#define STOPPED_MAX 3u

struct victim {
	int pidfd; /* -1: not stopped */
	int64_t until;
};

static struct {
	uint64_t seed;
	struct victim victims[SERVERS];
	uint32_t stopped;
	uint32_t kills;
	uint32_t stops;
} torture;

static inline uint32_t
chance(uint32_t n)
{
	torture.seed ^= torture.seed << 13;
	torture.seed ^= torture.seed >> 7;
	torture.seed ^= torture.seed << 17;
	return (uint32_t)(torture.seed >> 20) % n;
}

static inline gs_addr
place(uint32_t i)
{
	static char names[SERVERS][16];

	snprintf(names[i], sizeof(names[i]), "ring%u", i);
	return GS_NAME(names[i]);
}

/* A hold on the operating system's process of a server; -1 when it is gone. */
static inline int
seize(uint32_t i)
{
	gs_process_info before, after;
	int fd;

	if (gs_process_inspect(place(i), &before) != 0 || before.os_pid <= 1)
		return -1;
	fd = (int)syscall(SYS_pidfd_open, before.os_pid, 0);
	/* still the same: then it is that one that the descriptor holds */
	if (fd >= 0 && (gs_process_inspect(GS_PID(before.pid), &after) != 0 ||
			   after.os_pid != before.os_pid)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static inline void
hit(int pidfd, int sig)
{
	syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0);
}

static inline void
release(struct victim *victim)
{
	hit(victim->pidfd, SIGCONT);
	close(victim->pidfd);
	victim->pidfd = -1;
	torture.stopped--;
}

static inline void
torment(void)
{
	uint32_t i = chance(SERVERS), dice = chance(100);
	struct victim *victim = &torture.victims[i];

	for (uint32_t j = 0; j < SERVERS; j++)
		if (torture.victims[j].pidfd >= 0 &&
		    now_ms() >= torture.victims[j].until)
			release(&torture.victims[j]);
	if (dice < 2) {
		int fd = seize(i);

		if (fd < 0)
			return;
		hit(fd, SIGKILL);
		close(fd);
		torture.kills++;
	} else if (dice < 10 && victim->pidfd < 0 &&
		   torture.stopped < STOPPED_MAX) {
		victim->pidfd = seize(i);
		if (victim->pidfd < 0)
			return;
		hit(victim->pidfd, SIGSTOP);
		victim->until = now_ms() + 1 + chance(60);
		torture.stopped++;
		torture.stops++;
	}
}

#endif
