/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the node sends: exits, DOWNs, answers.  The rule: the node waits for
 * nobody.  What does not fit goes into its own memory and is sent, in order,
 * when the receiver says that there is room.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/node_parts.h"

#define HELD_MAX (64u << 20) /* bytes kept for one process */

void
gsi_node_ring(struct gsi_node *node, uint32_t slot)
{
	static const uint64_t one = 1;
	int bell = node->procs[slot].bell;

	if (bell >= 0 && write(bell, &one, sizeof(one)) < 0) {
		/* EAGAIN: the counter is full, so it is ringing already */
	}
}

int
gsi_node_map(struct gsi_node *node, uint32_t slot, struct gm_region_ref *out)
{
	struct gsi_proc *proc = &node->procs[slot];
	int status;

	if (proc->region == 0)
		return -ESRCH;
	status = gm_region_map(
	    node->arena.fd, proc->region, slot, proc->gen, true, out);
	/* what the header says of its size, any sender may have written */
	if (status == 0 && out->cells != proc->cells) {
		gm_region_unmap(out);
		status = -EBADMSG;
	}
	if (status == 0)
		out->ring[0].guarded = out->ring[1].guarded = true;
	return status;
}

static struct gsi_mapped *
place_of(struct gsi_node *node, uint32_t slot)
{
	return &node->mapped[slot % GSI_MAPPED];
}

static void
unmap(struct gsi_mapped *mapped)
{
	if (!gs_pid_is_none(mapped->pid))
		gm_region_unmap(&mapped->region);
	mapped->pid = GS_NO_PID;
}

/*
 * Mapping takes longer than sending, and who has just been sent something
 * often is again: root, a monitor of many.  10,000 mappings would be too many.
 */
static int
map_for_long(struct gsi_node *node, uint32_t slot, struct gsi_mapped **out)
{
	struct gsi_mapped *mapped = place_of(node, slot);
	int status;

	*out = mapped;
	if (gs_pid_equal(mapped->pid, gsi_node_pid(node, slot)) &&
	    mapped->region.at == node->procs[slot].region)
		return 0;
	unmap(mapped);
	status = gsi_node_map(node, slot, &mapped->region);
	if (status != 0)
		return status;
	/* a root that is forked, and its servers, have no business in there */
	gsi_share_not(mapped->region.region, mapped->region.mapped);
	mapped->pid = gsi_node_pid(node, slot);
	return 0;
}

void
gsi_node_unmap(struct gsi_node *node, uint32_t slot)
{
	struct gsi_mapped *mapped = place_of(node, slot);

	if (mapped->pid.slot == slot)
		unmap(mapped);
}

static struct gm_alive
alive_of(const struct gsi_node *node, uint32_t slot)
{
	return (struct gm_alive){ &node->arena.table[slot].word,
		gm_word_of(node->procs[slot].gen, GM_LIVE) };
}

/* One try: 0, -EAGAIN no room now, or for good. */
static int
try_send(struct gsi_node *node, uint32_t slot, struct gm_ring_ref *ring,
    const struct gsi_head *head, const void *body, size_t size)
{
	struct gm_slip slip;
	uint64_t sleep_no;
	int status;

	status = gm_ring_open(&node->sender, ring, alive_of(node, slot),
	    sizeof(*head) + size, GM_SEND_RUNTIME, &slip);
	if (status != 0)
		return status == -ENOSPC ? -EAGAIN : status;
	memcpy(slip.payload, head, sizeof(*head));
	if (size > 0)
		memcpy((char *)slip.payload + sizeof(*head), body, size);
	sleep_no = gm_ring_commit(&node->sender, ring, &slip);
	gsi_node_ring(node, slot);
	if (sleep_no != 0)
		gm_ring_rung(ring, sleep_no);
	gm_ring_done(&node->sender);
	return 0;
}

/* Short of memory: nobody tells us when there is some, so we look again. */
static int
passing(struct gsi_node *node, int status)
{
	if (status != -ENOMEM && status != -ENFILE && status != -EINTR)
		return status;
	node->holds = true;
	return -EAGAIN;
}

struct delivery {
	struct gsi_node *node;
	uint32_t slot;
	struct gm_ring_ref *ring;
	const struct gsi_head *head;
	const void *body;
	size_t size;
	int status;
};

/* Announces itself before the second try, so no freed room is missed. */
static void
deliver(void *data)
{
	struct delivery *d = data;
	const struct gsi_mapped *mapped = place_of(d->node, d->slot);

	d->status = -EBADMSG;
	if (!gm_region_sound(&mapped->region, d->slot, mapped->pid.gen))
		return;
	d->status =
	    try_send(d->node, d->slot, d->ring, d->head, d->body, d->size);
	if (d->status != -EAGAIN)
		return;
	gm_ring_want_room(d->ring);
	d->status =
	    try_send(d->node, d->slot, d->ring, d->head, d->body, d->size);
}

