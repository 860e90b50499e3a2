/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gen_server loop: take a message, give it to its callback, act on the
 * verdict, for ever.
 *
 *	birth.c -> (continue)* -> take -> callback -> act -> (continue)* -> take
 */
#include <stdlib.h>
#include <unistd.h>

#include "lib/debug.h"
#include "lib/dispatch.h"
#include "lib/system.h"
#include "lib/take.h"
#include "lib/thread.h"
#include "lib/watch.h"

#define HOUSEKEEPING 63u /* look for SIGTERM each so many busy turns */

/* A copy of the note that can be trusted to be one; false: it is none. */
static bool
read_note(const struct gsi_message *m, struct gsi_note *note)
{
	if (!m->from_node || m->body.size < offsetof(struct gsi_note, reason))
		return false;
	memset(note, 0, sizeof(*note));
	memcpy(note, m->body.data,
	    m->body.size < sizeof(*note) ? m->body.size : sizeof(*note));
	note->reason[GS_REASON_MAX] = '\0';
	return true;
}

static void
take_note(struct gsi_server *s, enum gs_info_kind kind)
{
	struct gsi_note note;
	gs_info info;

	if (!read_note(&s->message, &note))
		return;
	if (kind == GS_INFO_EXIT && (note.flags & GSI_NOTE_PARENT))
		gsi_server_end(s, note.reason);
	info =
	    (gs_info){ .kind = kind, .from = note.who, .reason = note.reason };
	if (kind == GS_INFO_DOWN)
		info.ref.id = s->message.tag;
	gsi_take_info(s, &info);
}

static void
take_message(struct gsi_server *s, enum gs_info_kind kind)
{
	gs_info info = { .kind = kind,
		.from = s->message.from,
		.body = s->message.body,
		.reason = "" };

	if (kind == GS_INFO_FD)
		gsi_watch_info(&s->message, &info);
	else
		info.ref.id = s->message.tag;
	gsi_take_info(s, &info);
}

/* Anything but a system message ends a timeout, and hibernation. */
static inline void
dispatch(struct gsi_server *s)
{
	uint32_t rest = s->rest;

	s->rest = s->usual_rest;
	switch ((enum gsi_kind)s->message.kind) {
	case GSI_CALL:
		gsi_take_call(s);
		return;
	case GSI_CAST:
		gsi_take_cast(s);
		return;
	case GSI_INFO:
		take_message(s, GS_INFO_MESSAGE);
		return;
	case GSI_TIMER:
		take_message(s, GS_INFO_TIMER);
		return;
	case GSI_CANCELLED:
		take_message(s, GS_INFO_CANCELLED);
		return;
	case GSI_RESPONSE:
		take_message(s, GS_INFO_RESPONSE);
		return;
	case GSI_FD:
		take_message(s, GS_INFO_FD);
		return;
	case GSI_EXIT:
		take_note(s, GS_INFO_EXIT);
		return;
	case GSI_DOWN:
		take_note(s, GS_INFO_DOWN);
		return;
	case GSI_CHILD:
	case GSI_STARTED:
		if (!s->birth.handle_child)
			break;
		gsi_take_child(s);
		return;
	case GSI_SYS:
		gsi_take_sys(s);
		break;
	case GSI_REPLY:
	case GSI_ANSWER:
	case GSI_REFUSAL:
		break;
	}
	s->rest = rest;
	if (s->suspended)
		gsi_suspended(s);
}

void
gsi_dispatch(struct gsi_server *s)
{
	dispatch(s);
}

/* ---- signals ---- */

/* A SIGTERM becomes a request at the end of the queue. */
static void
take_sigterm(struct gsi_server *s)
{
	static const char word[] = "shutdown";
	struct gsi_head head = { .kind = GSI_SYS, .gen = s->me->pid.gen };
	char body[sizeof(struct gsi_sys) + sizeof(word) - 1];
	struct gsi_sys sys = { .op = GSI_SYS_TERMINATE,
		.size = sizeof(word) - 1,
		.deadline = -1 };

	memcpy(body, &sys, sizeof(sys));
	memcpy(body + sizeof(sys), word, sizeof(word) - 1);
	if (gsi_send(s->me, s->me->pid, GM_MAILBOX, &head,
		gs_bytes_of(body, sizeof(body)), GM_SEND_RUNTIME) == 0)
		gsi_sigterm_taken();
}

