/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slots: taken, freed, and handed to forkers in advance.  A slot comes back
 * with its next generation, oldest first, and only when nobody names the last
 * one any more.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/node_parts.h"

#define FREE_KEPT 4
#define FDS_KEPT 24 /* for sockets, so that gsctl always gets in */

static uint32_t
take_free(struct gsi_node *node)
{
	uint32_t slot = node->free_first;

	node->free_first = node->procs[slot].next;
	node->n_free--;
	return slot;
}

/* The last ones are for clients and root, when no more can be allocated. */
int
gsi_node_slot_take(struct gsi_node *node, bool last_too, uint32_t *slot)
{
	struct gsi_proc *proc;
	int status;

	/* oldest first and not at once: the dead can be looked at a while */
	if (node->n_free > FREE_KEPT) {
		*slot = take_free(node);
	} else {
		status = node->high < GM_SLOTS
			     ? gm_arena_grow(&node->arena, node->high)
			     : -EAGAIN;
		if (status == 0)
			*slot = node->high++;
		else if (node->n_free == 0 || !last_too)
			return status;
		else
			*slot = take_free(node);
	}
	proc = &node->procs[*slot];
	proc->gen++;
	if (proc->gen == 0)
		proc->gen = 1;
	proc->state = GSI_SLOT_TAKEN;
	proc->bell = -1;
	proc->socket = -1;
	proc->pidfd = -1;
	proc->held_end = &proc->held;
	/* the bytes of the last holder's name had outlived it, for the log */
	node->arena.table[*slot].name[0] = '\0';
	return 0;
}

/* The caller has made sure that nobody names the old generation. */
void
gsi_node_slot_free(struct gsi_node *node, uint32_t slot)
{
	struct gsi_proc *proc = &node->procs[slot];
	struct gm_entry *entry = &node->arena.table[slot];
	uint32_t gen = proc->gen;

	gsi_node_unmap(node, slot);
	gsi_node_region_free(node, proc);
	if (proc->bell >= 0)
		close(proc->bell);
	if (proc->socket >= 0)
		close(proc->socket);
	if (proc->pidfd >= 0)
		close(proc->pidfd);
	free(proc->noted);
	free(proc->edges);
	gsi_node_held_free(proc);
	gm_store(&entry->word, gm_word_of(gen, GM_FREE), release);
	memset(gm_arena_page(&node->arena, slot), 0, GM_PAGE_BYTES);
	memset(proc, 0, sizeof(*proc));
	proc->gen = gen;
	proc->bell = proc->socket = proc->pidfd = -1;
	if (node->free_first == 0)
		node->free_first = slot;
	else
		node->procs[node->free_last].next = slot;
	node->free_last = slot;
	node->n_free++;
	gsi_node_spare(node);
}

/* So that gsctl gets in, to free something, when nothing is left. */
void
gsi_node_reserve(struct gsi_node *node)
{
	uint32_t slots[FREE_KEPT], n = 0;

	while (n < FREE_KEPT && gsi_node_slot_take(node, false, &slots[n]) == 0)
		n++;
	while (n > 0)
		gsi_node_slot_free(node, slots[--n]);
	gsi_node_spare(node);
}

static int
make_bell(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A seat in hand will need a pidfd as well. */
static int
take_with_bell(struct gsi_node *node, uint32_t *slot)
{
	int bell, status;

	if (gsi_node_fds(node) + node->pooled + node->n_made + FDS_KEPT >=
	    node->arena.header->fds_max)
		return -EMFILE;
	bell = make_bell();
	if (bell < 0)
		return bell;
	status = gsi_node_slot_take(node, false, slot);
	if (status != 0) {
		close(bell);
		return status;
	}
	node->procs[*slot].bell = bell;
	return 0;
}

static bool
make_seat(struct gsi_node *node)
{
	uint32_t slot;

	if (node->pooled + node->n_made >= GSI_POOL ||
	    take_with_bell(node, &slot) != 0)
		return false;
	gsi_node_furnish(node, slot);
	node->made[node->n_made++] = slot;
	return true;
}

static void
hand_over(struct gsi_node *node)
{
	struct gsi_pool pool = { .n = node->n_made };
	int bells[GSI_POOL];

	for (uint32_t i = 0; i < pool.n; i++) {
		pool.pid[i] = gsi_node_pid(node, node->made[i]);
		bells[i] = node->procs[node->made[i]].bell;
	}
	node->n_made = 0;
	if (gsi_packet_send(
		node->control, &pool, sizeof(pool), bells, (int)pool.n) == 0) {
		for (uint32_t i = 0; i < pool.n; i++)
			node->procs[node->made[i]].state = GSI_SLOT_POOLED;
		node->pooled += pool.n;
		return;
	}
	for (uint32_t i = 0; i < pool.n; i++)
		gsi_node_slot_free(node, node->made[i]);
}

/*
 * Up to what a forker should have and no further.  What is made here delays
 * whoever asks the node next, and the newborn that waits for its CPU: so one
 * at a time, as long as the forker has enough, and half of all by one packet.
 */
void
gsi_node_pool_refill(struct gsi_node *node)
{
	bool low = node->pooled <= GSI_POOL / 2;

	if (node->control < 0)
		return;
	while (make_seat(node) && low)
		;
	if (low && node->n_made > 0)
		hand_over(node);
}
