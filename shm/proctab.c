/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the process table.  Every field is checked by reading word before
 * and after [G1]; the node stores word last at birth and at death.
 */
#include "shm/proctab.h"

#include <errno.h>
#include <string.h>

struct gm_entry *
gm_entry_at(const struct gm_arena *arena, uint32_t slot)
{
	/* acquire [G0]: the entry is allocated */
	if (slot >= gm_load(&arena->header->slots_high, acquire) ||
	    slot >= GM_SLOTS)
		return NULL;
	return &arena->table[slot];
}

bool
gm_entry_live(const struct gm_arena *arena, uint32_t slot, uint32_t gen)
{
	const struct gm_entry *entry = gm_entry_at(arena, slot);

	return entry != NULL &&
	       gm_load(&entry->word, acquire) == gm_word_of(gen, GM_LIVE);
}

int
gm_entry_reason(const struct gm_arena *arena, uint32_t slot, uint32_t gen,
    char reason[GM_ENTRY_REASON + 1])
{
	const struct gm_entry *entry = gm_entry_at(arena, slot);
	uint64_t word;
	uint32_t size;

	reason[0] = '\0';
	if (entry == NULL)
		return -ESRCH;
	word = gm_load(&entry->word, acquire); /* [T7] */
	if (word == gm_word_of(gen, GM_LIVE))
		return 0;
	if (word != gm_word_of(gen, GM_DEAD))
		return -ESRCH;
	size = entry->reason_size;
	if (size > GM_ENTRY_REASON)
		size = GM_ENTRY_REASON;
	memcpy(reason, entry->reason, size);
	reason[size] = '\0';
	gm_fence(acquire);
	if (gm_load(&entry->word, relaxed) != word) { /* [G1] */
		reason[0] = '\0';
		return -ESRCH;
	}
	return 1;
}

/*
 * [G2]: a copy between two equal even values of name_seq is whole.  While the
 * node is stopped in the middle of a change the name counts as absent.
 */
void
gm_entry_name(const struct gm_entry *entry, char name[GM_ENTRY_NAME + 1])
{
	uint32_t seq, size;

	for (int i = 0; i < 8; i++) {
		seq = gm_load(&entry->name_seq, acquire);
		size = gm_load(&entry->name_size, relaxed);
		if ((seq & 1) != 0 || size > GM_ENTRY_NAME)
			break;
		memcpy(name, entry->name, size);
		name[size] = '\0';
		gm_fence(acquire);
		if (gm_load(&entry->name_seq, relaxed) == seq)
			return;
	}
	name[0] = '\0';
}
