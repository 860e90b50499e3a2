/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The servers of the lull, and what is counted: by each sender what it knows
 * to have arrived, by each server what it has taken, from whom.
 */
#ifndef GS_TESTS_LULL_SERVER_H
#define GS_TESTS_LULL_SERVER_H

#include "tests/torture/soak_rest.h"

#define LULL_SERVERS 3u
#define LULL_CLIENTS 4u
#define LULL_VOICES (LULL_CLIENTS + LULL_SERVERS)

struct lull {
	_Atomic uint32_t round;
	_Atomic uint32_t done[LULL_CLIENTS]; /* the last round it is through */
	_Atomic uint64_t sent[LULL_VOICES][LULL_SERVERS];
	_Atomic uint64_t taken[LULL_VOICES][LULL_SERVERS];
};

static struct lull *lull;

enum lull_wish {
	LULL_NOTHING,
	LULL_CAST, /* cast to the next one */
	LULL_REQUEST, /* request of the next one: counted as its response */
	LULL_ECHO, /* a message back */
	LULL_WISHES,
};

struct word {
	uint32_t voice;
	uint32_t wish; /* enum lull_wish */
	uint32_t next;
	gs_pid from;
};

static inline void
lull_sent(uint32_t voice, uint32_t server, int status)
{
	if (status == 0)
		atomic_fetch_add(&lull->sent[voice][server], 1);
}

static inline void
lull_taken(uint32_t voice, uint32_t server)
{
	atomic_fetch_add(&lull->taken[voice][server], 1);
}

struct lulled {
	uint32_t me;
	uint64_t seed;
};

static inline gs_next
lulled_init(void *state, gs_bytes argument)
{
	struct lulled *s = state;

	s->me = (uint32_t)gs_long(argument, 0);
	s->seed = stream(8000, s->me);
	return gs_ok();
}

/* Not often: whoever wakes by itself finds what nobody has rung for. */
static inline gs_next
lulled_on(struct lulled *s)
{
	uint32_t dice = chance(&s->seed, 60);

	if (dice == 0)
		return gs_with_hibernate(gs_next_noreply());
	if (dice == 1)
		return gs_with_timeout(
		    gs_next_noreply(), (int)chance(&s->seed, 10));
	return gs_next_noreply();
}

static inline void
lulled_take(struct lulled *s, gs_bytes body)
{
	struct word w, mine = { .voice = LULL_CLIENTS + s->me };
	gs_reqid id;

	CHECK(body.size >= sizeof(w));
	memcpy(&w, body.data, sizeof(w));
	lull_taken(w.voice, s->me);
	if (w.wish == LULL_CAST)
		lull_sent(mine.voice, w.next,
		    gs_cast(server_name(w.next), GS_OBJECT(mine)));
	else if (w.wish == LULL_REQUEST)
		lull_sent(mine.voice, s->me,
		    gs_send_request(server_name(w.next), GS_OBJECT(mine), &id));
	else if (w.wish == LULL_ECHO)
		(void)!gs_send(GS_PID(w.from), GS_OBJECT(mine));
}

static inline gs_next
lulled_call(void *state, gs_bytes request, gs_from from)
{
	(void)state;
	(void)request;
	(void)from;
	return gs_next_reply(GS_NONE);
}

static inline gs_next
lulled_cast(void *state, gs_bytes request)
{
	lulled_take(state, request);
	return lulled_on(state);
}

static inline gs_next
lulled_info(void *state, const gs_info *info)
{
	struct lulled *s = state;

	if (info->kind == GS_INFO_RESPONSE) {
		gs_reqid id = { .tag = info->ref.id };

		(void)!gs_receive_response(id, NULL, 0);
		lull_taken(LULL_CLIENTS + s->me, s->me);
	} else if (info->kind == GS_INFO_MESSAGE) {
		lulled_take(s, info->body);
	}
	return lulled_on(s);
}

static GS_SERVER(lulled, .state_size = sizeof(struct lulled),
    .init = lulled_init, .handle_call = lulled_call, .handle_cast = lulled_cast,
    .handle_info = lulled_info);

#endif
