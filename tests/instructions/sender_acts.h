/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_TESTS_INSTRUCTIONS_SENDER_ACTS_H
#define GS_TESTS_INSTRUCTIONS_SENDER_ACTS_H

#include "tests/instructions/scene.h"

#define SENDER_CELLS 1024u

struct act {
	const char *name;
	size_t size;
	bool fenced;
	void (*before)(struct scene *s); /* the victim is born */
	void (*prologue)(struct scene *s); /* the victim's, not stepped */
	void (*act)(struct scene *s); /* the victim's, stepped */
	void (*ready)(struct scene *s); /* the victim stands at its mark */
	bool (*wake)(void *scene, int turn);
};

/* Ends without a name. */
extern const struct act sender_acts[];

#endif
