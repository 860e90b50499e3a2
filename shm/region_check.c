/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a mailbox is what its entry says, while others use it: only what
 * holds between any two of their instructions can be asked.
 */
#include "shm/region.h"
#include "shm/ring_layout.h"

/* While others send: the tail first, for limit only grows. */
static const char *
check_ring(const struct gm_ring_ref *ref)
{
	const struct gm_ring *ring = ref->ring;
	uint64_t hi = gm_load(&ring->tail.hi, acquire); /* [T1] */
	uint64_t lo = gm_load(&ring->tail.lo, acquire);
	uint64_t limit = gm_load(&ring->limit, acquire); /* [T2] */
	uint64_t cells =
	    gm_load(&ring->allocated, acquire) & GM_CELLS; /* [T4] */

	if (cells < GM_RING_CELLS_START || cells > ref->cells ||
	    cells % (GM_PAGE / GM_CELL) != 0)
		return "a ring has allocated more than it has";
	if ((lo & GM_POSITION) < ref->cells)
		return "a ring has no tail";
	if ((hi & GM_K) > ref->cells / 2)
		return "the last record of a ring has an impossible length";
	/* moved: limit follows at once */
	if ((lo & GM_MOVED) == 0 && (lo & GM_POSITION) > limit)
		return "the tail of a ring is beyond its limit";
	if (gm_load(&ring->room_seq, acquire) == 0) /* [T8] */
		return "a ring has no word to wait on";
	return NULL;
}

const char *
gm_region_check(
    int fd, uint64_t at, uint32_t cells, uint32_t slot, uint32_t gen)
{
	struct gm_region_ref ref;
	const char *wrong;

	if (gm_region_map(fd, at, slot, gen, false, &ref) != 0)
		return "a mailbox is not where its entry says";
	wrong = ref.cells != cells ? "a mailbox has another size" : NULL;
	for (int i = 0; i < 2 && wrong == NULL; i++)
		wrong = check_ring(&ref.ring[i]);
	gm_region_unmap(&ref);
	return wrong;
}
