/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server of the soak keeps: its incarnation, and for each voice a
 * ledger of what came from it.  It notices what comes twice, late or out of
 * order.
 */
#ifndef GS_TESTS_SOAK_LEDGER_H
#define GS_TESTS_SOAK_LEDGER_H

#include "tests/torture/soak_parcel.h"

#define TIMED 8u
#define WATCHED 16u
#define LATE 32u

struct ledger {
	uint32_t life;
	uint32_t echoes; /* messages to this voice */
	uint64_t last; /* number */
	uint64_t timed[TIMED]; /* ids that came by timers */
	uint64_t value[KEYS]; /* ids of puts */
};

struct watched {
	uint64_t ref; /* 0 free */
	gs_pid pid;
};

struct late {
	uint32_t number; /* 0 free */
	int64_t due; /* ms */
};

struct kv {
	uint32_t me;
	uint32_t n_late; /* timers made so far */
	uint64_t births;
	uint64_t seed;
	gs_pid self;
	bool trap;
	struct ledger ledger[VOICES];
	struct watched watched[WATCHED];
	struct late late[LATE];
};

/* The ledger of the voice, a new one for a new life. */
static inline struct ledger *
ledger_of(struct kv *kv, const struct request *r)
{
	struct ledger *ledger = &kv->ledger[r->voice];

	if (ledger->life > r->life) {
		wrong(r->voice, kv->me, "life %u after life %u", r->life,
		    ledger->life);
		return NULL;
	}
	if (ledger->life != r->life) {
		memset(ledger, 0, sizeof(*ledger));
		ledger->life = r->life;
		ledger->last = r->number - 1;
	}
	return ledger;
}

static inline struct ledger *
take_numbered(struct kv *kv, const struct request *r)
{
	struct ledger *ledger = ledger_of(kv, r);

	if (!ledger)
		return NULL;
	/* what came by a timer only was no first one */
	if (ledger->last + 1 != r->number && ledger->last != UINT64_MAX) {
		wrong(r->voice, kv->me, "number %llu after %llu, op %u",
		    (unsigned long long)r->number,
		    (unsigned long long)ledger->last, r->op);
		return NULL;
	}
	ledger->last = r->number;
	return ledger;
}

static inline bool
take_timed(struct kv *kv, const struct request *r)
{
	struct ledger *ledger = ledger_of(kv, r);

	if (!ledger)
		return false;
	for (uint32_t i = 0; i < TIMED; i++) {
		if (ledger->timed[i] != r->id)
			continue;
		wrong(r->voice, kv->me, "timer message %llx came twice",
		    (unsigned long long)r->id);
		return false;
	}
	memmove(ledger->timed + 1, ledger->timed,
	    sizeof(ledger->timed) - sizeof(ledger->timed[0]));
	ledger->timed[0] = r->id;
	return true;
}

#endif
