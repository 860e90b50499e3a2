/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a server of the soak answers: at once, twice, late by a timer, through
 * another server, or never.
 */
#ifndef GS_TESTS_SOAK_ERRAND_H
#define GS_TESTS_SOAK_ERRAND_H

#include "tests/torture/soak_server.h"

static inline gs_bytes
seal_errand(struct errand *e, gs_from to, const struct answer *answer)
{
	memset(e, 0, sizeof(*e));
	e->magic = ERRAND;
	e->to = to;
	e->answer = *answer;
	return GS_OBJECT(*e);
}

static inline void
send_errand(struct errand *e)
{
	e->check = 0;
	e->check = sum(e, sizeof(*e));
}

/* False: it was none.  A damaged one is wrong. */
static inline bool
run_errand(const struct kv *kv, gs_bytes bytes, uint32_t *late)
{
	struct errand e;
	uint64_t check;

	if (bytes.size != sizeof(e))
		return false;
	memcpy(&e, bytes.data, sizeof(e));
	if (e.magic != ERRAND)
		return false;
	check = e.check;
	e.check = 0;
	if (check != sum(&e, sizeof(e)))
		wrong(e.answer.voice, kv->me, "a torn errand");
	*late = e.late;
	gs_reply(e.to, with_bytes(&e.answer));
	return true;
}

static inline void
answer_late(
    struct kv *kv, gs_from from, const struct answer *answer, uint32_t delay)
{
	struct errand e;
	struct late *late = kv->late;

	while (late < kv->late + LATE && late->number != 0)
		late++;
	if (late == kv->late + LATE) {
		gs_reply(from, with_bytes(answer));
		return;
	}
	seal_errand(&e, from, answer);
	e.late = late->number = ++kv->n_late;
	late->due = gs_now() + delay;
	send_errand(&e);
	if (gs_send_after((int)delay, GS_PID(kv->self), GS_OBJECT(e), NULL) !=
	    0)
		wrong(answer->voice, kv->me, "no timer: %s", gs_error_text());
}

static inline void
timer_fired(struct kv *kv, uint32_t number)
{
	for (uint32_t i = 0; i < LATE; i++) {
		struct late *late = &kv->late[i];

		if (late->number != number)
			continue;
		if (gs_now() < late->due)
			wrong(NOBODY, kv->me, "timer %u is early", number);
		late->number = 0;
		return;
	}
	wrong(
	    NOBODY, kv->me, "timer %u fired twice, or was never made", number);
}

static inline void
answer_by_other(struct kv *kv, gs_from from, const struct answer *answer)
{
	struct errand e;

	seal_errand(&e, from, answer);
	send_errand(&e);
	gs_cast(server_name(
		    (kv->me + 1 + chance(&kv->seed, SERVERS - 1)) % SERVERS),
	    GS_OBJECT(e));
}

static inline gs_next
reply_as(struct kv *kv, const struct request *r, gs_from from,
    const struct answer *answer)
{
	switch ((enum mode)r->mode) {
	case MODE_NOW:
		return gs_next_reply(with_bytes(answer));
	case MODE_LATE:
		answer_late(kv, from, answer, r->delay);
		break;
	case MODE_OTHER:
		answer_by_other(kv, from, answer);
		break;
	case MODE_TWICE:
		gs_reply(from, with_bytes(answer));
		return gs_next_reply(with_bytes(answer));
	case MODE_NEVER:
	case MODES:
		break;
	}
	return gs_next_noreply();
}

#endif
