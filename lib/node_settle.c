/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mailboxes of a death: where the dead one was sending to, and its own.
 * The rule: whatever stands in them, the node survives touching them.
 */
#include "lib/node_parts.h"

/* Whose region is it?  A death in the middle of a send is rare. */
uint32_t
gsi_node_whose_region(const struct gsi_node *node, uint64_t id)
{
	uint64_t at = gm_region_id_at(id);

	for (uint32_t s = 0; s < node->high; s++)
		if (node->procs[s].region == at && at != 0)
			return s;
	return 0;
}

struct touch {
	struct gm_ring_ref *ring;
	uint32_t slot;
	uint64_t v;
};

static void
retire_ring(void *data)
{
	gm_ring_retire(((struct touch *)data)->ring);
}

/*
 * Those who wait for room in its mailbox are woken, and nobody reserves there
 * any more.  Before the region is punched, and behind the scan: who is not
 * announced there by then finds it dead, and has nothing to be woken from.  A
 * client that goes on finds in its own mailbox that it is nobody any more.
 */
void
gsi_node_retire(struct gsi_node *node, uint32_t slot)
{
	const struct gsi_proc *proc = &node->procs[slot];
	struct gm_region_ref region;

	gsi_node_unmap(node, slot);
	if ((proc->sent_to != node->scans && !proc->lost) ||
	    proc->kind == GS_PROCESS_PLAIN ||
	    gsi_node_map(node, slot, &region) != 0)
		return;
	for (int i = 0; i < 2; i++)
		gsi_guard(
		    retire_ring, &(struct touch){ &region.ring[i], 0, 0 });
	gm_region_unmap(&region);
}

static void
settle_ring(void *data)
{
	const struct touch *t = data;

	gm_ring_settle(t->ring, t->slot, t->v);
}

/* D3 and D4 for one. */
void
gsi_node_settle(struct gsi_node *node, uint32_t slot)
{
	const struct gm_page *page = gm_arena_page(&node->arena, slot);
	uint64_t m = gm_load(&page->send_m, acquire); /* [T5] */
	uint64_t v = gm_load(&page->send_v, acquire);
	uint32_t target;
	struct gm_region_ref region;

	if (m == 0)
		return;
	target = gsi_node_whose_region(node, m);
	if (target == 0 || node->procs[target].state != GSI_SLOT_LIVE)
		return;
	if (v != 0 && gsi_node_map(node, target, &region) == 0) {
		struct touch t = { &region.ring[gm_region_id_which(m)], slot,
			v };

		gsi_guard(settle_ring, &t);
		gm_region_unmap(&region);
	}
	gsi_node_ring(node, target);
}
