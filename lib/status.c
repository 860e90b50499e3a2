/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server in words: what it has in hand and what its state is.  The rule:
 * format_status is asked, never trusted: when it fails or leaves by gs_exit,
 * a fixed note stands in its place and the caller goes on.
 */
#include <stdio.h>

#include "lib/loop.h"

#define HEX_SHOWN 64u

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
	case GSI_CANCELLED:
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
	case GSI_RESPONSE:
		return "response";
	case GSI_FD:
		return "descriptor";
	case GSI_REPLY:
	case GSI_ANSWER:
	case GSI_REFUSAL:
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

void
gsi_message_text(const struct gsi_server *s, char text[GSI_SHOWN])
{
	size_t n = (size_t)snprintf(text, GSI_SHOWN, "%s", kind_text(s));

	if (!has_text(&s->message))
		return;
	n += (size_t)snprintf(text + n, GSI_SHOWN - n, ": ");
	gsi_printable(text + n, GSI_SHOWN - n, s->message.body.data,
	    s->message.body.size);
}

/* Nobody has put these bytes into words: they are text if they look so. */
void
gsi_state_bytes(const struct gsi_server *s, char text[GSI_SHOWN])
{
	const unsigned char *p = s->state;
	size_t size = p ? s->behaviour->state_size : 0;
	size_t n = 0, used;

	while (n < size && p[n] >= 0x20 && p[n] < 0x7f)
		n++;
	for (used = n; used < size && p[used] == '\0';)
		used++;
	if (n && used == size) {
		gsi_printable(text, GSI_SHOWN, p, n);
		return;
	}
	used = (size_t)snprintf(text, GSI_SHOWN, "%zu bytes: ", size);
	for (n = 0; n < size && n < HEX_SHOWN; n++)
		used += (size_t)snprintf(
		    text + used, GSI_SHOWN - used, "%02x", p[n]);
	if (n < size)
		snprintf(text + used, GSI_SHOWN - used, "...");
}

/* gs_exit comes back here, and nowhere else, while this runs. */
static void
ask(struct gsi_server *s, gs_status *status)
{
	jmp_buf *outer = s->exit_to;
	jmp_buf here;

	s->exit_to = &here;
	if (_setjmp(here) == 0)
		s->behaviour->format_status(s->state, status);
	else
		status->text = GS_NONE;
	s->exit_to = outer;
}

void
gsi_state_text(
    struct gsi_server *s, enum gs_status_kind kind, char text[GSI_SHOWN])
{
	gs_status status = { .kind = kind, .reason = "" };

	if (!s->behaviour->format_status) {
		gsi_state_bytes(s, text);
		return;
	}
	if (kind == GS_STATUS_TERMINATE)
		status.reason = s->reason;
	if (s->message.kind)
		status.message = s->message.body;
	ask(s, &status);
	if (status.text.data)
		gsi_printable(
		    text, GSI_SHOWN, status.text.data, status.text.size);
	else
		snprintf(text, GSI_SHOWN, "format_status of %.64s failed",
		    s->behaviour->name ? s->behaviour->name : "the behaviour");
}
