/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clients as the main program of the soak has them: its own children, so
 * their numbers are safe.  Each seat is taken, killed, stopped, and reaped.
 */
#ifndef GS_TESTS_SOAK_SEATS_H
#define GS_TESTS_SOAK_SEATS_H

#include "tests/torture/soak_torment.h"

static inline void
seat_taken(uint32_t i)
{
	struct seat *seat = &torment.seat[i];
	uint64_t number = seat->number + 1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(torment.log, STDERR_FILENO);
		if (i >= SEATS - LINES_SEATS)
			lines_main(i, number);
		client_main(i, i < THREADED_SEATS ? THREADS : 1, number);
	}
	*seat = (struct seat){ .pid = pid, .number = number };
	note(i * THREADS, NOBODY, "client %d", (int)pid);
}

static inline void
kill_client(uint32_t i, uint32_t way)
{
	static const int signals[] = { SIGKILL, SIGKILL, SIGSEGV, SIGTERM };
	static const enum fate fates[] = { BY_KILL, BY_KILL, BY_SEGV, BY_TERM };
	struct seat *seat = &torment.seat[i];

	if (seat->pid <= 1 || seat->signal != 0)
		return;
	for (uint32_t t = 0; t < THREADS; t++) {
		uint64_t pid =
		    gm_load(&board->voice[i * THREADS + t].pid, acquire);

		condemn((gs_pid){ 0, (uint32_t)(pid >> 32), (uint32_t)pid },
		    fates[way]);
	}
	seat->signal = signals[way];
	note(i * THREADS, NOBODY, "killed by %d", signals[way]);
	kill(seat->pid, signals[way]);
	count(N_kills, 1);
}

/* The board says so before it is stopped, and after it goes on. */
static inline void
stop_client(uint32_t i)
{
	struct seat *seat = &torment.seat[i];

	if (seat->pid <= 1 || seat->until != 0 || seat->signal != 0 ||
	    torment.clients >= STOPPED_CLIENTS)
		return;
	atomic_fetch_add(&board->stops[i], 1);
	kill(seat->pid, SIGSTOP);
	seat->until = now_ms() + 5 + chance(&torment.seed, 300);
	torment.clients++;
	count(N_stops, 1);
	note(i * THREADS, NOBODY, "stopped");
}

static inline void
client_goes_on(uint32_t i)
{
	struct seat *seat = &torment.seat[i];

	kill(seat->pid, SIGCONT);
	/* its time begins anew */
	for (uint32_t t = 0; t < THREADS; t++) {
		struct voice_board *vb = &board->voice[i * THREADS + t];

		if (gm_load(&vb->until, relaxed) != 0)
			gm_store(&vb->until, now_ms() + CALM, relaxed);
	}
	atomic_fetch_add(&board->stops[i], 1);
	seat->until = 0;
	torment.clients--;
}

/* True when the seat is free. */
static inline bool
reap(uint32_t i)
{
	struct seat *seat = &torment.seat[i];
	char text[100];
	int status;

	if (seat->pid == 0)
		return true;
	if (waitpid(seat->pid, &status, WNOHANG) != seat->pid)
		return false;
	if (seat->until != 0)
		client_goes_on(i);
	if (status != 0 && (seat->signal == 0 || !WIFSIGNALED(status) ||
			       WTERMSIG(status) != seat->signal))
		wrong(i * THREADS, NOBODY, "client %u: %s", i,
		    test_ending(status, text, sizeof(text)));
	seat->pid = 0;
	for (uint32_t t = 0; t < THREADS; t++) {
		struct voice_board *vb = &board->voice[i * THREADS + t];

		gm_store(&vb->until, 0, relaxed);
		gm_store(&vb->life, 0, relaxed);
		restart_over(i * THREADS + t);
	}
	return true;
}

#endif
