/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a child of the root supervisor: it is forked, it says that
 * it is up or why not, it is told to stop, it is reaped.  Nothing in here
 * waits: each step follows from a message of the child or of the node.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "lib/request.h"
#include "lib/root.h"
#include "shm/ring_get.h"

#define PROGRAM_SEATED_MS 10000
#define GIVE_WAY_NS 100000
/* What the node need not know at once: a row of starts rings it once each. */
#define LATER_NS 1000000
#define LOOK_MS 1000 /* then twice as long, and so on */
#define LOOK_MAX_MS 64000

void
gsi_root_kill(struct gsi_child *child)
{
	gs_exit_signal(gs_to_pid(child->pid), "kill");
}

/* Signal by the child's shutdown; the timer kills if it takes too long. */
void
gsi_root_stop(struct gsi_root *root, struct gsi_child *child)
{
	child->state = GS_CHILD_STOPPING;
	gsi_child_save(&root->children, child);
	if (child->spec->shutdown == GS_BRUTAL_KILL || !child->started) {
		gsi_root_kill(child);
		return;
	}
	gs_exit_signal(gs_to_pid(child->pid), "shutdown");
	if (child->spec->shutdown != GS_INFINITY)
		gsi_root_timer_on(
		    root, child, child->spec->shutdown, GSI_TIMER_SHUTDOWN);
}

/* How long it may take until it is up. */
void
gsi_root_time_start(struct gsi_root *root, struct gsi_child *child)
{
	if (child->spec->timeout > 0)
		gsi_root_timer_on(
		    root, child, child->spec->timeout, GSI_TIMER_START);
	else if (child->spec->code == GSI_CODE_PROGRAM)
		gsi_root_timer_on(
		    root, child, PROGRAM_SEATED_MS, GSI_TIMER_SEATED);
	/* that message can be lost as well */
	if (root->look_ms != LOOK_MS || gsi_now_ns() > root->look_due)
		gsi_root_look_in(root, LOOK_MS);
}

/* The pid is in the ledger before there is a process that has it. */
int
gsi_root_launch(struct gsi_root *root, struct gsi_child *child)
{
	gs_pid pid = GS_NO_PID;
	int status;

	child->started = child->timed_out = child->ignored = false;
	child->seated = child->ended = false;
	child->refusal[0] = '\0';
	gsi_root_timer_off(child);
	child->state = GS_CHILD_STARTING;
	status = gsi_next_seat(root->forker, child->spec, &pid);
	gsi_child_is(&root->children, child, pid);
	gsi_child_save(&root->children, child);
	if (status == 0)
		status = gsi_spawn(root->forker, child->spec, child->caller,
		    &pid, &child->os_pid);
	if (status != 0) {
		child->os_pid = 0;
		gsi_child_is(&root->children, child, GS_NO_PID);
		/* the seat is another's next: no root is to find both there */
		gsi_child_save(&root->children, child);
		return status;
	}
	gsi_root_time_start(root, child);
	return 0;
}

struct gsi_child *
gsi_root_of_note(struct gsi_root *root, const struct gsi_note *note)
{
	/* one that was turned away has never had a pid */
	return gs_pid_is_none(note->who)
		   ? gsi_child_by_os_pid(&root->children, note->os_pid)
		   : gsi_child_by_pid(&root->children, note->who);
}

/*
 * The node has published the death, so there is nothing to wait for, but for
 * one that it has turned away, and then only until its SIGKILL has arrived.
 * A note that anybody else has made must not make root wait, and one told
 * twice must not reap who has the number by now.
 */
void
gsi_root_reap(struct gsi_root *root, const struct gsi_note *note)
{
	struct gsi_ask ask = { .pid = note->who };
	const struct gsi_child *child = gsi_root_of_note(root, note);
	bool ours =
	    child != NULL && child->os_pid == note->os_pid && note->os_pid > 1;
	bool away = ours && gs_pid_is_none(note->who) && !child->started;

	if (away)
		kill(note->os_pid, SIGKILL);
	if (ours)
		while (waitpid(note->os_pid, NULL, away ? 0 : WNOHANG) < 0 &&
		       errno == EINTR)
			;
	if (!gs_pid_is_none(note->who))
		gsi_request_post_within(root->forker->me, GSI_OP_REAPED, &ask,
		    sizeof(ask), LATER_NS);
}

/* What runs there, for reports: known when it has come that far. */
static void
learn(struct gsi_root *root, struct gsi_child *child)
{
	const struct gm_page *page;
	size_t n;

	if (gs_pid_is_none(child->pid))
		return;
	page = gm_arena_page(root->forker->me->arena, child->pid.slot);
	child->seated = gm_load(&page->doing, relaxed) != 0;
	if (child->what[0] != '\0')
		return;
	n = strnlen(page->behaviour, sizeof(page->behaviour) - 1);
	gsi_printable(child->what, sizeof(child->what), page->behaviour, n);
}

