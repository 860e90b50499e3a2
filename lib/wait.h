/* SPDX-License-Identifier: Apache-2.0 */
/* Time, waiting, and timers. */
#ifndef GSI_WAIT_H
#define GSI_WAIT_H

#include "lib/cpu.h"
#include "shm/ring.h"

struct gsi_self;

/* clock.c */
int64_t gsi_now_ns(void);
/* ms as the public API has it to a deadline: -1 for GS_INFINITY. */
int64_t gsi_deadline(int ms);
/* What is left until then, in ms as the public API has it, rounded up. */
int gsi_left_ms(int64_t deadline);
/*
 * So many ms, from when it is first waited for in earnest: who is answered at
 * once has not looked at the clock.  gsi_fixed makes a deadline of it.
 */
#define GSI_IN(ms) (-2 - (int64_t)(ms))
static inline int64_t
gsi_fixed(int64_t deadline)
{
	return deadline < -1 ? gsi_deadline((int)(-2 - deadline)) : deadline;
}

/* wait.c */
/* How long one wait has been going on; zeroed at its start. */
struct gsi_patience {
	uint32_t rounds;
	bool calls; /* waits for an answer: is the one to move */
	int64_t until;
	const struct gm_receiver *ring; /* all that is waited for, or NULL */
};
/* True: spun or yielded, look again.  False: it is time to sleep. */
bool gsi_patient(
    struct gsi_self *me, struct gsi_patience *patience, uint32_t peer_cpu);
/*
 * Waits for what rings or is watched, until deadline (ns, -1 never), and notes
 * what it was.  As gm_poll_wait.
 */
int gsi_poll(struct gsi_self *me, int64_t deadline);
/*
 * Announces that the owner of this ring sleeps (with the mailbox, over its
 * replies as well if requests are out): 1, 0 look again, -EBADMSG damaged.
 */
int gsi_doze(struct gsi_self *me, struct gm_receiver *ring);
/* Takes that back. */
void gsi_rouse(struct gsi_self *me, struct gm_receiver *ring);
/*
 * Sleeps on the bell of an empty ring, until deadline (ns, -1 never): 0 look
 * again, -ETIMEDOUT, -ENOTCONN no node, -EBADMSG damaged, -EBADF closed.
 */
int gsi_sleep(struct gsi_self *me, struct gm_receiver *ring, int64_t deadline);
/* Waits for events and notes which nodes are gone: as gm_poll_wait. */
int gsi_poll(struct gsi_self *me, int64_t deadline);
/* False when my mailbox or my replies are damaged, which me then says. */
bool gsi_sound(struct gsi_self *me);

struct gsi_yielding {
	uint32_t slow; /* how many were slow, fading */
	uint32_t since; /* yields that nobody timed */
	uint32_t without; /* waits that are not to yield */
	uint32_t pause; /* that many the next time */
};

/* place.c */
struct gsi_place {
	uint32_t together; /* waits that found the peer on the same CPU */
	uint32_t apart; /* and on another one, since the last remedy */
	bool slept; /* the last remedy was to sleep */
	int64_t again; /* ns: no remedy before */
	int64_t pause; /* ns between two */
};
/* Shares the CPU with who will answer, once more.  True: sleep this time. */
bool gsi_part(struct gsi_self *me, uint32_t cpu);

/* timer.c */
/* When the next timer is due (ns), -1 none. */
int64_t gsi_timers_next(struct gsi_self *me);
/* Sends what is due by now. */
void gsi_timers_fire(struct gsi_self *me, int64_t now);
void gsi_timers_free(struct gsi_self *me);

#endif
