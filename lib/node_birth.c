/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Births: a slot is given its mailbox and published.  Nobody runs user code
 * before its slot shows its pid, and a slot is published only when everything
 * that could still fail has succeeded.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/node_parts.h"

void
gsi_node_changed(struct gsi_node *node)
{
	_Atomic uint32_t *word = &node->arena.header->changes;

	atomic_fetch_add_explicit(word, 1, memory_order_release);
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* A region at an offset never used before. */
static int
new_region(struct gsi_node *node, uint32_t cells, uint32_t slot, uint32_t gen,
    uint64_t *at)
{
	uint64_t end = node->arena.next_region + gm_region_span(cells);
	int status;

	*at = node->arena.next_region;
	status = gm_region_create(node->arena.fd, *at, cells, slot, gen);
	if (status == 0)
		node->arena.next_region = end;
	return status;
}

/*
 * Memory set aside, so that gsctl gets in when shared memory is full.  It is
 * never given back on the way from one client to the next: somebody else, who
 * need not even be of this node, would have it by then.
 */
void
gsi_node_spare(struct gsi_node *node)
{
	for (int i = 0; i < GSI_SPARES; i++)
		if (node->spare[i] == 0 && new_region(node, GSI_CLIENT_CELLS, 0,
					       0, &node->spare[i]) != 0)
			node->spare[i] = 0;
}

/* The same offset again: nobody speaks of its last owner any more. */
static int
spare_region(struct gsi_node *node, struct gsi_proc *proc, uint32_t slot)
{
	for (int i = 0; i < GSI_SPARES; i++) {
		if (node->spare[i] == 0)
			continue;
		proc->region = node->spare[i];
		proc->spared = true;
		node->spare[i] = 0;
		return gm_region_create(node->arena.fd, proc->region,
		    GSI_CLIENT_CELLS, slot, proc->gen);
	}
	return -ENOSPC;
}

static bool
set_aside(struct gsi_node *node, const struct gsi_proc *proc)
{
	for (int i = 0; i < GSI_SPARES; i++) {
		if (node->spare[i] == 0 && gm_region_clean(node->arena.fd,
					       proc->region, proc->cells)) {
			node->spare[i] = proc->region;
			return true;
		}
	}
	return false;
}

void
gsi_node_region_free(struct gsi_node *node, struct gsi_proc *proc)
{
	if (proc->region != 0 && !(proc->spared && set_aside(node, proc)))
		gm_region_punch(node->arena.fd, proc->region, proc->cells);
}

/* Where it is and how large: true once the slot is published. */
static void
show_region(struct gsi_node *node, uint32_t slot)
{
	const struct gsi_proc *proc = &node->procs[slot];
	struct gm_entry *entry = &node->arena.table[slot];

	gm_store(&entry->region, proc->region, relaxed);
	gm_store(&entry->cells, proc->cells, relaxed);
}

/* What can be made before there is a process: its birth is then quick. */
void
gsi_node_furnish(struct gsi_node *node, uint32_t slot)
{
	struct gsi_proc *proc = &node->procs[slot];

	proc->cells = GSI_POOL_CELLS;
	if (new_region(node, proc->cells, slot, proc->gen, &proc->region) != 0)
		proc->region = 0;
	show_region(node, slot);
}

static int
make_region(
    struct gsi_node *node, struct gsi_proc *proc, uint32_t slot, uint32_t cells)
{
	int status;

	if (proc->region != 0 && proc->cells == cells)
		return 0;
	gsi_node_region_free(node, proc);
	status = new_region(node, cells, slot, proc->gen, &proc->region);
	if (status == -ENOSPC && proc->kind == GS_PROCESS_CLIENT)
		status = spare_region(node, proc, slot);
	proc->cells = cells;
	if (status != 0)
		proc->region = 0;
	return status;
}

int
gsi_node_publish(struct gsi_node *node, uint32_t slot,
    enum gs_process_kind kind, pid_t os_pid, uint32_t cells)
{
	struct gsi_proc *proc = &node->procs[slot];
	struct gm_entry *entry = &node->arena.table[slot];
	int status;

	proc->kind = kind;
	status = make_region(node, proc, slot, cells);
	if (status != 0)
		return status;
	proc->state = GSI_SLOT_LIVE;
	proc->os_pid = os_pid;
	show_region(node, slot);
	gm_store(&entry->os_pid, (uint32_t)os_pid, relaxed);
	gm_store(&entry->kind, (uint32_t)kind, relaxed);
	gm_store(&entry->flags, proc->refused ? GM_REFUSED : 0, relaxed);
	gm_store(&entry->parent,
	    (uint64_t)proc->parent.slot << 32 | proc->parent.gen, relaxed);
	gm_store(&entry->supervisor,
	    (uint64_t)proc->forker.slot << 32 | proc->forker.gen, relaxed);
	gm_store(&entry->started, gsi_now_ns(), relaxed);
	gm_store(&entry->bell, (uint64_t)proc->bell + 1, relaxed);
	entry->reason_size = 0;
	/* last [G1]: from here on it is alive for everybody */
	gm_store(&entry->word, gm_word_of(proc->gen, GM_LIVE), release);
	atomic_fetch_add_explicit(
	    &node->arena.header->processes, 1, memory_order_relaxed);
	return 0;
}

/* Takes back what publish has done, for a process that cannot be watched. */
void
gsi_node_unpublish(struct gsi_node *node, uint32_t slot)
{
	gm_name_drop(&node->arena, slot);
	atomic_fetch_sub_explicit(
	    &node->arena.header->processes, 1, memory_order_relaxed);
	gsi_node_slot_free(node, slot);
	gsi_node_changed(node);
}

/* The seat a bad birth was to take is free again. */
static void
seat_back(struct gsi_node *node, const struct gsi_born *born)
{
	if (born->slot == 0 || born->slot >= node->high ||
	    node->procs[born->slot].state != GSI_SLOT_POOLED ||
	    node->procs[born->slot].gen != born->gen)
		return;
	node->pooled -= node->pooled > 0;
	gsi_node_slot_free(node, born->slot);
}

/* The child has no slot and never will: it goes, and the forker is told. */
static void
turn_away(struct gsi_node *node, uint32_t forker, const struct gsi_born *born,
    const char *why)
{
	struct gsi_note note = {
		.flags = GSI_NOTE_REFUSED,
		.os_pid = born->os_pid,
	};

	if (born->os_pid > 1)
		kill(born->os_pid, SIGKILL);
	gsi_reason_copy(note.reason, why);
	note.reason_size = (uint32_t)strlen(note.reason);
	gsi_node_note(node, forker, GSI_CHILD, 0, &note);
}

/* None, or one that may be given, of the size that it says. */
static bool
name_fits(const struct gsi_born *born)
{
	return born->name_size == 0 ||
	       (strlen(born->name) == born->name_size &&
		   gs_name_check(born->name, NULL) == 0);
}

static bool
plausible(const struct gsi_node *node, const struct gsi_born *born)
{
	return born->slot > 0 && born->slot < node->high &&
	       node->procs[born->slot].state == GSI_SLOT_POOLED &&
	       node->procs[born->slot].gen == born->gen && born->os_pid > 1 &&
	       name_fits(born) && born->cells >= GM_RING_CELLS_MIN &&
	       born->cells <= GM_RING_CELLS_MAX;
}

/* Relations of the newborn, before it runs: the link is older than init. */
static int
relate(struct gsi_node *node, const struct gsi_born *born)
{
	struct gsi_proc *caller = gsi_node_proc(node, born->caller);
	gs_pid me = gsi_node_pid(node, born->slot);

	if (node->procs[born->slot].refused)
		return 0;
	if ((born->flags & GSI_BORN_LINK) != 0) {
		if (caller == NULL) {
			gsi_node_exit(node, born->caller, me, "noproc", true);
			return 0;
		}
		if (gsi_node_link(node, born->caller.slot, me, true) != 0)
			return -ENOMEM;
	}
	if ((born->flags & GSI_BORN_MONITOR) != 0 && caller != NULL &&
	    gsi_node_monitor(node, born->caller.slot, me, born->ref, true) == 0)
		return -ENOMEM;
	return 0;
}

static void
settle_name(struct gsi_node *node, const struct gsi_born *born)
{
	struct gsi_proc *proc = &node->procs[born->slot];
	uint32_t slot, gen;

	if (born->name_size == 0)
		return;
	if (gm_name_find(
		&node->arena, born->name, born->name_size, &slot, &gen) == 0) {
		proc->refused = true;
		proc->holder = gsi_node_pid(node, slot);
		return;
	}
	gm_name_put(&node->arena, born->slot, born->name, born->name_size);
}

/* OTP's parent: who linked it or monitors it from the start, or its root. */
static gs_pid
parent_of(const struct gsi_born *born, gs_pid forker)
{
	if ((born->flags & GSI_BORN_SUPERVISED) != 0)
		return forker;
	if ((born->flags & (GSI_BORN_LINK | GSI_BORN_MONITOR)) != 0)
		return born->caller;
	return GS_NO_PID;
}

void
gsi_node_born(
    struct gsi_node *node, uint32_t forker, const struct gsi_born *born)
{
	struct gsi_proc *proc;
	enum gs_process_kind kind = (born->flags & GSI_BORN_PLAIN) != 0
					? GS_PROCESS_PLAIN
					: GS_PROCESS_SERVER;
	int pidfd;

	if (!plausible(node, born)) {
		seat_back(node, born);
		turn_away(node, forker, born, "system_limit");
		return;
	}
	node->pooled -= node->pooled > 0;
	proc = &node->procs[born->slot];
	proc->forker = gsi_node_pid(node, forker);
	proc->parent = parent_of(born, proc->forker);
	settle_name(node, born);
	pidfd = gsi_pidfd(born->os_pid);
	if ((pidfd < 0 && pidfd != -ENOSYS) ||
	    gsi_node_publish(
		node, born->slot, kind, born->os_pid, born->cells) != 0) {
		if (pidfd >= 0)
			close(pidfd);
		gm_name_drop(&node->arena, born->slot);
		gsi_node_slot_free(node, born->slot);
		turn_away(node, forker, born, "system_limit");
		return;
	}
	if (gsi_node_watch(node, born->slot, pidfd) != 0) {
		gsi_node_unpublish(node, born->slot);
		turn_away(node, forker, born, "system_limit");
		return;
	}
	if (relate(node, born) != 0) {
		gm_poll_remove(node->poll,
		    gsi_token(GSI_AT_PROCESS, born->slot, proc->gen));
		gsi_node_edges_clear(node, born->slot);
		gsi_node_unpublish(node, born->slot);
		turn_away(node, forker, born, "system_limit");
		return;
	}
	/* first who is to run, then who only looks */
	gsi_node_ring(node, born->slot);
	gsi_node_changed(node);
}
