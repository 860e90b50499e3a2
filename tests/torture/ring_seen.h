/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the receiver of ring_of_senders has seen.  From each generation of a
 * sender, in each region, all numbers come in order, without a gap, from the
 * first one sent there to at least the last one completed.
 */
#ifndef GS_TESTS_RING_SEEN_H
#define GS_TESTS_RING_SEEN_H

#include "tests/torture/ring_fault.h"

/* What has come from a slot. */
struct seen {
	uint32_t gen;
	uint64_t number;
};

static struct seen seen[SENDERS_MAX];

static void
check_letter(const struct gm_record *record, uint32_t region)
{
	struct letter letter;
	struct seen *from;

	if (!letter_whole(record->payload, record->size, &letter))
		fail(
		    "torn: %zu bytes of owner %u", record->size, record->owner);
	if (letter.slot != record->owner || letter.slot - 1 >= SENDERS_MAX)
		fail("owner %u, letter of %u", record->owner, letter.slot);
	if (letter.region != region)
		fail("letter for region %u in %u", letter.region, region);
	from = &seen[letter.slot - 1];
	if (letter.gen < from->gen)
		fail("slot %u: gen %u after %u", letter.slot, letter.gen,
		    from->gen);
	if (letter.gen > from->gen) {
		if (letter.number != letter.first)
			fail("slot %u gen %u: first is %llu, not %llu",
			    letter.slot, letter.gen,
			    (unsigned long long)letter.number,
			    (unsigned long long)letter.first);
		if (letter.before > 0 && (from->gen + 1 != letter.gen ||
					     letter.before > from->number))
			fail("slot %u gen %u: lost %llu to %llu", letter.slot,
			    letter.gen - 1,
			    (unsigned long long)from->number + 1,
			    (unsigned long long)letter.before);
	} else if (letter.number != from->number + 1) {
		fail("slot %u gen %u: %llu after %llu", letter.slot, letter.gen,
		    (unsigned long long)letter.number,
		    (unsigned long long)from->number);
	}
	from->gen = letter.gen;
	from->number = letter.number;
	gm_store(&party->desks[letter.slot - 1].taken,
	    (uint64_t)letter.gen << 40 | letter.number, release);
}

#endif
