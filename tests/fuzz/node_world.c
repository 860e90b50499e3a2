/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node in this process: its own structures and its own loop, but nothing
 * is forked.  The rule: after each turn the tables are sound.
 */
#include "tests/fuzz/node_world.h"

/* for what is static there: dispatch */
#include "lib/node.c"

#include <sys/eventfd.h>
#include <sys/socket.h>

#include "shm/barrier.h"

/* ---- a node, without the forks ---- */

static void
listen_somewhere(struct world *w)
{
	struct gsi_node *node = &w->node;
	struct sockaddr_un any = { .sun_family = AF_UNIX };

	node->listener =
	    socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* the kernel chooses an abstract name */
	FUZZ(bind(node->listener, (struct sockaddr *)&any,
		 sizeof(any.sun_family)) == 0);
	w->address_size = sizeof(w->address);
	FUZZ(getsockname(node->listener, (struct sockaddr *)&w->address,
		 &w->address_size) == 0);
	FUZZ(listen(node->listener, 64) == 0);
	FUZZ(gm_poll_add(node->poll, node->listener,
		 gsi_token(GSI_AT_LISTENER, 0, 0), 0) == 0);
}

static void
make_root(struct world *w)
{
	struct gsi_node *node = &w->node;
	uint32_t slot;
	int pair[2];

	FUZZ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	node->control = pair[0];
	w->control = pair[1];
	node->root_pid = ROOT_PID;
	FUZZ(gsi_node_slot_take(node, true, &slot) == 0);
	node->procs[slot].bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	FUZZ(gsi_node_publish(node, slot, GS_PROCESS_SUPERVISOR, ROOT_PID,
		 GM_RING_CELLS_MIN) == 0);
	node->root_slot = slot;
	gm_store(&node->arena.table[slot].flags, GM_TRAP_EXIT, relaxed);
	FUZZ(gm_poll_add(node->poll, node->control,
		 gsi_token(GSI_AT_CONTROL, 0, 0), 0) == 0);
	gsi_node_pool_refill(node);
}

void
world_make(struct world *w)
{
	struct gsi_node *node = &w->node;
	struct gsi_proc *procs = w->procs;
	char why[32];

	memset(w, 0, sizeof(*w));
	w->procs = node->procs = procs;
	node->creation = 9;
	node->lock = node->signal_fd = node->owner = node->owner_life = -1;
	node->out_fd = node->err_fd = node->output[0] = node->output[1] = -1;
	for (int i = 0; i < GSI_PIPES; i++)
		node->pipes[i] = -1;
	for (int i = 0; i < GSI_VISITORS; i++)
		node->visitors[i].socket = -1;
	for (int i = 0; i < PEERS; i++)
		w->peers[i].fd = -1;
	FUZZ(gm_arena_create(&node->arena, NULL, why) == 0);
	FUZZ(gm_poll_open(&node->poll, 64, "epoll") == 0);
	node->arena.header->creation = node->creation;
	node->arena.header->fds_max = 1024;
	node->sender.page = gm_arena_page(&node->arena, 0);
	node->high = 1;
	node->procs[0].gen = 1;
	node->procs[0].state = GSI_SLOT_LIVE;
	node->procs[0].kind = GS_PROCESS_NODE;
	node->procs[0].bell = -1;
	gm_store(&node->arena.table[0].word, gm_word_of(1, GM_LIVE), release);
	node->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	FUZZ(gm_poll_add(
		 node->poll, node->bell, gsi_token(GSI_AT_BELL, 0, 0), 0) == 0);
	FUZZ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
		 node->reports) == 0);
	gsi_node_reserve(node);
	make_root(w);
	listen_somewhere(w);
}

static void
unmake_slot(struct gsi_node *node, uint32_t slot)
{
	struct gsi_proc *proc = &node->procs[slot];

	if (proc->state != GSI_SLOT_FREE && slot != 0)
		gsi_node_slot_free(node, slot);
	free(node->procs[slot].edges);
	memset(proc, 0, sizeof(*proc));
}

