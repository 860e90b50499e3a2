/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deaths, in batches.  The kernel's word alone decides (a pidfd is readable);
 * then, in this order and for the whole batch:
 *
 *	D1 entries say DEAD, with the reason; names are free; then forkers are
 *	   told, who reap and fork again while the rest is done
 *	D2 membarrier: whoever announced a send or a wait is seen below
 *	D3 open records of the dead become SKIP
 *	D4 the mailboxes they were sending to are rung
 *	D5 everybody who waits for a dead one is rung
 *	D6 links, monitors
 *
 * SIGKILL of the node anywhere in here takes all its processes along.
 */
#include <sys/wait.h>

#include "lib/node_parts.h"
#include "shm/barrier.h"

void
gsi_node_gone(struct gsi_node *node, uint32_t slot)
{
	struct gsi_proc *proc = &node->procs[slot];

	/* it had left us and now ends: nobody writes into its page any more */
	if (proc->state == GSI_SLOT_DEAD && proc->lost) {
		proc->lost = false;
		gm_poll_remove(
		    node->poll, gsi_token(GSI_AT_PROCESS, slot, proc->gen));
		gsi_node_reaped(node, slot);
	}
	if (proc->state != GSI_SLOT_LIVE || proc->gone)
		return;
	if (node->n_dead == GSI_DEATHS) {
		gsi_node_bury(node);
	}
	proc->gone = true;
	node->dead[node->n_dead++] = slot;
}

static bool
has_forker(const struct gsi_proc *proc)
{
	return !gs_pid_is_none(proc->forker) && proc->forker.slot != 0;
}

/* D1 for one. */
static void
declare(struct gsi_node *node, uint32_t slot)
{
	struct gsi_proc *proc = &node->procs[slot];
	struct gm_entry *entry = &node->arena.table[slot];
	char reason[GS_REASON_MAX + 1] = "normal";
	bool worded;
	int status = 0;

	/* what it asked for before it died still counts */
	gsi_node_drain_slot(node, slot);
	if (!proc->lost)
		gm_poll_remove(
		    node->poll, gsi_token(GSI_AT_PROCESS, slot, proc->gen));
	if (proc->socket >= 0)
		gm_poll_remove(
		    node->poll, gsi_token(GSI_AT_CLIENT, slot, proc->gen));
	if (!proc->detached)
		status = gsi_node_wait_status(node, slot);
	gsi_node_derive(node, slot, status, reason);
	if (proc->kind == GS_PROCESS_CLIENT)
		proc->reaped = !proc->lost;
	proc->started =
	    gm_load(&gm_arena_page(&node->arena, slot)->started, acquire) != 0;
	worded =
	    gsi_node_last_words(node, slot, (char[GS_REASON_MAX + 1]){ 0 });
	if (!worded)
		gsi_crash_report(node, slot, reason);
	entry->reason_size = (uint32_t)strlen(reason);
	memcpy(entry->reason, reason, entry->reason_size);
	/* its group cannot be another's before it is reaped */
	if (proc->kind == GS_PROCESS_PLAIN && proc->os_pid > 1)
		kill(-proc->os_pid, SIGKILL);
	if (proc->ours)
		waitpid(proc->os_pid, NULL, WNOHANG);
	/* what a forker has forked stays until that has let go of it */
	if (proc->ours && !has_forker(proc))
		proc->reaped = true;
	gm_name_drop(&node->arena, slot);
	/* release [T7] [G1]: reason and freed name come with it */
	gm_store(&entry->word, gm_word_of(proc->gen, GM_DEAD), release);
	proc->state = GSI_SLOT_DEAD;
	atomic_fetch_sub_explicit(
	    &node->arena.header->processes, 1, memory_order_relaxed);
}

#define TELLS_DOUBLED 6 /* then once in 64 s */

/* Its supervisor learns it as the one who has to reap it. */
void
gsi_node_tell_forker(struct gsi_node *node, uint32_t slot)
{
	struct gsi_proc *proc = &node->procs[slot];
	const struct gm_entry *entry = &node->arena.table[slot];
	struct gsi_note note = {
		.who = gsi_node_pid(node, slot),
		.os_pid = proc->os_pid,
		.holder = proc->holder,
	};

	if (gs_pid_is_none(proc->forker) ||
	    gsi_node_proc(node, proc->forker) == NULL)
		return;
	if (proc->started)
		note.flags |= GSI_NOTE_STARTED;
	if (proc->refused)
		note.flags |= GSI_NOTE_REFUSED;
	memcpy(note.reason, entry->reason, entry->reason_size);
	note.reason[entry->reason_size] = '\0';
	note.reason_size = entry->reason_size;
	gsi_node_note(node, proc->forker.slot, GSI_CHILD, 0, &note);
	proc->tell_at = gsi_now_ns() + (GSI_RECHECK_NS << proc->told);
	proc->told += proc->told < TELLS_DOUBLED;
}

