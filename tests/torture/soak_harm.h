/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a voice does to servers by the ways of the library: exit signals,
 * restarts; and servers of its own, guests, that it starts and stops.
 */
#ifndef GS_TESTS_SOAK_HARM_H
#define GS_TESTS_SOAK_HARM_H

#include "tests/torture/soak_info.h"
#include "tests/torture/soak_name.h"

static inline void
do_signal(struct voice *v)
{
	uint32_t server = some_server(&v->seed);
	bool brutal = chance(&v->seed, 2) == 0;
	gs_pid pid;
	int status;

	if (gs_whereis(gs_addr_name(server_name(server)), &pid) != 0)
		return;
	begin(v, 104, -1);
	/* also one that traps exits: it may not have come so far */
	condemn(pid, brutal ? BY_KILL : BY_BLOW);
	note(v->me, server, "exit signal, brutal %d", brutal);
	status = gs_exit_signal(GS_PID(pid), brutal ? "kill" : "blow");
	if (status != 0)
		wrong(v->me, server, "exit signal: %d %s", status,
		    gs_error_text());
	end(v);
	count(N_kills, 1);
}

/*
 * The root supervisor may be killed over it, the child killed in its init, or
 * be under way already; in the end it is up again.
 */
static inline void
do_restart(struct voice *v)
{
	uint32_t server = some_server(&v->seed);
	gs_pid pid;
	int status;

	gm_store(&board->voice[v->me].restarts, server + 1, release);
	begin(v, 105, PATIENT);
	status = gs_child_restart(server_name(server), &pid, PATIENT);
	end(v);
	restart_over(v->me);
	note(v->me, server, "restart: %d", status);
	count(N_restarts, 1);
	if (status != 0 && status != -EBUSY && status != -ECHILD &&
	    status != -ECONNRESET && status != -ENOENT && status != -ESRCH &&
	    status != -EEXIST)
		wrong(v->me, server, "restart: %d %s", status, gs_error_text());
}

static inline void
use_guest(struct voice *v, gs_pid pid)
{
	gs_bytes reply;
	int status;

	begin(v, 106, PATIENT);
	status = gs_call(GS_PID(pid), GS_TEXT("hello"), &reply, PATIENT);
	end(v);
	/* it may have gone, when I was stopped meanwhile */
	if (status == 0 && !gs_is(reply, "hello"))
		wrong(v->me, NOBODY, "a guest says something else");
	if (status == -ETIMEDOUT && !was_stopped(v))
		wrong(v->me, NOBODY, "a guest is silent");
	begin(v, 107, PATIENT);
	status = gs_stop(GS_PID(pid), NULL, PATIENT);
	end(v);
	if (status != 0 && status != -ESRCH && !was_stopped(v))
		wrong(v->me, NOBODY, "stop: %d %s", status, gs_error_text());
	if (gs_alive(pid) && status == 0)
		wrong(v->me, NOBODY, "a guest that was stopped lives");
}

static inline void
do_guest(struct voice *v)
{
	static const char *const arguments[] = { "", "", "ignore", "fail" };
	static const int expected[] = { 0, 0, -ECANCELED, -ECHILD };
	uint32_t way = chance(&v->seed, 4);
	struct monitor *m = &v->monitor[chance(&v->seed, WATCHES)];
	gs_bytes argument = GS_TEXT(arguments[way]);
	bool watched = way < 2 && m->ref.id == 0;
	gs_ref ref = { 0 };
	gs_pid pid;
	int status;

	begin(v, 108, -1);
	if (watched) {
		status =
		    gs_start_monitor(&soak_guest, argument, NULL, &pid, &ref);
		if (status == 0)
			keep_monitor(v, m, pid, NOBODY, ref);
	} else {
		status = gs_start(&soak_guest, argument, NULL, &pid);
	}
	end(v);
	note(v->me, NOBODY, "guest %u: %d", way, status);
	count(N_guests, 1);
	/* the root supervisor was killed over it: it is there or not */
	if (status == -ECONNRESET || status == -ESRCH) {
		v->strays += watched;
		return;
	}
	if (status != expected[way])
		wrong(v->me, NOBODY, "guest %u: %d %s", way, status,
		    gs_error_text());
	if (status == 0)
		use_guest(v, pid);
}

#endif
