/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root supervisor: a gen_server that forks, watches, restarts and stops.
 * The rule: it never waits for a child.  A start or a stop is a request that
 * is answered when the child's own message or its end arrives; so one slow
 * init holds up nobody else.
 */
#include "lib/root.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/child.h"
#include "lib/request.h"

#define PROGRAM_SEATED_MS 10000

struct root {
	struct gsi_forker *forker;
	struct gsi_children children;
};

/* Timers carry the serial of their child and what they are for. */
struct root_timer {
	uint64_t serial;
	uint32_t what;
	uint32_t spare;
};

enum { TIMER_START = 1, TIMER_SHUTDOWN, TIMER_SEATED };

/* ---- answers ---- */

static void
answer(gs_from to, int status, gs_pid pid, const char *reason)
{
	struct gsi_root_answer a = { .status = status, .pid = pid };

	gsi_reason_copy(a.reason, reason);
	a.reason_size = (uint32_t)strlen(a.reason);
	gs_reply(to, GS_OBJECT(a));
}

static void
answer_starter(
    struct gsi_child *child, int status, gs_pid pid, const char *reason)
{
	if (child->has_starter)
		answer(child->starter, status, pid, reason);
	child->has_starter = false;
}

static void
report(struct root *root, enum gsi_level level, struct gsi_child *child,
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

/* ---- timers ---- */

static void
timer_off(struct gsi_child *child)
{
	if (child->has_timer)
		gs_cancel_timer(child->timer);
	child->has_timer = false;
}

static void
timer_on(struct root *root, struct gsi_child *child, int ms, uint32_t what)
{
	struct root_timer t = { child->serial, what, 0 };

	timer_off(child);
	child->has_timer = gs_send_after(ms, gs_to_pid(root->forker->me->pid),
			       GS_OBJECT(t), &child->timer) == 0;
}

/* ---- starting ---- */

static int
launch(struct root *root, struct gsi_child *child)
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
		timer_on(root, child, child->spec->timeout, TIMER_START);
	else if (child->spec->code == GSI_CODE_PROGRAM)
		timer_on(root, child, PROGRAM_SEATED_MS, TIMER_SEATED);
	return 0;
}

static void
give_up(struct root *root, struct gsi_child *child, const char *reason)
{
	child->state = GS_CHILD_FAILED;
	child->goal = GSI_GOAL_RUN;
	report(root, GSI_ERROR_LEVEL, child, "shutdown",
	    "reached_max_restart_intensity");
	gsi_reason_copy(child->last_reason, reason);
}

/* Again, unless the limit is reached; a fork that fails counts as well. */
static void
restart(struct root *root, struct gsi_child *child, const char *reason)
{
	while (gsi_child_may_restart(child, gsi_now_ns())) {
		child->state = GS_CHILD_RESTARTING;
		child->restarts++;
		if (launch(root, child) == 0)
			return;
		report(root, GSI_ERROR_LEVEL, child, "start_error",
		    "system_limit");
	}
	give_up(root, child, reason);
}

/* ---- an end ---- */

/* A program that never took its seat was no server to begin with. */
static const char *
reason_of(struct gsi_child *child, const struct gsi_note *note)
{
	if (child->spec->code == GSI_CODE_PROGRAM && !child->seated &&
	    child->refusal[0] == '\0' && strncmp(note->reason, "exec:", 5) != 0)
		snprintf(child->refusal, sizeof(child->refusal),
		    "no_server: the program ended (%.80s) without calling "
		    "gs_main; start it with --plain",
		    note->reason);
	return child->refusal[0] != '\0' ? child->refusal : note->reason;
}

