/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A voice: one thread of a client, and all that it knows: what it has put
 * where, what it waits for, and until when it may be in what it does.
 */
#ifndef GS_TESTS_SOAK_VOICE_H
#define GS_TESTS_SOAK_VOICE_H

#include "tests/torture/soak_key.h"

#define WATCHES 32u
#define LINKS 8u
#define ALARMS 8u

struct known {
	uint64_t number; /* of the last sent */
	uint64_t births; /* as last seen */
	uint64_t echo_births;
	uint64_t echo;
	gs_pid pid; /* as last seen */
	struct key key[KEYS];
};

struct monitor {
	gs_ref ref; /* id 0 free */
	gs_pid pid;
	uint32_t server;
	int64_t dead; /* ms, since when we know; 0 */
};

struct link {
	gs_pid pid; /* none: free */
	uint32_t server;
};

struct alarm {
	gs_ref ref; /* id 0 free */
	uint64_t id;
	int64_t due;
};

struct voice {
	uint32_t me;
	uint32_t life;
	uint32_t seat;
	gs_pid self;
	uint64_t seed;
	uint64_t ids;
	uint64_t n_alarms;
	uint32_t strays; /* monitors of starts whose answer was lost */
	uint32_t stops; /* as the board had them at begin() */
	int64_t began;
	struct known known[SERVERS];
	struct monitor monitor[WATCHES];
	struct link link[LINKS];
	struct alarm alarm[ALARMS];
	struct parcel out;
};

/* I am in this for at most ms; -1: as long as a node may take. */
static inline void
begin(struct voice *v, uint32_t op, int ms)
{
	struct voice_board *vb = &board->voice[v->me];

	v->stops = gm_load(&board->stops[v->seat], acquire);
	v->began = now_ms();
	gm_store(&vb->op, op, relaxed);
	gm_store(&vb->until, v->began + (ms < 0 ? CALM : ms), release);
}

static inline int64_t
end(struct voice *v)
{
	gm_store(&board->voice[v->me].until, 0, release);
	return now_ms() - v->began;
}

/* Was I stopped since begin()?  Then times say nothing. */
static inline bool
was_stopped(const struct voice *v)
{
	return v->stops % 2 != 0 ||
	       gm_load(&board->stops[v->seat], acquire) != v->stops;
}

static inline struct request *
new_request(struct voice *v, uint32_t server, enum op op)
{
	struct request *r = (void *)v->out.room;

	*r = (struct request){
		.op = op,
		.id = (uint64_t)v->life << 32 | ++v->ids,
		.number = v->known[server].number + 1,
		.voice = v->me,
		.life = v->life,
		.server = server,
		.key = chance(&v->seed, KEYS),
		.size = some_size(&v->seed, BODY_MAX),
	};
	return r;
}

#endif
