/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events as messages to whoever watches from outside.  The rule: the server
 * never waits for him: what does not fit his mailbox is dropped and counted,
 * and once he is gone he is forgotten.
 */
#include <stdio.h>

#include "lib/debug.h"

int
gsi_debug_trace_to(struct gsi_debug *d, gs_pid pid)
{
	for (uint32_t i = 0; i < d->n_tracers; i++)
		if (gs_pid_equal(d->tracers[i].pid, pid))
			return 0;
	if (d->n_tracers == GSI_TRACERS_MAX)
		return -ENOSPC;
	d->tracers[d->n_tracers++] = (struct gsi_tracer){ pid, 0 };
	return 0;
}

void
gsi_debug_trace_no_more(struct gsi_debug *d, gs_pid pid)
{
	for (uint32_t i = d->n_tracers; i-- > 0;)
		if (gs_pid_equal(d->tracers[i].pid, pid))
			d->tracers[i] = d->tracers[--d->n_tracers];
}

static int
send_to(struct gsi_server *s, gs_pid pid, gs_bytes line, unsigned flags)
{
	struct gsi_head head = { GSI_INFO, s->me->pid.gen, 0 };

	return gsi_send(s->me, pid, GM_MAILBOX, &head, line, flags);
}

/* An empty one is the last; it has a right to the room kept for such. */
void
gsi_debug_trace_end(struct gsi_server *s)
{
	struct gsi_debug *d = s->debug;

	while (d->n_tracers)
		(void)!send_to(s, d->tracers[--d->n_tracers].pid, GS_NONE,
		    GM_SEND_RUNTIME);
}

/* False: he is gone. */
static bool
show(struct gsi_server *s, struct gsi_tracer *t, gs_bytes line)
{
	char name[GM_ENTRY_NAME + 1], text[GM_ENTRY_NAME + 64];
	int status;

	if (t->dropped) {
		snprintf(text, sizeof(text), "*DBG* %s %llu events dropped",
		    gsi_server_name(s, name), (unsigned long long)t->dropped);
		status = send_to(s, t->pid, gs_text(text), 0);
		if (status == 0)
			t->dropped = 0;
	}
	status = t->dropped ? -EAGAIN : send_to(s, t->pid, line, 0);
	if (status == -ESRCH || status == -EBADMSG || status == -EHOSTUNREACH)
		return false;
	t->dropped += status != 0;
	return true;
}

void
gsi_debug_send(struct gsi_server *s, gs_bytes line)
{
	struct gsi_debug *d = s->debug;

	for (uint32_t i = d->n_tracers; i-- > 0;)
		if (!show(s, &d->tracers[i], line))
			d->tracers[i] = d->tracers[--d->n_tracers];
}
