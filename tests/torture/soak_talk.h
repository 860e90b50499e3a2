/* SPDX-License-Identifier: Apache-2.0 */
/* A call of a voice: to whom, how long, how it is to be answered. */
#ifndef GS_TESTS_SOAK_TALK_H
#define GS_TESTS_SOAK_TALK_H

#include "tests/torture/soak_check.h"

/* Asks what v->out has; the mode says how it is to be answered. */
static inline void
talk(struct voice *v, struct talk *t)
{
	struct request *r = (void *)v->out.room;
	gs_bytes request = seal_request(r), reply = GS_NONE;

	t->ask = *r;
	begin(v, r->op, t->timeout);
	t->status = gs_call(address(t), request, &reply, t->timeout);
	t->ms = end(v);
	note(v->me, t->server, "op %u %llx #%llu mode %u: %d in %lld ms", r->op,
	    (unsigned long long)r->id, (unsigned long long)r->number, r->mode,
	    t->status, (long long)t->ms);
	if (t->status == 0 || t->status == -ETIMEDOUT ||
	    t->status == -ECONNRESET)
		v->known[t->server].number++;
	check_time(v, t);
	check_status(v, t, reply);
}

/* To whom, how long, and how the answer shall come. */
static inline struct request *
prepare(struct voice *v, struct talk *t, enum op op)
{
	static const int timeouts[] = { 5, 50, 300, 1000, PATIENT };
	uint32_t dice = chance(&v->seed, 100);
	struct request *r;

	*t = (struct talk){ .server = some_server(&v->seed) };
	r = new_request(v, t->server, op);
	r->back = some_size(&v->seed, BODY_MAX);
	t->timeout = timeouts[chance(&v->seed, 5)];
	t->patient = t->timeout == PATIENT;
	r->mode = dice < 70   ? MODE_NOW
		  : dice < 80 ? MODE_LATE
		  : dice < 90 ? MODE_OTHER
		  : dice < 95 ? MODE_TWICE
			      : MODE_NEVER;
	if (r->mode == MODE_LATE)
		r->delay = chance(&v->seed, 60);
	/* the other one may be dead, or die over it */
	if (r->mode == MODE_OTHER || r->mode == MODE_NEVER) {
		t->timeout = r->mode == MODE_OTHER ? 500 : 10;
		t->patient = false;
	}
	if (chance(&v->seed, 2) == 0)
		(void)!gs_whereis(
		    gs_addr_name(server_name(t->server)), &t->pid);
	else if (chance(&v->seed, 5) == 0)
		t->pid = v->known[t->server].pid;
	return r;
}

#endif