/* The start has failed: says so, once the process is gone. */
static void
start_failed(
    struct root *root, struct gsi_child *child, const struct gsi_note *note)
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
	answer_starter(child, status, pid, reason);
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
stopped(struct root *root, struct gsi_child *child, const char *reason)
{
	bool again = child->goal == GSI_GOAL_RESTART;

	if (child->has_stopper)
		answer(child->stopper, 0, GS_NO_PID, reason);
	child->has_stopper = false;
	child->goal = GSI_GOAL_RUN;
	child->state = GS_CHILD_STOPPED;
	if (!stop_went_well(child, reason))
		report(root, GSI_ERROR_LEVEL, child, "shutdown_error", reason);
	if (again) {
		child->n_deaths = 0;
		child->restarts++;
		if (launch(root, child) != 0) {
			child->state = GS_CHILD_STOPPED;
			answer_starter(
			    child, -EAGAIN, GS_NO_PID, "system_limit");
		}
		return;
	}
	answer_starter(child, -ECHILD, GS_NO_PID, reason);
	if (child->spec->restart == GS_TEMPORARY ||
	    (child->spec->flags & GSI_SPEC_SUPERVISED) == 0)
		gsi_child_remove(&root->children, child);
}

static void
ended(struct root *root, struct gsi_child *child, const struct gsi_note *note)
{
	const char *reason = reason_of(child, note);
	bool failed = !child->started;

	timer_off(child);
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
static void
reap(struct root *root, const struct gsi_note *note)
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
learn(struct root *root, struct gsi_child *child)
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
take_child(struct root *root, const struct gsi_message *m)
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
	reap(root, &note);
	if (child != NULL)
		ended(root, child, &note);
	gsi_request_post(root->forker->me, GSI_OP_CHANGED, NULL, 0);
}

/* tag: 0 up, 1 ignore, 2 refused with a reason. */
static void
take_started(struct root *root, const struct gsi_message *m)
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
	timer_off(child);
	if (child->goal == GSI_GOAL_RUN)
		child->state = GS_CHILD_RUNNING;
	else
		timer_on(root, child, 0, TIMER_SHUTDOWN);
	answer_starter(child, 0, child->pid, "");
	gsi_request_post(root->forker->me, GSI_OP_CHANGED, NULL, 0);
}

static gs_next
root_child(void *state, const struct gsi_message *m)
{
	struct root *root = *(struct root **)state;

	if (m->kind == GSI_CHILD)
		take_child(root, m);
	else
		take_started(root, m);
	return gs_next_noreply();
}

/* ---- stopping ---- */

static void
kill_child(struct gsi_child *child)
{
	gs_exit_signal(gs_to_pid(child->pid), "kill");
}

/* Signal by the child's shutdown; the timer kills if it takes too long. */
static void
begin_stop(struct root *root, struct gsi_child *child)
{
	child->state = GS_CHILD_STOPPING;
	if (child->spec->shutdown == GS_BRUTAL_KILL || !child->started) {
		kill_child(child);
		return;
	}
	gs_exit_signal(gs_to_pid(child->pid), "shutdown");
	if (child->spec->shutdown != GS_INFINITY)
		timer_on(root, child, child->spec->shutdown, TIMER_SHUTDOWN);
}

static void
root_timer(struct root *root, const struct root_timer *t)
{
	struct gsi_child *child =
	    gsi_child_by_serial(&root->children, t->serial);
	const struct gm_page *page;

	if (child == NULL || child->os_pid == 0)
		return;
	child->has_timer = false;
	switch (t->what) {
	case TIMER_START:
		child->timed_out = !child->started;
		break;
	case TIMER_SEATED:
		page = gm_arena_page(root->forker->me->arena, child->pid.slot);
		if (child->started || gm_load(&page->doing, relaxed) != 0)
			return;
		gsi_reason_copy(child->refusal,
		    "no_server: the program did "
		    "not call gs_main within 10 s; start it with --plain");
		break;
	case TIMER_SHUTDOWN:
		break;
	default:
		return;
	}
	kill_child(child);
}

