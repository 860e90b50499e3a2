/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole node with servers, and proofs that they serve.  The test itself is
 * a client of it: the neighbour of whatever is killed or stopped.
 */
#ifndef GS_TESTS_INSTRUCTIONS_FIELD_H
#define GS_TESTS_INSTRUCTIONS_FIELD_H

#include <errno.h>
#include <genserver.h>
#include <stdatomic.h>

#include "tests/instructions/plan.h"
#include "tests/instructions/step.h"
#include "tests/runner.h"

#define SOON 10000 /* ms: what must happen has happened by then */

/* What a desk is told: the first word of each request. */
enum errand {
	PARCEL = 1, /* cast: next of a channel */
	ADD, /* call: answers with 3 n + 1 */
	LATER, /* call: answered at ANSWER */
	ANSWER, /* cast */
	GATE, /* cast: waits until the board's gate is open */
	HIBERNATE, /* cast; with mark: stepped from here */
	TOUR, /* cast: n calls to the server that the board names */
	MARKED_ADD, /* call: the same as ADD, stepped from here */
	MARKED_REPLY, /* call: the same, and only the reply is stepped */
	MARKED_TOUR, /* cast: one call, stepped */
	MARKED_END, /* cast: ends, stepped */
};

#define CHANNELS 4u
#define NEIGHBOUR 0u /* the channel of the test */
#define VICTIMS 1u /* of a victim: begins anew with n = 0 */

struct parcel {
	uint32_t errand;
	uint32_t channel;
	uint32_t n;
	uint32_t size; /* of all */
};

/* Shared by the test and everything it forks, servers too. */
struct board {
	_Atomic uint32_t wrong; /* 2: words say what */
	char words[200];
	_Atomic uint32_t gate;
	_Atomic uint32_t at_gate;
	_Atomic uint64_t got[CHANNELS];
	_Atomic uint64_t tours; /* calls between servers that were right */
	_Atomic uint32_t done; /* the victim's operation */
	int status; /* of it */
	gs_pid partner; /* whom a TOUR calls */
	gs_pid victim;
};

extern struct board *board;

/* Servers that trap exits, serve and never end by themselves. */
extern const gs_behaviour desk;
/* One that does nothing and traps nothing. */
extern const gs_behaviour idler;

/* Once in a case, before the first node. */
void field_board(void);

/* Starts the node of this case; poller "io_uring" or "epoll". */
void field_up(const char *poller);
/* All of it is gone afterwards. */
void field_down(void);
/* Why that poller cannot be had, NULL: it can. */
const char *field_refused(const char *poller);
pid_t field_node(void);
/* The test is gone from the node, whose end it has seen. */
void field_forget(void);

gs_pid field_start(const gs_behaviour *behaviour, const char *name);
/* With a mailbox so large that it grows and shrinks. */
gs_pid field_start_wide(const char *name);
int field_os_pid(gs_pid pid);

/* Waits until it waits for messages. */
void field_sleeps(gs_pid pid);

/* ---- proofs ---- */

/* Casts of some sizes and a call: all arrive, and the answer is right. */
void field_serves(gs_pid server);
/* The same for several times round its mailbox. */
void field_laps(gs_pid server);
/* How many of the smallest messages fit its mailbox. */
int field_room(gs_pid server);
/* What was noted as wrong. */
void field_nothing_wrong(void);

/* As it is now: what must be so again. */
struct rest {
	uint32_t processes;
	uint32_t slots;
	int fds;
	uint64_t used;
};
struct rest field_rest(void);
/* Slots, descriptors and memory are back, and all checks hold. */
void field_rests(const struct rest *rest);

/* The n-th parcel of a channel; borrowed until the next. */
gs_bytes field_bytes(uint32_t channel, uint32_t n, size_t size);
/* One parcel of a channel, n-th, this large; status of the cast. */
int field_parcel(gs_pid to, uint32_t channel, uint32_t n, size_t size);
int field_tell(gs_pid to, enum errand errand, uint32_t n);

#endif
