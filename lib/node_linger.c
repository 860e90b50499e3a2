/* SPDX-License-Identifier: Apache-2.0 */
/*
 * D5: who still names the dead, in a wait or in a send.  Those who wait are
 * rung, and a slot is not given away while anybody names its old generation.
 *
 * The rule: whoever announces himself after D1 finds it dead.  So one look
 * at all, after D2, finds every name there will ever be; later looks only
 * find out which of them have gone.
 */
#include "lib/node_parts.h"

#define LINGER_MAX_NS (64 * GSI_RECHECK_NS)
#define LINGER_SCAN 1024 /* live processes up to which a scan is for free */
#define AHEAD 12

static bool
names_dead(struct gsi_node *node, uint64_t word)
{
	uint32_t slot = (uint32_t)(word >> 32);

	if (word == 0 || slot >= node->high)
		return false;
	if (node->procs[slot].state == GSI_SLOT_DEAD &&
	    node->procs[slot].gen == (uint32_t)word) {
		node->procs[slot].named = node->scans;
		return true;
	}
	return false;
}

/* The words of requests, for who has some out. */
static bool
waits_for_any(struct gsi_node *node, const struct gm_page *page)
{
	uint32_t any = gm_load(&page->wait_any, acquire); /* [T5] */
	bool ring = (any & GM_WAIT_MORE) != 0;

	for (uint32_t i = 0; any != 0 && i < GM_WATCHES; i++)
		ring |= names_dead(
		    node, gm_load(&page->watch[i], acquire)); /* [T5] */
	return ring;
}

/* The lines are far apart: the memory is told early what comes. */
static void
fetch_ahead(const struct gsi_node *node, uint32_t s)
{
	if (s < node->high && node->procs[s].state == GSI_SLOT_LIVE)
		__builtin_prefetch(gm_arena_page(&node->arena, s));
}

/* One line of each process that runs. */
static void
scan(struct gsi_node *node)
{
	node->scans++;
	for (uint32_t s = 1; s < node->high; s++) {
		const struct gm_page *page;
		bool ring = false;
		uint64_t m;

		if (!gsi_node_runs(node, s))
			continue;
		fetch_ahead(node, s + AHEAD);
		page = gm_arena_page(&node->arena, s);
		for (int i = 0; i < 4; i++)
			ring |= names_dead(
			    node, gm_load(&page->wait[i], acquire)); /* [T5] */
		ring |= waits_for_any(node, page);
		m = gm_load(&page->send_m, acquire); /* [T5] */
		if (m != 0) {
			uint32_t target = gsi_node_whose_region(node, m);

			if (node->procs[target].state == GSI_SLOT_DEAD)
				node->procs[target].named =
				    node->procs[target].sent_to = node->scans;
		}
		if (ring)
			gsi_node_ring(node, s);
	}
}

/* Those that nobody named in the last scan. */
static void
free_unnamed(struct gsi_node *node)
{
	uint32_t left = 0;

	for (uint32_t s = 1; s < node->high && node->n_lingering > 0; s++) {
		struct gsi_proc *proc = &node->procs[s];

		if (proc->state != GSI_SLOT_DEAD || !proc->reaped || proc->gone)
			continue;
		if (proc->named == node->scans)
			left++;
		else
			gsi_node_slot_free(node, s);
	}
	node->n_lingering = left;
}

void
gsi_node_linger(struct gsi_node *node)
{
	node->look_again = false;
	if (node->n_lingering == 0)
		return;
	scan(node);
	free_unnamed(node);
}

/*
 * The last name of a dead one goes without a word to us: a server may have
 * been in the middle of a reply to it.  Who is stopped there names it for
 * long, so the looks become rare.
 */
int64_t
gsi_node_linger_again(struct gsi_node *node)
{
	uint32_t before = node->n_lingering;

	gsi_node_linger(node);
	if (node->n_lingering == 0)
		node->linger_ns = 0;
	else if (node->n_lingering < before || node->linger_ns == 0)
		node->linger_ns = GSI_RECHECK_NS;
	else if (node->linger_ns < LINGER_MAX_NS)
		node->linger_ns *= 2;
	return node->linger_ns;
}

void
gsi_node_scan(struct gsi_node *node)
{
	scan(node);
	free_unnamed(node);
}

void
gsi_node_let_go(struct gsi_node *node, uint32_t slot)
{
	const struct gsi_proc *proc = &node->procs[slot];

	if (!proc->gone && proc->named != node->scans) {
		gsi_node_slot_free(node, slot);
		return;
	}
	node->n_lingering++;
	node->look_again =
	    gm_load(&node->arena.header->processes, relaxed) < LINGER_SCAN;
}
