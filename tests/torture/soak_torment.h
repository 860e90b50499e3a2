/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the main program of the soak does to servers from outside: signals
 * that kill, and stops for a while.
 */
#ifndef GS_TESTS_SOAK_TORMENT_H
#define GS_TESTS_SOAK_TORMENT_H

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "lib/internal.h"
#include "tests/torture/soak_lines.h"

#define STOPPED_SERVERS 6u
#define STOPPED_CLIENTS 3u
#define LINES_SEATS 2u /* the last ones */
#define THREADED_SEATS 5u /* the first ones */

struct held {
	int pidfd; /* -1: not stopped */
	int64_t until;
};

struct seat {
	pid_t pid; /* 0 free */
	int signal; /* that killed it, 0 none */
	uint64_t number;
	int64_t until; /* stopped until then, 0 not */
};

static struct {
	uint64_t seed;
	struct held held[SERVERS];
	struct held root;
	struct seat seat[SEATS];
	uint32_t servers; /* stopped */
	uint32_t clients;
	int log; /* where others' stderr goes */
} torment;

/* A hold on the operating system's process of a server; -1 when it is gone. */
static inline int
seize(gs_addr to, gs_pid *pid)
{
	gs_process_info before, after;
	int fd;

	if (gs_process_inspect(to, &before) != 0 || before.os_pid <= 1)
		return -1;
	fd = (int)syscall(SYS_pidfd_open, before.os_pid, 0);
	/* still the same: then it is that one that the descriptor holds */
	if (fd >= 0 && (gs_process_inspect(GS_PID(before.pid), &after) != 0 ||
			   after.os_pid != before.os_pid)) {
		close(fd);
		fd = -1;
	}
	*pid = before.pid;
	return fd;
}

static inline void
hit(int pidfd, int sig)
{
	syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0);
}

static inline void
kill_server(uint32_t i)
{
	static const struct {
		int sig;
		enum fate fate;
	} ways[] = { { SIGKILL, BY_KILL }, { SIGKILL, BY_KILL },
		{ SIGSEGV, BY_SEGV }, { SIGABRT, BY_ABORT },
		{ SIGTERM, BY_SHUTDOWN } };
	uint32_t way = chance(&torment.seed, 5);
	gs_pid pid;
	int fd = seize(server_name(i), &pid);

	if (fd < 0)
		return;
	condemn(pid, ways[way].fate);
	/* before it has its handlers */
	if (ways[way].sig == SIGTERM)
		condemn(pid, BY_TERM);
	hit(fd, ways[way].sig);
	close(fd);
	count(N_kills, 1);
	note(
	    NOBODY, i, "killed by %d: %u.%u", ways[way].sig, pid.slot, pid.gen);
}

static inline void
stop_server(uint32_t i)
{
	struct held *held = &torment.held[i];
	gs_pid pid;

	if (held->pidfd >= 0 || torment.servers >= STOPPED_SERVERS)
		return;
	held->pidfd = seize(server_name(i), &pid);
	if (held->pidfd < 0)
		return;
	note(NOBODY, i, "stopped");
	hit(held->pidfd, SIGSTOP);
	held->until = now_ms() + 5 + chance(&torment.seed, 400);
	torment.servers++;
	count(N_stops, 1);
}

/* The one who forks them all: its end is nobody else's. */
static inline void
harm_root(bool kill)
{
	static const int signals[] = { SIGKILL, SIGSEGV, SIGABRT };
	gs_addr root = GS_PID(gsi_root_pid(gsi_self()));
	int sig = kill ? signals[chance(&torment.seed, 3)] : SIGSTOP;
	gs_pid pid;
	int fd;

	if (torment.root.pidfd >= 0)
		return;
	fd = seize(root, &pid);
	if (fd < 0)
		return;
	note(NOBODY, NOBODY, "root %u.%u gets signal %d", pid.slot, pid.gen,
	    sig);
	hit(fd, sig);
	count(kill ? N_roots : N_stops, 1);
	if (kill) {
		close(fd);
		return;
	}
	torment.root.pidfd = fd;
	torment.root.until = now_ms() + 5 + chance(&torment.seed, 400);
	torment.servers++;
}

static inline void
go_on(struct held *held)
{
	hit(held->pidfd, SIGCONT);
	close(held->pidfd);
	held->pidfd = -1;
	torment.servers--;
}

#endif
