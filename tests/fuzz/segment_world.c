/* SPDX-License-Identifier: Apache-2.0 */
/* A segment with a few servers in it, and any word of it changed. */
#include "tests/fuzz/segment_world.h"

#include <unistd.h>

#define SPAN (1ull << 20) /* of file offset for each region */

static void
publish(struct world *w, uint32_t slot)
{
	static const char *const names[] = { "", "me", "a", "b", "c", "d" };
	struct gm_entry *entry = &w->node.table[slot];
	uint64_t at = GM_AT_REGIONS + slot * SPAN;
	int status;

	FUZZ(gm_arena_grow(&w->node, slot) == 0);
	FUZZ(ftruncate(w->node.fd, (off_t)(at + SPAN)) == 0);
	FUZZ(gm_region_create(w->node.fd, at, CELLS, slot, 1) == 0);
	status = gm_region_map(w->node.fd, at, slot, 1, true, &w->region[slot]);
	FUZZ(status == 0);
	entry->region = at;
	entry->cells = CELLS;
	entry->os_pid = (uint32_t)getpid();
	entry->kind = slot == 2 ? GS_PROCESS_SUPERVISOR : GS_PROCESS_SERVER;
	gm_name_put(&w->node, slot, names[slot], strlen(names[slot]));
	entry->word = gm_word_of(1, GM_LIVE);
}

void
world_make(struct world *w)
{
	char why[32];

	memset(w, 0, sizeof(*w));
	FUZZ(gm_arena_create(&w->node, NULL, why) == 0);
	for (uint32_t slot = 1; slot < PEERS; slot++)
		publish(w, slot);
	w->node.header->creation = 9;
	w->node.header->root = 2ull << 32 | 1;
}

/* ---- what is spoilt ---- */

static void
poke(void *base, size_t size, struct fuzz_input *in)
{
	uint8_t *bytes = base;
	size_t at = fuzz_number(in, 2) * 4 % size;
	size_t n = 1 + fuzz_byte(in) % 8;

	if (n > size - at)
		n = size - at;
	fuzz_take(in, bytes + at, n);
}

static void
poke_entry(struct world *w, struct fuzz_input *in)
{
	struct gm_entry *entry = &w->node.table[fuzz_byte(in) % PEERS];

	switch (fuzz_byte(in) % 8) {
	case 0:
		entry->name_next = (uint32_t)fuzz_number(in, 2);
		break;
	case 1:
		entry->name_size = (uint32_t)fuzz_number(in, 2);
		break;
	case 2:
		entry->name_seq = (uint32_t)fuzz_number(in, 1);
		break;
	case 3:
		entry->region = fuzz_number(in, 8);
		break;
	case 4:
		entry->reason_size = (uint32_t)fuzz_number(in, 4);
		entry->word = gm_word_of(1, GM_DEAD);
		break;
	case 5:
		entry->cells = 1u << (fuzz_byte(in) & 31);
		break;
	default:
		poke(entry, sizeof(*entry), in);
		break;
	}
}

static void
poke_head(struct world *w, struct fuzz_input *in)
{
	uint32_t bucket = w->node.table[fuzz_byte(in) % PEERS].name_hash;

	w->node.heads[bucket % GM_NAME_HEADS] = (uint32_t)fuzz_number(in, 2);
}

void
world_spoil(struct world *w, struct fuzz_input *in)
{
	uint32_t slot = 1 + fuzz_byte(in) % (PEERS - 1);

	switch (fuzz_byte(in) % 8) {
	case 0:
		poke(w->node.header, GM_PAGE, in);
		break;
	case 1:
		poke_head(w, in);
		break;
	case 2:
	case 3:
		poke_entry(w, in);
		break;
	case 4:
		poke(gm_arena_page(&w->node, slot), GM_PAGE_BYTES, in);
		break;
	case 5:
		w->node.header->slots_high = (uint32_t)fuzz_number(in, 4);
		break;
	case 6:
		poke(w->region[slot].region, 2048, in);
		break;
	case 7:
		poke(w->region[slot].ring[fuzz_byte(in) & 1].heads,
		    CELLS * GM_CELL, in);
		break;
	}
}
