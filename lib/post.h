/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of almost all messages: small, to somebody who is known and lives,
 * with room and memory and nobody in between.  The rule: whatever is not as
 * usual is left to send.c, before anything has happened.
 *
 * In a header, so that cast, call and reply have it without a call: what they
 * cost is instructions.
 */
#ifndef GSI_POST_H
#define GSI_POST_H

#include "lib/peers.h"
#include "shm/ring_put.h"

static_assert(offsetof(struct gsi_head, kind) == 0 &&
		  offsetof(struct gsi_head, gen) == 4 &&
		  offsetof(struct gsi_head, tag) == 8 &&
		  __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
    "a head is two words");

/*
 * False: nothing has happened.  The head is made as two words: halves that
 * are written apart stall who copies them.
 */
static inline __attribute__((always_inline)) bool
gsi_post(struct gsi_self *me, struct gsi_peer *peer, enum gm_which which,
    uint32_t kind, uint64_t tag, gs_bytes body)
{
	const struct gm_ring_ref *ring = &peer->region.ring[which];
	struct gm_parcel parcel = { .body = body.data, .size = body.size };
	uint64_t sleep_no;

	if (__builtin_expect(body.size > GM_RING_INLINE - sizeof(parcel.head) ||
				 (body.data == NULL && body.size != 0),
		0))
		return false;
	gsi_send_begins(me);
	parcel.head[0] = (uint64_t)me->pid.gen << 32 |
			 (gsi_cpu() + 1) << GSI_CPU_SHIFT | kind;
	parcel.head[1] = tag;
	if (__builtin_expect(gm_ring_put(&me->sender, ring,
				 gsi_peer_alive(peer), &parcel, &sleep_no) != 1,
		0))
		return false;
	if (__builtin_expect(sleep_no != 0, 0))
		gsi_ring_it(me, peer, ring, sleep_no);
	return true;
}

#endif
