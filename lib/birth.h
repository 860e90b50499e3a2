/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a gen_server is made from, and what its callbacks tell the loop.  A
 * verdict is opened once, by the loop; what it carries is borrowed from the
 * stage of the thread that made it.
 */
#ifndef GSI_BIRTH_H
#define GSI_BIRTH_H

#include "lib/message.h"

struct gsi_self;

/* verdict.c */
struct gsi_stage {
	gs_bytes reply; /* borrowed from the stage */
	const char *reason;
	gs_bytes argument;
	int64_t at; /* ns, of an event timeout whose message is argument */
};
/* stash.c: frees what this thread's verdicts carry. */
void gsi_verdict_end(void);
/* What a verdict carries; false when it was not made by our functions. */
bool gsi_verdict_open(const gs_next *next, struct gsi_stage *stage);

/* values of gs_next.verdict and .action */
enum gsi_verdict {
	GSI_OK = 0x6f6b01,
	GSI_IGNORE,
	GSI_ERROR,
	GSI_REPLY_GO,
	GSI_NOREPLY,
	GSI_STOP,
	GSI_STOP_REPLY,
};
enum gsi_action {
	GSI_NO_ACTION = 0,
	GSI_TIMEOUT,
	GSI_HIBERNATE,
	GSI_CONTINUE,
	GSI_EVENT,
	GSI_EVENT_HIBERNATE,
	GSI_BAD_ACTION,
};

/* What check holds, so that a struct that nobody made is noticed. */
static inline uint32_t
gsi_verdict_mark(uint32_t verdict, uint32_t action, int32_t timeout)
{
	return 0x67736e78u ^ verdict * 0x9e3779b1u ^ action * 0x85ebca6bu ^
	       (uint32_t)timeout * 0xc2b2ae35u;
}

/* Just that, as most are, and no action: nothing has to be opened. */
static inline bool
gsi_verdict_is(const gs_next *next, enum gsi_verdict what)
{
	return next->verdict == (uint32_t)what &&
	       next->check == gsi_verdict_mark(what, 0, 0) &&
	       (next->action | (uint32_t)next->timeout) == 0 &&
	       (next->reason | next->argument) == 0;
}

/* birth.c */
struct gsi_birth {
	const gs_behaviour *behaviour;
	gs_bytes argument;
	int hibernate_after; /* ms, 0 never */
	gs_pid parent; /* OTP's, none: no parent */
	const char *debug;
	const gs_via *via; /* NULL: has no such name */
	const char *via_key;
	/* tells the forker that init is over (newborn.c) */
	void (*started)(struct gsi_self *me);
	/*
	 * Tells the forker that init said ignore (reason NULL) or error; the
	 * process then ends with normal.  May be NULL.
	 */
	void (*refused)(struct gsi_self *me, const char *reason);
	/* GSI_CHILD and GSI_STARTED, for supervisors; else NULL */
	gs_next (*handle_child)(void *state, const struct gsi_message *m);
};
/* Runs a gen_server in this process to its end; never returns. */
void gsi_server_run(struct gsi_self *me, const struct gsi_birth *birth)
    __attribute__((__noreturn__));

#endif
