/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What processes ask for through their own pages.  Each request is copied
 * out, checked, carried out and answered; whatever it says, it can speak only
 * for the process whose page it came from.
 */
#include <errno.h>
#include <sys/wait.h>

#include "lib/node_parts.h"

struct call {
	struct gsi_node *node;
	uint32_t slot;
	gs_pid me;
	uint64_t tag;
	struct gsi_ask ask;
	struct gsi_answer answer;
	bool later; /* answered some other time */
};

static void
op_register(struct call *c)
{
	struct gsi_proc *proc = gsi_node_proc(c->node, c->ask.pid);
	uint32_t slot, gen;

	if (gs_name_check(c->ask.text, NULL) != 0)
		c->answer.status = -EINVAL;
	else if (proc == NULL || c->ask.pid.slot == 0)
		c->answer.status = -ESRCH; /* slot 0 ends a chain of names */
	else if (gm_load(&c->node->arena.table[c->ask.pid.slot].name_size,
		     relaxed) != 0)
		c->answer.status = -EBUSY;
	else if (gm_name_find(&c->node->arena, c->ask.text, c->ask.size, &slot,
		     &gen) == 0) {
		c->answer.status = -EEXIST;
		c->answer.pid = gsi_node_pid(c->node, slot);
	} else {
		gm_name_put(
		    &c->node->arena, c->ask.pid.slot, c->ask.text, c->ask.size);
		gsi_node_changed(c->node);
	}
}

static void
op_unregister(struct call *c)
{
	uint32_t slot, gen;

	c->answer.status = gm_name_find(
	    &c->node->arena, c->ask.text, c->ask.size, &slot, &gen);
	if (c->answer.status == 0) {
		gm_name_drop(&c->node->arena, slot);
		gsi_node_changed(c->node);
	}
}

static void
op_link(struct call *c)
{
	c->answer.status = gsi_node_link(c->node, c->slot, c->ask.pid, false);
}

static void
op_unlink(struct call *c)
{
	c->answer.status = gsi_node_proc(c->node, c->ask.pid) == NULL;
	gsi_node_unlink(c->node, c->slot, c->ask.pid);
}

static void
op_monitor(struct call *c)
{
	c->answer.ref =
	    gsi_node_monitor(c->node, c->slot, c->ask.pid, 0, false);
	if (c->answer.ref == 0)
		c->answer.status = -EAGAIN;
}

static void
op_demonitor(struct call *c)
{
	c->answer.status = !gsi_node_demonitor(c->node, c->slot, c->ask.ref);
}

static void
op_exit(struct call *c)
{
	gsi_node_exit(c->node, c->me, c->ask.pid, c->ask.text, false);
}

static void
op_trap(struct call *c)
{
	struct gm_entry *entry = &c->node->arena.table[c->slot];
	uint32_t old = gm_load(&entry->flags, relaxed);

	c->answer.status = (old & GM_TRAP_EXIT) != 0;
	old &= ~(uint32_t)GM_TRAP_EXIT;
	if (c->ask.flags != 0)
		old |= GM_TRAP_EXIT;
	gm_store(&entry->flags, old, relaxed);
}

/* A stopper that was killed while it waited takes nothing back itself. */
static void
drop_dead_watchers(const struct call *c, struct gsi_proc *proc)
{
	for (uint32_t i = proc->n_edges; i-- > 0;) {
		const struct gsi_edge *edge = &proc->edges[i];
		gs_pid who = { c->me.node, edge->slot, edge->gen };

		if (edge->type == GSI_EDGE_WATCH &&
		    gsi_node_proc(c->node, who) == NULL)
			gsi_edge_drop_at(proc, i);
	}
}

static void
op_watch(struct call *c)
{
	struct gsi_proc *proc = c->ask.pid.slot < c->node->high
				    ? &c->node->procs[c->ask.pid.slot]
				    : NULL;

	if (proc == NULL || proc->gen != c->ask.pid.gen ||
	    proc->state < GSI_SLOT_LIVE ||
	    (proc->state == GSI_SLOT_DEAD && proc->reaped)) {
		c->answer.status = -ESRCH;
		return;
	}
	if (proc->n_edges == proc->max_edges)
		drop_dead_watchers(c, proc);
	c->answer.status = gsi_edge_add(proc,
	    (struct gsi_edge){ GSI_EDGE_WATCH, c->slot, c->me.gen, 0, c->tag });
	c->later = c->answer.status == 0;
}

static void
op_unwatch(struct call *c)
{
	if (c->ask.pid.slot < c->node->high)
		gsi_edge_drop(&c->node->procs[c->ask.pid.slot], GSI_EDGE_WATCH,
		    c->me, c->ask.ref);
}

static void
op_ring(struct call *c)
{
	if (gsi_node_proc(c->node, c->ask.pid) != NULL)
		gsi_node_ring(c->node, c->ask.pid.slot);
}

static void
op_links(struct call *c)
{
	struct gsi_proc *proc = gsi_node_proc(c->node, c->ask.pid);

	if (proc == NULL) {
		c->answer.status = -ESRCH;
		return;
	}
	for (uint32_t i = 0; i < proc->n_edges; i++) {
		const struct gsi_edge *edge = &proc->edges[i];

		if (edge->type != GSI_EDGE_LINK)
			continue;
		if (c->answer.count < GSI_ANSWER_LINKS) {
			gs_pid *pid = &c->answer.links[c->answer.count];

			*pid = gsi_node_pid(c->node, edge->slot);
			pid->gen = edge->gen;
		}
		c->answer.count++;
	}
}

