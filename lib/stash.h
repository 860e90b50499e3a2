/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What verdicts carry until the loop has acted on them.  The rule: bytes are
 * copied into one of a few rotating stashes of the thread, named by a serial
 * number, so that one that has been overwritten is noticed and not followed.
 */
#ifndef GSI_STASH_H
#define GSI_STASH_H

#include "lib/loop.h"
#include "lib/thread.h"

#define GSI_STASHES 8u
#define GSI_STASH_INLINE 256u

struct gsi_stash {
	uint64_t serial;
	int64_t at; /* ns, of an event timeout */
	size_t size;
	size_t room; /* of large */
	char *large;
	char small[GSI_STASH_INLINE];
};

struct gsi_stashes {
	uint64_t serial; /* of the last one filled */
	struct gsi_stash *ring[GSI_STASHES];
	struct gsi_stash *held; /* lent to the loop, not overwritten */
	struct gsi_stash all[GSI_STASHES + 1];
};

/* Copies bytes away and names the copy; 0: no memory, or no bytes at all. */
uint64_t gsi_stash_put(gs_bytes bytes);
/* Takes one out of the rotation until the next one is held. */
void gsi_stash_hold(uint64_t serial);

/* NULL when it has been overwritten since. */
static inline struct gsi_stash *
gsi_stash_of(uint64_t serial)
{
	struct gsi_stashes *all = gsi_thread.slot[GSI_SLOT_STAGE];
	struct gsi_stash *stash;

	if (unlikely(!all))
		return NULL;
	stash = all->ring[serial % GSI_STASHES];
	return likely(stash->serial == serial) ? stash : NULL;
}

static inline bool
gsi_stash_look(uint64_t serial, gs_bytes *bytes)
{
	const struct gsi_stash *stash = gsi_stash_of(serial);

	if (unlikely(!stash))
		return false;
	bytes->data =
	    unlikely(stash->large != NULL) ? stash->large : stash->small;
	bytes->size = stash->size;
	return true;
}

#endif
