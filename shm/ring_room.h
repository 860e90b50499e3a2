/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room: what the receiver and the node do to those who wait for it.  The
 * rule: limit first, then gm_room_wake.
 */
#ifndef GM_RING_ROOM_H
#define GM_RING_ROOM_H

#include "shm/ring_help.h"

/* CLOCK_MONOTONIC. */
int64_t gm_clock_ns(void);

/* Everybody who waits for room looks again. */
void gm_room_wake(struct gm_ring *ring);

/* The receiver has made room: at once when idle, else not too often. */
void gm_room_tell(struct gm_receiver *r, uint32_t wanted, bool idle);

#endif
