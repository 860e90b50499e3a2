/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a voice has set and waits for: monitors, links, timers.  Each must
 * come once, and not at all when it was called off.
 */
#ifndef GS_TESTS_SOAK_TIE_H
#define GS_TESTS_SOAK_TIE_H

#include "tests/torture/soak_post.h"

/* ---- monitors ---- */

static inline void
keep_monitor(
    struct voice *v, struct monitor *m, gs_pid pid, uint32_t server, gs_ref ref)
{
	*m = (struct monitor){ .ref = ref, .pid = pid, .server = server };
	note(v->me, server, "monitor %llu of %u.%u", (unsigned long long)ref.id,
	    pid.slot, pid.gen);
}

static inline void
do_monitor(struct voice *v)
{
	struct monitor *m = &v->monitor[chance(&v->seed, WATCHES)];
	uint32_t server = some_server(&v->seed);
	gs_pid pid;
	gs_ref ref;
	int status;

	begin(v, 100, -1);
	if (m->ref.id != 0) {
		status = gs_demonitor(m->ref, true);
		note(v->me, m->server, "demonitor %llu: %d",
		    (unsigned long long)m->ref.id, status);
		if (status != 0)
			wrong(v->me, m->server, "demonitor: %d", status);
		m->ref.id = 0;
	} else if (gs_whereis(gs_addr_name(server_name(server)), &pid) == 0) {
		status = gs_monitor(GS_PID(pid), &ref);
		if (status == 0)
			keep_monitor(v, m, pid, server, ref);
		else
			wrong(v->me, server, "monitor: %d", status);
	}
	end(v);
}

static inline void
took_down(struct voice *v, const gs_info *info)
{
	count(N_downs, 1);
	for (uint32_t i = 0; i < WATCHES; i++) {
		struct monitor *m = &v->monitor[i];

		if (m->ref.id != info->ref.id)
			continue;
		note(v->me, m->server, "DOWN %llu: %s",
		    (unsigned long long)info->ref.id, info->reason);
		if (!gs_pid_equal(m->pid, info->from))
			wrong(v->me, m->server, "a DOWN of somebody else");
		if (gs_alive(info->from))
			wrong(v->me, m->server, "DOWN of a living one");
		judge(v->me, m->server, info->from, info->reason, false);
		m->ref.id = 0;
		return;
	}
	if (v->strays > 0) {
		v->strays--;
		return;
	}
	wrong(v->me, NOBODY, "DOWN %llu came twice, or after demonitor",
	    (unsigned long long)info->ref.id);
}

/* The news of a death must come. */
static inline void
look_for_downs(struct voice *v)
{
	for (uint32_t i = 0; i < WATCHES; i++) {
		struct monitor *m = &v->monitor[i];

		if (m->ref.id == 0 || gs_alive(m->pid))
			continue;
		if (m->dead == 0 || was_stopped(v))
			m->dead = now_ms();
		else if (now_ms() - m->dead >
			 2 * (int64_t)SLACK * test_slowness())
			wrong(v->me, m->server, "no DOWN %llu",
			    (unsigned long long)m->ref.id);
	}
}

/* ---- links ---- */

static inline void
do_link(struct voice *v)
{
	struct link *l = &v->link[chance(&v->seed, LINKS)];
	uint32_t server = some_server(&v->seed);
	gs_pid pid;

	begin(v, 101, -1);
	if (!gs_pid_is_none(l->pid)) {
		note(v->me, l->server, "unlink");
		if (gs_unlink(l->pid) != 0)
			wrong(v->me, l->server, "unlink: %s", gs_error_text());
		l->pid = GS_NO_PID;
	} else if (gs_whereis(gs_addr_name(server_name(server)), &pid) == 0) {
		for (uint32_t i = 0; i < LINKS; i++)
			if (gs_pid_equal(v->link[i].pid, pid))
				l = NULL;
		if (l) {
			*l = (struct link){ pid, server };
			/* unless it traps exits by now it dies as I die */
			condemn(pid, BY_LINK);
			note(v->me, server, "link");
			if (gs_link(GS_PID(pid)) != 0)
				wrong(
				    v->me, server, "link: %s", gs_error_text());
		}
	}
	end(v);
}

static inline void
took_exit(struct voice *v, const gs_info *info)
{
	count(N_exits, 1);
	for (uint32_t i = 0; i < LINKS; i++) {
		struct link *l = &v->link[i];

		if (!gs_pid_equal(l->pid, info->from))
			continue;
		note(v->me, l->server, "EXIT: %s", info->reason);
		judge(v->me, l->server, info->from, info->reason, false);
		l->pid = GS_NO_PID;
		return;
	}
	wrong(v->me, NOBODY, "EXIT of %u.%u twice, or after unlink: %s",
	    info->from.slot, info->from.gen, info->reason);
}

#endif