/* The child may be gone by now. */
static void
save(struct gsi_root *root, uint64_t serial)
{
	struct gsi_child *child = gsi_child_by_serial(&root->children, serial);

	if (child != NULL)
		gsi_child_save(&root->children, child);
}

static void
take_child(struct gsi_root *root, const struct gsi_message *m)
{
	struct gsi_self *me = root->forker->me;
	struct gsi_child *child;
	struct gsi_note note;
	uint64_t serial = 0;

	if (m->body.size < sizeof(note))
		return;
	memcpy(&note, m->body.data, sizeof(note));
	note.reason[GS_REASON_MAX] = '\0';
	child = gsi_root_of_note(root, &note);
	if (child != NULL && child->os_pid != 0) {
		serial = child->serial;
		/* after the reaping its page is no more, nor is its reason */
		learn(root, child);
		child->ended = true;
		gsi_reason_copy(child->last_reason, note.reason);
		gsi_child_save(&root->children, child);
	}
	gsi_root_reap(root, &note);
	if (serial != 0)
		gsi_root_ended(root, child, &note);
	/* unless the next one's BORN has done so */
	gsi_request_ring_now(me);
	save(root, serial);
	gsi_request_post_within(me, GSI_OP_CHANGED, NULL, 0, LATER_NS);
}

/* Kept before it is answered: no answer speaks of what is forgotten. */
void
gsi_root_up(struct gsi_root *root, struct gsi_child *child)
{
	child->started = true;
	child->first = false;
	learn(root, child);
	gsi_root_timer_off(child);
	if (child->goal == GSI_GOAL_RUN)
		child->state = GS_CHILD_RUNNING;
	else
		gsi_root_timer_on(root, child, 0, GSI_TIMER_SHUTDOWN);
	gsi_child_save(&root->children, child);
	if (root->progress)
		gsi_root_progress(root, child);
	gsi_root_answer_starter(child, 0, child->pid, "");
	gsi_request_post_within(
	    root->forker->me, GSI_OP_CHANGED, NULL, 0, LATER_NS);
}

/*
 * The word of it is in our mailbox, where a stray write can reach it, and in
 * its own page, where none can.
 */
void
gsi_root_look(struct gsi_root *root)
{
	struct gm_arena *arena = root->forker->me->arena;
	int ms = root->look_ms;
	bool some = false;

	/* this may be an old one, and the next one under way */
	if (root->look_ms != 0)
		gs_cancel_timer(root->look);
	root->look_ms = 0;
	for (struct gsi_child *child = root->children.first; child != NULL;
	     child = child->next) {
		if (child->os_pid == 0 || child->started)
			continue;
		if (gm_entry_live(arena, child->pid.slot, child->pid.gen) &&
		    gm_load(&gm_arena_page(arena, child->pid.slot)->started,
			acquire) != 0)
			gsi_root_up(root, child);
		else
			some = true;
	}
	if (some)
		gsi_root_look_in(root, ms < LOOK_MAX_MS ? 2 * ms : ms);
}

/* tag: 0 up, 1 ignore, 2 refused with a reason. */
static void
take_started(struct gsi_root *root, const struct gsi_message *m)
{
	struct gsi_child *child = gsi_child_by_pid(&root->children, m->from);

	if (child == NULL || child->started)
		return;
	if (m->tag == 1) {
		child->ignored = true;
		return;
	}
	if (m->tag == 2) {
		gs_string(m->body, child->refusal, sizeof(child->refusal));
		return;
	}
	gsi_root_up(root, child);
}

void
gsi_root_child(struct gsi_root *root, const struct gsi_message *m)
{
	if (m->kind == GSI_CHILD)
		take_child(root, m);
	else
		take_started(root, m);
	/* behind a restart at once: the next end would wait for it, else */
	root->fork_due = root->forker->parked.os_pid == 0;
}

/*
 * The node, which may have been put on this CPU, reads what it was asked for,
 * and a newborn begins: a fork would delay either more than they delay it.
 */
static void
give_way(const struct gsi_self *me)
{
	int64_t until = gsi_now_ns() + GIVE_WAY_NS;

	do
		sched_yield();
	while (gm_load(&me->page->request_head, relaxed) !=
		   gm_load(&me->page->request_tail, relaxed) &&
	       gsi_now_ns() < until);
	sched_yield();
}

void
gsi_root_fork_due(struct gsi_root *root)
{
	struct gsi_self *me = root->forker->me;

	gsi_request_ring_now(me);
	give_way(me);
	/* once: what somebody who is stopped is sending does not come */
	root->fork_late = !root->fork_late && gm_ring_may(&me->mailbox);
	if (root->fork_late)
		return;
	root->fork_due = false;
	gsi_park(root->forker);
}
