/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links, monitors and exit signals, as the node keeps them: edges at each
 * process, in private memory (node_edge.c).  Delivery happens here and only after a
 * death is published, never by the dying code.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/node_parts.h"

static struct gsi_note
note_of(gs_pid who, const char *reason)
{
	struct gsi_note note = { .who = who };

	gsi_reason_copy(note.reason, reason);
	note.reason_size = (uint32_t)strlen(note.reason);
	return note;
}

int
gsi_node_link(struct gsi_node *node, uint32_t a, gs_pid b, bool quiet)
{
	struct gsi_proc *other = gsi_node_proc(node, b);
	gs_pid me = gsi_node_pid(node, a);

	if (gs_pid_equal(me, b) ||
	    gsi_edge_has(&node->procs[a], GSI_EDGE_LINK, b, 0))
		return 0;
	if (other == NULL) {
		gsi_node_exit(node, b, me, "noproc", true);
		return 0;
	}
	if (gsi_edge_room(&node->procs[a]) != 0 || gsi_edge_room(other) != 0)
		return -ENOMEM;
	gsi_edge_add(&node->procs[a],
	    (struct gsi_edge){ GSI_EDGE_LINK, b.slot, b.gen, 0, 0 });
	gsi_edge_add(other,
	    (struct gsi_edge){ GSI_EDGE_LINK, me.slot, me.gen, quiet, 0 });
	return 0;
}

void
gsi_node_unlink(struct gsi_node *node, uint32_t a, gs_pid b)
{
	struct gsi_proc *other = gsi_node_proc(node, b);

	gsi_edge_drop(&node->procs[a], GSI_EDGE_LINK, b, 0);
	if (other != NULL)
		gsi_edge_drop(other, GSI_EDGE_LINK, gsi_node_pid(node, a), 0);
}

/*
 * ref 0 takes a new one; a target that is not there is DOWN at once.  0: no
 * memory.
 */
uint64_t
gsi_node_monitor(struct gsi_node *node, uint32_t who, gs_pid target,
    uint64_t ref, bool quiet)
{
	struct gsi_proc *other = gsi_node_proc(node, target);
	gs_pid me = gsi_node_pid(node, who);
	struct gsi_note note;

	if (ref == 0)
		ref = ++node->next_ref;
	if (other == NULL) {
		note = note_of(target, "noproc");
		gsi_node_note(node, who, GSI_DOWN, ref, &note);
		return ref;
	}
	if (gsi_edge_room(&node->procs[who]) != 0 || gsi_edge_room(other) != 0)
		return 0;
	gsi_edge_add(other,
	    (struct gsi_edge){ GSI_EDGE_MONITOR, me.slot, me.gen, quiet, ref });
	gsi_edge_add(&node->procs[who], (struct gsi_edge){ GSI_EDGE_MONITORING,
					    target.slot, target.gen, 0, ref });
	return ref;
}

bool
gsi_node_demonitor(struct gsi_node *node, uint32_t who, uint64_t ref)
{
	struct gsi_edge edge;
	struct gsi_proc *other;

	if (!gsi_edge_take(&node->procs[who], GSI_EDGE_MONITORING, ref, &edge))
		return false;
	other = &node->procs[edge.slot];
	if (other->gen == edge.gen)
		gsi_edge_drop(
		    other, GSI_EDGE_MONITOR, gsi_node_pid(node, who), ref);
	return true;
}

/*
 * Our own zombies keep their numbers until we have reaped them; a client's
 * may be somebody else's by now, so it is met through its pidfd.
 */
static void
signal_to(struct gsi_proc *proc, int number)
{
	if (proc->kind == GS_PROCESS_CLIENT && proc->pidfd >= 0)
		syscall(SYS_pidfd_send_signal, proc->pidfd, number, NULL, 0);
	else if (proc->os_pid > 1 &&
		 (proc->eye.pid == 0 || gsi_eye_sees(&proc->eye)))
		kill(proc->os_pid, number);
}

/* The reason is noted first: whoever looks after the kill finds it. */
void
gsi_node_kill(struct gsi_proc *proc, const char *reason)
{
	if (proc->noted == NULL)
		proc->noted = strdup(reason);
	signal_to(proc, SIGKILL);
}

static bool
traps(struct gsi_node *node, uint32_t slot)
{
	return (gm_load(&node->arena.table[slot].flags, relaxed) &
		   GM_TRAP_EXIT) != 0;
}

