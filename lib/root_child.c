/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a child of the root supervisor: it is forked, it says that
 * it is up or why not, it ends and is reaped, and is forked again.  Nothing in
 * here waits: each step follows from a message of the child or of the node.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>

#include "lib/request.h"
#include "lib/root.h"

#define PROGRAM_SEATED_MS 10000

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
	if (child->spec->shutdown == GS_BRUTAL_KILL || !child->started) {
		gsi_root_kill(child);
		return;
	}
	gs_exit_signal(gs_to_pid(child->pid), "shutdown");
	if (child->spec->shutdown != GS_INFINITY)
		gsi_root_timer_on(
		    root, child, child->spec->shutdown, GSI_TIMER_SHUTDOWN);
}

static void
report(struct gsi_root *root, enum gsi_level level, struct gsi_child *child,
    const char *context, const char *reason)
{
	struct gsi_self *me = root->forker->me;
	char text[512];
	struct gsi_field fields[] = {
		{ "context", context, strlen(context) },
		{ "reason", reason, strlen(reason) },
		{ "child", child->what, strlen(child->what) },
	};

	snprintf(
	    text, sizeof(text), "child %s: %s: %s", child->id, context, reason);
	gsi_report(me->reports, level, "supervisor", child->id, child->pid,
	    text, fields, 3);
}

int
gsi_root_launch(struct gsi_root *root, struct gsi_child *child)
{
	int status;

	child->started = child->timed_out = child->ignored = false;
	child->refusal[0] = '\0';
	child->state = GS_CHILD_STARTING;
	status = gsi_spawn(root->forker, child->spec, child->caller,
	    &child->pid, &child->os_pid);
	if (status != 0) {
		child->os_pid = 0;
		return status;
	}
	if (child->spec->timeout > 0)
		gsi_root_timer_on(
		    root, child, child->spec->timeout, GSI_TIMER_START);
	else if (child->spec->code == GSI_CODE_PROGRAM)
		gsi_root_timer_on(
		    root, child, PROGRAM_SEATED_MS, GSI_TIMER_SEATED);
	return 0;
}

static void
give_up(struct gsi_root *root, struct gsi_child *child, const char *reason)
{
	child->state = GS_CHILD_FAILED;
	child->goal = GSI_GOAL_RUN;
	report(root, GSI_ERROR_LEVEL, child, "shutdown",
	    strcmp(reason, "already_started") == 0
		? reason
		: "reached_max_restart_intensity");
	gsi_reason_copy(child->last_reason, reason);
}

/* Again, unless the limit is reached; a fork that fails counts as well. */
static void
restart(struct gsi_root *root, struct gsi_child *child, const char *reason)
{
	gs_pid holder;

	/* somebody else has the name: a fork would only end at once */
	if (gsi_root_name_taken(root, child->spec, &holder)) {
		give_up(root, child, "already_started");
		return;
	}
	while (gsi_child_may_restart(child, gsi_now_ns())) {
		child->state = GS_CHILD_RESTARTING;
		child->restarts++;
		if (gsi_root_launch(root, child) == 0)
			return;
		report(root, GSI_ERROR_LEVEL, child, "start_error",
		    "system_limit");
	}
	give_up(root, child, reason);
}

/* A program that never took its seat was no server to begin with. */
static const char *
reason_of(struct gsi_child *child, const struct gsi_note *note)
{
	if (child->spec->code == GSI_CODE_PROGRAM && !child->seated &&
	    child->refusal[0] == '\0' && strncmp(note->reason, "exec:", 5) != 0)
		snprintf(child->refusal, sizeof(child->refusal),
		    "no_server: the program ended (%.80s) without calling "
		    "gs_main; a script must exec its server, anything else "
		    "needs --plain",
		    note->reason);
	return child->refusal[0] != '\0' ? child->refusal : note->reason;
}

/* The start has failed: says so, once the process is gone. */
static void
start_failed(
    struct gsi_root *root, struct gsi_child *child, const struct gsi_note *note)
{
	const char *reason = reason_of(child, note);
	int status = -ECHILD;
	gs_pid pid = GS_NO_PID;

	if (child->ignored) {
		status = -ECANCELED;
		reason = "ignore";
	} else if (child->timed_out) {
		status = -ETIMEDOUT;
		reason = "timeout";
	} else if ((note->flags & GSI_NOTE_REFUSED) != 0) {
		status = gs_pid_is_none(note->holder) ? -EAGAIN : -EEXIST;
		pid = note->holder;
	}
	if (status != -ECANCELED && status != -EEXIST &&
	    (child->spec->flags & GSI_SPEC_SUPERVISED) != 0 &&
	    !gsi_reason_clean(reason))
		report(root, GSI_ERROR_LEVEL, child, "start_error", reason);
	gsi_root_answer_starter(child, status, pid, reason);
}

