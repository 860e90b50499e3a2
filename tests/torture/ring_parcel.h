/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes round in ring_of_processes, and how it is looked at.  The rule:
 * each sender numbers what it has sent to each receiver, and each says who it
 * is; so between two that live nothing may be missing, torn, doubled, out of
 * order or for somebody else.
 */
#ifndef GS_TESTS_RING_PARCEL_H
#define GS_TESTS_RING_PARCEL_H

#include "tests/torture/ring_diary.h"

#define SERVERS 8u
#define MAIN SERVERS /* as a place in the ring */
#define PLACES (SERVERS + 1)
#define HOPS_MAX 40u
#define BYTES_MAX (20u << 10)
#define PARCEL 0x70617263u

struct parcel {
	uint32_t magic;
	uint32_t size; /* of bytes */
	uint64_t id;
	uint64_t number; /* of this sender's to this receiver, from 1 */
	gs_pid sender;
	uint32_t from; /* places */
	uint32_t to;
	uint32_t hops; /* left */
	uint8_t bytes[];
};

static_assert(sizeof(struct parcel) == 48, "the bytes follow at once");

/* How many bytes there are, and which, follows from id and hops. */
static inline uint32_t
size_of(uint64_t id, uint32_t hops)
{
	uint64_t x = (id * HOPS_MAX + hops) * 0x9e3779b97f4a7c15ull;

	x ^= x >> 31;
	/* small ones as often as large ones */
	return 1 + (uint32_t)(x % ((x >> 40) % 2 == 0 ? 200 : BYTES_MAX));
}

static inline uint8_t
byte_of(uint64_t id, uint32_t hops, uint32_t i)
{
	return (uint8_t)(id * 31 + hops * 7 + i * 167 + (i >> 8));
}

/* A parcel without its number, in memory of the thread. */
static inline struct parcel *
pack(uint64_t id, uint32_t from, uint32_t to, uint32_t hops, gs_pid sender)
{
	static _Alignas(16) uint8_t room[sizeof(struct parcel) + BYTES_MAX];
	struct parcel *p = (void *)room;

	p->magic = PARCEL;
	p->size = size_of(id, hops);
	p->id = id;
	p->sender = sender;
	p->from = from;
	p->to = to;
	p->hops = hops;
	for (uint32_t i = 0; i < p->size; i++)
		p->bytes[i] = byte_of(id, hops, i);
	return p;
}

static inline gs_bytes
packed(const struct parcel *p)
{
	return GS_BYTES(p, sizeof(*p) + p->size);
}

/* The last one seen of each sender by one receiver. */
struct seen {
	gs_pid sender;
	uint64_t number;
};

static inline const struct parcel *
torn(uint32_t me, const struct parcel *p, size_t size)
{
	wrong("at %u: torn: %zu bytes, magic %x, size %u, id %llu, from %u to "
	      "%u, hops %u",
	    me, size, p->magic, p->size, (unsigned long long)p->id, p->from,
	    p->to, p->hops);
	return NULL;
}

static inline bool
in_order(uint32_t me, const struct parcel *p, struct seen *seen)
{
	uint64_t last = seen->number;
	bool same = gs_pid_equal(seen->sender, p->sender);

	*seen = (struct seen){ p->sender, p->number };
	if (!same || p->number == last + 1)
		return true;
	wrong("at %u: number %llu of %u after %llu", me,
	    (unsigned long long)p->number, p->from, (unsigned long long)last);
	return false;
}

/* What is right with a parcel for me; NULL when anything is not. */
static inline const struct parcel *
unpack(uint32_t me, gs_bytes bytes, struct seen seen[PLACES])
{
	const struct parcel *p = bytes.data;

	if (bytes.size < sizeof(*p) || p->magic != PARCEL ||
	    p->hops > HOPS_MAX || p->from >= PLACES ||
	    p->size != size_of(p->id, p->hops) ||
	    bytes.size != sizeof(*p) + p->size)
		return torn(me, p, bytes.size);
	for (uint32_t i = 0; i < p->size; i++)
		if (p->bytes[i] != byte_of(p->id, p->hops, i))
			return torn(me, p, bytes.size);
	if (p->to != me) {
		wrong("at %u: a parcel for %u", me, p->to);
		return NULL;
	}
	return in_order(me, p, &seen[p->from]) ? p : NULL;
}

#endif
