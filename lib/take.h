/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of almost all messages that are taken: calls and casts that fit one
 * cell, one behind the other, while nothing else wants to be looked after.
 * The rule: whatever is not as usual is left to receive.c, before anything
 * has happened.
 */
#ifndef GSI_TAKE_H
#define GSI_TAKE_H

#include "lib/internal.h"
#include "shm/ring_get.h"

#define GSI_BUSY 64u /* messages, a power of two: then timers are looked at */

/* False: too short for a head.  Read once: its sender may still write. */
static inline bool
gsi_head_of(const struct gm_record *record, struct gsi_head *head)
{
	if (__builtin_expect(record->size < sizeof(*head), 0))
		return false;
	memcpy(head, record->payload, sizeof(*head));
	return true;
}

static inline void
gsi_decode(struct gsi_self *me, const struct gm_record *record,
    const struct gsi_head *head, struct gsi_message *message)
{
	message->kind = head->kind & GSI_KIND;
	if (message->kind == GSI_CAST)
		me->stream++;
	else
		me->stream = me->gathered = 0;
	if (head->kind >> GSI_CPU_SHIFT != 0)
		me->peer_cpu = (head->kind >> GSI_CPU_SHIFT) - 1;
	message->from.node = me->pid.node;
	message->from.slot = record->owner;
	message->from.gen = head->gen;
	message->tag = head->tag;
	message->body.data = (const char *)record->payload + sizeof(*head);
	message->body.size = record->size - sizeof(*head);
	message->from_node = record->owner == 0;
}

/* False: nothing has happened. */
static inline __attribute__((always_inline)) bool
gsi_take_usual(struct gsi_self *me, struct gsi_message *message)
{
	struct gm_receiver *ring = &me->mailbox;
	const struct gm_cell *cell;
	struct gm_record record;
	struct gsi_head head;
	uint32_t kind;

	if (__builtin_expect(me->others != 0 || me->damaged, 0))
		return false;
	cell = gm_ring_get(ring, &record);
	if (__builtin_expect(cell == NULL, 0) || !gsi_head_of(&record, &head))
		return false;
	kind = head.kind & GSI_KIND;
	if (__builtin_expect(kind != GSI_CALL && kind != GSI_CAST, 0))
		return false;
	/* the one behind which receive.c looks at the timers */
	if (__builtin_expect(
		me->timers != NULL && (ring->held_end + 1) % GSI_BUSY == 0, 0))
		return false;
	gm_ring_got(ring, cell);
	gsi_decode(me, &record, &head, message);
	return true;
}

#endif
