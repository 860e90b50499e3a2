/* SPDX-License-Identifier: Apache-2.0 */
/* The servers of the soak: birth, opening requests, making answers. */
#ifndef GS_TESTS_SOAK_SERVER_H
#define GS_TESTS_SOAK_SERVER_H

#include "tests/torture/soak_ledger.h"

/* Nobody before me may have ended without a fate. */
static inline void
follow(const struct kv *kv)
{
	uint64_t last =
	    atomic_exchange(&board->holder[kv->me], packed_pid(kv->self));
	gs_pid pid = { kv->self.node, (uint32_t)(last >> 32), (uint32_t)last };

	if (last != 0 && gs_alive(pid))
		wrong(NOBODY, kv->me, "twins: %u.%u lives", pid.slot, pid.gen);
	if (last != 0 && (fates_of(pid) & ~BORN) == 0 && !is_restarting(kv->me))
		wrong(NOBODY, kv->me, "%u.%u has ended of nothing", pid.slot,
		    pid.gen);
}

static inline gs_next
kv_init(void *state, gs_bytes argument)
{
	struct kv *kv = state;

	kv->me = (uint32_t)gs_long(argument, SERVERS);
	if (kv->me >= SERVERS || gs_self(&kv->self) != 0)
		return gs_next_stop("bad_argument");
	add_fate(kv->self, BORN);
	follow(kv);
	kv->births = atomic_fetch_add(&board->births[kv->me], 1) + 1;
	kv->seed = stream(kv->me, kv->births);
	kv->trap = kv->me % 2 == 0;
	if (kv->trap)
		gs_trap_exit(true);
	count(N_births, 1);
	note(NOBODY, kv->me, "born, the %llu.", (unsigned long long)kv->births);
	return gs_ok();
}

/* For this server, and whole; NULL and wrong if not. */
static inline const struct request *
kv_open(const struct kv *kv, gs_bytes bytes)
{
	const struct request *r = open_request(bytes);

	if (!r) {
		wrong(NOBODY, kv->me, "torn: %zu bytes", bytes.size);
		return NULL;
	}
	if (r->server != kv->me) {
		wrong(r->voice, kv->me, "a request for %u", r->server);
		return NULL;
	}
	count(N_bytes, bytes.size);
	return r;
}

/* The answer to a request, its bytes left out. */
static inline struct answer
answer_to(const struct kv *kv, const struct request *r)
{
	return (struct answer){
		.voice = r->voice,
		.id = r->id,
		.births = kv->births,
		.who = kv->self,
		.life = r->life,
		.server = kv->me,
		.size = r->back,
	};
}

static inline gs_bytes
with_bytes(const struct answer *plan)
{
	static struct parcel out;
	struct answer *a = (void *)out.room;

	memcpy(a, plan, sizeof(*a));
	return seal_answer(a);
}

#endif
