/* SPDX-License-Identifier: Apache-2.0 */
/* Putting away what verdicts carry. */
#include <stdlib.h>

#include "lib/stash.h"

#define STASH_KEPT 65536u /* larger blocks are freed at reuse */

static_assert(GSI_STASH_INLINE > GS_REASON_MAX, "a reason never needs malloc");

static struct gsi_stashes *
make_stashes(void)
{
	struct gsi_stashes *all = calloc(1, sizeof(*all));

	if (!all)
		return NULL;
	for (unsigned i = 0; i < GSI_STASHES; i++)
		all->ring[i] = &all->all[i];
	all->held = &all->all[GSI_STASHES];
	*gsi_thread_slot(GSI_SLOT_STAGE) = all;
	return all;
}

/* NULL: no memory.  What fits small is never in large. */
static char *
room_for(struct gsi_stash *stash, size_t size)
{
	if (size <= GSI_STASH_INLINE) {
		free(stash->large);
		stash->large = NULL;
		stash->room = 0;
		return stash->small;
	}
	if (stash->room < size || stash->room > STASH_KEPT) {
		free(stash->large);
		stash->large = malloc(size);
		stash->room = stash->large ? size : 0;
	}
	return stash->large;
}

uint64_t
gsi_stash_put(gs_bytes bytes)
{
	struct gsi_stashes *all = gsi_thread.slot[GSI_SLOT_STAGE];
	struct gsi_stash *stash;
	char *room;

	if (unlikely(!bytes.data && bytes.size))
		return 0;
	if (unlikely(!all)) {
		all = make_stashes();
		if (!all)
			return 0;
	}
	stash = all->ring[(all->serial + 1) % GSI_STASHES];
	stash->serial = 0;
	room = likely(bytes.size <= GSI_STASH_INLINE && !stash->large)
		   ? stash->small
		   : room_for(stash, bytes.size);
	if (!room)
		return 0;
	if (bytes.size)
		memcpy(room, bytes.data, bytes.size);
	stash->size = bytes.size;
	stash->serial = ++all->serial;
	return stash->serial;
}

void
gsi_stash_hold(uint64_t serial)
{
	struct gsi_stashes *all = gsi_thread.slot[GSI_SLOT_STAGE];
	struct gsi_stash *stash = all->ring[serial % GSI_STASHES];

	all->ring[serial % GSI_STASHES] = all->held;
	all->held = stash;
}

void
gsi_verdict_end(void)
{
	struct gsi_stashes *all = gsi_thread.slot[GSI_SLOT_STAGE];

	gsi_thread.slot[GSI_SLOT_STAGE] = NULL;
	if (!all)
		return;
	for (unsigned i = 0; i < GSI_STASHES + 1; i++)
		free(all->all[i].large);
	free(all);
}
