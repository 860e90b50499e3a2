/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Servers under load whose answers are checked: of bystanders all of them, of
 * victims, in whose mailboxes others scribble, those that vouch for themselves.
 */
#ifndef GS_TESTS_TORTURE_CROWD_H
#define GS_TESTS_TORTURE_CROWD_H

#include <errno.h>
#include <genserver.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/runner.h"

#define BYSTANDERS 40
#define VICTIMS 10
#define CLIENTS 4
#define PATIENCE 20000 /* ms: no bystander's answer takes that long */
#define CALL_MS 3000

enum op { ASK, COUNT, RELAY };

struct question {
	uint64_t nonce;
	uint32_t op;
	uint32_t client;
	uint64_t sum;
};

struct reply {
	uint64_t nonce; /* 0: the question was no question */
	uint64_t value;
	uint64_t sum;
};

struct member {
	uint64_t id;
	uint64_t casts[CLIENTS];
};

static uint64_t
mix(uint64_t a, uint64_t b)
{
	a = (a ^ b) * 0x9e3779b97f4a7c15u;
	return a ^ a >> 29;
}

static struct question
question(enum op op, uint64_t nonce, uint32_t client)
{
	struct question q = { nonce, op, client, 0 };

	q.sum = mix(mix(nonce, op + 1), client + 1);
	return q;
}

static bool
is_question(gs_bytes body, struct question *q)
{
	if (body.size != sizeof(*q))
		return false;
	memcpy(q, body.data, sizeof(*q));
	return q->sum == question(q->op, q->nonce, q->client).sum &&
	       q->client < CLIENTS;
}

static struct reply
reply_of(uint64_t nonce, uint64_t value)
{
	struct reply r = { nonce, value, mix(mix(nonce, value), 77) };

	return r;
}

static bool
is_reply(gs_bytes body, struct reply *r)
{
	if (body.size != sizeof(*r))
		return false;
	memcpy(r, body.data, sizeof(*r));
	return r->sum == reply_of(r->nonce, r->value).sum;
}

static uint64_t
right(uint64_t id, uint64_t nonce)
{
	return mix(id + 1, nonce);
}

static gs_next
member_init(void *state, gs_bytes argument)
{
	struct member *m = state;

	m->id = (uint64_t)gs_long(argument, 0);
	return gs_ok();
}

/* Only upwards, so that no two wait for each other. */
static uint64_t
relay(const struct member *m, const struct question *q)
{
	struct question on = question(ASK, q->nonce, q->client);
	struct reply r = { 0 };
	gs_bytes body;
	char name[16];

	snprintf(name, sizeof(name), "b%d", (int)m->id + 1);
	if (gs_call(GS_NAME(name), GS_OBJECT(on), &body, PATIENCE) != 0 ||
	    !is_reply(body, &r))
		return 0;
	return r.value;
}

static gs_next
member_call(void *state, gs_bytes request, gs_from from)
{
	struct member *m = state;
	struct question q;
	struct reply r = { 0 };

	(void)from;
	if (!is_question(request, &q))
		return gs_next_reply(GS_OBJECT(r));
	if (q.op == COUNT)
		r = reply_of(q.nonce, m->casts[q.client]);
	else if (q.op == RELAY && m->id + 1 < BYSTANDERS)
		r = reply_of(q.nonce, relay(m, &q));
	else
		r = reply_of(q.nonce, right(m->id, q.nonce));
	return gs_next_reply(GS_OBJECT(r));
}

static gs_next
member_cast(void *state, gs_bytes request)
{
	struct member *m = state;
	struct question q;

	if (is_question(request, &q))
		m->casts[q.client]++;
	return gs_next_noreply();
}

static GS_SERVER(member, .state_size = sizeof(struct member),
    .init = member_init, .handle_call = member_call,
    .handle_cast = member_cast);

#endif