static int
send_now(struct gsi_node *node, uint32_t slot, enum gm_which which,
    const struct gsi_head *head, const void *body, size_t size)
{
	struct gsi_mapped *mapped;
	struct delivery d = { node, slot, NULL, head, body, size, 0 };

	d.status = map_for_long(node, slot, &mapped);
	if (d.status == 0) {
		d.ring = &mapped->region.ring[which];
		if (gsi_guard(deliver, &d) != 0) {
			gm_ring_done(&node->sender);
			d.status = -EBADMSG;
		}
		if (d.status == -EBADMSG)
			unmap(mapped);
	}
	/* its owner is to look at it, and will find it damaged */
	if (d.status == -EBADMSG || d.status == -ESRCH)
		gsi_node_ring(node, slot);
	return passing(node, d.status);
}

static void
hold(struct gsi_proc *proc, enum gm_which ring, const struct gsi_head *head,
    const void *body, size_t size)
{
	struct gsi_held *held = NULL;

	if (proc->held_bytes < HELD_MAX)
		held = malloc(sizeof(*held) + size);
	/* what it is owed cannot be kept, and must not be lost in silence */
	if (held == NULL) {
		gsi_node_kill(proc, "system_limit");
		return;
	}
	proc->held_bytes += sizeof(*held) + size;
	held->next = NULL;
	held->head = *head;
	held->ring = ring;
	held->size = size;
	if (size > 0)
		memcpy(held->body, body, size);
	if (proc->held == NULL)
		proc->held_end = &proc->held;
	*proc->held_end = held;
	proc->held_end = &held->next;
}

void
gsi_node_send(struct gsi_node *node, uint32_t slot, enum gm_which ring,
    const struct gsi_head *head, const void *body, size_t size)
{
	struct gsi_proc *proc = &node->procs[slot];

	if (proc->state != GSI_SLOT_LIVE || proc->kind == GS_PROCESS_PLAIN)
		return;
	/* behind what is held already, so that the order stays */
	if (proc->held != NULL ||
	    send_now(node, slot, ring, head, body, size) == -EAGAIN)
		hold(proc, ring, head, body, size);
}

static void
look(void *data)
{
	struct delivery *d = data;

	d->status = gm_ring_read_up(
	    &d->node->sender, d->ring, alive_of(d->node, d->slot));
}

bool
gsi_node_has_read(struct gsi_node *node, uint32_t slot)
{
	struct delivery d = { .node = node, .slot = slot };
	struct gsi_mapped *mapped;

	if (node->procs[slot].held != NULL ||
	    map_for_long(node, slot, &mapped) != 0)
		return false;
	d.ring = &mapped->region.ring[GM_MAILBOX];
	if (gsi_guard(look, &d) != 0) {
		gm_ring_done(&node->sender);
		return false;
	}
	return d.status == 1;
}

void
gsi_node_held_retry(struct gsi_node *node, uint32_t slot)
{
	struct gsi_proc *proc = &node->procs[slot];

	while (proc->held != NULL && proc->state == GSI_SLOT_LIVE) {
		struct gsi_held *held = proc->held;

		if (send_now(node, slot, held->ring, &held->head, held->body,
			held->size) == -EAGAIN)
			return;
		proc->held = held->next;
		proc->held_bytes -= sizeof(*held) + held->size;
		free(held);
	}
}

void
gsi_node_held_all(struct gsi_node *node)
{
	node->holds = false;
	for (uint32_t s = 1; s < node->high; s++)
		gsi_node_held_retry(node, s);
}

static void
ring_all(struct gsi_node *node)
{
	for (uint32_t s = 1; s < node->high; s++)
		if (node->procs[s].state == GSI_SLOT_LIVE)
			gsi_node_ring(node, s);
}

/*
 * What there was no cell for.  seq_cst [D2]: the cells have been read before
 * the look at ring_all and at the room there is.
 */
void
gsi_node_rest(struct gsi_node *node, uint32_t slot)
{
	struct gm_page *page = gm_arena_page(&node->arena, slot);

	gm_fence(seq_cst);
	if (gm_load(&page->ring_all, relaxed) != 0) {
		gm_store(&page->ring_all, 0, relaxed);
		gm_fence(seq_cst);
		ring_all(node);
	}
	if (node->procs[slot].held != NULL)
		gsi_node_held_retry(node, slot);
}

void
gsi_node_held_free(struct gsi_proc *proc)
{
	while (proc->held != NULL) {
		struct gsi_held *held = proc->held;

		proc->held = held->next;
		free(held);
	}
}

void
gsi_node_answer(struct gsi_node *node, uint32_t slot, uint64_t tag,
    const struct gsi_answer *answer)
{
	struct gsi_head head = { GSI_ANSWER, 1, tag };

	if (tag != 0)
		gsi_node_send(
		    node, slot, GM_REPLIES, &head, answer, sizeof(*answer));
}

void
gsi_node_refuse(struct gsi_node *node, const struct gsi_ask *ask, uint32_t gen)
{
	struct gsi_head head = { GSI_REFUSAL, gen, ask->ref };
	int32_t status = -(int32_t)ask->flags;

	if (gsi_node_proc(node, ask->pid) != NULL)
		gsi_node_send(node, ask->pid.slot, GM_REPLIES, &head, &status,
		    sizeof(status));
}

void
gsi_node_note(struct gsi_node *node, uint32_t slot, uint32_t kind, uint64_t tag,
    const struct gsi_note *note)
{
	struct gsi_head head = { kind, 1, tag };

	gsi_node_send(node, slot, GM_MAILBOX, &head, note, sizeof(*note));
}
