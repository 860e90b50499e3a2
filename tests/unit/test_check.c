/* SPDX-License-Identifier: Apache-2.0 */
/* The proofs over a segment: hold for a sound one, name each damage. */
#include "shm/check.h"
#include "shm/region.h"
#include "shm/ring_layout.h"
#include "tests/unit/names.h"

#define AT (GM_AT_REGIONS + 2 * GM_PAGE)

/* One live process with a mailbox and a name, one that has died. */
static void
sound_segment(void)
{
	struct gm_header *h;
	struct gm_entry *e;

	with_slots(3);
	h = arena.header;
	h->creation = h->os_pid = 7;
	CHECK_OK(gm_region_create(arena.fd, AT, GM_RING_CELLS_MIN, 1, 5));
	e = &arena.table[1];
	gm_store(&e->region, AT, relaxed);
	gm_store(&e->cells, GM_RING_CELLS_MIN, relaxed);
	gm_store(&e->os_pid, 1000, relaxed);
	born(1, 5, "x");
	born(2, 1, "y");
	dies(2, 1);
	gm_store(&h->processes, 1, relaxed);
	CHECK_STR(gm_arena_check(&arena), NULL);
}

static void
says(const char *words)
{
	CHECK_STR(gm_arena_check(&arena), words);
	gm_arena_close(&arena);
}

TEST(check_of_a_header_names_what_is_wrong)
{
	sound_segment();
	arena.header->layout++;
	says("the header is of another layout");
	sound_segment();
	arena.header->creation = 0;
	says("the header does not say whose it is");
	sound_segment();
	gm_store(&arena.header->slots_high, GM_SLOTS + 1, relaxed);
	says("more slots than there are");
	sound_segment();
	gm_store(&arena.header->processes, 2, relaxed);
	says("the count of processes is not that of live entries");
}

TEST(check_of_a_table_names_what_is_wrong)
{
	sound_segment();
	gm_store(&arena.table[2].word, gm_word_of(1, 7), relaxed);
	says("an entry is in no state");
	sound_segment();
	gm_store(&arena.table[2].name_size, 1, relaxed);
	says("a dead entry has a name");
	sound_segment();
	gm_store(&arena.table[3].name_size, 1, relaxed);
	says("a free entry has a name");
	sound_segment();
	gm_store(&arena.table[1].name_seq, 3, relaxed);
	says("a name is half written");
	sound_segment();
	arena.table[2].reason_size = GM_ENTRY_REASON + 1;
	says("a text is longer than its place");
	sound_segment();
	gm_store(&arena.table[1].cells, 300, relaxed);
	says("a live entry has a mailbox of no size");
	sound_segment();
	gm_store(&arena.table[1].os_pid, 1, relaxed);
	says("a live entry has no process");
	sound_segment();
	gm_store(&arena.table[1].name_hash, 1, relaxed);
	CHECK(gm_arena_check(&arena) != NULL);
	gm_arena_close(&arena);
}

TEST(check_of_a_region_names_what_is_wrong)
{
	struct gm_region_ref ref;
	struct gm_ring *ring;

	sound_segment();
	gm_store(&arena.table[1].region, AT + GM_PAGE, relaxed);
	says("a mailbox is not where its entry says");
	sound_segment();
	gm_store(&arena.table[1].cells, 2 * GM_RING_CELLS_MIN, relaxed);
	says("a mailbox has another size");
	for (int which = 0; which < 5; which++) {
		static const char *const words[] = {
			"the tail of a ring is beyond its limit",
			"a ring has no tail",
			"a ring has allocated more than it has",
			"a ring has no word to wait on",
			"the last record of a ring has an impossible length",
		};

		sound_segment();
		CHECK_OK(gm_region_map(arena.fd, AT, 1, 5, true, &ref));
		ring = ref.ring[which & 1].ring;
		if (which == 0)
			gm_store(&ring->tail.lo, 1u << 20, relaxed);
		else if (which == 1)
			gm_store(&ring->tail.lo, 5, relaxed);
		else if (which == 2)
			gm_store(&ring->allocated, 512, relaxed);
		else if (which == 3)
			gm_store(&ring->room_seq, 0, relaxed);
		else
			gm_store(&ring->tail.hi, 200, relaxed);
		gm_region_unmap(&ref);
		says(words[which]);
	}
}
