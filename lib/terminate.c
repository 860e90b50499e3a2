/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a gen_server, in this order: the state is put into words if a
 * report will be due, terminate runs, a last reply goes out, the report is
 * sent, the process finishes.  gs_exit out of any step goes on with the next.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/loop.h"

#define SHOWN 1024u /* bytes of state or message in a report */
#define HEX_SHOWN 64u

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

static const char *
kind_text(const struct gsi_server *s)
{
	switch ((enum gsi_kind)s->message.kind) {
	case GSI_CALL:
		return "call";
	case GSI_CAST:
		return "cast";
	case GSI_INFO:
		return "info";
	case GSI_TIMER:
		return "timer";
	case GSI_SYS:
		return "system";
	case GSI_EXIT:
		return "exit";
	case GSI_DOWN:
		return "down";
	case GSI_CHILD:
	case GSI_STARTED:
		return "child";
	case GSI_REPLY:
	case GSI_ANSWER:
		break;
	}
	return s->event ? s->event : "none";
}

static bool
has_text(const struct gsi_message *m)
{
	return m->kind == GSI_CALL || m->kind == GSI_CAST ||
	       m->kind == GSI_INFO || m->kind == GSI_TIMER;
}

static void
message_text(const struct gsi_server *s, char text[SHOWN])
{
	size_t n = (size_t)snprintf(text, SHOWN, "%s", kind_text(s));

	if (!has_text(&s->message))
		return;
	n += (size_t)snprintf(text + n, SHOWN - n, ": ");
	gsi_printable(
	    text + n, SHOWN - n, s->message.body.data, s->message.body.size);
}

/* Bytes of the state that nobody has put into words: text if it is some. */
static void
raw_state_text(const struct gsi_server *s, char *text)
{
	const unsigned char *p = s->state;
	size_t size = s->behaviour->state_size;
	size_t n = 0, used;

	while (n < size && p[n] >= 0x20 && p[n] < 0x7f)
		n++;
	for (used = n; used < size && p[used] == '\0';)
		used++;
	if (n && used == size) {
		gsi_printable(text, SHOWN, p, n);
		return;
	}
	used = (size_t)snprintf(text, SHOWN, "%zu bytes: ", size);
	for (n = 0; n < size && n < HEX_SHOWN; n++)
		used +=
		    (size_t)snprintf(text + used, SHOWN - used, "%02x", p[n]);
	if (n < size)
		snprintf(text + used, SHOWN - used, "...");
}

static void
status_failed(struct gsi_server *s)
{
	snprintf(s->state_text, SHOWN, "format_status of %.64s failed",
	    s->behaviour->name ? s->behaviour->name : "the behaviour");
}

/* Asks format_status, which may itself fail or call gs_exit. */
static void
show_state(struct gsi_server *s)
{
	gs_status status = { .kind = GS_STATUS_TERMINATE,
		.reason = s->reason,
		.message = s->message.body };

	s->state_text = malloc(SHOWN);
	if (!s->state_text)
		return;
	if (!s->message.kind)
		status.message = GS_NONE;
	if (!s->behaviour->format_status) {
		raw_state_text(s, s->state_text);
		return;
	}
	s->behaviour->format_status(s->state, &status);
	if (status.text.data)
		gsi_printable(
		    s->state_text, SHOWN, status.text.data, status.text.size);
	else
		status_failed(s);
}

static struct gsi_field
field(const char *key, const char *text)
{
	return (struct gsi_field){ key, text, strlen(text) };
}

static void
report_end(struct gsi_server *s, const char *kind)
{
	char pid[GS_PID_TEXT], client[GS_PID_TEXT], text[512], message[SHOWN];
	char name[GM_ENTRY_NAME + 1] = "";
	struct gm_entry *entry = gm_entry_at(s->me->arena, s->me->pid.slot);
	struct gsi_field fields[6];
	int n = 0;

	if (entry)
		gm_entry_name(entry, name);
	gs_pid_text(s->me->pid, pid);
	snprintf(text, sizeof(text), "server %s%s%s terminating: %s", name,
	    *name ? " " : "", pid, s->reason);
	message_text(s, message);
	fields[n++] = field("reason", s->reason);
	fields[n++] = field("behaviour", s->me->page->behaviour);
	fields[n++] = field("last_message", message);
	if (s->state_text)
		fields[n++] = field("state", s->state_text);
	if (s->message.kind == GSI_CALL)
		fields[n++] =
		    field("client", gs_pid_text(s->message.from, client));
	if (*s->me->label)
		fields[n++] = field("label", s->me->label);
	gsi_report(s->me->reports, GSI_ERROR_LEVEL, kind, name, s->me->pid,
	    text, fields, n);
}

/* ---- the steps, last one first ---- */

static void __attribute__((__noreturn__)) finish(struct gsi_server *s)
{
	if (s->has_last_reply)
		gsi_send_reply(s->me, s->last_from, s->last_reply);
	if (!gsi_reason_clean(s->reason)) {
		if (!s->state_text && (s->state_text = malloc(SHOWN)))
			raw_state_text(s, s->state_text);
		report_end(s, "server_terminated");
	}
	gsi_finish(s->me, s->reason);
}

static void __attribute__((__noreturn__)) terminate(struct gsi_server *s)
{
	s->phase = GSI_IN_TERMINATE;
	if (s->behaviour->terminate)
		s->behaviour->terminate(s->state, s->reason);
	finish(s);
}

void
gsi_server_end(struct gsi_server *s, const char *reason)
{
	gsi_reason_copy(s->reason, reason);
	gsi_doing(s, GS_STATE_STOPPING);
	s->phase = GSI_IN_STATUS;
	if (!gsi_reason_clean(s->reason))
		show_state(s);
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
	gsi_reason_copy(s->reason, reason);
	if (!gsi_reason_clean(s->reason))
		report_end(s, "crash");
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
	case GSI_IN_STATUS:
		status_failed(s);
		terminate(s);
	case GSI_IN_TERMINATE:
		gsi_reason_copy(s->reason, s->left_with);
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
		_longjmp(s->exit_point, 1);
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
