/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdicts: what a callback tells the loop.  The rule: what a verdict carries
 * is copied when it is made, into one of a few rotating stashes of the
 * thread; the verdict names the stash by its serial number, so that one that
 * has been overwritten, or a struct nobody made, is noticed and not followed.
 */
#include <stdlib.h>

#include "lib/loop.h"

#define STASHES 8u
#define STASH_INLINE 256u
#define STASH_KEPT 65536u /* larger blocks are freed at reuse */

static_assert(STASH_INLINE > GS_REASON_MAX, "a reason never needs malloc");

struct stash {
	uint64_t serial;
	int64_t at; /* ns, of an event timeout */
	size_t size;
	size_t room; /* of large */
	char *large;
	char small[STASH_INLINE];
};

struct verdict_stage {
	uint64_t serial; /* of the last stash filled */
	struct stash *ring[STASHES];
	struct stash *held; /* lent to the loop, not overwritten */
	struct stash all[STASHES + 1];
};

static bool
genuine(const gs_next *next)
{
	return next->check ==
	       gsi_verdict_mark(next->verdict, next->action, next->timeout);
}

/* Verdicts are written at once: a copy of one half written stalls the CPU. */
static inline gs_next
verdict(enum gsi_verdict what, uint64_t payload, uint64_t reason)
{
	return (gs_next){ .verdict = what,
		.check = gsi_verdict_mark(what, 0, 0),
		.payload = payload,
		.reason = reason };
}

static struct verdict_stage *
make_stage(void **slot)
{
	struct verdict_stage *stage = calloc(1, sizeof(*stage));

	if (!stage)
		return NULL;
	for (unsigned i = 0; i < STASHES; i++)
		stage->ring[i] = &stage->all[i];
	stage->held = &stage->all[STASHES];
	*slot = stage;
	return stage;
}

static char *
room_for(struct stash *stash, size_t size)
{
	if (likely(size <= STASH_INLINE && !stash->large))
		return stash->small;
	if (stash->room < size || stash->room > STASH_KEPT) {
		free(stash->large);
		stash->large = size > STASH_INLINE ? malloc(size) : NULL;
		stash->room = stash->large ? size : 0;
		if (size <= STASH_INLINE)
			return stash->small;
	}
	return stash->large;
}

/* Copies bytes away and names the copy; 0: no memory, or no bytes at all. */
static uint64_t
put_away(gs_bytes bytes)
{
	void **slot = gsi_thread_slot(GSI_SLOT_STAGE);
	struct verdict_stage *stage = *slot;
	struct stash *stash;
	char *room;

	if (unlikely(!bytes.data && bytes.size))
		return 0;
	if (unlikely(!stage)) {
		stage = make_stage(slot);
		if (!stage)
			return 0;
	}
	stash = stage->ring[(stage->serial + 1) % STASHES];
	stash->serial = 0;
	room = room_for(stash, bytes.size);
	if (!room)
		return 0;
	if (bytes.size)
		memcpy(room, bytes.data, bytes.size);
	stash->size = bytes.size;
	stash->serial = ++stage->serial;
	return stash->serial;
}

/*
 * What is said instead of a verdict whose bytes could not be put away: bytes
 * that are none spoil the check, which ends as bad_return_value.
 */
static gs_next __attribute__((cold, noinline)) refused(gs_bytes bytes)
{
	gs_next next = verdict(GSI_STOP, 0, 0);

	if (!bytes.data && bytes.size)
		next.check ^= 1;
	return next;
}

static uint64_t
put_reason(const char *reason)
{
	char text[GS_REASON_MAX + 1];

	gsi_reason_copy(text, reason);
	return put_away(gs_bytes_of(text, strlen(text) + 1));
}

/* Reason 0 is legal in a stop: it says that there was no memory for it. */
GS_API gs_next
gs_ok(void)
{
	return verdict(GSI_OK, 0, 0);
}

GS_API gs_next
gs_ignore(void)
{
	return verdict(GSI_IGNORE, 0, 0);
}

GS_API gs_next
gs_error(const char *reason)
{
	return verdict(GSI_ERROR, 0, put_reason(reason));
}

GS_API gs_next
gs_next_reply(gs_bytes reply)
{
	uint64_t payload = put_away(reply);

	if (unlikely(!payload))
		return refused(reply);
	return verdict(GSI_REPLY_GO, payload, 0);
}

GS_API gs_next
gs_next_noreply(void)
{
	return verdict(GSI_NOREPLY, 0, 0);
}

GS_API gs_next
gs_next_stop(const char *reason)
{
	return verdict(GSI_STOP, 0, put_reason(reason));
}

GS_API gs_next
gs_next_stop_reply(const char *reason, gs_bytes reply)
{
	uint64_t payload = put_away(reply);

	if (unlikely(!payload))
		return refused(reply);
	return verdict(GSI_STOP_REPLY, payload, put_reason(reason));
}