void
gsi_node_exit(struct gsi_node *node, gs_pid from, gs_pid to, const char *reason,
    bool by_link)
{
	struct gsi_proc *proc = gsi_node_proc(node, to);
	struct gsi_note note;

	if (proc == NULL || proc->kind == GS_PROCESS_NODE)
		return;
	proc->asked |= gs_pid_equal(proc->forker, from);
	/* only a signal on purpose cannot be trapped, a neighbour's end can */
	if (!by_link && strcmp(reason, "kill") == 0) {
		gsi_node_kill(proc, "killed");
		return;
	}
	if (proc->kind == GS_PROCESS_PLAIN) {
		if (strcmp(reason, "normal") != 0 && proc->os_pid > 1) {
			if (proc->noted == NULL)
				proc->noted = strdup(reason);
			signal_to(proc, SIGTERM);
		}
		return;
	}
	if (traps(node, to.slot)) {
		note = note_of(from, reason);
		/* its forker ends it as a parent would, also without one */
		if (gs_pid_equal(proc->parent, from) ||
		    gs_pid_equal(proc->forker, from))
			note.flags |= GSI_NOTE_PARENT;
		if (by_link)
			note.flags |= GSI_NOTE_LINK;
		gsi_node_note(node, to.slot, GSI_EXIT, 0, &note);
		return;
	}
	if (strcmp(reason, "normal") != 0 ||
	    (!by_link && gs_pid_equal(from, to)))
		gsi_node_kill(proc, reason);
}

void
gsi_node_edges_clear(struct gsi_node *node, uint32_t slot)
{
	struct gsi_proc *proc = &node->procs[slot];
	gs_pid me = gsi_node_pid(node, slot);

	/* who is related to itself takes the other end away as well */
	while (proc->n_edges > 0) {
		struct gsi_edge edge = proc->edges[proc->n_edges - 1];
		gs_pid pid = { me.node, edge.slot, edge.gen };
		struct gsi_proc *other = gsi_node_proc(node, pid);

		gsi_edge_drop_at(proc, proc->n_edges - 1);
		if (other == NULL)
			continue;
		gsi_edge_drop(other, GSI_EDGE_LINK, me, 0);
		gsi_edge_drop(other, GSI_EDGE_MONITOR, me, edge.ref);
		gsi_edge_drop(other, GSI_EDGE_MONITORING, me, edge.ref);
	}
}

/* One edge of a process that has ended. */
static void
spread_edge(struct gsi_node *node, uint32_t slot, const struct gsi_edge *edge,
    const char *reason)
{
	struct gsi_proc *dead = &node->procs[slot];
	gs_pid me = gsi_node_pid(node, slot);
	gs_pid other = { me.node, edge->slot, edge->gen };
	struct gsi_proc *to = gsi_node_proc(node, other);
	struct gsi_note note;

	if (to == NULL)
		return;
	switch (edge->type) {
	case GSI_EDGE_LINK:
		gsi_edge_drop(to, GSI_EDGE_LINK, me, 0);
		/* a start that failed is told by start's own answer */
		if (edge->quiet == 0 || dead->started)
			gsi_node_exit(node, me, other, reason, true);
		break;
	case GSI_EDGE_MONITOR:
		gsi_edge_drop(to, GSI_EDGE_MONITORING, me, edge->ref);
		note = note_of(me, reason);
		if (edge->quiet == 0 || dead->started)
			gsi_node_note(
			    node, edge->slot, GSI_DOWN, edge->ref, &note);
		break;
	case GSI_EDGE_MONITORING:
		gsi_edge_drop(to, GSI_EDGE_MONITOR, me, edge->ref);
		break;
	default:
		break;
	}
}

void
gsi_node_spread(struct gsi_node *node, uint32_t slot, const char *reason)
{
	struct gsi_proc *dead = &node->procs[slot];
	uint32_t kept = 0;

	for (uint32_t i = 0; i < dead->n_edges; i++) {
		struct gsi_edge edge = dead->edges[i];

		if (edge.type == GSI_EDGE_WATCH)
			dead->edges[kept++] = edge;
		else
			spread_edge(node, slot, &edge, reason);
	}
	gsi_edges_cut(dead, kept);
}

void
gsi_node_spread_reaped(struct gsi_node *node, uint32_t slot, const char *reason)
{
	struct gsi_proc *dead = &node->procs[slot];
	struct gsi_answer answer = { .status = 0 };

	gsi_reason_copy(answer.reason, reason);
	answer.reason_size = (uint32_t)strlen(answer.reason);
	for (uint32_t i = 0; i < dead->n_edges; i++) {
		gs_pid other = { gsi_node_pid(node, slot).node,
			dead->edges[i].slot, dead->edges[i].gen };

		if (gsi_node_proc(node, other) != NULL)
			gsi_node_answer(
			    node, other.slot, dead->edges[i].ref, &answer);
	}
	free(dead->edges);
	dead->edges = NULL;
	dead->n_edges = dead->max_edges = 0;
}
