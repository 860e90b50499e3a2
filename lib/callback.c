/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One message to its callback, and the verdict acted upon.  The rule:
 * callbacks only say what they want; whatever happens, happens here or, at
 * the end, in terminate.c.
 */
#include "lib/debug.h"
#include "lib/missing.h"
#include "lib/stash.h"
#include "lib/thread.h"

/* For each message, and without an array on the stack. */
#if __has_attribute(no_stack_protector)
#define NO_CANARY __attribute__((no_stack_protector))
#else
#define NO_CANARY
#endif

static void
before_callback(struct gsi_server *s)
{
	if (s->shadow_size)
		memcpy(s->shadow, s->state, s->shadow_size);
	gsi_doing(s, GS_STATE_RUNNING);
}

/* Field by field: copies of structs just written stall the processor. */
static inline gs_from
from_of(const struct gsi_message *m)
{
	gs_from from;

	from.pid.node = m->from.node;
	from.pid.slot = m->from.slot;
	from.pid.gen = m->from.gen;
	from.spare = 0;
	from.tag = m->tag;
	return from;
}

static void __attribute__((cold, noinline))
reply_lost(struct gsi_server *s, int status)
{
	const char *why = strerrorname_np(-status);
	struct gsi_field error = { "error", why, why ? strlen(why) : 0 };

	gsi_server_report(s, GSI_WARNING, "reply_lost",
	    "a reply did not fit the caller's memory", &error, 1);
}

static void
answer(struct gsi_server *s, gs_bytes reply)
{
	int status =
	    gsi_send_reply(s->me, s->message.from, s->message.tag, reply);

	if (unlikely(status < 0 && status != -ESRCH))
		reply_lost(s, status);
}

/*
 * Acts on a verdict of a running server; does not return when it ends.
 * True: handle_continue is wanted next, with *argument.
 */
static bool
act(struct gsi_server *s, const gs_next *next, bool call, gs_bytes *argument)
{
	struct gsi_stage carried;

	if (unlikely(!gsi_verdict_open(next, &carried) ||
		     next->action == GSI_BAD_ACTION))
		gsi_bad_return(s, next);
	switch ((enum gsi_verdict)next->verdict) {
	case GSI_REPLY_GO:
		if (unlikely(!call))
			gsi_bad_return(s, next);
		answer(s, carried.reply);
		if (unlikely(s->debug))
			gsi_debug_sent(s, s->message.from, carried.reply, NULL);
		break;
	case GSI_NOREPLY:
		if (unlikely(s->debug))
			gsi_debug_state(s);
		break;
	case GSI_STOP_REPLY:
		if (unlikely(!call))
			gsi_bad_return(s, next);
		s->last_from = from_of(&s->message);
		s->last_reply = carried.reply;
		s->has_last_reply = true;
		gsi_server_end(s, carried.reason);
	case GSI_STOP:
		gsi_server_end(s, carried.reason);
	case GSI_OK:
	case GSI_IGNORE:
	case GSI_ERROR:
		gsi_bad_return(s, next);
	}
	if (likely(next->action == GSI_NO_ACTION))
		return false;
	gsi_rest_as(s, next, &carried);
	*argument = carried.argument;
	return next->action == GSI_CONTINUE;
}

/* The message is done with; continues run before the next one. */
void
gsi_run_continues(struct gsi_server *s, gs_bytes argument)
{
	gs_next next;

	do {
		gsi_mailbox_done(s->me);
		s->message.kind = 0;
		s->event = "continue";
		if (unlikely(s->debug))
			gsi_debug_continue(s, argument);
		if (!s->behaviour->handle_continue)
			gsi_server_end(s, "undef");
		before_callback(s);
		next = s->behaviour->handle_continue(s->state, argument);
		gsi_still(s->me);
	} while (act(s, &next, false, &argument));
}

static void
settle(struct gsi_server *s, const gs_next *next, bool call)
{
	gs_bytes argument;

	gsi_still(s->me);
	if (gsi_verdict_is(next, GSI_NOREPLY) && likely(next->payload == 0)) {
		if (unlikely(s->debug))
			gsi_debug_state(s);
		return;
	}
	if (call && gsi_verdict_is(next, GSI_REPLY_GO) && next->payload != 0 &&
	    likely(!s->debug && gsi_stash_look(next->payload, &argument))) {
		answer(s, argument);
		return;
	}
	if (unlikely(act(s, next, call, &argument)))
		gsi_run_continues(s, argument);
}

/* Each verdict is made in the variable that it is judged in: no copies. */
static gs_next
ask_call(struct gsi_server *s)
{
	const struct gsi_message *m = &s->message;

	gsi_bump(&s->me->page->calls);
	if (unlikely(s->debug))
		gsi_debug_got(s, NULL);
	if (unlikely(!s->behaviour->handle_call))
		gsi_server_end(s, "bad_call");
	before_callback(s);
	return s->behaviour->handle_call(s->state, m->body, from_of(m));
}

void NO_CANARY
gsi_take_call(struct gsi_server *s)
{
	gs_next next = ask_call(s);

	settle(s, &next, true);
}

static gs_next
ask_cast(struct gsi_server *s)
{
	gsi_bump(&s->me->page->casts);
	if (unlikely(s->debug))
		gsi_debug_got(s, NULL);
	if (unlikely(!s->behaviour->handle_cast))
		gsi_server_end(s, "bad_cast");
	before_callback(s);
	return s->behaviour->handle_cast(s->state, s->message.body);
}

void NO_CANARY
gsi_take_cast(struct gsi_server *s)
{
	gs_next next = ask_cast(s);

	settle(s, &next, false);
}

static void
unhandled(struct gsi_server *s, const gs_info *info)
{
	struct gsi_field fields[] = {
		{ "behaviour", s->behaviour->name ? s->behaviour->name : "",
		    s->behaviour->name ? strlen(s->behaviour->name) : 0 },
		{ "message", info->body.data, info->body.size },
	};

	gsi_server_report(s, GSI_WARNING, "unhandled_info",
	    "no handle_info: message ignored", fields, 2);
}

static gs_next
ask_info(struct gsi_server *s, const gs_info *info)
{
	gsi_bump(&s->me->page->infos);
	if (unlikely(s->debug))
		gsi_debug_got(s, info);
	if (!s->behaviour->handle_info) {
		unhandled(s, info);
		return gs_next_noreply();
	}
	before_callback(s);
	return s->behaviour->handle_info(s->state, info);
}

void
gsi_take_info(struct gsi_server *s, const gs_info *info)
{
	gs_next next = ask_info(s, info);

	settle(s, &next, false);
}

/* A child of a supervisor: library code, as strict as any callback. */
void
gsi_take_child(struct gsi_server *s)
{
	gs_next next;

	if (unlikely(s->debug))
		gsi_debug_got(s, NULL);
	before_callback(s);
	next = s->birth.handle_child(s->state, &s->message);
	settle(s, &next, false);
}
