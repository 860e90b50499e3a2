/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a gen_server, in this order: the state is put into words if a
 * report will be due, terminate runs, a last reply goes out, the report is
 * sent, the process finishes.  gs_exit out of any step goes on with the next.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/debug.h"
#include "lib/record.h"
#include "lib/thread.h"
#include "lib/via.h"

/* ---- what reports say ---- */

void
gsi_server_report(struct gsi_server *s, enum gsi_level level, const char *kind,
    const char *text, const struct gsi_field *fields, int n_fields)
{
	struct gsi_self *me = s->me;
	char name[GM_ENTRY_NAME + 1] = "";
	struct gm_entry *entry = gm_entry_at(me->arena, me->pid.slot);

	if (entry)
		gm_entry_name(entry, name);
	gsi_report(
	    me->reports, level, kind, name, me->pid, text, fields, n_fields);
}

static struct gsi_field
field(const char *key, const char *text)
{
	return (struct gsi_field){ key, text, strlen(text) };
}

/* As a gen_server: what it was doing, and for whom. */
static void
report_end(struct gsi_server *s, const char *kind, const struct gsi_told *told)
{
	const char *reason = *told->reason ? told->reason : s->reason;
	char pid[GS_PID_TEXT], client[GS_PID_TEXT], text[512];
	char name[GM_ENTRY_NAME + 1] = "";
	struct gm_entry *entry = gm_entry_at(s->me->arena, s->me->pid.slot);
	struct gsi_field fields[8];
	int n = 0;

	if (entry)
		gm_entry_name(entry, name);
	gs_pid_text(s->me->pid, pid);
	snprintf(text, sizeof(text), "server %s%s%s terminating: %s", name,
	    *name ? " " : "", pid, reason);
	fields[n++] = field("reason", reason);
	fields[n++] = field("behaviour", s->me->page->behaviour);
	if (*s->returned)
		fields[n++] = field("returned", s->returned);
	fields[n++] = field("last_message", told->message);
	if (told->state)
		fields[n++] = field("state", told->state);
	if (s->message.kind == GSI_CALL)
		fields[n++] =
		    field("client", gs_pid_text(s->message.from, client));
	if (*s->me->label)
		fields[n++] = field("label", s->me->label);
	if (told->log)
		fields[n++] = field("log", told->log);
	gsi_report(s->me->reports, GSI_ERROR_LEVEL, kind, name, s->me->pid,
	    text, fields, n);
}

/* ---- the steps, last one first ---- */

/* Before terminate, which may free what the state points to. */
static void
put_into_words(struct gsi_server *s)
{
	if (!gsi_reason_clean(s->reason) || (s->debug && s->has_last_reply))
		s->told = malloc(sizeof(*s->told));
	if (s->told)
		gsi_tell(s, GS_STATUS_TERMINATE, s->told);
}

static void
reply_last(struct gsi_server *s)
{
	if (!s->has_last_reply)
		return;
	s->has_last_reply = false;
	gsi_send_reply(
	    s->me, s->last_from.pid, s->last_from.tag, s->last_reply);
	if (s->debug)
		gsi_debug_sent(s, s->last_from.pid, s->last_reply,
		    s->told && s->told->state ? s->told->state : "");
}

/* What it was told of a clean reason does not do for one that is not. */
static void __attribute__((__noreturn__)) finish(struct gsi_server *s)
{
	struct gsi_told plain = { .state = NULL };

	reply_last(s);
	if (!gsi_reason_clean(s->reason)) {
		if (!s->told)
			gsi_tell_plainly(s, &plain);
		if (s->told && !s->told->log_stands) {
			/* with the last reply */
			free(s->told->log);
			s->told->log = gsi_debug_log(s, true);
		}
		report_end(s, "server_terminated", s->told ? s->told : &plain);
		gsi_server_crash_report(s);
		gsi_told_free(&plain);
	}
	gsi_via_unregister(s);
	gsi_finish(s->me, s->reason);
}

static void __attribute__((__noreturn__)) terminate(struct gsi_server *s)
{
	s->phase = GSI_IN_TERMINATE;
	if (s->behaviour->terminate)
		s->behaviour->terminate(s->state, s->reason);
	gsi_still(s->me);
	finish(s);
}

void
gsi_server_end(struct gsi_server *s, const char *reason)
{
	gsi_reason_copy(s->reason, reason);
	gsi_doing(s, GS_STATE_STOPPING);
	put_into_words(s);
	terminate(s);
}

void
gsi_server_fail(struct gsi_server *s, const char *reason)
{
	if (s->shadow_size)
		memcpy(s->state, s->shadow, s->shadow_size);
	gsi_server_end(s, reason);
}

void
gsi_init_failed(struct gsi_server *s, const char *reason)
{
	struct gsi_told told;

	gsi_reason_copy(s->reason, reason);
	if (!gsi_reason_clean(s->reason)) {
		gsi_tell_plainly(s, &told);
		free(told.state);
		told.state = NULL;
		report_end(s, "crash", &told);
	}
	gsi_via_unregister(s);
	gsi_finish(s->me, s->reason);
}

void
gsi_server_left(struct gsi_server *s)
{
	switch (s->phase) {
	case GSI_IN_INIT:
		gsi_init_failed(s, s->left_with);
	case GSI_IN_LOOP:
		gsi_server_fail(s, s->left_with);
	case GSI_IN_TERMINATE:
		gsi_reason_copy(s->reason, s->left_with);
		/* what it rewrote was another reason */
		if (s->told)
			*s->told->reason = '\0';
		finish(s);
	}
	abort();
}

/* ---- what callbacks may do besides returning ---- */

GS_API void
gs_exit(const char *reason)
{
	struct gsi_server *s = *gsi_thread_slot(GSI_SLOT_SERVER);
	struct gsi_self *me;
	char text[GS_REASON_MAX + 1];

	gsi_reason_copy(text, reason);
	if (s && s->os_pid == getpid()) {
		memcpy(s->left_with, text, sizeof(text));
		if (!s->exit_to)
			gsi_server_left(s);
		_longjmp(*s->exit_to, 1);
	}
	me = s ? NULL : gsi_crash_self();
	if (me)
		gsi_finish(me, text);
	me = s ? NULL : gsi_self_peek();
	if (me)
		gsi_words(me->page, text);
	exit(gsi_reason_clean(text) ? 0 : 1);
}

GS_API void
gs_set_label(const char *label)
{
	struct gsi_self *me = gsi_self();

	if (!me)
		return;
	gsi_printable(me->label, sizeof(me->label), label ? label : "",
	    label ? strlen(label) : 0);
	memcpy(me->page->label, me->label, sizeof(me->page->label));
}
