/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must be true of how a call ends: the right answer from the right
 * server, no later than the time-out, and at once when the server is killed.
 */
#ifndef GS_TESTS_SOAK_CHECK_H
#define GS_TESTS_SOAK_CHECK_H

#include "tests/torture/soak_voice.h"

/* One call: what was asked, of whom, and how it ended. */
struct talk {
	uint32_t server;
	gs_pid pid; /* none: by name */
	int timeout;
	bool patient; /* it must not time out */
	struct request ask; /* without bytes */
	int status;
	int64_t ms;
	const struct answer *answer; /* if status is 0 */
};

static inline gs_addr
address(const struct talk *t)
{
	return gs_pid_is_none(t->pid) ? server_name(t->server) : GS_PID(t->pid);
}

static inline void
check_answer(struct voice *v, struct talk *t, gs_bytes reply)
{
	struct known *known = &v->known[t->server];
	const struct answer *a = open_answer(reply);

	if (!a) {
		wrong(v->me, t->server, "a torn answer: %zu bytes", reply.size);
		t->status = -EBADMSG;
		return;
	}
	if (a->id != t->ask.id || a->voice != v->me || a->life != v->life ||
	    a->server != t->server || a->size != t->ask.back)
		wrong(v->me, t->server,
		    "the answer of %u to %llx of voice %u, to %llx", a->server,
		    (unsigned long long)a->id, a->voice,
		    (unsigned long long)t->ask.id);
	if (a->births < known->births)
		wrong(v->me, t->server, "incarnation %llu after %llu",
		    (unsigned long long)a->births,
		    (unsigned long long)known->births);
	if (!gs_pid_is_none(t->pid) && !gs_pid_equal(a->who, t->pid))
		wrong(v->me, t->server, "another pid answers");
	known->births = a->births;
	known->pid = a->who;
	t->answer = a;
}

/* It was killed: was I told at once, and the right reason? */
static inline void
check_reset(struct voice *v, const struct talk *t)
{
	const uint32_t at_once = 1u << BY_KILL | 1u << BY_ABORT |
				 1u << BY_EXIT | 1u << BY_END | 1u << BY_LEFT |
				 1u << BY_BORED;
	int64_t at, now = now_ms();
	uint32_t fates;

	count(N_resets, 1);
	if (gs_pid_is_none(t->pid))
		return;
	judge(v->me, t->server, t->pid, gs_error_reason(), false);
	fates = fates_of(t->pid) & ~BORN;
	at = gm_load(&doom_of(t->pid)->at, relaxed);
	if (fates == 0 || (fates & ~at_once) || was_stopped(v))
		return;
	at = now - (at > v->began ? at : v->began);
	if (at > gm_load(&board->slowest, relaxed))
		gm_store(&board->slowest, at, relaxed);
	if (at > (int64_t)SLACK * test_slowness())
		wrong(v->me, t->server, "told of a kill after %lld ms",
		    (long long)at);
}

static inline void
check_time(struct voice *v, const struct talk *t)
{
	if (t->status == -ETIMEDOUT && t->ms + 1 < t->timeout)
		wrong(v->me, t->server, "timed out after %lld ms of %d",
		    (long long)t->ms, t->timeout);
	if (was_stopped(v))
		return;
	if (t->ms > t->timeout + (int64_t)SLACK * test_slowness())
		wrong(v->me, t->server, "call returned %d after %lld ms of %d",
		    t->status, (long long)t->ms, t->timeout);
	if (t->status == -ETIMEDOUT && t->patient)
		wrong(v->me, t->server, "no answer in %d ms", t->timeout);
}

static inline void
check_status(struct voice *v, struct talk *t, gs_bytes reply)
{
	switch (t->status) {
	case 0:
		check_answer(v, t, reply);
		break;
	case -ETIMEDOUT:
		count(N_timeouts, 1);
		break;
	case -ECONNRESET:
		check_reset(v, t);
		break;
	case -ESRCH:
		if (!gs_pid_is_none(t->pid) && gs_alive(t->pid))
			wrong(v->me, t->server, "ESRCH of a living one");
		count(N_absent, 1);
		break;
	case -ENOENT:
		count(N_absent, 1);
		break;
	case -EAGAIN:
		count(N_full, 1);
		break;
	default:
		wrong(v->me, t->server, "call: %d %s", t->status,
		    gs_error_text());
	}
}

#endif