/* One that is watched is a message, between two others. */
void
gsi_take_signal(struct gsi_server *s, int number)
{
	gs_info info = { .kind = GS_INFO_SIGNAL,
		.from = s->me->pid,
		.signal = number,
		.reason = "" };

	s->rest = s->usual_rest;
	s->message.kind = 0;
	s->event = "signal";
	gsi_take_info(s, &info);
}

static void
housekeep(struct gsi_server *s)
{
	int number;

	if (!gsi_signal_pending(s->me))
		return;
	while ((number = gsi_signal_next(s->me)) != 0) {
		if (s->suspended)
			gsi_suspended_signal(s, number);
		else
			gsi_take_signal(s, number);
	}
	if (gsi_signal_pending(s->me))
		take_sigterm(s);
}

/* Nothing is queued, so ending at once is in order if all else fails. */
static void
interrupted(struct gsi_server *s)
{
	housekeep(s);
	if (gsi_signal_pending(s->me))
		gsi_server_end(s, "shutdown");
}

static inline void
begin_turn(struct gsi_server *s)
{
	if (unlikely((++s->turn & HOUSEKEEPING) == 0))
		housekeep(s);
	s->message.kind = 0;
	s->event = NULL;
}

void
gsi_turn_begin(struct gsi_server *s)
{
	begin_turn(s);
}

static inline void
message_taken(struct gsi_server *s)
{
	gsi_bump(&s->me->page->messages);
	if (unlikely(gm_load(&s->me->page->crash.state, relaxed)))
		gsi_crash_clear(s->me->page);
}

void
gsi_turn_taken(struct gsi_server *s)
{
	message_taken(s);
}

void
gsi_turn_failed(struct gsi_server *s, int status)
{
	s->message.kind = 0;
	if (status == -EINTR)
		interrupted(s);
	else if (status == -ECONNRESET || status == -ENOTCONN)
		gsi_server_end(s, "nodedown");
	else if (status == -EBADF)
		gsi_server_end(s, "bad_descriptor");
	else
		gsi_server_end(s, "bad_mailbox");
}

/* A call or a cast, at sight.  False: nothing has happened. */
static inline bool
take_usual(struct gsi_server *s)
{
	if (unlikely(s->rest != 0) || !gsi_take_usual(s->me, &s->message))
		return false;
	message_taken(s);
	s->rest = s->usual_rest;
	if (s->message.kind == GSI_CAST)
		gsi_take_cast(s);
	else
		gsi_take_call(s);
	return true;
}

/* What gsi_rest said. */
static inline void
act(struct gsi_server *s, int status)
{
	if (likely(status == 1)) {
		message_taken(s);
		dispatch(s);
		return;
	}
	s->message.kind = 0;
	if (status == 0)
		gsi_rest_over(s);
	else
		gsi_turn_failed(s, status);
}

void
gsi_server_loop(struct gsi_server *s)
{
	/* entered out of a message that had been put aside: others may be */
	if (gsi_suspended_still(s))
		gsi_suspended(s);
	for (;;) {
		begin_turn(s);
		if (!take_usual(s))
			act(s, gsi_rest(s));
	}
}

int
gsi_serve_some(struct gsi_server *s, int max)
{
	jmp_buf here, *before = s->exit_to;
	int status, n;

	s->exit_to = &here;
	if (_setjmp(here))
		gsi_server_left(*gsi_thread_slot(GSI_SLOT_SERVER));
	for (n = 0; n < max; n++) {
		if (gsi_suspended_still(s)) {
			if (!gsi_suspended_some(s))
				break;
			continue;
		}
		begin_turn(s);
		status = gsi_rest_now(s);
		if (status == -EAGAIN)
			break;
		act(s, status);
	}
	s->exit_to = before;
	return n;
}
