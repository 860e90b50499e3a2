/* SPDX-License-Identifier: Apache-2.0 */
/* The servers of the soak: the callbacks, and what each request does. */
#ifndef GS_TESTS_SOAK_KV_H
#define GS_TESTS_SOAK_KV_H

#include "tests/torture/soak_crash.h"

/* A message back, numbered from 1 for each life. */
static inline void
echo(struct kv *kv, const struct request *r, struct ledger *ledger, gs_pid to)
{
	struct answer plan = answer_to(kv, r);
	int status;

	plan.number = ledger->echoes + 1;
	status = gs_send(GS_PID(to), with_bytes(&plan));
	if (status == 0)
		ledger->echoes++;
	else if (status != -EAGAIN && status != -EMSGSIZE)
		wrong(r->voice, kv->me, "echo: %d %s", status, gs_error_text());
}

static inline void
watch(struct kv *kv, gs_pid whom)
{
	struct watched *w = &kv->watched[chance(&kv->seed, WATCHED)];
	gs_ref ref;

	if (w->ref != 0)
		gs_demonitor((gs_ref){ w->ref }, true);
	w->ref = 0;
	if (gs_monitor(GS_PID(whom), &ref) != 0)
		return;
	w->ref = ref.id;
	w->pid = whom;
}

/* Upwards only, so that two never wait for each other. */
static inline void
ask_other(struct kv *kv)
{
	uint32_t i = kv->me + 1 + chance(&kv->seed, 10);
	gs_bytes reply;

	if (i < SERVERS &&
	    gs_call(server_name(i), GS_TEXT("who"), &reply, 50) == 0 &&
	    gs_long(reply, -1) != (long)i)
		wrong(NOBODY, kv->me, "%u answers for %u",
		    (uint32_t)gs_long(reply, -1), i);
}

static inline void
act(struct kv *kv, const struct request *r, struct ledger *ledger,
    struct answer *answer)
{
	switch ((enum op)r->op) {
	case OP_PUT:
		ledger->value[r->key % KEYS] = r->id;
		break;
	case OP_GET:
		answer->value = ledger->value[r->key % KEYS];
		break;
	case OP_ASK:
		ask_other(kv);
		break;
	default:
		break;
	}
}

/* Hibernation and time-outs come with any verdict. */
static inline gs_next
adorned(struct kv *kv, gs_next next)
{
	uint32_t dice = chance(&kv->seed, 100);

	if (dice < 2)
		return gs_with_hibernate(next);
	if (dice < 6)
		return gs_with_timeout(next, (int)chance(&kv->seed, 50));
	return next;
}

/* Requests in words: from gsctl, and who. */
static inline gs_next
call_in_words(struct kv *kv, gs_bytes request)
{
	gs_bytes rest;

	if (gs_is(request, "who"))
		return gs_next_reply(GS_STR("%u", kv->me));
	if (gs_verb(request, "echo", &rest))
		return gs_next_reply(
		    GS_STR("%.*s", (int)rest.size, (const char *)rest.data));
	wrong(NOBODY, kv->me, "words: %.*s", (int)request.size,
	    (const char *)request.data);
	return gs_next_reply(GS_NONE);
}

static inline gs_next
kv_call(void *state, gs_bytes request, gs_from from)
{
	struct kv *kv = state;
	const struct request *r;
	struct ledger *ledger;
	struct answer answer;

	if (request.size < sizeof(*r))
		return adorned(kv, call_in_words(kv, request));
	r = kv_open(kv, request);
	ledger = r ? take_numbered(kv, r) : NULL;
	if (!ledger)
		return gs_next_stop("wrong");
	answer = answer_to(kv, r);
	if (r->op == OP_CRASH)
		return crash(kv, r, &answer);
	if (r->op == OP_ECHO)
		echo(kv, r, ledger, from.pid);
	if (r->op == OP_WATCH)
		watch(kv, from.pid);
	act(kv, r, ledger, &answer);
	return adorned(kv, reply_as(kv, r, from, &answer));
}

static inline gs_next
kv_cast(void *state, gs_bytes request)
{
	struct kv *kv = state;
	const struct request *r;
	struct ledger *ledger;
	struct answer answer;
	uint32_t late;

	if (run_errand(kv, request, &late))
		return adorned(kv, gs_next_noreply());
	r = kv_open(kv, request);
	ledger = r ? take_numbered(kv, r) : NULL;
	if (!ledger)
		return gs_next_stop("wrong");
	if (r->op == OP_CRASH)
		return crash(kv, r, NULL);
	answer = answer_to(kv, r);
	act(kv, r, ledger, &answer);
	return adorned(kv, gs_next_noreply());
}

#endif
