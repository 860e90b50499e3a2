/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers: messages sent later.  The rule: a timer is kept until its message
 * is in the receiver's mailbox or can never get there; then its memory is
 * free again.
 */
#include <stdlib.h>

#include "lib/dispatch.h"
#include "lib/guest.h"
#include "lib/heap.h"

#define RETRY_FIRST_NS NS_PER_MS
#define RETRY_LAST_NS (1000 * NS_PER_MS)

static const char *
keep_text(char *room, const char *text)
{
	return text ? strcpy(room, text) : NULL;
}

static struct gsi_timer *
make(int64_t due, gs_addr to, gs_bytes message)
{
	const char *name = gs_addr_name(to);
	size_t size = name ? strlen(name) + 1 : 0;
	/* a via module is no text, and stays where it is */
	const void *place = gs_addr_place(to);
	const char *node = gs_addr_node(to);
	struct gsi_timer *timer;

	timer = malloc(sizeof(*timer) + message.size + size +
		       (node ? strlen(node) + 1 : 0));
	if (!timer)
		return NULL;
	*timer = (struct gsi_timer){ .due = due,
		.retry = RETRY_FIRST_NS,
		.to = to,
		.size = message.size };
	if (message.size)
		memcpy(timer->body, message.data, message.size);
	name = keep_text(timer->body + message.size, name);
	if (node)
		place = keep_text(timer->body + message.size + size, node);
	if (gs_addr_kind(to) != GS_ADDR_PID)
		timer->to = gs_addr_of(gs_addr_kind(to), name, place);
	return timer;
}

static bool
legal(gs_addr to, gs_bytes message)
{
	if (message.size && !message.data)
		return false;
	switch (gs_addr_kind(to)) {
	case GS_ADDR_PID:
		return true;
	case GS_ADDR_NAME:
		return gs_name_check(gs_addr_name(to), NULL) == 0;
	case GS_ADDR_VIA:
		return gs_addr_name(to) != NULL && gs_addr_via(to) != NULL;
	case GS_ADDR_NAME_AT:
		return gs_name_check(gs_addr_name(to), NULL) == 0 &&
		       gs_name_check(gs_addr_node(to), NULL) == 0;
	}
	return false;
}

static int
add(int64_t due, gs_addr to, gs_bytes message, gs_ref *ref)
{
	struct gsi_self *me = gsi_self();
	struct gsi_timer *timer;

	if (!me)
		return -ENOTCONN;
	if (!legal(to, message))
		return gsi_failed(-EINVAL, "timer", to, message, 0, NULL);
	/* how large others' mailboxes are is known only at firing */
	if (gs_addr_kind(to) == GS_ADDR_PID &&
	    gs_pid_equal(gs_addr_pid(to), me->pid) &&
	    message.size > gm_ring_message_max(&me->mailbox.ref))
		return gsi_fail(-EMSGSIZE, "", "timer: message too large");
	if (!me->timers)
		me->timers = gsi_heap_new();
	timer = me->timers ? make(due, to, message) : NULL;
	if (!timer || gsi_heap_insert(me->timers, timer) < 0) {
		free(timer);
		return gsi_fail(-ENOMEM, "system_limit", "timer: no memory");
	}
	if (ref)
		ref->id = timer->id;
	gsi_kick(me);
	return 0;
}

GS_API int
gs_send_at(int64_t at, gs_addr to, gs_bytes message, gs_ref *ref)
{
	if (at < 0 || at > INT64_MAX / NS_PER_MS)
		return gsi_fail(-EINVAL, "badarg",
		    "timer: %lld is no time of gs_now", (long long)at);
	return add(at * NS_PER_MS, to, message, ref);
}

GS_API int
gs_send_after(int ms, gs_addr to, gs_bytes message, gs_ref *ref)
{
	if (ms < 0)
		return gsi_fail(
		    -EINVAL, "badarg", "timer: %d ms are negative", ms);
	return add(gsi_now_ns() + ms * NS_PER_MS, to, message, ref);
}

static int64_t
left(const struct gsi_timer *timer)
{
	int64_t ns = timer->due - gsi_now_ns();

	return ns > 0 ? ns / NS_PER_MS : 0;
}

GS_API int64_t
gs_read_timer(gs_ref ref)
{
	struct gsi_self *me = gsi_self_peek();
	struct gsi_timer *timer = me ? gsi_heap_find(me->timers, ref.id) : NULL;

	return timer ? left(timer) : -ENOENT;
}

GS_API int64_t
gs_cancel_timer(gs_ref ref)
{
	struct gsi_self *me = gsi_self_peek();
	struct gsi_timer *timer = me ? gsi_heap_find(me->timers, ref.id) : NULL;
	int64_t ms;

	if (!timer)
		return -ENOENT;
	ms = left(timer);
	gsi_heap_remove(me->timers, timer);
	return ms;
}

GS_API int
gs_cancel_timer_async(gs_ref ref)
{
	struct gsi_self *me = gsi_self();
	struct gsi_head head = { GSI_CANCELLED, 0, ref.id };
	int64_t left = gs_cancel_timer(ref);
	int status;

	if (!me)
		return gsi_fail(-ENOTCONN, "", "timer: no node");
	head.gen = me->pid.gen;
	status = gsi_send(
	    me, me->pid, GM_MAILBOX, &head, GS_OBJECT(left), GM_SEND_RUNTIME);
	if (status != 0)
		return gsi_fail(status, "",
		    "timer: cancelled, but there is no room to say so");
	return 0;
}

int64_t
gsi_timers_next(struct gsi_self *me)
{
	struct gsi_timer *timer = gsi_heap_first(me->timers);

	return timer ? timer->due : -1;
}

static int
send_at(struct gsi_self *me, const struct gsi_timer *timer)
{
	struct gsi_head head = { GSI_TIMER, me->pid.gen, timer->id };
	gs_bytes body = gs_bytes_of(timer->body, timer->size);
	gs_pid pid;
	int status = gsi_resolve(me, timer->to, &pid);

	if (status == 0)
		status =
		    gsi_send(me, pid, GM_MAILBOX, &head, body, GM_SEND_RUNTIME);
	return status;
}

/* 0 or an error that no later attempt can change; -EAGAIN: try again. */
static int
deliver(struct gsi_self *me, const struct gsi_timer *timer)
{
	int status = send_at(me, timer);

	if (gsi_elsewhere(&me, timer->to, GSI_SOON, &status))
		status = gsi_there(me, send_at(me, timer));
	if (status == -ENOSPC || status == -EMFILE || status == -ENOMEM)
		return -EAGAIN;
	return status;
}

/* A full mailbox is asked again later, less and less often. */
static void
postpone(struct gsi_timers *t, struct gsi_timer *timer, int64_t now)
{
	timer->due = now + timer->retry;
	if (timer->retry < RETRY_LAST_NS)
		timer->retry *= 2;
	gsi_heap_later(t, timer);
}

void
gsi_timers_fire(struct gsi_self *me, int64_t now)
{
	struct gsi_timer *timer;

	while ((timer = gsi_heap_first(me->timers)) && timer->due <= now) {
		if (deliver(me, timer) == -EAGAIN)
			postpone(me->timers, timer, now);
		else
			gsi_heap_remove(me->timers, timer);
	}
}

void
gsi_timers_free(struct gsi_self *me)
{
	gsi_heap_free(me->timers);
	me->timers = NULL;
}
