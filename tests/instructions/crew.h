/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes a node change its tables: a client of its own, because whoever
 * asks a node that is stopped waits for it.
 */
#ifndef GS_TESTS_INSTRUCTIONS_CREW_H
#define GS_TESTS_INSTRUCTIONS_CREW_H

#include "tests/instructions/field.h"

struct errand_of_node {
	const char *name;
	void (*before)(void); /* in the test, the node runs */
	int (*act)(void); /* in the crew; 0 it went well */
};

/* Ends without a name. */
extern const struct errand_of_node node_errands[];

extern gs_pid front; /* calls back */
extern gs_pid back;

/* Node, servers that know each other, and the crew; and all of it away. */
void crew_up(const char *poller);
void crew_down(void);

/* The crew sets out on an errand, and is back. */
void crew_go(const struct errand_of_node *errand);
bool crew_is_back(void);
/* Waits for it: its status, or -ETIME when it does not come back. */
int crew_join(void);
/* It has ended, because its node has. */
void crew_ended(void);

/* Messages and calls between those who live go on. */
void crew_others_go_on(void);

#endif
