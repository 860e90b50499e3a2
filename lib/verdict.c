/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdicts: what a callback tells the loop.  The rule: what a verdict carries
 * is copied when it is made, into one of a few rotating stashes of the
 * thread; the verdict names the stash by its serial number, so that one that
 * has been overwritten, or a struct nobody made, is noticed and not followed.
 */
#include <stdlib.h>

#include "lib/internal.h"

#define STASHES 8u
#define STASH_INLINE 256u
#define STASH_KEPT 65536u /* larger blocks are freed at reuse */

static_assert(STASH_INLINE > GS_REASON_MAX, "a reason never needs malloc");

struct stash {
	uint64_t serial;
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

static uint32_t
mark(const gs_next *next)
{
	return 0x67736e78u ^ next->verdict * 0x9e3779b1u ^
	       next->action * 0x85ebca6bu ^
	       (uint32_t)next->timeout * 0xc2b2ae35u;
}

static gs_next
sealed(gs_next next)
{
	next.check = mark(&next);
	return next;
}

static gs_next
bare(enum gsi_verdict verdict)
{
	return sealed((gs_next){ .verdict = verdict });
}

/* A verdict that fails the check: ends as bad_return_value. */
static gs_next
broken(void)
{
	gs_next next = bare(GSI_NOREPLY);

	next.check ^= 1;
	return next;
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
	if (__builtin_expect(size <= STASH_INLINE && !stash->large, 1))
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

/* Copies bytes away and names the copy; 0 when there is no memory. */
static uint64_t
put_away(gs_bytes bytes)
{
	void **slot = gsi_thread_slot(GSI_SLOT_STAGE);
	struct verdict_stage *stage = *slot;
	struct stash *stash;
	char *room;

	if (__builtin_expect(!stage, 0)) {
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

static bool
carriable(gs_bytes bytes)
{
	return bytes.data || !bytes.size;
}

static uint64_t
put_reason(const char *reason)
{
	char text[GS_REASON_MAX + 1];

	gsi_reason_copy(text, reason);
	return put_away(gs_bytes_of(text, strlen(text) + 1));
}

/* reason 0 is legal in a stop: it says that there was no memory for it. */
static gs_next
stopping(enum gsi_verdict verdict, const char *reason)
{
	gs_next next = bare(verdict);

	next.reason = put_reason(reason);
	return next;
}

GS_API gs_next
gs_ok(void)
{
	return bare(GSI_OK);
}

GS_API gs_next
gs_ignore(void)
{
	return bare(GSI_IGNORE);
}

GS_API gs_next
gs_error(const char *reason)
{
	return stopping(GSI_ERROR, reason);
}

GS_API gs_next
gs_next_reply(gs_bytes reply)
{
	gs_next next = bare(GSI_REPLY_GO);

	if (!carriable(reply))
		return broken();
	next.payload = put_away(reply);
	return next.payload ? next : bare(GSI_STOP);
}

GS_API gs_next
gs_next_noreply(void)
{
	return bare(GSI_NOREPLY);
}

GS_API gs_next
gs_next_stop(const char *reason)
{
	return stopping(GSI_STOP, reason);
}

GS_API gs_next
gs_next_stop_reply(const char *reason, gs_bytes reply)
{
	gs_next next;

	if (!carriable(reply))
		return broken();
	next = stopping(GSI_STOP_REPLY, reason);
	next.payload = put_away(reply);
	return next.payload ? next : bare(GSI_STOP);
}

/* Adds an action where one may stand; a wrong one stays wrong. */
static gs_next
with(gs_next next, enum gsi_action action, int ms)
{
	if (next.check != mark(&next) || next.action == GSI_BAD_ACTION)
		return next;
	if (next.verdict != GSI_OK && next.verdict != GSI_REPLY_GO &&
	    next.verdict != GSI_NOREPLY)
		action = GSI_BAD_ACTION;
	next.action = action;
	next.timeout = ms;
	next.argument = 0;
	return sealed(next);
}

GS_API gs_next
gs_with_timeout(gs_next next, int ms)
{
	return with(next, ms < 0 ? GSI_BAD_ACTION : GSI_TIMEOUT, ms);
}

GS_API gs_next
gs_with_hibernate(gs_next next)
{
	return with(next, GSI_HIBERNATE, 0);
}

GS_API gs_next
gs_with_continue(gs_next next, gs_bytes argument)
{
	uint64_t copy;

	if (!carriable(argument))
		return with(next, GSI_BAD_ACTION, 0);
	copy = put_away(argument);
	if (!copy)
		return bare(GSI_STOP);
	next = with(next, GSI_CONTINUE, 0);
	if (next.action == GSI_CONTINUE)
		next.argument = copy;
	return next;
}

static struct stash *
look_up(const struct verdict_stage *stage, uint64_t serial)
{
	struct stash *stash = stage->ring[serial % STASHES];

	return stash->serial == serial ? stash : NULL;
}

static gs_bytes
contents(const struct stash *stash)
{
	return gs_bytes_of(stash->size > STASH_INLINE || stash->large
			       ? stash->large
			       : stash->small,
	    stash->size);
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
	uint64_t serials[3] = { next->payload, next->reason, next->argument };
	struct stash *found[3] = { NULL, NULL, NULL };

	if (!stage)
		return false;
	for (int i = 0; i < 3; i++) {
		if (serials[i] && !(found[i] = look_up(stage, serials[i])))
			return false;
	}
	if (found[0])
		out->reply = contents(found[0]);
	if (found[1])
		out->reason = contents(found[1]).data;
	if (found[2])
		out->argument = contents(found[2]);
	if (found[2])
		hold(stage, next->argument);
	else if (found[0] && next->verdict == GSI_STOP_REPLY)
		hold(stage, next->payload);
	return true;
}

/*
 * A continue's argument, and the reply of stop with reply, stay until the
 * next such verdict is opened; the rest until eight further things are made.
 */
bool
gsi_verdict_open(const gs_next *next, struct gsi_stage *out)
{
	*out = (struct gsi_stage){ .reason = "out_of_memory" };
	if (__builtin_expect(next->check != mark(next), 0))
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