void
world_end(struct world *w)
{
	struct gsi_node *node = &w->node;
	bool sound = gm_names_check(&node->arena) == NULL;
	int fds[] = { w->control, node->control, node->listener, node->bell,
		node->reports[0], node->reports[1] };

	for (int i = 0; i < PEERS; i++)
		if (w->peers[i].fd >= 0)
			close(w->peers[i].fd);
	for (int i = 0; i < GSI_VISITORS; i++)
		if (node->visitors[i].socket >= 0)
			close(node->visitors[i].socket);
	for (int i = 0; i < GSI_PIPES; i++)
		if (node->pipes[i] >= 0)
			close(node->pipes[i]);
	gm_poll_close(node->poll);
	for (uint32_t s = 0; s < node->high; s++)
		unmake_slot(node, s);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	gm_arena_close(&node->arena);
	FUZZ(sound);
}

/* ---- what holds after each round ---- */

static void
check_edge(struct gsi_node *node, uint32_t slot, const struct gsi_edge *edge)
{
	static const uint32_t back[] = {
		[GSI_EDGE_LINK] = GSI_EDGE_LINK,
		[GSI_EDGE_MONITOR] = GSI_EDGE_MONITORING,
		[GSI_EDGE_MONITORING] = GSI_EDGE_MONITOR,
	};
	gs_pid me = gsi_node_pid(node, slot);
	gs_pid pid = { node->creation, edge->slot, edge->gen };
	struct gsi_proc *other = gsi_node_proc(node, pid);
	uint32_t found = 0;

	if (edge->type == GSI_EDGE_WATCH || other == NULL)
		return;
	FUZZ(edge->type >= GSI_EDGE_LINK && edge->type <= GSI_EDGE_WATCH);
	for (uint32_t i = 0; i < other->n_edges; i++)
		found += other->edges[i].type == back[edge->type] &&
			 other->edges[i].slot == me.slot &&
			 other->edges[i].gen == me.gen &&
			 other->edges[i].ref == edge->ref;
	FUZZ(found > 0);
}

/* Whoever gave it, a name is one that people can type. */
static void
check_name(const struct gm_entry *entry)
{
	uint32_t size = gm_load(&entry->name_size, relaxed);

	FUZZ(size <= GS_NAME_MAX);
	FUZZ(size == 0 || (strlen(entry->name) == size &&
			      gs_name_check(entry->name, NULL) == 0));
}

static void
check(struct gsi_node *node)
{
	uint32_t live = 0, pooled = 0, made = 0, listed = 0;

	for (uint32_t s = 1; s < node->high; s++) {
		struct gsi_proc *proc = &node->procs[s];

		live += proc->state == GSI_SLOT_LIVE;
		made += proc->state == GSI_SLOT_TAKEN;
		pooled += proc->state == GSI_SLOT_POOLED;
		check_name(&node->arena.table[s]);
		FUZZ(proc->gen == node->arena.table[s].word >> 32 ||
		     proc->state == GSI_SLOT_TAKEN ||
		     proc->state == GSI_SLOT_POOLED);
		for (uint32_t i = 0;
		     proc->state == GSI_SLOT_LIVE && i < proc->n_edges; i++)
			check_edge(node, s, &proc->edges[i]);
	}
	FUZZ(gm_load(&node->arena.header->processes, relaxed) == live);
	FUZZ(node->pooled == pooled && node->n_made == made);
	for (uint32_t s = node->free_first; s != 0; s = node->procs[s].next) {
		FUZZ(node->procs[s].state == GSI_SLOT_FREE);
		FUZZ(++listed <= node->n_free);
	}
	FUZZ(listed == node->n_free);
}

/* One turn of the loop of node.c, which does not wait. */
void
world_turn(struct world *w)
{
	struct gsi_node *node = &w->node;
	struct gm_event events[EVENTS];
	char report[16384];
	int n;

	gsi_node_drain(node);
	n = gm_poll_wait(node->poll, 0, events, EVENTS);
	if (node->unfinished)
		gsi_node_visit(node);
	gsi_node_drain(node);
	for (int i = 0; i < n && node->phase != GSI_PHASE_OVER; i++)
		dispatch(node, &events[i]);
	gsi_node_bury(node);
	while (recv(node->reports[0], report, sizeof(report), MSG_DONTWAIT) > 0)
		;
	if (node->phase != GSI_PHASE_OVER)
		check(node);
}
