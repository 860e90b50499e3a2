/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between two messages: what the last verdict asked for besides waiting, a
 * timeout, hibernation or both.  The rule: any message but a system message
 * ends it; the plain timeout begins anew behind one of those, the event
 * timeout has its time and keeps it.
 */
#include "lib/dispatch.h"
#include "lib/loop.h"

void
gsi_rest_as(
    struct gsi_server *s, const gs_next *next, const struct gsi_stage *carried)
{
	switch ((enum gsi_action)next->action) {
	case GSI_TIMEOUT:
		if (next->timeout == GS_INFINITY)
			return;
		s->timeout = next->timeout;
		s->rest |= GSI_REST_TIMEOUT;
		return;
	case GSI_HIBERNATE:
		s->rest |= GSI_REST_HIBERNATE;
		return;
	case GSI_EVENT_HIBERNATE:
		s->rest |= GSI_REST_HIBERNATE;
		break;
	case GSI_EVENT:
		break;
	case GSI_NO_ACTION:
	case GSI_CONTINUE:
	case GSI_BAD_ACTION:
		return;
	}
	if (carried->at < 0)
		return;
	s->rest |= GSI_REST_EVENT;
	s->later.at = carried->at;
	s->later.message = carried->argument;
}

static int
wait_until(struct gsi_server *s, int64_t deadline)
{
	gsi_doing(s, s->rest & GSI_REST_HIBERNATE ? GS_STATE_HIBERNATING
						  : GS_STATE_WAITING);
	return gsi_mailbox_next(s->me, &s->message, deadline);
}

/* ns, -1: for ever. */
static int64_t
deadline_of(const struct gsi_server *s)
{
	if (s->rest & GSI_REST_EVENT)
		return s->later.at;
	if (s->rest & GSI_REST_TIMEOUT)
		return gsi_deadline(s->timeout);
	if (s->rest & GSI_REST_HIBERNATE)
		return -1;
	return gsi_deadline(s->birth.hibernate_after);
}

/* The time that is over was only that until hibernation. */
static bool
only_idle(const struct gsi_server *s)
{
	return s->rest == GSI_REST_IDLE;
}

static int __attribute__((noinline)) rest(struct gsi_server *s)
{
	int status;

	if (s->rest & GSI_REST_EVENT && s->later.at == 0)
		return 0;
	status = gsi_mailbox_next(s->me, &s->message, 0);
	if (status != 0)
		return status;
	if (only_idle(s)) {
		status = wait_until(s, deadline_of(s));
		if (status != 0)
			return status;
		s->rest |= GSI_REST_HIBERNATE;
	}
	if (s->rest & GSI_REST_HIBERNATE)
		gsi_hibernate(s->me);
	return wait_until(s, deadline_of(s));
}

int
gsi_rest(struct gsi_server *s)
{
	if (likely(s->rest == 0))
		return wait_until(s, -1);
	return rest(s);
}

/* The wait, or what it is spent in, begins. */
static void
begin(struct gsi_server *s)
{
	if (s->rest & GSI_REST_HIBERNATE)
		gsi_hibernate(s->me);
	gsi_doing(s, s->rest & GSI_REST_HIBERNATE ? GS_STATE_HIBERNATING
						  : GS_STATE_WAITING);
	s->until = s->rest ? deadline_of(s) : -1;
	s->resting = true;
}

int
gsi_rest_now(struct gsi_server *s)
{
	int status;

	if (s->rest & GSI_REST_EVENT && s->later.at == 0)
		return 0;
	status = gsi_mailbox_next(s->me, &s->message, 0);
	if (status != 0) {
		s->resting = false;
		return status;
	}
	if (!s->resting)
		begin(s);
	if (s->until < 0 || gsi_now_ns() < s->until)
		return -EAGAIN;
	s->resting = false;
	if (!only_idle(s))
		return 0;
	s->rest |= GSI_REST_HIBERNATE;
	begin(s);
	return -EAGAIN;
}

int64_t
gsi_serve_until(const struct gsi_server *s)
{
	return s->resting ? s->until : -1;
}

/* The timeout has passed: it is told once. */
void
gsi_rest_over(struct gsi_server *s)
{
	gs_info info = { .kind = GS_INFO_TIMEOUT, .reason = "" };

	if (s->rest & GSI_REST_EVENT)
		info.body = s->later.message;
	s->rest = s->usual_rest;
	s->event = "timeout";
	gsi_take_info(s, &info);
}
