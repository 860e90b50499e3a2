/* SPDX-License-Identifier: Apache-2.0 */
/* The servers of the soak: what comes besides requests. */
#ifndef GS_TESTS_SOAK_INFO_H
#define GS_TESTS_SOAK_INFO_H

#include "tests/torture/soak_kv.h"

static inline void
kv_down(struct kv *kv, const gs_info *info)
{
	for (uint32_t i = 0; i < WATCHED; i++) {
		struct watched *w = &kv->watched[i];

		if (w->ref != info->ref.id)
			continue;
		if (!gs_pid_equal(w->pid, info->from))
			wrong(NOBODY, kv->me, "a DOWN of somebody else");
		judge(NOBODY, kv->me, info->from, info->reason, true);
		w->ref = 0;
		count(N_downs, 1);
		return;
	}
	wrong(NOBODY, kv->me, "DOWN %llu came twice, or after demonitor",
	    (unsigned long long)info->ref.id);
}

/* From a client that was tied to us, or sent by one. */
static inline void
kv_exit(struct kv *kv, const gs_info *info)
{
	if (!kv->trap)
		wrong(NOBODY, kv->me, "EXIT to a server that does not trap");
	if (strcmp(info->reason, "blow") != 0)
		judge(NOBODY, kv->me, info->from, info->reason, true);
	count(N_exits, 1);
}

static inline void
kv_timer(struct kv *kv, const gs_info *info)
{
	const struct request *r;
	uint32_t late = 0;

	count(N_timers, 1);
	if (run_errand(kv, info->body, &late)) {
		timer_fired(kv, late);
		count(N_late, 1);
		return;
	}
	r = kv_open(kv, info->body);
	if (!r || r->op != OP_TIMED || !take_timed(kv, r))
		wrong(NOBODY, kv->me, "a timer message that is none");
}

static inline gs_next
kv_info(void *state, const gs_info *info)
{
	struct kv *kv = state;
	const struct request *r;

	switch (info->kind) {
	case GS_INFO_MESSAGE:
		r = kv_open(kv, info->body);
		if (!r || !take_numbered(kv, r))
			return gs_next_stop("wrong");
		break;
	case GS_INFO_TIMER:
		kv_timer(kv, info);
		break;
	case GS_INFO_DOWN:
		kv_down(kv, info);
		break;
	case GS_INFO_EXIT:
		kv_exit(kv, info);
		break;
	case GS_INFO_TIMEOUT:
	case GS_INFO_RESPONSE:
	case GS_INFO_FD:
	case GS_INFO_SIGNAL:
	case GS_INFO_CANCELLED:
		break;
	}
	return adorned(kv, gs_next_noreply());
}

static GS_SERVER(soak_kv, .state_size = sizeof(struct kv), .init = kv_init,
    .handle_call = kv_call, .handle_cast = kv_cast, .handle_info = kv_info);

/* A guest is nobody's child and goes by itself. */
#define GUEST_MS 1000

static inline gs_next
guest_init(void *state, gs_bytes argument)
{
	gs_pid self;

	(void)state;
	if (gs_self(&self) != 0)
		return gs_next_stop("bad_argument");
	condemn(self, BY_END);
	if (gs_is(argument, "ignore"))
		return gs_ignore();
	if (gs_is(argument, "fail"))
		return gs_next_stop("bored");
	return gs_with_timeout(gs_ok(), GUEST_MS);
}

static inline gs_next
guest_call(void *state, gs_bytes request, gs_from from)
{
	(void)state;
	(void)from;
	return gs_with_timeout(gs_next_reply(request), GUEST_MS);
}

static inline gs_next
guest_info(void *state, const gs_info *info)
{
	(void)state;
	if (info->kind == GS_INFO_TIMEOUT)
		return gs_next_stop("normal");
	return gs_with_timeout(gs_next_noreply(), GUEST_MS);
}

static GS_SERVER(soak_guest, .init = guest_init, .handle_call = guest_call,
    .handle_info = guest_info);

#endif
