/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the clients and servers of the soak say to each other.  The rule: all
 * that a voice sends to one server, as call, cast or message, is numbered
 * without a gap; each has an id and a checksum, and the answer says whose it
 * is and which request it belongs to.
 */
#ifndef GS_TESTS_SOAK_PARCEL_H
#define GS_TESTS_SOAK_PARCEL_H

#include "tests/torture/soak_judge.h"

#define KEYS 4u
#define BODY_MAX (200u << 10)

#define REQUEST 0x52455155u
#define ANSWER 0x414e5357u
#define ERRAND 0x45525241u

enum op {
	OP_PUT = 1,
	OP_GET,
	OP_ECHO, /* an info message back, besides */
	OP_WATCH, /* the server monitors the voice */
	OP_ASK, /* the server calls another one first */
	OP_NOTHING,
	OP_CRASH, /* as mode says, an enum fate */
	OP_TIMED, /* comes by a timer of the client: not numbered */
};

enum mode {
	MODE_NOW = 0,
	MODE_LATE, /* by a timer of the server, after delay */
	MODE_OTHER, /* another server answers */
	MODE_TWICE,
	MODE_NEVER,
	MODES,
};

struct request {
	uint32_t magic;
	uint32_t op;
	uint64_t id; /* life << 32 | how-manieth */
	uint64_t number; /* of this voice's to this server, from 1 */
	uint32_t voice;
	uint32_t life;
	uint32_t server;
	uint32_t key;
	uint32_t mode;
	uint32_t delay; /* ms */
	uint32_t back; /* bytes wanted in the answer */
	uint32_t size;
	uint64_t check; /* of this and the bytes behind it */
};

struct answer {
	uint32_t magic;
	uint32_t voice;
	uint64_t id; /* of the request */
	uint64_t births; /* the server's incarnation */
	uint64_t value; /* OP_GET: the id of the put, 0 none */
	uint64_t number; /* OP_ECHO: of those to this voice */
	gs_pid who;
	uint32_t life;
	uint32_t server;
	uint32_t size;
	uint64_t check; /* of this and the bytes behind it */
};

/* Somebody is to be answered, later or by somebody else. */
struct errand {
	uint32_t magic;
	uint32_t late; /* one of the server's own timers */
	gs_from to;
	struct answer answer; /* without bytes */
	uint64_t check;
};

struct parcel {
	_Alignas(16) uint8_t room[sizeof(struct answer) + BODY_MAX];
};

static inline gs_bytes
seal_request(struct request *r)
{
	r->magic = REQUEST;
	fill((uint8_t *)(r + 1), r->size, r->id);
	r->check = 0;
	r->check = sum(r, sizeof(*r) + r->size);
	return GS_BYTES(r, sizeof(*r) + r->size);
}

static inline gs_bytes
seal_answer(struct answer *a)
{
	a->magic = ANSWER;
	fill((uint8_t *)(a + 1), a->size, a->id);
	a->check = 0;
	a->check = sum(a, sizeof(*a) + a->size);
	return GS_BYTES(a, sizeof(*a) + a->size);
}

/* The sum over bytes as they lie there, the field check taken as zero. */
static inline bool
sealed(const void *data, size_t size, size_t head, size_t at)
{
	static _Thread_local struct parcel copy;
	uint64_t check, zero = 0;

	if (size < head || size > sizeof(copy.room))
		return false;
	memcpy(copy.room, data, size);
	memcpy(&check, copy.room + at, sizeof(check));
	memcpy(copy.room + at, &zero, sizeof(zero));
	return check == sum(copy.room, size);
}

/* NULL unless it is whole. */
static inline const struct request *
open_request(gs_bytes bytes)
{
	const struct request *r = bytes.data;

	if (bytes.size < sizeof(*r) || r->magic != REQUEST ||
	    bytes.size != sizeof(*r) + r->size || r->voice >= VOICES ||
	    !sealed(r, bytes.size, sizeof(*r), offsetof(struct request, check)))
		return NULL;
	return r;
}

static inline const struct answer *
open_answer(gs_bytes bytes)
{
	const struct answer *a = bytes.data;

	if (bytes.size < sizeof(*a) || a->magic != ANSWER ||
	    bytes.size != sizeof(*a) + a->size || a->server >= SERVERS ||
	    !sealed(a, bytes.size, sizeof(*a), offsetof(struct answer, check)))
		return NULL;
	return a;
}

#endif