static gs_next
root_info(void *state, const gs_info *info)
{
	struct root *root = *(struct root **)state;
	struct root_timer t;

	if (info->kind == GS_INFO_TIMER && info->body.size == sizeof(t)) {
		memcpy(&t, info->body.data, sizeof(t));
		root_timer(root, &t);
	}
	return gs_next_noreply();
}

/* ---- requests ---- */

static bool
same_object(const struct gsi_spec *spec, struct stat *st, bool *program)
{
	struct stat exe;
	Dl_info info;

	if (dladdr((void *)(uintptr_t)spec->address, &info) == 0 ||
	    (uint64_t)(uintptr_t)info.dli_fbase != spec->base ||
	    stat("/proc/self/exe", &exe) != 0)
		return false;
	*program = spec->device == exe.st_dev && spec->inode == exe.st_ino;
	if (*program)
		return true;
	return stat(info.dli_fname, st) == 0 && st->st_dev == spec->device &&
	       st->st_ino == spec->inode;
}

/* A behaviour by address: ours, in a file to load, or out of reach. */
static int
resolve_code(struct gsi_spec *spec)
{
	struct stat st;
	bool program = false;

	if (spec->code != GSI_CODE_ADDRESS)
		return 0;
	if (same_object(spec, &st, &program))
		return 0;
	if ((spec->flags & GSI_SPEC_IN_PROGRAM) != 0 ||
	    gsi_spec_text(spec, spec->path_at)[0] == '\0')
		return -ENOTSUP;
	spec->code = GSI_CODE_OBJECT;
	return 0;
}

static bool
name_taken(struct root *root, const struct gsi_spec *spec, gs_pid *holder)
{
	const char *name = gsi_spec_text(spec, spec->name_at);

	*holder = root->forker->me->pid;
	return name[0] != '\0' &&
	       gm_name_find(root->forker->me->arena, name, strlen(name),
		   &holder->slot, &holder->gen) == 0;
}

/* A child of that name that is down makes way for its successor. */
static void
replace_old(struct root *root, const struct gsi_spec *spec)
{
	const char *name = gsi_spec_text(spec, spec->name_at);
	struct gsi_child *child =
	    name[0] != '\0' ? gsi_child_by_id(&root->children, name) : NULL;

	if (child != NULL && child->os_pid == 0)
		gsi_child_remove(&root->children, child);
}

static gs_next
ask_start(struct root *root, gs_bytes request, gs_from from)
{
	const struct gsi_spec *spec = request.data;
	struct gsi_child *child;
	gs_pid holder;
	int status;

	if (!gsi_spec_check(spec, request.size)) {
		answer(from, -EINVAL, GS_NO_PID, "bad_spec");
		return gs_next_noreply();
	}
	if (name_taken(root, spec, &holder)) {
		answer(from, -EEXIST, holder, "already_started");
		return gs_next_noreply();
	}
	replace_old(root, spec);
	child = gsi_child_add(&root->children, spec);
	if (child == NULL) {
		answer(from, -EAGAIN, GS_NO_PID, "system_limit");
		return gs_next_noreply();
	}
	child->caller = from.pid;
	status = resolve_code(child->spec);
	if (status == 0)
		status = launch(root, child);
	if (status != 0) {
		answer(from, status, GS_NO_PID,
		    status == -ENOTSUP ? "not_addressable" : "system_limit");
		gsi_child_remove(&root->children, child);
		return gs_next_noreply();
	}
	child->starter = from;
	child->has_starter = true;
	return gs_next_noreply();
}

static gs_next
ask_stop(struct root *root, struct gsi_child *child, gs_from from)
{
	(void)root;
	if (child->os_pid == 0) {
		child->state = GS_CHILD_STOPPED;
		answer(from, 0, GS_NO_PID, child->last_reason);
		return gs_next_noreply();
	}
	if (child->has_stopper)
		answer(child->stopper, -EBUSY, GS_NO_PID, "superseded");
	child->stopper = from;
	child->has_stopper = true;
	child->goal = GSI_GOAL_STOP;
	begin_stop(root, child);
	return gs_next_noreply();
}

