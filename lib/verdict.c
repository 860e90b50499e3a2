/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdicts: what a callback tells the loop.  The rule: what a verdict carries
 * is copied when it is made (stash.h), and a struct that nobody made is
 * noticed and not followed.
 */
#include "lib/stash.h"

static bool
genuine(const gs_next *next)
{
	return next->check ==
	       gsi_verdict_mark(next->verdict, next->action, next->timeout);
}

/*
 * Word by word: the compiler joins fields as it likes, and who then reads
 * what two stores have written waits for both to be over.
 */
static inline gs_next
verdict(enum gsi_verdict what, uint64_t payload, uint64_t reason)
{
	union {
		uint64_t word[5];
		gs_next next;
	} made;

	static_assert(sizeof(made) == sizeof(gs_next) &&
			  offsetof(gs_next, check) == 12 &&
			  offsetof(gs_next, payload) == 16,
	    "these words");
	made.word[0] = what; /* no action */
	made.word[1] = (uint64_t)gsi_verdict_mark(what, 0, 0) << 32;
	made.word[2] = payload;
	made.word[3] = reason;
	made.word[4] = 0;
	return made.next;
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
	return gsi_stash_put(gs_bytes_of(text, strlen(text) + 1));
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
	uint64_t payload = gsi_stash_put(reply);

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
	uint64_t payload = gsi_stash_put(reply);

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
	uint64_t copy = gsi_stash_put(message);

	if (unlikely(!copy))
		return refused(message);
	gsi_stash_of(copy)->at = at;
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
	uint64_t copy = gsi_stash_put(argument);

	if (unlikely(!copy))
		return refused(argument);
	with(&next, GSI_CONTINUE, 0, copy);
	return next;
}

static bool
open_stashes(const gs_next *next, struct gsi_stage *out)
{
	gs_bytes reason = { out->reason, 0 };

	if (next->payload && !gsi_stash_look(next->payload, &out->reply))
		return false;
	if (next->reason && !gsi_stash_look(next->reason, &reason))
		return false;
	out->reason = reason.data;
	if (next->argument) {
		if (!gsi_stash_look(next->argument, &out->argument))
			return false;
		out->at = gsi_stash_of(next->argument)->at;
		gsi_stash_hold(next->argument);
	} else if (next->verdict == GSI_STOP_REPLY) {
		gsi_stash_hold(next->payload);
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
