/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server in words: what it has in hand and what its state is.  The rule:
 * format_status is asked, never trusted: when it fails or leaves by gs_exit,
 * a fixed note stands in its place and the caller goes on.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/debug.h"
#include "lib/system.h"

#define HEX_SHOWN 64u
#define TEXT_LEAST 4u

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

static void
message_text(const struct gsi_server *s, gs_bytes body, char text[GSI_SHOWN])
{
	size_t n = (size_t)snprintf(text, GSI_SHOWN, "%s", kind_text(s));

	if (!has_text(&s->message))
		return;
	n += (size_t)snprintf(text + n, GSI_SHOWN - n, ": ");
	gsi_printable(text + n, GSI_SHOWN - n, body.data, body.size);
}

/*
 * Nobody has put these bytes into words: they are text if they look so, and a
 * small number, of one byte or three, does not.
 */
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
	if (n >= TEXT_LEAST && used == size) {
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

struct asked {
	const struct gsi_server *s;
	gs_status *status;
};

static void
call_format_status(void *data)
{
	const struct asked *a = data;

	a->s->behaviour->format_status(a->s->state, a->status);
}

/*
 * The status as it is, and as format_status has it.  False: that failed or
 * set no text, and whatever else it has changed does not count.
 */
static bool
ask(struct gsi_server *s, enum gs_status_kind kind, gs_status *status)
{
	struct asked asked = { s, status };
	bool terminates = kind == GS_STATUS_TERMINATE;
	const char *before = s->event;
	bool returned;

	status->kind = kind;
	status->reason = terminates ? s->reason : "";
	status->text = status->message = GS_NONE;
	if (has_text(&s->message))
		status->message = s->message.body;
	if (!s->behaviour->format_status)
		return true;
	s->event = "format_status"; /* should it crash */
	returned = gsi_guarded(s, call_format_status, &asked);
	s->event = before;
	return returned && status->text.data;
}

static void
failed(const struct gsi_server *s, char text[GSI_SHOWN])
{
	snprintf(text, GSI_SHOWN, "format_status of %.64s failed",
	    s->behaviour->name ? s->behaviour->name : "the behaviour");
}

void
gsi_state_text(
    struct gsi_server *s, enum gs_status_kind kind, char text[GSI_SHOWN])
{
	gs_status status = { .log = GS_NONE };

	if (!s->behaviour->format_status)
		gsi_state_bytes(s, text);
	else if (ask(s, kind, &status))
		gsi_printable(
		    text, GSI_SHOWN, status.text.data, status.text.size);
	else
		failed(s, text);
}

/* ---- all that is told ---- */

/* The whole of a long text when somebody asks, what a field holds else. */
static char *
state_told(enum gs_status_kind kind, gs_bytes text)
{
	size_t size = GSI_SHOWN;
	char *out;

	if (kind == GS_STATUS_NORMAL && text.size >= size / 4)
		size = 4 * text.size + 1;
	out = malloc(size);
	return out ? gsi_printable(out, size, text.data, text.size) : NULL;
}

/* Lines stay lines. */
static char *
log_told(gs_bytes log)
{
	char *out = malloc(4 * log.size + 1), *at = out;
	const char *from = log.data, *end = from + log.size;

	while (out && from < end) {
		const char *stop = memchr(from, '\n', (size_t)(end - from));
		size_t n = (size_t)((stop ? stop : end) - from);

		gsi_printable(at, 4 * n + 1, from, n);
		at += strlen(at);
		from += n + 1;
		if (stop)
			*at++ = '\n';
	}
	if (out)
		*at = '\0';
	return out;
}

void
gsi_tell_plainly(struct gsi_server *s, struct gsi_told *told)
{
	memset(told, 0, sizeof(*told));
	message_text(s, s->message.body, told->message);
	told->state = malloc(GSI_SHOWN);
	if (told->state)
		gsi_state_bytes(s, told->state);
}

void
gsi_tell(struct gsi_server *s, enum gs_status_kind kind, struct gsi_told *told)
{
	char *log = gsi_debug_log(s, kind == GS_STATUS_TERMINATE);
	gs_status status = { .log = gs_text(log) };

	gsi_tell_plainly(s, told);
	if (ask(s, kind, &status)) {
		message_text(s, status.message, told->message);
		if (status.log.size)
			told->log = log_told(status.log);
		if (status.reason && status.reason != s->reason)
			gsi_reason_copy(told->reason, status.reason);
		if (s->behaviour->format_status) {
			free(told->state);
			told->state = state_told(kind, status.text);
		}
		told->log_stands = status.log.data != log;
	} else {
		told->log_stands = true;
		/* it may have been about to hide something of these */
		snprintf(told->message, GSI_SHOWN, "%s", kind_text(s));
		if (told->state)
			failed(s, told->state);
	}
	free(log);
}

void
gsi_told_free(struct gsi_told *told)
{
	free(told->state);
	free(told->log);
	told->state = told->log = NULL;
}