static gs_next
ask_restart(struct root *root, struct gsi_child *child, gs_from from)
{
	if (child->has_starter) {
		answer(from, -EBUSY, GS_NO_PID, "restarting");
		return gs_next_noreply();
	}
	child->starter = from;
	child->has_starter = true;
	if (child->os_pid != 0) {
		child->goal = GSI_GOAL_RESTART;
		begin_stop(root, child);
		return gs_next_noreply();
	}
	child->n_deaths = 0;
	if (launch(root, child) != 0) {
		child->state = GS_CHILD_STOPPED;
		answer_starter(child, -EAGAIN, GS_NO_PID, "system_limit");
	}
	return gs_next_noreply();
}

static gs_next
ask_delete(struct root *root, struct gsi_child *child, gs_from from)
{
	if (child->os_pid != 0) {
		answer(from, -EBUSY, child->pid, "running");
	} else {
		gsi_child_remove(&root->children, child);
		answer(from, 0, GS_NO_PID, "");
	}
	return gs_next_noreply();
}

static gs_next
ask_list(struct root *root, const struct gsi_root_ask *ask)
{
	size_t room =
	    sizeof(struct gsi_root_list) + GSI_LIST_MAX * sizeof(gs_child);
	struct gsi_root_list *list = calloc(1, room);
	struct gsi_child *child;
	gs_next next;

	if (list == NULL)
		return gs_next_reply(GS_NONE);
	for (child = root->children.first; child; child = child->next) {
		if (child->serial <= ask->after)
			continue;
		if (list->count == GSI_LIST_MAX) {
			list->more = 1;
			break;
		}
		gsi_child_show(child, &list->child[list->count++]);
		list->last = child->serial;
	}
	next = gs_next_reply(
	    gs_bytes_of(list, sizeof(*list) + list->count * sizeof(gs_child)));
	free(list);
	return next;
}

static gs_next
ask_child(struct root *root, struct gsi_root_ask *ask, gs_from from)
{
	struct gsi_child *child;

	ask->name[GS_NAME_MAX] = '\0';
	child = ask->name[0] != '\0'
		    ? gsi_child_by_id(&root->children, ask->name)
		    : gsi_child_by_pid(&root->children, ask->pid);
	if (child == NULL) {
		answer(from, -ENOENT, GS_NO_PID, "not_found");
		return gs_next_noreply();
	}
	switch (ask->op) {
	case GSI_ROOT_STOP:
		return ask_stop(root, child, from);
	case GSI_ROOT_RESTART:
		return ask_restart(root, child, from);
	case GSI_ROOT_DELETE:
		return ask_delete(root, child, from);
	default:
		answer(from, -EINVAL, GS_NO_PID, "bad_call");
		return gs_next_noreply();
	}
}

static gs_next
root_call(void *state, gs_bytes request, gs_from from)
{
	struct root *root = *(struct root **)state;
	struct gsi_root_ask ask;
	uint32_t op = 0;

	if (request.size >= sizeof(op))
		memcpy(&op, request.data, sizeof(op));
	if (op == GSI_ROOT_START)
		return ask_start(root, request, from);
	if (request.size != sizeof(ask)) {
		answer(from, -EINVAL, GS_NO_PID, "bad_call");
		return gs_next_noreply();
	}
	memcpy(&ask, request.data, sizeof(ask));
	if (op == GSI_ROOT_LIST)
		return ask_list(root, &ask);
	return ask_child(root, &ask, from);
}

static gs_next
root_cast(void *state, gs_bytes request)
{
	(void)state;
	(void)request;
	return gs_next_noreply();
}

/* ---- the end of everything: last started, first stopped ---- */