/*
 * A note in a mailbox can be lost to a stray write, and what nobody knows to
 * be dead is not started again.  Told twice, the second is of nobody.
 */
int64_t
gsi_node_tell_again(struct gsi_node *node, uint32_t slot)
{
	struct gsi_proc *proc = &node->procs[slot];
	int64_t now;

	if (proc->state != GSI_SLOT_DEAD || proc->reaped || proc->tell_at == 0)
		return 0;
	now = gsi_now_ns();
	if (now < proc->tell_at)
		return proc->tell_at - now;
	/* what has not been read is not lost */
	if (!gsi_node_has_read(node, proc->forker.slot)) {
		proc->tell_at = now + (GSI_RECHECK_NS << proc->told);
		return proc->tell_at - now;
	}
	gsi_node_tell_forker(node, slot);
	return proc->tell_at > now ? proc->tell_at - now : 0;
}

void
gsi_node_reaped(struct gsi_node *node, uint32_t slot)
{
	struct gsi_proc *proc = &node->procs[slot];
	struct gm_entry *entry = &node->arena.table[slot];
	char reason[GS_REASON_MAX + 1];

	if (proc->state != GSI_SLOT_DEAD)
		return;
	proc->reaped = true;
	memcpy(reason, entry->reason, entry->reason_size);
	reason[entry->reason_size] = '\0';
	gsi_node_spread_reaped(node, slot, reason);
	gsi_node_let_go(node, slot);
}

void
gsi_node_bury(struct gsi_node *node)
{
	uint32_t dead[GSI_DEATHS], n = node->n_dead;

	if (n == 0)
		return;
	memcpy(dead, node->dead, n * sizeof(dead[0]));
	node->n_dead = 0;
	for (uint32_t i = 0; i < n; i++)
		declare(node, dead[i]);
	/* it starts the next one meanwhile */
	for (uint32_t i = 0; i < n; i++)
		if (!node->procs[dead[i]].asked)
			gsi_node_tell_forker(node, dead[i]);
	if (node->sender.fenced) /* D2 [T5]: so is everybody */
		gm_fence(seq_cst);
	else if (gm_membarrier() != 0)
		gm_barrier_late();
	for (uint32_t i = 0; i < n; i++)
		gsi_node_settle(node, dead[i]);
	gsi_node_scan(node);
	for (uint32_t i = 0; i < n; i++) {
		struct gsi_proc *proc = &node->procs[dead[i]];
		char reason[GS_REASON_MAX + 1];

		proc->gone = false;
		gsi_reason_copy(reason, "");
		gm_entry_reason(&node->arena, dead[i], proc->gen, reason);
		gsi_node_spread(node, dead[i], reason);
		/* it says that the child is gone: all others know by then */
		if (proc->asked)
			gsi_node_tell_forker(node, dead[i]);
		gsi_node_retire(node, dead[i]);
		if (node->root_slot != 0 && dead[i] == node->root_slot)
			gsi_node_root_dead(node, reason);
		if (proc->reaped)
			gsi_node_reaped(node, dead[i]);
	}
	gsi_node_changed(node);
}

/* The live process of that number, and no client; 0: none. */
static uint32_t
slot_of_number(const struct gsi_node *node, pid_t number)
{
	for (uint32_t s = 1; s < node->high; s++)
		if (node->procs[s].state == GSI_SLOT_LIVE &&
		    node->procs[s].os_pid == number &&
		    node->procs[s].kind != GS_PROCESS_CLIENT)
			return s;
	return 0;
}

/*
 * A stranger?  Or a child of root, killed after it had written its BORN and
 * before the bit that leads there.  Once that child is reaped its number may
 * be another's, so it is born first.  It is ours only because root is dead,
 * so no other BORN follows.
 */
static uint32_t
born_late(struct gsi_node *node, pid_t number)
{
	uint32_t slot = slot_of_number(node, number);

	if (slot != 0 || node->root_slot == 0)
		return slot;
	gsi_node_drain_slot(node, node->root_slot);
	return slot_of_number(node, number);
}

/* SIGCHLD: helpers of dead servers end up with us; nobody else reaps them. */
void
gsi_node_orphans(struct gsi_node *node)
{
	siginfo_t info;

	for (int i = 0; i < 4096; i++) {
		uint32_t s;

		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
		    info.si_pid == 0)
			return;
		if (info.si_pid == node->logger_pid) {
			waitpid(info.si_pid, NULL, WNOHANG);
			gsi_node_fork_logger(node);
			continue;
		}
		s = born_late(node, info.si_pid);
		if (s != 0) {
			gsi_node_gone(node, s);
			gsi_node_bury(node);
		} else {
			waitpid(info.si_pid, NULL, WNOHANG);
		}
	}
}
