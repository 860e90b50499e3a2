/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a voice knows of a key that it has put: what a get may find there.
 */
#ifndef GS_TESTS_SOAK_KEY_H
#define GS_TESTS_SOAK_KEY_H

#include "tests/torture/soak_parcel.h"

#define MAYBES 6u

/* What a key may hold: the put that was acknowledged, or a later one. */
struct key {
	uint64_t id; /* 0 none */
	uint64_t births; /* of the server that said so */
	uint64_t maybe[MAYBES]; /* sent, but no answer came in time */
	uint32_t n_maybe; /* more than MAYBES: any */
};

static inline void
key_put(struct key *k, uint64_t id, uint64_t births)
{
	k->id = id;
	k->births = births;
	k->n_maybe = 0;
}

static inline void
key_maybe(struct key *k, uint64_t id)
{
	if (k->n_maybe < MAYBES)
		k->maybe[k->n_maybe] = id;
	k->n_maybe++;
}

static inline bool
key_may_hold(const struct key *k, uint64_t id, uint64_t births)
{
	if (k->id == id && (k->births == births || id == 0))
		return true;
	/* gone with the incarnation that had it */
	if (id == 0 && k->births != births)
		return true;
	for (uint32_t i = 0; i < k->n_maybe && i < MAYBES; i++)
		if (k->maybe[i] == id)
			return true;
	return k->n_maybe > MAYBES && id != 0;
}

/*
 * What was seen is what it holds: all that I sent before I asked is there by
 * now, or never will be.
 */
static inline void
key_seen(struct key *k, uint64_t id, uint64_t births)
{
	if (id == 0 && k->id != 0)
		count(N_lost, 1);
	key_put(k, id, births);
}

#endif
