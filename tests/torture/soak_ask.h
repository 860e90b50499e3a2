/* SPDX-License-Identifier: Apache-2.0 */
/* What a voice asks the servers: puts, gets, and to end. */
#ifndef GS_TESTS_SOAK_ASK_H
#define GS_TESTS_SOAK_ASK_H

#include "tests/torture/soak_talk.h"

static inline void
do_put(struct voice *v)
{
	struct talk t;
	struct request *r = prepare(v, &t, OP_PUT);
	struct key *k = &v->known[t.server].key[r->key];

	talk(v, &t);
	if (t.status == 0) {
		key_put(k, t.ask.id, t.answer->births);
		count(N_puts, 1);
	} else if (t.status == -ETIMEDOUT) {
		key_maybe(k, t.ask.id);
	}
}

static inline void
get(struct voice *v, struct talk *t, uint32_t key)
{
	struct key *k = &v->known[t->server].key[key];

	talk(v, t);
	if (t->status != 0)
		return;
	if (!key_may_hold(k, t->answer->value, t->answer->births))
		wrong(v->me, t->server,
		    "put %llx of incarnation %llu is not there: %llx in %llu",
		    (unsigned long long)k->id, (unsigned long long)k->births,
		    (unsigned long long)t->answer->value,
		    (unsigned long long)t->answer->births);
	key_seen(k, t->answer->value, t->answer->births);
	count(N_gets, 1);
}

static inline void
do_get(struct voice *v)
{
	struct talk t;

	get(v, &t, prepare(v, &t, OP_GET)->key);
}

/* At the end of a life: all that it has put. */
static inline void
account(struct voice *v)
{
	for (uint32_t i = 0; i < SERVERS; i++) {
		for (uint32_t j = 0; j < KEYS; j++) {
			struct talk t = { .server = i, .timeout = 1000 };

			if (v->known[i].key[j].id == 0)
				continue;
			new_request(v, i, OP_GET)->key = j;
			get(v, &t, j);
		}
	}
}

static inline void
do_other(struct voice *v, enum op op)
{
	struct talk t;

	prepare(v, &t, op);
	talk(v, &t);
}

/* In every way a server can end; the answer comes first in one of them. */
static inline void
do_crash(struct voice *v)
{
	static const enum fate fates[] = { BY_SEGV, BY_ABORT, BY_EXIT, BY_END,
		BY_LEFT, BY_BORED, BY_KILL };
	struct talk t;
	struct request *r = prepare(v, &t, OP_CRASH);

	t.timeout = PATIENT;
	t.patient = true;
	r->mode = fates[chance(&v->seed, 7)];
	if (chance(&v->seed, 2) == 0) {
		talk(v, &t);
		if (t.status == 0 && t.ask.mode != BY_BORED)
			wrong(v->me, t.server, "a server survived");
		return;
	}
	if (gs_cast(server_name(t.server), seal_request(r)) == 0)
		v->known[t.server].number++;
}

#endif
