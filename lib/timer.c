/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers: a binary heap by due time in the process that made them.  The rule:
 * a timer is in the heap until its message is in the receiver's mailbox or
 * can never get there; then its memory is free again.
 *
 * A ref is a serial number above the index of a seat; the seat knows where in
 * the heap its timer is, so cancelling is logarithmic and an old ref finds
 * either its own timer or nothing.
 */
#include <stdlib.h>

#include "lib/internal.h"

#define SEAT_BITS 24
#define SEATS_MAX (1u << SEAT_BITS)
#define RETRY_FIRST_NS NS_PER_MS
#define RETRY_LAST_NS (1000 * NS_PER_MS)
#define NOBODY UINT32_MAX

struct timer {
	int64_t due;		/* ns */
	int64_t retry;		/* ns to wait after the next full mailbox */
	uint64_t id;
	gs_addr to;		/* its texts are ours, behind the body */
	size_t size;
	char body[];
};

struct seat {
	struct timer *timer;	/* NULL: empty */
	uint32_t at;		/* in the heap, or the next empty seat */
};

struct gsi_timers {
	uint64_t serial;
	uint32_t n;
	uint32_t room;		/* of both arrays */
	uint32_t used;		/* seats ever taken */
	uint32_t empty;		/* first empty seat, NOBODY */
	struct seat *seats;
	uint32_t *heap;		/* seats, soonest first */
};

/* ---- the heap ---- */

static struct timer *
timer_at(const struct gsi_timers *t, uint32_t at)
{
	return t->seats[t->heap[at]].timer;
}

/* Equal times fire in the order they were made. */
static bool
sooner(const struct timer *a, const struct timer *b)
{
	return a->due != b->due ? a->due < b->due : a->id < b->id;
}

static void
place(struct gsi_timers *t, uint32_t at, uint32_t seat)
{
	t->heap[at] = seat;
	t->seats[seat].at = at;
}

static void
rise(struct gsi_timers *t, uint32_t at)
{
	uint32_t seat = t->heap[at];

	while (at > 0) {
		uint32_t up = (at - 1) / 2;

		if (!sooner(t->seats[seat].timer, timer_at(t, up)))
			break;
		place(t, at, t->heap[up]);
		at = up;
	}
	place(t, at, seat);
}

static void
sink(struct gsi_timers *t, uint32_t at)
{
	uint32_t seat = t->heap[at];

	for (;;) {
		uint32_t down = 2 * at + 1;

		if (down >= t->n)
			break;
		if (down + 1 < t->n &&
		    sooner(timer_at(t, down + 1), timer_at(t, down)))
			down++;
		if (!sooner(timer_at(t, down), t->seats[seat].timer))
			break;
		place(t, at, t->heap[down]);
		at = down;
	}
	place(t, at, seat);
}

/* ---- seats ---- */

static int
grow(struct gsi_timers *t)
{
	uint32_t room = t->room ? t->room * 2 : 8;
	struct seat *seats;
	uint32_t *heap;

	if (t->room >= SEATS_MAX)
		return -ENOMEM;
	seats = realloc(t->seats, room * sizeof(*seats));
	if (!seats)
		return -ENOMEM;
	t->seats = seats;
	heap = realloc(t->heap, room * sizeof(*heap));
	if (!heap)
		return -ENOMEM;
	t->heap = heap;
	t->room = room;
	return 0;
}

static void
insert(struct gsi_timers *t, struct timer *timer)
{
	uint32_t seat = t->empty;

	if (seat != NOBODY)
		t->empty = t->seats[seat].at;
	else
		seat = t->used++;
	timer->id = ++t->serial << SEAT_BITS | seat;
	t->seats[seat].timer = timer;
	t->heap[t->n] = seat;
	rise(t, t->n++);
}

static void
extract(struct gsi_timers *t, uint32_t at)
{
	uint32_t seat = t->heap[at];
	uint32_t last = t->heap[--t->n];

	if (at < t->n) {
		place(t, at, last);
		sink(t, at);
		rise(t, t->seats[last].at);
	}
	free(t->seats[seat].timer);
	t->seats[seat].timer = NULL;
	t->seats[seat].at = t->empty;
	t->empty = seat;
}

static struct timer *
find(const struct gsi_timers *t, gs_ref ref)
{
	uint32_t seat = (uint32_t)(ref.id & (SEATS_MAX - 1));
	struct timer *timer;

	if (!t || seat >= t->used)
		return NULL;
	timer = t->seats[seat].timer;
	return timer && timer->id == ref.id ? timer : NULL;
}

/* ---- making ---- */

static const char *
keep_text(char *room, const char *text)
{
	return text ? strcpy(room, text) : NULL;
}

static struct timer *
make(int64_t due, gs_addr to, gs_bytes message)
{
	size_t name = to.name ? strlen(to.name) + 1 : 0;
	size_t node = to.node ? strlen(to.node) + 1 : 0;
	struct timer *timer;

	timer = malloc(sizeof(*timer) + message.size + name + node);
	if (!timer)
		return NULL;
	*timer = (struct timer){ .due = due, .retry = RETRY_FIRST_NS,
		.to = to, .size = message.size };
	if (message.size)
		memcpy(timer->body, message.data, message.size);
	timer->to.name = keep_text(timer->body + message.size, to.name);
	timer->to.node = keep_text(timer->body + message.size + name, to.node);
	return timer;
}