/* Takes the ends of children, and nothing else, until this one is gone. */
static void
await_end(struct root *root, struct gsi_child *child)
{
	struct gsi_self *me = root->forker->me;
	int64_t deadline =
	    child->spec->shutdown == GS_INFINITY
		? -1
		: gsi_deadline(
		      child->spec->shutdown < 0 ? 0 : child->spec->shutdown);
	struct gsi_message m;

	while (child->os_pid != 0) {
		struct gsi_note note;
		struct gsi_child *who;
		int status = gsi_mailbox_next(me, &m, deadline);

		if (status == 0 || (status < 0 && status != -EINTR)) {
			kill_child(child);
			deadline = -1;
			if (status < 0)
				return;
		}
		if (status != 1 || m.kind != GSI_CHILD ||
		    m.body.size < sizeof(note))
			continue;
		memcpy(&note, m.body.data, sizeof(note));
		reap(root, &note);
		who = gsi_child_by_os_pid(&root->children, note.os_pid);
		if (who != NULL)
			who->os_pid = 0;
	}
}

static void
root_terminate(void *state, const char *reason)
{
	struct root *root = *(struct root **)state;
	struct gsi_child *child;

	(void)reason;
	for (child = root->children.last; child; child = child->prev) {
		if (child->os_pid == 0)
			continue;
		if (child->spec->shutdown == GS_BRUTAL_KILL || !child->started)
			kill_child(child);
		else
			gs_exit_signal(gs_to_pid(child->pid), "shutdown");
		await_end(root, child);
	}
}

/* ---- birth ---- */

static gs_next
root_init(void *state, gs_bytes argument)
{
	struct root *root = calloc(1, sizeof(*root));

	if (root == NULL)
		return gs_next_stop("system_limit");
	memcpy(&root->forker, argument.data, sizeof(root->forker));
	*(struct root **)state = root;
	return gs_ok();
}

static const gs_behaviour root_behaviour = {
	.abi = GS_ABI,
	.size = sizeof(gs_behaviour),
	.name = "root",
	.version = GS_VERSION,
	.state_size = sizeof(struct root *),
	.init = root_init,
	.handle_call = root_call,
	.handle_cast = root_cast,
	.handle_info = root_info,
	.terminate = root_terminate,
};

static int
settle(struct gsi_self *me, int control)
{
	static struct gm_arena arena; /* home's from now on */
	struct gsi_root_setup setup;
	struct gsi_home *home = gsi_home();
	char text[256];
	int fds[4], status;

	if (gsi_packet_receive(control, &setup, sizeof(setup), fds, 4, 0) !=
	    (ssize_t)sizeof(setup))
		return -ECONNRESET;
	status = gm_arena_attach(&arena, fds[0], text, sizeof(text));
	if (status != 0)
		return status;
	memcpy(home->name, setup.name, sizeof(home->name));
	memcpy(home->path, setup.path, sizeof(home->path));
	gsi_home_server(&arena);
	me->is_server = true;
	me->trap_exit = true;
	me->socket = -1;
	status = gsi_member_init(me, setup.pid, &arena, fds[1], fds[2], fds[3]);
	if (status != 0)
		return status;
	/* children do not need what is ours alone */
	madvise(me->page, GM_PAGE_BYTES, MADV_DONTFORK);
	madvise(me->region.region, me->region.mapped, MADV_DONTFORK);
	/* a supervisor never spins: its children want the CPU */
	me->spin_ns = 0;
	me->crowded = UINT32_MAX;
	gsi_self_set(me);
	gs_set_label("root supervisor");
	return 0;
}

void
gsi_root_main(int control)
{
	struct gsi_self *me = calloc(1, sizeof(*me));
	struct gsi_forker *forker = calloc(1, sizeof(*forker));
	struct gsi_birth birth = {
		.behaviour = &root_behaviour,
		.handle_child = root_child,
	};

	if (me == NULL || forker == NULL || settle(me, control) != 0 ||
	    gsi_forker_init(forker, me, control) != 0)
		_exit(1);
	birth.argument = GS_OBJECT(forker);
	gsi_server_run(me, &birth);
}
