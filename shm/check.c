/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold in a segment, whoever was killed in whatever it did. */
#include "shm/check.h"

#include <string.h>

#include "shm/proctab.h"
#include "shm/region.h"

static uint32_t
count_live(const struct gm_arena *arena)
{
	uint32_t high = gm_load(&arena->header->slots_high, acquire);
	uint32_t live = 0;

	for (uint32_t s = 1; s < high; s++)
		live += (uint32_t)gm_load(&arena->table[s].word, acquire) ==
			GM_LIVE;
	return live;
}

const char *
gm_header_check(const struct gm_arena *arena)
{
	const struct gm_header *h = arena->header;

	if (memcmp(h->magic, GM_MAGIC, sizeof(GM_MAGIC)) != 0 ||
	    h->layout != GM_LAYOUT || h->layout_hash != gm_layout_hash())
		return "the header is of another layout";
	if (h->creation == 0 || h->os_pid == 0 ||
	    memchr(h->name, '\0', sizeof(h->name)) == NULL ||
	    memchr(h->log, '\0', sizeof(h->log)) == NULL)
		return "the header does not say whose it is";
	if (gm_load(&h->slots_high, acquire) > GM_SLOTS)
		return "more slots than there are";
	if (gm_load(&h->processes, acquire) != count_live(arena))
		return "the count of processes is not that of live entries";
	return NULL;
}

static const char *
check_live(const struct gm_entry *e, uint32_t gen)
{
	uint64_t region = gm_load(&e->region, acquire);
	uint32_t cells = gm_load(&e->cells, acquire);

	if (gen == 0)
		return "a live entry has no generation";
	if (region < GM_AT_REGIONS || region % GM_PAGE != 0)
		return "a live entry has no mailbox";
	if (cells < GM_RING_CELLS_MIN || cells > GM_RING_CELLS_MAX ||
	    (cells & (cells - 1)) != 0)
		return "a live entry has a mailbox of no size";
	if (gm_load(&e->os_pid, acquire) <= 1)
		return "a live entry has no process";
	return NULL;
}

static const char *
check_entry(const struct gm_entry *e)
{
	uint64_t word = gm_load(&e->word, acquire);
	uint32_t name = gm_load(&e->name_size, acquire);

	if ((gm_load(&e->name_seq, acquire) & 1) != 0)
		return "a name is half written";
	if (name > GM_ENTRY_NAME || e->reason_size > GM_ENTRY_REASON)
		return "a text is longer than its place";
	switch ((uint32_t)word) {
	case GM_FREE:
		return name != 0 ? "a free entry has a name" : NULL;
	case GM_LIVE:
		return check_live(e, (uint32_t)(word >> 32));
	case GM_DEAD:
		return name != 0 ? "a dead entry has a name" : NULL;
	default:
		return "an entry is in no state";
	}
}

const char *
gm_table_check(const struct gm_arena *arena)
{
	uint32_t high = gm_load(&arena->header->slots_high, acquire);
	const char *wrong = NULL;

	for (uint32_t s = 1; s < high && wrong == NULL; s++)
		wrong = check_entry(&arena->table[s]);
	return wrong;
}

static const char *
check_regions(const struct gm_arena *arena)
{
	uint32_t high = gm_load(&arena->header->slots_high, acquire);
	const char *wrong = NULL;

	for (uint32_t s = 1; s < high && wrong == NULL; s++) {
		const struct gm_entry *e = &arena->table[s];
		uint64_t word = gm_load(&e->word, acquire);

		if ((uint32_t)word == GM_LIVE)
			wrong = gm_region_check(arena->fd,
			    gm_load(&e->region, acquire),
			    gm_load(&e->cells, acquire), s,
			    (uint32_t)(word >> 32));
	}
	return wrong;
}

const char *
gm_arena_check(const struct gm_arena *arena)
{
	const char *wrong = gm_header_check(arena);

	if (wrong == NULL)
		wrong = gm_table_check(arena);
	if (wrong == NULL)
		wrong = gm_names_check(arena);
	if (wrong == NULL)
		wrong = check_regions(arena);
	return wrong;
}
