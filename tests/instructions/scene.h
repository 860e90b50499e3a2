/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One ring with everybody around it in the process of the test, which plays
 * receiver, other senders and node while a child of it is stepped through
 * one operation.  What each message holds follows from its sender and number.
 */
#ifndef GS_TESTS_INSTRUCTIONS_SCENE_H
#define GS_TESTS_INSTRUCTIONS_SCENE_H

#include "tests/instructions/plan.h"
#include "tests/instructions/step.h"
#include "tests/unit/ring_box.h"

/* Places in box.senders. */
enum who {
	OTHER = 0,
	VICTIM_SENDER = 1,
	OPEN = 2, /* has a reservation open while the victim acts */
	THIRD = 3,
};

enum mark {
	MARK_DONE = 0, /* the victim's operation: 1 has published its message */
	MARK_STATUS = 1, /* -status of the operation */
};

struct scene {
	struct box box;
	int bell;
	size_t size; /* of the victim's message */
	bool asleep; /* the receiver sleeps */
	bool open; /* OPEN has slip */
	struct gm_slip slip;
};

/* fenced: nobody relies on membarrier. */
void scene_open(struct scene *s, uint32_t cells, size_t size, bool fenced);
/* Retires the ring, and proves that all its memory comes back. */
void scene_close(struct scene *s);

/* One message of another sender, with its bell; status. */
int scene_send(struct scene *s, int who, size_t size);
/* The same without a bell. */
int scene_put(struct scene *s, int who, size_t size);
/* A message of which nothing is written yet. */
void scene_reserve(struct scene *s);
void scene_finish(struct scene *s);

/* The receiver goes to sleep, or is woken. */
void scene_sleep(struct scene *s);
void scene_awake(struct scene *s);
/* Has the bell been rung?  It is silent then. */
bool scene_rung(struct scene *s);
void scene_ring(struct scene *s);

/* Takes all there is; each is whole and in its sender's order. */
void scene_drain(struct scene *s);

/* D3 and D4, as the node does them for a dead sender. */
void scene_settle(struct scene *s, int who);

/* Everything was given back: as much fits as into a new ring. */
void scene_all_room(struct scene *s);

/* Others go round several times. */
void scene_laps(struct scene *s);

/* The payload of this sender's next message, as everybody expects it. */
void scene_fill(const struct gm_slip *slip, int who, uint64_t n);

#endif
