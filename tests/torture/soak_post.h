/* SPDX-License-Identifier: Apache-2.0 */
/* What a voice sends without waiting: casts, messages, by timers. */
#ifndef GS_TESTS_SOAK_POST_H
#define GS_TESTS_SOAK_POST_H

#include "tests/torture/soak_ask.h"

/* Only what arrives, or may have, takes a number. */
static inline bool
sent(struct voice *v, uint32_t server, const char *how, int status)
{
	const struct request *r = (void *)v->out.room;

	note(v->me, server, "%s %llx #%llu, op %u: %d", how,
	    (unsigned long long)r->id, (unsigned long long)r->number, r->op,
	    status);
	if (status == 0)
		v->known[server].number++;
	else if (status == -EAGAIN || status == -ETIMEDOUT)
		count(N_full, 1);
	else if (status != -ENOENT && status != -ESRCH)
		wrong(v->me, server, "%s: %d %s", how, status, gs_error_text());
	return status == 0;
}

static inline void
do_cast(struct voice *v)
{
	uint32_t server = some_server(&v->seed);
	uint32_t n = 1 + chance(&v->seed, 8);
	gs_addr to = server_name(server);
	struct request *r;
	int status;

	/* now and then so many that the mailbox is full */
	if (chance(&v->seed, 20) == 0)
		n = 200;
	for (; n > 0; n--) {
		r = new_request(v, server, OP_PUT);
		begin(v, OP_PUT, 100);
		if (chance(&v->seed, 3) == 0)
			status = gs_cast_wait(to, seal_request(r), 100);
		else
			status = gs_cast(to, seal_request(r));
		end(v);
		if (!sent(v, server, "cast", status))
			return;
		key_maybe(&v->known[server].key[r->key], r->id);
		count(N_casts, 1);
	}
}

static inline void
do_send(struct voice *v)
{
	uint32_t server = some_server(&v->seed);
	struct request *r = new_request(v, server, OP_NOTHING);

	begin(v, OP_NOTHING, 100);
	sent(v, server, "send", gs_send(server_name(server), seal_request(r)));
	end(v);
}

/* By a timer of this process; it comes when it comes. */
static inline void
do_timed(struct voice *v)
{
	uint32_t server = some_server(&v->seed);
	struct request *r = new_request(v, server, OP_TIMED);

	r->number = 0;
	r->size = chance(&v->seed, 200);
	if (gs_send_after((int)chance(&v->seed, 100), server_name(server),
		seal_request(r), NULL) != 0)
		wrong(v->me, server, "no timer: %s", gs_error_text());
}

#endif
