/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking the node: a cell in the own page, a bit that says so, and the node's
 * bell, unless that has just been rung.  The answer comes through the reply
 * ring like that of a call.
 *
 * SIGKILL before request_tail is stored: the request was never made.  After
 * it: the node carries it out, also when it reads it at the death.
 */
#include "lib/request.h"

#include <errno.h>
#include <unistd.h>

#include "lib/attach.h"

/* How long to wait before the node is rung once more. */
#define AGAIN_NS (1000 * NS_PER_MS)

/* True when the bit was there already. */
static bool
set_bit(struct gsi_self *me)
{
	uint32_t slot = me->pid.slot;
	uint64_t bit = 1ull << (slot % 64);

	/* release [D1]: the cell before the bit that leads to it */
	return (atomic_fetch_or_explicit(&me->arena->dirty->bits[slot / 64],
		    bit, memory_order_release) &
		   bit) != 0;
}

static void
ring_node(struct gsi_self *me)
{
	static const uint64_t one = 1;

	me->ring_by = 0;
	set_bit(me);
	while (write(me->node_bell, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

/* acquire [P4]: the node has read the cell */
static bool
is_full(struct gsi_self *me)
{
	return gm_load(&me->page->request_tail, relaxed) -
		   gm_load(&me->page->request_head, acquire) >=
	       GM_REQUESTS;
}

static bool
is_unread(struct gsi_self *me)
{
	return gm_load(&me->page->request_head, acquire) !=
	       gm_load(&me->page->request_tail, relaxed);
}

/*
 * A full ring means the node is behind by GM_REQUESTS of ours; it rings us
 * when it has caught up, since every answer and every drain does.
 */
static int
wait_cell(struct gsi_self *me, int64_t deadline)
{
	struct gsi_patience patience = { 0 };

	while (is_full(me)) {
		if (gsi_patient(me, &patience, GSI_NO_CPU))
			continue;
		ring_node(me);
		/* bounded: nobody rings for room, so look again each ms */
		gsi_poll(me, gsi_now_ns() + NS_PER_MS);
		if (!gsi_node_alive(me))
			return -ENOTCONN;
		if (deadline >= 0 && gsi_now_ns() >= deadline)
			return -ETIMEDOUT;
	}
	return 0;
}

/* by: when the node is to be rung at the latest, 0 now. */
static int
put(struct gsi_self *me, enum gsi_op op, const void *body, size_t size,
    uint64_t tag, int64_t deadline, int64_t by)
{
	uint32_t tail = gm_load(&me->page->request_tail, relaxed);
	uint32_t head = gm_load(&me->page->request_head, relaxed);
	struct gm_request *cell = &me->page->requests[tail % GM_REQUESTS];
	int status;

	if (size > sizeof(cell->body))
		return -EMSGSIZE;
	status = wait_cell(me, deadline);
	if (status != 0)
		return status;
	cell->op = (uint32_t)op;
	cell->size = (uint32_t)size;
	cell->tag = tag;
	if (size > 0)
		memcpy(cell->body, body, size);
	gm_store(&me->page->request_tail, tail + 1, release); /* [P3] */
	/*
	 * The node has been rung for the cell before this one, has not read it,
	 * and not taken the bit either: it finds both.  A bit that a stray write
	 * has set, just then, costs the second until the node looks again.
	 */
	if (set_bit(me) && head != tail && me->ring_by == 0)
		return 0;
	/* before there is no cell left */
	if (by == 0 || tail + 1 - head >= GM_REQUESTS / 2)
		ring_node(me);
	else if (me->ring_by == 0 || by < me->ring_by)
		me->ring_by = by;
	return 0;
}

static int
post(struct gsi_self *me, enum gsi_op op, const void *body, size_t size,
    uint64_t tag, int64_t deadline)
{
	return put(me, op, body, size, tag, deadline, 0);
}

int
gsi_request_post(
    struct gsi_self *me, enum gsi_op op, const void *body, size_t size)
{
	return post(me, op, body, size, 0, -1);
}

int
gsi_request_post_within(struct gsi_self *me, enum gsi_op op, const void *body,
    size_t size, int64_t ns)
{
	return put(me, op, body, size, 0, -1, gsi_now_ns() + ns);
}

/* Unless the node came by and has read it. */
void
gsi_request_ring_now(struct gsi_self *me)
{
	if (me->ring_by != 0 && is_unread(me))
		ring_node(me);
	me->ring_by = 0;
}

int64_t
gsi_request_ring_due(struct gsi_self *me, int64_t deadline)
{
	if (!is_unread(me) || gsi_now_ns() >= me->ring_by)
		gsi_request_ring_now(me);
	if (me->ring_by == 0)
		return deadline;
	return deadline < 0 || me->ring_by < deadline ? me->ring_by : deadline;
}

/*
 * With no cell free the node has been rung, and has all of them still to read.
 * Behind those it looks at what it holds for me, and at ring_all.
 *
 * seq_cst [D2]: the room, or ring_all, before the second look at the cells; in
 * the node they are read before that.
 */
static bool
is_full_still(struct gsi_self *me)
{
	gm_fence(seq_cst);
	return is_full(me);
}

void
gsi_request_room(struct gsi_self *me)
{
	if (!is_full(me) || !is_full_still(me))
		gsi_request_post(me, GSI_OP_ROOM, NULL, 0);
}

/*
 * SIGKILL before ring_all is stored: the send is still announced (send_m), so
 * the node rings at the death.  After it: it is looked at then, too.
 */
void
gsi_request_ring(struct gsi_self *me, gs_pid pid)
{
	struct gsi_ask ask = { .pid = pid };

	if (is_full(me)) {
		gm_store(&me->page->ring_all, 1, relaxed); /* [D2] */
		if (is_full_still(me))
			return;
	}
	gsi_request_post(me, GSI_OP_RING, &ask, sizeof(ask));
}

int
gsi_request_start(struct gsi_self *me, enum gsi_op op, const void *body,
    size_t size, uint64_t *tag, int64_t deadline)
{
	if (tag != NULL)
		*tag = ++me->next_tag;
	return post(me, op, body, size, tag != NULL ? *tag : 0, deadline);
}

int
gsi_request_wait(struct gsi_self *me, uint64_t tag, int64_t deadline,
    struct gsi_answer *answer)
{
	char reason[GS_REASON_MAX + 1];
	gs_bytes body;
	int status;

	for (;;) {
		int64_t until = deadline;

		/* the bit that leads to it can be lost to a stray write */
		if (is_unread(me) &&
		    (deadline < 0 || deadline > gsi_now_ns() + AGAIN_NS))
			until = gsi_now_ns() + AGAIN_NS;
		status = gsi_await(me, tag, NULL, until, &body, reason);
		if (status != -ETIMEDOUT || until == deadline)
			break;
		if (is_unread(me))
			ring_node(me);
	}
	if (status != 0)
		return status;
	memset(answer, 0, sizeof(*answer));
	memcpy(answer, body.data,
	    body.size < sizeof(*answer) ? body.size : sizeof(*answer));
	if (answer->reason_size > GS_REASON_MAX)
		answer->reason_size = GS_REASON_MAX;
	return 0;
}

int
gsi_request(struct gsi_self *me, enum gsi_op op, const struct gsi_ask *ask,
    struct gsi_answer *answer)
{
	uint64_t tag;
	int status = gsi_request_start(me, op, ask, sizeof(*ask), &tag, -1);

	if (status != 0)
		return status;
	return gsi_request_wait(me, tag, -1, answer);
}

int
gsi_ask_text(struct gsi_ask *ask, const char *text)
{
	size_t size = strlen(text);

	if (size >= sizeof(ask->text))
		return -EINVAL;
	memcpy(ask->text, text, size);
	ask->size = (uint32_t)size;
	return 0;
}