static bool
legal(gs_addr to, gs_bytes message)
{
	if (message.size && !message.data)
		return false;
	switch (to.kind) {
	case GS_ADDR_PID:
		return true;
	case GS_ADDR_NAME:
		return gs_name_check(to.name, NULL) == 0;
	case GS_ADDR_NAME_AT:
		return gs_name_check(to.name, NULL) == 0 &&
		    gs_name_check(to.node, NULL) == 0;
	}
	return false;
}

static struct gsi_timers *
timers_of(struct gsi_self *me)
{
	if (!me->timers) {
		me->timers = calloc(1, sizeof(*me->timers));
		if (me->timers)
			me->timers->empty = NOBODY;
	}
	return me->timers;
}

static int
add(int64_t due, gs_addr to, gs_bytes message, gs_ref *ref)
{
	struct gsi_self *me = gsi_self();
	struct timer *timer = NULL;
	struct gsi_timers *t;

	if (!me)
		return gsi_fail(-ENOTCONN, "", "timer: no node");
	if (!legal(to, message))
		return gsi_fail(-EINVAL, "", "timer: bad argument");
	/* nobody's mailbox is known to be larger than one's own */
	if (to.kind == GS_ADDR_PID && gs_pid_equal(to.pid, me->pid) &&
	    message.size > gm_ring_message_max(&me->mailbox.ref))
		return gsi_fail(-EMSGSIZE, "", "timer: message too large");
	t = timers_of(me);
	if (t && (t->n < t->room || grow(t) == 0))
		timer = make(due, to, message);
	if (!timer)
		return gsi_fail(-ENOMEM, "", "timer: no memory");
	insert(t, timer);
	if (ref)
		ref->id = timer->id;
	return 0;
}

GS_API int
gs_send_at(int64_t at, gs_addr to, gs_bytes message, gs_ref *ref)
{
	if (at < 0 || at > INT64_MAX / NS_PER_MS)
		return gsi_fail(-EINVAL, "", "timer: bad time");
	return add(at * NS_PER_MS, to, message, ref);
}

GS_API int
gs_send_after(int ms, gs_addr to, gs_bytes message, gs_ref *ref)
{
	if (ms < 0)
		return gsi_fail(-EINVAL, "", "timer: bad time");
	return add(gsi_now_ns() + ms * NS_PER_MS, to, message, ref);
}

static int64_t
left(const struct timer *timer)
{
	int64_t ns = timer->due - gsi_now_ns();

	return ns > 0 ? ns / NS_PER_MS : 0;
}

GS_API int64_t
gs_read_timer(gs_ref ref)
{
	struct gsi_self *me = gsi_self_peek();
	struct timer *timer = me ? find(me->timers, ref) : NULL;

	return timer ? left(timer) : -ENOENT;
}

GS_API int64_t
gs_cancel_timer(gs_ref ref)
{
	struct gsi_self *me = gsi_self_peek();
	struct timer *timer = me ? find(me->timers, ref) : NULL;
	int64_t ms;

	if (!timer)
		return -ENOENT;
	ms = left(timer);
	extract(me->timers, me->timers->seats[ref.id & (SEATS_MAX - 1)].at);
	return ms;
}

/* ---- firing ---- */

int64_t
gsi_timers_next(struct gsi_self *me)
{
	struct gsi_timers *t = me->timers;

	return t && t->n ? timer_at(t, 0)->due : -1;
}

/* 0 or an error that no later attempt can change; -EAGAIN: try again. */
static int
deliver(struct gsi_self *me, const struct timer *timer)
{
	struct gsi_head head = { GSI_TIMER, me->pid.gen, timer->id };
	gs_pid pid;
	int status = gs_resolve(timer->to, &pid);

	if (status < 0)
		return status;
	status = gsi_send(me, pid, GM_MAILBOX, &head,
	    gs_bytes_of(timer->body, timer->size), GM_SEND_RUNTIME);
	if (status == -ENOSPC || status == -EMFILE || status == -ENOMEM)
		return -EAGAIN;
	return status;
}

/* A full mailbox is asked again later, less and less often. */
static void
postpone(struct gsi_timers *t, struct timer *timer, int64_t now)
{
	timer->due = now + timer->retry;
	if (timer->retry < RETRY_LAST_NS)
		timer->retry *= 2;
	sink(t, 0);
}

void
gsi_timers_fire(struct gsi_self *me, int64_t now)
{
	struct gsi_timers *t = me->timers;

	while (t && t->n && timer_at(t, 0)->due <= now) {
		struct timer *timer = timer_at(t, 0);

		if (deliver(me, timer) == -EAGAIN)
			postpone(t, timer, now);
		else
			extract(t, 0);
	}
}

void
gsi_timers_free(struct gsi_self *me)
{
	struct gsi_timers *t = me->timers;

	me->timers = NULL;
	if (!t)
		return;
	for (uint32_t i = 0; i < t->n; i++)
		free(timer_at(t, i));
	free(t->seats);
	free(t->heap);
	free(t);
}
