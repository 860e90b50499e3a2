/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What follows from the end of a child: it is forked again, given up, or
 * forgotten; whoever waited for it is told, and the log.
 */
#include <errno.h>
#include <stdio.h>

#include "lib/root.h"

#define RETRY_MS 200

static size_t
shutdown_text(const struct gsi_child *child, char *text, size_t size)
{
	int shutdown = child->spec->shutdown;

	if (shutdown == GS_BRUTAL_KILL)
		return (size_t)snprintf(text, size, "brutal_kill");
	if (shutdown == GS_INFINITY)
		return (size_t)snprintf(text, size, "infinity");
	return (size_t)snprintf(text, size, "%d", shutdown);
}

/* What happened, and to whom: the child's specification. */
static void
report_of(struct gsi_root *root, enum gsi_level level, struct gsi_child *child,
    gs_pid pid, const char *context, const char *reason)
{
	struct gsi_self *me = root->forker->me;
	static const char *const restarts[] = { [GS_PERMANENT] = "permanent",
		[GS_TRANSIENT] = "transient",
		[GS_TEMPORARY] = "temporary" };
	const char *restart = restarts[child->spec->restart];
	char text[512], supervisor[GS_PID_TEXT], shutdown[24];
	struct gsi_field fields[] = {
		{ "context", context, strlen(context) },
		{ "reason", reason, strlen(reason) },
		{ "child", child->what, strlen(child->what) },
		{ "restart", restart, strlen(restart) },
		{ "shutdown", shutdown,
		    shutdown_text(child, shutdown, sizeof(shutdown)) },
		{ "supervisor", supervisor,
		    strlen(gs_pid_text(me->pid, supervisor)) },
	};

	snprintf(
	    text, sizeof(text), "child %s: %s: %s", child->id, context, reason);
	gsi_report(me->reports, level, "supervisor", child->id, pid, text,
	    fields, sizeof(fields) / sizeof(fields[0]));
}

static void
report(struct gsi_root *root, enum gsi_level level, struct gsi_child *child,
    const char *context, const char *reason)
{
	report_of(root, level, child, child->pid, context, reason);
}

void
gsi_root_progress(struct gsi_root *root, const struct gsi_child *child)
{
	struct gsi_self *me = root->forker->me;
	char text[512], pid[GS_PID_TEXT];
	const char *started = gs_pid_text(child->pid, pid);
	struct gsi_field fields[] = {
		{ "started", started, strlen(started) },
		{ "child", child->what, strlen(child->what) },
	};

	/* of those that it supervises */
	if ((child->spec->flags & GSI_SPEC_SUPERVISED) == 0)
		return;
	snprintf(text, sizeof(text), "child %s: started", child->id);
	gsi_report(me->reports, GSI_INFO_LEVEL, "progress", child->id,
	    child->pid, text, fields, 2);
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

/*
 * A fork that fails is no failure of the child: it is tried again until there
 * is room, in steps, so that root serves others meanwhile.
 */
void
gsi_root_try(struct gsi_root *root, struct gsi_child *child)
{
	if (gsi_root_launch(root, child) == 0) {
		child->no_room = false;
		return;
	}
	if (!child->no_room)
		report(root, GSI_ERROR_LEVEL, child, "start_error",
		    "system_limit");
	child->no_room = true;
	child->state = GS_CHILD_RESTARTING;
	gsi_root_timer_on(root, child, RETRY_MS, GSI_TIMER_RETRY);
}

/* Again, unless the limit is reached; the log can wait for that. */
static void
restart(struct gsi_root *root, struct gsi_child *child, const char *why)
{
	char reason[GS_REASON_MAX + 1];
	gs_pid holder, dead = child->pid;

	gsi_reason_copy(reason, why);
	/* somebody else has the name: a fork would only end at once */
	if (gsi_root_name_taken(root, child->spec, &holder)) {
		report(
		    root, GSI_ERROR_LEVEL, child, "child_terminated", reason);
		give_up(root, child, "already_started");
		return;
	}
	if (!gsi_child_may_restart(child, gsi_now_ns())) {
		report(
		    root, GSI_ERROR_LEVEL, child, "child_terminated", reason);
		give_up(root, child, reason);
		return;
	}
	child->state = GS_CHILD_RESTARTING;
	child->restarts++;
	gsi_root_try(root, child);
	report_of(
	    root, GSI_ERROR_LEVEL, child, dead, "child_terminated", reason);
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

/*
 * Ended as it was told to, and not killed for being slow, say.  A plain program
 * knows no better way than to exit with 0.
 */
static bool
stop_went_well(const struct gsi_child *child, const char *reason)
{
	const struct gsi_spec *spec = child->spec;

	if (spec->shutdown == GS_BRUTAL_KILL || !child->started ||
	    (spec->flags & GSI_SPEC_SUPERVISED) == 0)
		return true;
	if (strcmp(reason, "shutdown") == 0)
		return true;
	return gsi_reason_clean(reason) &&
	       (spec->restart != GS_PERMANENT || spec->code == GSI_CODE_PLAIN);
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

void
gsi_root_ended(
    struct gsi_root *root, struct gsi_child *child, const struct gsi_note *note)
{
	const char *reason = reason_of(child, note);
	bool failed = !child->started;

	gsi_root_timer_off(child);
	child->os_pid = 0;
	child->ended = false;
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
	restart(root, child, reason);
}