/* Adds an action where one may stand; a wrong one stays wrong. */
static void
with(gs_next *next, enum gsi_action action, int ms, uint64_t argument)
{
	if (!genuine(next) || next->action == GSI_BAD_ACTION)
		return;
	if (next->verdict != GSI_OK && next->verdict != GSI_REPLY_GO &&
	    next->verdict != GSI_NOREPLY)
		action = GSI_BAD_ACTION;
	next->action = action;
	next->timeout = ms;
	next->argument = action != GSI_BAD_ACTION ? argument : 0;
	next->check = gsi_verdict_mark(next->verdict, action, ms);
}

GS_API gs_next
gs_with_timeout(gs_next next, int ms)
{
	with(&next, ms < 0 ? GSI_BAD_ACTION : GSI_TIMEOUT, ms, 0);
	return next;
}

static bool
is_event(const gs_next *next)
{
	return next->action == GSI_EVENT || next->action == GSI_EVENT_HIBERNATE;
}

/* An event timeout stays when the wait for it is spent in hibernation. */
GS_API gs_next
gs_with_hibernate(gs_next next)
{
	with(&next, is_event(&next) ? GSI_EVENT_HIBERNATE : GSI_HIBERNATE, 0,
	    is_event(&next) ? next.argument : 0);
	return next;
}

#define BAD_TIME INT64_MIN

/* at in ns; 0: before any message; -1: never. */
static gs_next
with_event(gs_next next, int64_t at, gs_bytes message)
{
	bool hibernate =
	    next.action == GSI_HIBERNATE || next.action == GSI_EVENT_HIBERNATE;
	struct verdict_stage *stage;
	uint64_t copy = put_away(message);

	if (unlikely(!copy))
		return refused(message);
	stage = *gsi_thread_slot(GSI_SLOT_STAGE);
	stage->ring[copy % STASHES]->at = at;
	if (at == BAD_TIME)
		with(&next, GSI_BAD_ACTION, 0, 0);
	else
		with(&next, hibernate ? GSI_EVENT_HIBERNATE : GSI_EVENT, 0,
		    copy);
	return next;
}

GS_API gs_next
gs_with_event_timeout(gs_next next, int ms, gs_bytes message)
{
	int64_t at = ms > 0 ? gsi_deadline(ms) : 0;

	return with_event(next, ms < 0 ? BAD_TIME : at, message);
}

/* A time that is past is now: behind what waits already. */
GS_API gs_next
gs_with_event_timeout_at(gs_next next, int64_t at, gs_bytes message)
{
	if (at < 0 || at > INT64_MAX / NS_PER_MS)
		return with_event(next, BAD_TIME, message);
	return with_event(next, at == 0 ? 1 : at * NS_PER_MS, message);
}

GS_API gs_next
gs_with_continue(gs_next next, gs_bytes argument)
{
	uint64_t copy = put_away(argument);

	if (unlikely(!copy))
		return refused(argument);
	with(&next, GSI_CONTINUE, 0, copy);
	return next;
}

/* The bytes of a stash; false when it has been overwritten since. */
static bool
look_up(const struct verdict_stage *stage, uint64_t serial, gs_bytes *bytes)
{
	const struct stash *stash = stage->ring[serial % STASHES];

	if (unlikely(stash->serial != serial))
		return false;
	bytes->data = stash->size > STASH_INLINE || stash->large ? stash->large
								 : stash->small;
	bytes->size = stash->size;
	return true;
}

/* Takes a stash out of the rotation until the next one is held. */
static void
hold(struct verdict_stage *stage, uint64_t serial)
{
	struct stash *stash = stage->ring[serial % STASHES];

	stage->ring[serial % STASHES] = stage->held;
	stage->held = stash;
}

static bool
open_stashes(const gs_next *next, struct gsi_stage *out)
{
	struct verdict_stage *stage = *gsi_thread_slot(GSI_SLOT_STAGE);
	gs_bytes reason = { out->reason, 0 };

	if (unlikely(!stage))
		return false;
	if (next->payload && !look_up(stage, next->payload, &out->reply))
		return false;
	if (next->reason && !look_up(stage, next->reason, &reason))
		return false;
	out->reason = reason.data;
	if (next->argument) {
		if (!look_up(stage, next->argument, &out->argument))
			return false;
		out->at = stage->ring[next->argument % STASHES]->at;
		hold(stage, next->argument);
	} else if (next->verdict == GSI_STOP_REPLY) {
		hold(stage, next->payload);
	}
	return true;
}

/*
 * What a continue or an event timeout carries, and the reply of stop with
 * reply, stay until the next such verdict is opened; the rest until eight
 * further things are made.
 */
bool
gsi_verdict_open(const gs_next *next, struct gsi_stage *out)
{
	out->reply = GS_NONE;
	out->reason = "out_of_memory";
	out->argument = GS_NONE;
	if (unlikely(!genuine(next)))
		return false;
	if (!(next->payload | next->reason | next->argument))
		return true;
	return open_stashes(next, out);
}

void
gsi_verdict_end(void)
{
	void **slot = gsi_thread_slot(GSI_SLOT_STAGE);
	struct verdict_stage *stage = *slot;

	*slot = NULL;
	if (!stage)
		return;
	for (unsigned i = 0; i < STASHES + 1; i++)
		free(stage->all[i].large);
	free(stage);
}
