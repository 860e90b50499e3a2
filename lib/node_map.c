/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mailboxes as the node sees them: mapped for one message, since 10,000
 * mappings would cost more than that.  The few last written to stay mapped, as
 * those of root and of a busy client are written to again at once.
 *
 * The rule: a mapping that stays is gone before its slot is free.
 */
#include <errno.h>

#include "lib/attach.h"
#include "lib/node_parts.h"

/* What the header says of its size, any sender may have written. */
static int
check(const struct gsi_proc *proc, struct gm_region_ref *ref)
{
	if (ref->cells != proc->cells) {
		gm_region_unmap(ref);
		return -EBADMSG;
	}
	ref->ring[0].guarded = ref->ring[1].guarded = true;
	return 0;
}

int
gsi_node_map(
    struct gsi_node *node, uint32_t slot, bool whole, struct gm_region_ref *out)
{
	struct gsi_proc *proc = &node->procs[slot];
	int status;

	if (proc->region == 0)
		return -ESRCH;
	if (whole)
		status = gm_region_map(
		    node->arena.fd, proc->region, slot, proc->gen, true, out);
	else
		status = gm_region_map_control(
		    node->arena.fd, proc->region, slot, proc->gen, out);
	return status == 0 ? check(proc, out) : status;
}

static struct gsi_map *
find(struct gsi_node *node, uint32_t slot)
{
	for (int i = 0; i < GSI_MAPS; i++)
		if (node->maps[i].slot == slot)
			return &node->maps[i];
	return NULL;
}

static void
drop(struct gsi_map *map)
{
	gm_region_unmap(&map->ref);
	map->slot = 0;
}

void
gsi_node_unmap(struct gsi_node *node, uint32_t slot)
{
	struct gsi_map *map = slot != 0 ? find(node, slot) : NULL;

	if (map != NULL)
		drop(map);
}

/* An empty place, or that of who has not been written to for longest. */
static struct gsi_map *
make_place(struct gsi_node *node)
{
	struct gsi_map *oldest = &node->maps[0];

	for (int i = 0; i < GSI_MAPS; i++) {
		if (node->maps[i].slot == 0)
			return &node->maps[i];
		if (node->maps[i].used < oldest->used)
			oldest = &node->maps[i];
	}
	drop(oldest);
	return oldest;
}

int
gsi_node_keep_mapped(
    struct gsi_node *node, uint32_t slot, struct gm_region_ref **out)
{
	struct gsi_map *map = slot != 0 ? find(node, slot) : NULL;
	int status;

	if (map != NULL) {
		status = gm_region_known(
		    node->arena.fd, &map->ref, slot, node->procs[slot].gen);
		if (status != 0) {
			drop(map);
			return status;
		}
	} else {
		map = make_place(node);
		status = gsi_node_map(node, slot, true, &map->ref);
		if (status != 0)
			return status;
		map->slot = slot;
		/* the next root has no business in there */
		gsi_share_not(map->ref.region, map->ref.mapped);
	}
	map->used = ++node->map_uses;
	*out = &map->ref;
	return 0;
}