/* Ended as it was told to, and not killed for being slow, say. */
static bool
stop_went_well(const struct gsi_child *child, const char *reason)
{
	const struct gsi_spec *spec = child->spec;

	if (spec->shutdown == GS_BRUTAL_KILL || !child->started ||
	    (spec->flags & GSI_SPEC_SUPERVISED) == 0)
		return true;
	if (strcmp(reason, "shutdown") == 0)
		return true;
	return gsi_reason_clean(reason) && spec->restart != GS_PERMANENT;
}

static void
stopped(struct gsi_root *root, struct gsi_child *child, const char *reason)
{
	bool again = child->goal == GSI_GOAL_RESTART;

	if (child->has_stopper)
		gsi_root_answer(child->stopper, 0, GS_NO_PID, reason);
	child->has_stopper = false;
	child->goal = GSI_GOAL_RUN;
	child->state = GS_CHILD_STOPPED;
	if (!stop_went_well(child, reason))
		report(root, GSI_ERROR_LEVEL, child, "shutdown_error", reason);
	if (again) {
		child->n_deaths = 0;
		child->restarts++;
		if (gsi_root_launch(root, child) != 0) {
			child->state = GS_CHILD_STOPPED;
			gsi_root_answer_starter(
			    child, -EAGAIN, GS_NO_PID, "system_limit");
		}
		return;
	}
	gsi_root_answer_starter(child, -ECHILD, GS_NO_PID, reason);
	if (child->spec->restart == GS_TEMPORARY ||
	    (child->spec->flags & GSI_SPEC_SUPERVISED) == 0)
		gsi_child_remove(&root->children, child);
}

static void
ended(
    struct gsi_root *root, struct gsi_child *child, const struct gsi_note *note)
{
	const char *reason = reason_of(child, note);
	bool failed = !child->started;

	gsi_root_timer_off(child);
	child->os_pid = 0;
	gsi_reason_copy(child->last_reason, child->timed_out ? "timeout"
					    : child->ignored ? "ignore"
							     : reason);
	if (child->goal != GSI_GOAL_RUN) {
		stopped(root, child, reason);
		return;
	}
	if (failed && (child->first || child->has_starter)) {
		bool first = child->first;

		start_failed(root, child, note);
		child->state = GS_CHILD_STOPPED;
		/* a first start that fails leaves no trace */
		if (first)
			gsi_child_remove(&root->children, child);
		return;
	}
	if (failed && child->ignored) {
		child->state = GS_CHILD_STOPPED;
		return;
	}
	if (!gsi_child_wants_restart(child, reason)) {
		child->state = GS_CHILD_STOPPED;
		if ((child->spec->flags & GSI_SPEC_SUPERVISED) != 0 &&
		    !gsi_reason_clean(reason))
			report(root, GSI_ERROR_LEVEL, child, "child_terminated",
			    reason);
		if (child->spec->restart == GS_TEMPORARY ||
		    (child->spec->flags & GSI_SPEC_SUPERVISED) == 0)
			gsi_child_remove(&root->children, child);
		return;
	}
	report(root, GSI_ERROR_LEVEL, child, "child_terminated", reason);
	restart(root, child, reason);
}

/* Reaps: the node has published the death, so this cannot wait for long. */
void
gsi_root_reap(struct gsi_root *root, const struct gsi_note *note)
{
	struct gsi_ask ask = { .pid = note->who };

	while (waitpid(note->os_pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (!gs_pid_is_none(note->who))
		gsi_request_post(
		    root->forker->me, GSI_OP_REAPED, &ask, sizeof(ask));
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

static void
take_child(struct gsi_root *root, const struct gsi_message *m)
{
	struct gsi_child *child;
	struct gsi_note note;

	if (m->body.size < sizeof(note))
		return;
	memcpy(&note, m->body.data, sizeof(note));
	note.reason[GS_REASON_MAX] = '\0';
	child = gsi_child_by_os_pid(&root->children, note.os_pid);
	/* after the reaping its page is no more */
	if (child != NULL)
		learn(root, child);
	gsi_root_reap(root, &note);
	if (child != NULL)
		ended(root, child, &note);
	gsi_request_post(root->forker->me, GSI_OP_CHANGED, NULL, 0);
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
	child->started = true;
	child->first = false;
	learn(root, child);
	gsi_root_timer_off(child);
	if (child->goal == GSI_GOAL_RUN)
		child->state = GS_CHILD_RUNNING;
	else
		gsi_root_timer_on(root, child, 0, GSI_TIMER_SHUTDOWN);
	gsi_root_answer_starter(child, 0, child->pid, "");
	gsi_request_post(root->forker->me, GSI_OP_CHANGED, NULL, 0);
}

gs_next
gsi_root_child(void *state, const struct gsi_message *m)
{
	struct gsi_root *root = *(struct gsi_root **)state;

	if (m->kind == GSI_CHILD)
		take_child(root, m);
	else
		take_started(root, m);
	return gs_next_noreply();
}
