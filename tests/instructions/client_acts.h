/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_TESTS_INSTRUCTIONS_CLIENT_ACTS_H
#define GS_TESTS_INSTRUCTIONS_CLIENT_ACTS_H

#include "tests/instructions/field.h"

struct client_act {
	const char *name;
	void (*before)(void); /* in the test */
	void (*prologue)(void); /* in the victim, which is a client then */
	int (*act)(void); /* the victim's, stepped; 0 it went well */
	/* in the test, when the victim sleeps */
	bool (*wake)(void *data, int turn);
	bool stranger; /* the victim is no client at first */
	uint32_t sends; /* parcels of the victim's channel */
};

/* Ends without a name. */
extern const struct client_act client_acts[];

/* Whom the acts are about; slow's mailbox is filled by one of them. */
extern gs_pid front;
extern gs_pid slow;

#endif
