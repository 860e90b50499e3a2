/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guests: what a process is in other nodes of this host.  Whoever addresses
 * another node becomes an ordinary client of it, on first use; whatever is
 * said to or asked of that node is said by the guest, with the same code.
 *
 * The rule: a process pays for guests only when it has some, or when an
 * address turns out to be of another node (-EHOSTUNREACH).
 */
#ifndef GSI_GUEST_H
#define GSI_GUEST_H

#include <pthread.h>

#include "lib/guest_ties.h"

#define GSI_GUEST_TAG (1ull << 63) /* no tag of a home has it */

struct gsi_guest {
	struct gsi_self self; /* self.guest is this one */
	struct gsi_self *host;
	struct gsi_guest *next;
	uint64_t number; /* in the tokens of the host's poller */
	int64_t looked; /* ns: the node was there */
	struct gsi_ties ties;
	char name[GS_NAME_MAX + 1];
	char path[108];
};

#define GSI_SILENT 8u

struct gsi_guests {
	pthread_mutex_t lock; /* of the list; see gsi_guests_words */
	struct gsi_guest *first; /* the newest */
	struct gsi_guest *used; /* whose reply may still be looked at */
	uint64_t numbers;
	struct gsi_ties cut; /* of nodes that have gone: not yet told */
	struct gsi_note note; /* the one that is being told */
	/* nodes that did not answer: not asked again so soon */
	struct {
		char name[GS_NAME_MAX + 1];
		int64_t until;
	} silent[GSI_SILENT];
	uint32_t next_silent;
};

static inline struct gsi_self *
gsi_host(struct gsi_self *me)
{
	return me->guest != NULL ? me->guest->host : me;
}

static inline const char *
gsi_guest_path(const struct gsi_self *me)
{
	return me->guest->path;
}

/* The end of the own node is another matter. */
static inline bool
gsi_node_lost(const struct gsi_self *at)
{
	return at->guest != NULL && at->node_gone;
}

/* What the host's poller says: whose, and GSI_TOKEN_BELL or _NODE. */
#define GSI_TOKEN_SHIFT 32
static inline uint64_t
gsi_token_of(const struct gsi_self *me, uint64_t which)
{
	return (me->guest != NULL ? me->guest->number : 0) << GSI_TOKEN_SHIFT |
	       which;
}

/* All guests of me, one by one; NULL: the first, then none is left. */
static inline struct gsi_self *
gsi_guest_next(const struct gsi_self *me, const struct gsi_self *last)
{
	struct gsi_guest *g = last != NULL         ? last->guest->next
			      : me->guests != NULL ? me->guests->first
						   : NULL;

	return g != NULL ? &g->self : NULL;
}

/* guest.c */
/* For a deadline: a moment for who must not wait, or as long as a call. */
#define GSI_SOON 0
#define GSI_LATER (-2)
/*
 * After an operation as *at: true when the address is of another node, of
 * which *at now is a guest: do it again.  *status is then 0; else it is why
 * there is none: -EHOSTUNREACH, -ETIMEDOUT.  deadline: ns, -1 never.
 */
bool gsi_elsewhere_slow(
    struct gsi_self **at, gs_addr to, int64_t deadline, int *status);
static inline bool
gsi_elsewhere(struct gsi_self **at, gs_addr to, int64_t deadline, int *status)
{
	return __builtin_expect(*status == -EHOSTUNREACH, 0) &&
	       gsi_elsewhere_slow(at, to, deadline, status);
}
/* The status of what a guest has done: its node's end is not the own one's. */
int gsi_there(const struct gsi_self *at, int status);
/* The lists of a host: 0, -ENOMEM. */
int gsi_guests_need(struct gsi_self *me);
/* A guest of that address's node, which is there; NULL. */
struct gsi_guest *gsi_guest_find(struct gsi_guests *all, gs_addr to);
bool gsi_guest_of(const struct gsi_guest *g, gs_addr to);
/* Leaves all other nodes; and what else there is is freed. */
void gsi_guests_free(struct gsi_self *me);
/* Takes it out; what may still be borrowed from it is gone. */
void gsi_guest_free(struct gsi_guest *guest);

/* guest_visit.c: host has its lists, and no guest of that node */
#define GSI_MOMENT_NS (100 * NS_PER_MS) /* for who must not wait */
/*
 * Says hello.  soon: not to a node that has not answered just now.  0 and
 * *out, not a guest yet; -EHOSTUNREACH no such node; -ETIMEDOUT.
 */
int gsi_visit_begin(
    struct gsi_self *me, gs_addr to, bool soon, struct gsi_guest **out);
/*
 * Waits for the answer: 0 and *out, the guest; else g is no more.  soon: beyond
 * the deadline as well, if the node is not stopped but slow.
 */
int gsi_visit_end(struct gsi_guest *g, gs_addr to, int64_t deadline, bool soon,
    struct gsi_guest **out);

/* guest_mail.c */
/* A message from another node, or of its end: true and *message. */
bool gsi_guests_take(struct gsi_self *me, struct gsi_message *message);
/* Guests announce that they sleep: false there is something; take it back. */
bool gsi_guests_doze(struct gsi_self *me, bool mail);
void gsi_guests_rouse(struct gsi_self *me);
/*
 * As gsi_sleep on a ring of a host: also for responses from other nodes and,
 * if it is the mailbox, for messages.
 */
int gsi_sleep_everywhere(
    struct gsi_self *me, struct gm_receiver *ring, int64_t deadline);
/* The poller has said that its node is gone. */
void gsi_guest_gone(struct gsi_self *me, uint64_t number);
/*
 * A process of a server that is about to end: its words, for all nodes.  From
 * any thread, and a signal handler of the server's.
 */
void gsi_guests_words(struct gsi_self *me, const char *reason);

#endif
