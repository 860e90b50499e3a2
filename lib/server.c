/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gen_server loop: init, then take a message, give it to its callback, act
 * on the verdict, for ever.
 *
 *	init -> (continue)* -> take -> callback -> act -> (continue)* -> take
 */
#include <stdlib.h>
#include <unistd.h>

#include "lib/debug.h"

#define STATE_MAX ((size_t)1 << 30)
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

	if (kind == GS_INFO_TIMER || kind == GS_INFO_RESPONSE)
		info.ref.id = s->message.tag;
	gsi_take_info(s, &info);
}

/* Anything but a system message ends a timeout, and hibernation. */
static void
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
	case GSI_RESPONSE:
		take_message(s, GS_INFO_RESPONSE);
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
}

/* ---- signals ---- */

/* A SIGTERM becomes a request at the end of the queue. */
static void
take_sigterm(struct gsi_server *s)
{
	static const char word[] = "shutdown";
	struct gsi_head head = { .kind = GSI_SYS, .gen = s->me->pid.gen };
	char body[sizeof(struct gsi_sys) + sizeof(word) - 1];
	struct gsi_sys sys = { GSI_SYS_TERMINATE, sizeof(word) - 1 };

	memcpy(body, &sys, sizeof(sys));
	memcpy(body + sizeof(sys), word, sizeof(word) - 1);
	if (gsi_send(s->me, s->me->pid, GM_MAILBOX, &head,
		gs_bytes_of(body, sizeof(body)), GM_SEND_RUNTIME) == 0)
		gsi_sigterm_taken();
}

static void
housekeep(struct gsi_server *s)
{
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

static void
turn(struct gsi_server *s)
{
	int status;

	/* a fork that a callback made and forgot to end is no server */
	if (unlikely(gsi_self_peek() != s->me))
		_exit(1);
	s->message.kind = 0;
	s->event = NULL;
	if (unlikely((++s->turn & HOUSEKEEPING) == 0))
		housekeep(s);
	status = gsi_rest(s);
	if (likely(status == 1)) {
		gsi_bump(&s->me->page->messages);
		if (unlikely(gm_load(&s->me->page->crash.state, relaxed)))
			gsi_crash_clear(s->me->page);
		dispatch(s);
		return;
	}
	s->message.kind = 0;
	if (status == 0)
		gsi_rest_over(s);
	else if (status == -EINTR)
		interrupted(s);
	else if (status == -ECONNRESET || status == -ENOTCONN)
		gsi_server_end(s, "nodedown");
	else if (status == -EBADF)
		gsi_server_end(s, "bad_descriptor");
	else
		gsi_server_end(s, "bad_mailbox");
}

/* ---- birth ---- */

static void
copy_text(char *to, size_t size, const char *from)
{
	gs_string(gs_text(from), to, size);
}

/* NULL, or why this behaviour cannot run. */
static const char *
unfit(const gs_behaviour *b)
{
	if (!b || b->abi != GS_ABI || b->size < sizeof(*b))
		return "bad_abi";
	if (!b->init)
		return "undef";
	if (b->state_size > STATE_MAX)
		return "bad_state_size";
	return NULL;
}

static void
prepare(struct gsi_server *s)
{
	const char *why = unfit(s->behaviour);
	size_t size;

	if (why)
		gsi_init_failed(s, why);
	size = s->behaviour->state_size;
	copy_text(s->me->page->behaviour, sizeof(s->me->page->behaviour),
	    s->behaviour->name);
	copy_text(s->me->page->version, sizeof(s->me->page->version),
	    s->behaviour->version);
	s->state = calloc(1, size ? size : 1);
	if (!s->state)
		gsi_init_failed(s, "system_limit");
	/* a supervisor's state is the library's own, and it never fails so */
	if (size <= GSI_SHADOW_MAX && !s->birth.handle_child) {
		s->shadow = malloc(size ? size : 1);
		s->shadow_size = s->shadow ? size : 0;
	}
	if (s->birth.debug && *s->birth.debug)
		gsi_debug_start(s, s->birth.debug);
}

/* Does not return unless the server is up. */
static void
act_on_init(struct gsi_server *s, const gs_next *next)
{
	struct gsi_stage carried;
	gs_next go = *next;

	if (!gsi_verdict_open(next, &carried) || next->action == GSI_BAD_ACTION)
		gsi_init_failed(s, GSI_BAD_RETURN);
	if (next->verdict == GSI_IGNORE || next->verdict == GSI_ERROR) {
		if (s->birth.refused)
			s->birth.refused(s->me,
			    next->verdict == GSI_ERROR ? carried.reason : NULL);
		gsi_finish(s->me, "normal");
	}
	if (next->verdict == GSI_STOP)
		gsi_init_failed(s, carried.reason);
	if (next->verdict != GSI_OK)
		gsi_init_failed(s, GSI_BAD_RETURN);
	s->phase = GSI_IN_LOOP;
	gm_store(&s->me->page->started, 1, relaxed);
	if (s->birth.started)
		s->birth.started(s->me);
	gsi_rest_as(s, &go, &carried);
	if (go.action == GSI_CONTINUE)
		gsi_run_continues(s, carried.argument);
}

static void
serve(struct gsi_server *s)
{
	gs_next next;

	prepare(s);
	next = s->behaviour->init(s->state, s->birth.argument);
	act_on_init(s, &next);
	for (;;)
		turn(s);
}

void
gsi_server_run(struct gsi_self *me, const struct gsi_birth *birth)
{
	struct gsi_server *s = calloc(1, sizeof(*s));

	if (!s || gsi_exit_guard_install(me) < 0)
		gsi_finish(me, "system_limit");
	s->me = me;
	s->birth = *birth;
	s->behaviour = birth->behaviour;
	s->phase = GSI_IN_INIT;
	s->usual_rest = birth->hibernate_after ? GSI_REST_IDLE : 0;
	s->rest = s->usual_rest;
	s->event = "init";
	s->os_pid = getpid();
	me->server = s;
	gsi_self_set(me);
	*gsi_thread_slot(GSI_SLOT_SERVER) = s;
	gsi_doing(s, GS_STATE_STARTING);
	if (gsi_crash_install(me) < 0)
		gsi_init_failed(s, "system_limit");
	s->exit_to = &s->exit_point;
	if (_setjmp(s->exit_point))
		gsi_server_left(*gsi_thread_slot(GSI_SLOT_SERVER));
	serve(s);
	abort();
}
