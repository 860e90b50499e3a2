/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_TESTS_INSTRUCTIONS_RECEIVER_ACTS_H
#define GS_TESTS_INSTRUCTIONS_RECEIVER_ACTS_H

#include "tests/instructions/scene.h"

#define RECEIVER_CELLS 512u
#define PINS 64

/*
 * The receiver's private side, in shared memory, so that the test can be the
 * receiver again once the victim has gone on.
 */
struct desk {
	struct gm_receiver r;
	struct gm_pin pins[PINS];
	struct gm_jump jumps[PINS];
	struct gm_record record;
	_Atomic int taken;
	_Atomic bool slept;
	_Atomic bool rose; /* or was about to */
};

extern struct desk *desk;

struct receiver_act {
	const char *name;
	bool fenced;
	void (*before)(struct scene *s);
	void (*act)(struct scene *s); /* the victim's */
};

/* Ends without a name. */
extern const struct receiver_act receiver_acts[];

#endif
