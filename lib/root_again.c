/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A root supervisor that follows one that was killed.  The ledger says what
 * was wanted, the process table what there is; each child goes on from there.
 * Whoever waited for an answer of the old root has learned of its death, so
 * nobody is answered here.
 *
 *	ledger says   table says     so
 *	ended         -              what follows from an end, now
 *	any pid       alive          it runs, or it is in init
 *	any pid       dead           the node tells its end to us as well
 *	any pid       nothing of it  killed before the fork was known: again
 *	no pid        -              down, as it was
 */
#include "lib/request.h"
#include "lib/root.h"

/* Where it is in the table: its state, or GM_FREE for another generation. */
static uint32_t
state_in_table(
    struct gsi_root *root, const struct gsi_child *child, pid_t *os_pid)
{
	const struct gm_entry *entry =
	    gs_pid_is_none(child->pid)
		? NULL
		: gm_entry_at(root->forker->me->arena, child->pid.slot);
	uint64_t word;

	*os_pid = 0;
	if (entry == NULL)
		return GM_FREE;
	word = gm_load(&entry->word, acquire); /* [G1] */
	if ((uint32_t)(word >> 32) != child->pid.gen)
		return GM_FREE;
	*os_pid = (pid_t)gm_load(&entry->os_pid, relaxed);
	return (uint32_t)word;
}

/*
 * Its init is over, or not: then it will say so to us.  One whose starter has
 * been told of a failure is not to stay.
 */
static void
alive(struct gsi_root *root, struct gsi_child *child)
{
	const struct gm_page *page =
	    gm_arena_page(root->forker->me->arena, child->pid.slot);

	if (!child->started && gm_load(&page->started, acquire) != 0)
		gsi_root_up(root, child);
	if (child->goal != GSI_GOAL_RUN)
		gsi_root_stop(root, child);
	else if (!child->started && child->first)
		gsi_root_kill(child);
	else if (!child->started)
		gsi_root_time_start(root, child);
}

static void
ended(struct gsi_root *root, struct gsi_child *child, const char *reason)
{
	struct gsi_note note = { .who = child->pid };

	gsi_reason_copy(note.reason, reason);
	note.reason_size = (uint32_t)strlen(note.reason);
	/* as far as anybody could tell, now that its page is gone */
	child->seated = true;
	gsi_root_ended(root, child, &note);
}

/* The fork was never made, or never heard of. */
static void
never_born(struct gsi_root *root, struct gsi_child *child)
{
	if (child->goal != GSI_GOAL_RUN || child->first) {
		ended(root, child, "killed");
		return;
	}
	gsi_root_try(root, child);
}

static void
go_on(struct gsi_root *root, struct gsi_child *child)
{
	char reason[GS_REASON_MAX + 1];
	pid_t os_pid;

	gsi_root_resolve(child->spec);
	if (child->ended) {
		gsi_reason_copy(reason, child->last_reason);
		ended(root, child, reason);
		return;
	}
	/* down, and to stay so */
	if (child->state >= GS_CHILD_STOPPED)
		return;
	switch (state_in_table(root, child, &os_pid)) {
	case GM_LIVE:
		child->os_pid = os_pid;
		alive(root, child);
		return;
	case GM_DEAD:
		child->os_pid = os_pid;
		return;
	default:
		break;
	}
	if (child->state == GS_CHILD_STARTING ||
	    child->state == GS_CHILD_RESTARTING)
		never_born(root, child);
	else
		ended(root, child, "killed");
}

void
gsi_root_take_over(struct gsi_root *root, int ledger)
{
	struct gsi_child *child, *next;

	gsi_children_open(&root->children, ledger);
	for (child = root->children.first; child != NULL; child = next) {
		uint64_t serial = child->serial;

		next = child->next;
		go_on(root, child);
		child = gsi_child_by_serial(&root->children, serial);
		if (child != NULL)
			gsi_child_save(&root->children, child);
	}
}
