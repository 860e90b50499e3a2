/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root supervisor's death, as the node sees it.  Its children are none the
 * worse for it: the next root is forked at once, finds its predecessor's list
 * in the ledger, and is told every end that the old one has not let go of.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/node_parts.h"
#include "shm/barrier.h"

#define BREATH_NS (200 * NS_PER_MS)

/* A root that dies again and again would only burn the machine. */
static bool
too_often(struct gsi_node *node)
{
	int64_t now = gsi_now_ns();

	memmove(node->root_deaths + 1, node->root_deaths,
	    sizeof(node->root_deaths) - sizeof(node->root_deaths[0]));
	node->root_deaths[0] = now;
	return node->root_deaths[3] != 0 &&
	       now - node->root_deaths[3] < 5000 * NS_PER_MS;
}

/* Slots that the old root had in hand come back. */
static void
pool_back(struct gsi_node *node)
{
	for (uint32_t s = 1; s < node->high; s++)
		if (node->procs[s].state == GSI_SLOT_POOLED)
			gsi_node_slot_free(node, s);
	node->pooled = 0;
	while (node->n_made > 0)
		gsi_node_slot_free(node, node->made[--node->n_made]);
}

/* The end of a life pipe that nobody has read yet would end its children. */
static void
drop_control(struct gsi_node *node)
{
	gm_poll_remove(node->poll, gsi_token(GSI_AT_CONTROL, 0, 0));
	if (node->control >= 0) {
		gsi_node_control(node);
		close(node->control);
	}
	node->control = -1;
}

/* The table and the edges of the living speak of the new root from now on. */
static void
hand_over(struct gsi_node *node)
{
	gs_pid old = node->lost_root;
	gs_pid root = gsi_node_pid(node, node->root_slot);
	uint64_t word = (uint64_t)root.slot << 32 | root.gen;

	for (uint32_t s = 1; s < node->high; s++) {
		struct gsi_proc *proc = &node->procs[s];
		struct gm_entry *entry = &node->arena.table[s];

		if (proc->state < GSI_SLOT_LIVE)
			continue;
		if (gs_pid_equal(proc->parent, old)) {
			proc->parent = root;
			gm_store(&entry->parent, word, relaxed);
		}
		if (!gs_pid_equal(proc->forker, old))
			continue;
		proc->forker = root;
		gm_store(&entry->supervisor, word, relaxed);
		/* an end that the old root has let go of is in the ledger */
		if (proc->state != GSI_SLOT_DEAD || proc->reaped)
			continue;
		/* a zombie that the old root has left is ours by now */
		waitpid(proc->os_pid, NULL, WNOHANG);
		gsi_node_tell_forker(node, s);
	}
}

static void
fork_again(struct gsi_node *node)
{
	node->root_due = 0;
	if (gsi_node_fork_root(node) == 0 && gsi_node_install_root(node) == 0) {
		hand_over(node);
		return;
	}
	if (node->root_pid > 1) {
		kill(node->root_pid, SIGKILL);
		waitpid(node->root_pid, NULL, 0);
	}
	node->root_pid = 0;
	drop_control(node);
	pool_back(node);
	node->root_due = gsi_now_ns() + BREATH_NS;
}

void
gsi_node_revive(struct gsi_node *node)
{
	if (node->phase == GSI_PHASE_UP && gsi_now_ns() >= node->root_due)
		fork_again(node);
}

void
gsi_node_root_dead(struct gsi_node *node, const char *reason)
{
	char text[512];

	node->lost_root = gsi_node_pid(node, node->root_slot);
	/* the slot is for anybody, until there is another root */
	node->root_slot = 0;
	node->root_pid = 0;
	drop_control(node);
	pool_back(node);
	/* SIGTERM to the root is a shutdown of the tree */
	if (node->phase != GSI_PHASE_UP || gsi_reason_clean(reason)) {
		node->phase = GSI_PHASE_OVER;
		return;
	}
	snprintf(text, sizeof(text),
	    "the root supervisor ended: %.255s; the next one takes its "
	    "children over",
	    reason);
	gsi_report(node->reports[1], GSI_ERROR_LEVEL, "node", "",
	    node->lost_root, text, NULL, 0);
	if (too_often(node))
		node->root_due = gsi_now_ns() + BREATH_NS;
	else
		fork_again(node);
}
