/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A verdict that is none, or not that callback's: the end of the server, and
 * in its report what the callback has returned.
 */
#include <stdio.h>

#include "lib/told.h"

static const char *
callback_of(const struct gsi_server *s)
{
	if (s->phase == GSI_IN_INIT)
		return "init";
	if (s->message.kind == GSI_CALL)
		return "handle_call";
	if (s->message.kind == GSI_CAST)
		return "handle_cast";
	if (s->event && strcmp(s->event, "continue") == 0)
		return "handle_continue";
	return "handle_info";
}

static const char *
allowed(const struct gsi_server *s)
{
	if (s->phase == GSI_IN_INIT)
		return "ok, ignore, error or stop";
	return s->message.kind == GSI_CALL ? "reply, noreply or stop"
					   : "noreply or stop";
}

static const char *
word_of(uint32_t verdict)
{
	switch ((enum gsi_verdict)verdict) {
	case GSI_OK:
		return "ok";
	case GSI_IGNORE:
		return "ignore";
	case GSI_ERROR:
		return "error";
	case GSI_REPLY_GO:
		return "reply";
	case GSI_NOREPLY:
		return "noreply";
	case GSI_STOP:
		return "stop";
	case GSI_STOP_REPLY:
		return "stop with reply";
	}
	return "nothing";
}

static bool
takes_action(uint32_t verdict)
{
	return verdict == GSI_OK || verdict == GSI_REPLY_GO ||
	       verdict == GSI_NOREPLY;
}

void
gsi_bad_return(struct gsi_server *s, const gs_next *next)
{
	uint32_t mark =
	    gsi_verdict_mark(next->verdict, next->action, next->timeout);
	const char *verdict = word_of(next->verdict);
	const char *callback = callback_of(s);
	struct gsi_stage carried;
	size_t size = sizeof(s->returned);

	if (next->check == (mark ^ 1))
		snprintf(s->returned, size,
		    "%s: a reply that has a size and no bytes (NULL)",
		    callback);
	else if (next->check != mark)
		snprintf(s->returned, size,
		    "%s: what none of the verdict functions has made",
		    callback);
	else if (next->action == GSI_BAD_ACTION && takes_action(next->verdict))
		snprintf(s->returned, size,
		    "%s: %s with a time-out that is negative, or a message "
		    "that has a size and no bytes",
		    callback, verdict);
	else if (next->action == GSI_BAD_ACTION)
		snprintf(s->returned, size,
		    "%s: %s with an action, which only ok, reply and noreply "
		    "take",
		    callback, verdict);
	else if (!gsi_verdict_open(next, &carried))
		snprintf(s->returned, size,
		    "%s: %s that was kept while eight others were made",
		    callback, verdict);
	else
		snprintf(s->returned, size, "%s: %s, which is not one of %s",
		    callback, verdict, allowed(s));
	if (s->phase == GSI_IN_INIT)
		gsi_init_failed(s, GSI_BAD_RETURN);
	gsi_server_fail(s, GSI_BAD_RETURN);
}
