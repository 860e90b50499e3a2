/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The receiver's rarer moves: pins and jumps, publishing room, the tail.
 * The rule: limit is min(cur + N, next of every pin) and only ever grows.
 */
#ifndef GM_RING_RECEIVER_H
#define GM_RING_RECEIVER_H

#include "shm/ring_help.h"

/* Nothing stands at cur: 0, or 1 look again, -EBADMSG. */
int gm_receiver_nothing(struct gm_receiver *r);

/* ring_pin.c: false without memory. */
bool gm_pin_add(struct gm_receiver *r, uint64_t k);
void gm_pin_remove(struct gm_receiver *r, uint32_t i);
/* The target of the oldest jump, which is forgotten. */
uint64_t gm_jump_take(struct gm_receiver *r);

/* What senders have been told, or will be at once. */
static inline void
gm_receiver_limit(struct gm_receiver *r, uint64_t limit)
{
	r->limit = limit;
	r->publish_at = limit - r->ref.cells + r->batch;
}

/* The first position that may not be reserved. */
uint64_t gm_receiver_bound(const struct gm_receiver *r);

/*
 * R4: limit, and those who wait for it.  idle: nothing else will be
 * published soon, so with a fence.
 */
void gm_receiver_publish(struct gm_receiver *r, bool idle);

/* R5: whether it is time to look, and the jump: 1 jumped, 0, -EBADMSG. */
bool gm_receiver_wants_jump(const struct gm_receiver *r);
int gm_receiver_jump(struct gm_receiver *r);

/* R6: from which cell on. */
uint64_t gm_rewind_from(const struct gm_receiver *r);
/* R6.  False: not empty any more. */
bool gm_receiver_rewind(struct gm_receiver *r);

/* Membarrier, or a fence when FENCED. */
void gm_receiver_fence(struct gm_receiver *r);

#endif