/* The caller fences before it asks; who announced before that is seen. */
static void
op_quiet(struct call *c)
{
	uint64_t at = c->node->procs[c->slot].region;

	c->answer.status = 1;
	for (uint32_t s = 0; s < c->node->high; s++) {
		uint64_t m;

		if (s == c->slot || (s != 0 && !gsi_node_runs(c->node, s)))
			continue;
		m = gm_load(
		    &gm_arena_page(&c->node->arena, s)->send_m, acquire);
		if (m != 0 && gm_region_id_at(m) == at)
			c->answer.status = 0;
	}
}

static void
op_changed(struct call *c)
{
	gsi_node_changed(c->node);
}

static void
op_reaped(struct call *c)
{
	struct gsi_proc *proc;

	if (c->ask.pid.slot >= c->node->high)
		return;
	proc = &c->node->procs[c->ask.pid.slot];
	if (proc->gen == c->ask.pid.gen && gs_pid_equal(proc->forker, c->me) &&
	    proc->state == GSI_SLOT_DEAD && !proc->reaped)
		gsi_node_reaped(c->node, c->ask.pid.slot);
}

static void
op_room(struct call *c)
{
	gsi_node_held_retry(c->node, c->slot);
}

static void
op_refuse(struct call *c)
{
	gsi_node_refuse(c->node, &c->ask, c->me.gen);
}

static void (*const ops[GSI_OP_COUNT])(struct call *) = {
	[GSI_OP_REGISTER] = op_register,
	[GSI_OP_UNREGISTER] = op_unregister,
	[GSI_OP_LINK] = op_link,
	[GSI_OP_UNLINK] = op_unlink,
	[GSI_OP_MONITOR] = op_monitor,
	[GSI_OP_DEMONITOR] = op_demonitor,
	[GSI_OP_EXIT] = op_exit,
	[GSI_OP_TRAP] = op_trap,
	[GSI_OP_WATCH] = op_watch,
	[GSI_OP_UNWATCH] = op_unwatch,
	[GSI_OP_RING] = op_ring,
	[GSI_OP_LINKS] = op_links,
	[GSI_OP_QUIET] = op_quiet,
	[GSI_OP_CHANGED] = op_changed,
	[GSI_OP_REAPED] = op_reaped,
	[GSI_OP_ROOM] = op_room,
	[GSI_OP_REFUSE] = op_refuse,
};

static void
born(struct gsi_node *node, uint32_t slot, const struct gm_request *request)
{
	struct gsi_born b = { 0 };

	memcpy(&b, request->body, sizeof(b));
	b.name[GS_NAME_MAX] = '\0';
	if (node->procs[slot].kind == GS_PROCESS_SUPERVISOR)
		gsi_node_born(node, slot, &b);
}

static void
carry_out(
    struct gsi_node *node, uint32_t slot, const struct gm_request *request)
{
	struct call c = {
		.node = node,
		.slot = slot,
		.me = gsi_node_pid(node, slot),
		.tag = request->tag,
	};

	if (request->op == GSI_OP_BORN) {
		born(node, slot, request);
		return;
	}
	if (request->op >= GSI_OP_COUNT || ops[request->op] == NULL)
		return;
	memcpy(&c.ask, request->body, sizeof(c.ask));
	if (c.ask.size >= sizeof(c.ask.text))
		c.ask.size = sizeof(c.ask.text) - 1;
	c.ask.text[c.ask.size] = '\0';
	/* one text must not be two names by what lies behind its end */
	c.ask.size = (uint32_t)strlen(c.ask.text);
	ops[request->op](&c);
	if (!c.later)
		gsi_node_answer(node, slot, request->tag, &c.answer);
}

void
gsi_node_drain_slot(struct gsi_node *node, uint32_t slot)
{
	struct gm_page *page = gm_arena_page(&node->arena, slot);
	struct gm_request request;
	uint32_t head, tail;

	if (node->procs[slot].state != GSI_SLOT_LIVE)
		return;
	head = gm_load(&page->request_head, relaxed);
	tail = gm_load(&page->request_tail, acquire); /* [P3] */
	/* a tail that makes no sense is garbage: nothing was asked */
	if (tail - head > GM_REQUESTS) {
		head = tail;
		gm_store(&page->request_head, head, release); /* [P4] */
	}
	for (; head != tail; head++) {
		request = page->requests[head % GM_REQUESTS];
		/* release [P4]: the cell may be filled again */
		gm_store(&page->request_head, head + 1, release);
		carry_out(node, slot, &request);
	}
	gsi_node_rest(node, slot);
}

void
gsi_node_drain(struct gsi_node *node)
{
	for (uint32_t w = 0; w * 64 < node->high; w++) {
		_Atomic uint64_t *word = &node->arena.dirty->bits[w];
		uint64_t bits;

		if (gm_load(word, relaxed) == 0)
			continue;
		/* acquire [D1]: the cells that the bits stand for */
		bits = atomic_exchange_explicit(word, 0, memory_order_acquire);
		while (bits != 0) {
			uint32_t slot =
			    w * 64 + (uint32_t)__builtin_ctzll(bits);

			bits &= bits - 1;
			if (slot > 0 && slot < node->high)
				gsi_node_drain_slot(node, slot);
		}
	}
	gsi_node_pool_refill(node);
}
