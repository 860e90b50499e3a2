/* SPDX-License-Identifier: Apache-2.0 */
/* What a voice takes from its mailbox, and the timers it sets for that. */
#ifndef GS_TESTS_SOAK_TAKE_H
#define GS_TESTS_SOAK_TAKE_H

#include "tests/torture/soak_tie.h"

/* ---- timers of its own ---- */

static inline void
do_alarm(struct voice *v)
{
	struct alarm *a = &v->alarm[chance(&v->seed, ALARMS)];
	uint32_t ms = chance(&v->seed, 100);
	struct voice_alarm {
		uint64_t id, twice;
	} body;

	if (a->ref.id != 0) {
		/* not there any more: it is in the mailbox */
		if (gs_cancel_timer(a->ref) >= 0)
			a->ref.id = 0;
		return;
	}
	a->id = ++v->n_alarms;
	a->due = gs_now() + ms;
	body.id = body.twice = a->id;
	if (gs_send_after((int)ms, GS_PID(v->self), GS_OBJECT(body), &a->ref) !=
	    0)
		wrong(v->me, NOBODY, "no timer: %s", gs_error_text());
}

static inline void
took_timer(struct voice *v, const gs_info *info)
{
	count(N_timers, 1);
	for (uint32_t i = 0; i < ALARMS; i++) {
		struct alarm *a = &v->alarm[i];

		if (a->ref.id != info->ref.id)
			continue;
		if (gs_now() < a->due)
			wrong(v->me, NOBODY, "a timer is early");
		if (info->body.size < sizeof(a->id) ||
		    memcmp(info->body.data, &a->id, sizeof(a->id)) != 0)
			wrong(v->me, NOBODY, "another timer's message");
		a->ref.id = 0;
		return;
	}
	wrong(v->me, NOBODY, "a timer fired twice, or after it was cancelled");
}

/* ---- what comes ---- */

/* An echo: numbered by the server, for this voice. */
static inline void
took_message(struct voice *v, const gs_info *info)
{
	const struct answer *a = open_answer(info->body);
	struct known *known;

	if (!a || a->voice != v->me || a->life != v->life) {
		wrong(v->me, a ? a->server : NOBODY,
		    "a message that is torn "
		    "or for somebody else");
		return;
	}
	known = &v->known[a->server];
	if (known->echo_births != a->births) {
		if (known->echo_births > a->births)
			wrong(v->me, a->server, "an echo of the dead");
		known->echo_births = a->births;
		known->echo = 0;
	}
	if (a->number != ++known->echo)
		wrong(v->me, a->server, "echo %llu in place of %llu",
		    (unsigned long long)a->number,
		    (unsigned long long)known->echo);
	count(N_echoes, 1);
}

static inline void
take_what_comes(struct voice *v, int ms)
{
	gs_info info;
	int status;

	for (;;) {
		begin(v, 102, ms);
		status = gs_receive(&info, ms);
		end(v);
		if (status != 0)
			break;
		switch (info.kind) {
		case GS_INFO_MESSAGE:
			took_message(v, &info);
			break;
		case GS_INFO_TIMER:
			took_timer(v, &info);
			break;
		case GS_INFO_DOWN:
			took_down(v, &info);
			break;
		case GS_INFO_EXIT:
			took_exit(v, &info);
			break;
		case GS_INFO_TIMEOUT:
		case GS_INFO_RESPONSE:
		case GS_INFO_FD:
		case GS_INFO_SIGNAL:
		case GS_INFO_CANCELLED:
			wrong(v->me, NOBODY, "a message nobody sent");
		}
		ms = 0;
	}
	if (status != -ETIMEDOUT)
		wrong(v->me, NOBODY, "receive: %d", status);
}

#endif
