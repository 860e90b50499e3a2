/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the root supervisor is asked: start, stop, restart, delete, list.  A
 * start or a stop is answered when the child's own message or its end arrives,
 * so that one slow init holds up nobody else.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "lib/root.h"

#define MANY_NS (2 * NS_PER_MS) /* so close starts come in a row */

void
gsi_root_answer(gs_from to, int status, gs_pid pid, const char *reason)
{
	struct gsi_root_answer a = { .status = status, .pid = pid };

	gsi_reason_copy(a.reason, reason);
	a.reason_size = (uint32_t)strlen(a.reason);
	gs_reply(to, GS_OBJECT(a));
}

void
gsi_root_answer_starter(
    struct gsi_child *child, int status, gs_pid pid, const char *reason)
{
	if (child->has_starter)
		gsi_root_answer(child->starter, status, pid, reason);
	child->has_starter = false;
}

static bool
same_object(const struct gsi_spec *spec, struct stat *st, bool *program)
{
	uint64_t device, inode;
	Dl_info info;

	if (dladdr((void *)(uintptr_t)spec->address, &info) == 0 ||
	    (uint64_t)(uintptr_t)info.dli_fbase != spec->base ||
	    gsi_spec_exe(&device, &inode) != 0)
		return false;
	*program = spec->device == device && spec->inode == inode;
	if (*program)
		return true;
	return stat(info.dli_fname, st) == 0 && st->st_dev == spec->device &&
	       st->st_ino == spec->inode;
}

/* A behaviour by address: ours, in a file to load, or out of reach. */
int
gsi_root_resolve(struct gsi_spec *spec)
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

bool
gsi_root_name_taken(
    struct gsi_root *root, const struct gsi_spec *spec, gs_pid *holder)
{
	const char *name = gsi_spec_text(spec, spec->name_at);

	*holder = root->forker->me->pid;
	return name[0] != '\0' &&
	       gm_name_find(root->forker->me->arena, name, strlen(name),
		   &holder->slot, &holder->gen) == 0;
}

/* Who has that name, or had it last; an id that only looks so is none. */
static struct gsi_child *
namesake(struct gsi_root *root, const struct gsi_spec *spec)
{
	const char *name = gsi_spec_text(spec, spec->name_at);
	struct gsi_child *child =
	    name[0] != '\0' ? gsi_child_by_id(&root->children, name) : NULL;

	return child != NULL &&
		       *gsi_spec_text(child->spec, child->spec->name_at) != '\0'
		   ? child
		   : NULL;
}

/*
 * A child of that name that has died without our knowing yet: it will be
 * started again, so a second one would only fight with it.
 */
static struct gsi_child *
coming_back(struct gsi_root *root, const struct gsi_spec *spec)
{
	struct gsi_child *child = namesake(root, spec);

	if (child == NULL || child->os_pid == 0 ||
	    child->goal != GSI_GOAL_RUN ||
	    (child->spec->flags & GSI_SPEC_SUPERVISED) == 0 ||
	    child->spec->restart == GS_TEMPORARY)
		return NULL;
	return child;
}

/* A child of that name that is down makes way for its successor. */
static void
replace_old(struct gsi_root *root, const struct gsi_spec *spec)
{
	struct gsi_child *child = namesake(root, spec);

	if (child != NULL && child->os_pid == 0)
		gsi_child_remove(&root->children, child);
}

/*
 * One start after the other: the next child is forked while this one starts.
 * It delays the answer to a start that comes alone, behind which there is time
 * enough (gsi_root_child).
 */
static void
park_early(struct gsi_root *root)
{
	int64_t now = gsi_now_ns();

	if (now - root->last_start < MANY_NS)
		gsi_park(root->forker);
	root->last_start = now;
}

static gs_next
ask_start(struct gsi_root *root, gs_bytes request, gs_from from)
{
	const struct gsi_spec *spec = request.data;
	struct gsi_child *child;
	gs_pid holder;
	int status;

	if (!gsi_spec_check(spec, request.size)) {
		gsi_root_answer(from, -EINVAL, GS_NO_PID, "bad_spec");
		return gs_next_noreply();
	}
	if (gsi_root_name_taken(root, spec, &holder)) {
		gsi_root_answer(from, -EEXIST, holder, "already_started");
		return gs_next_noreply();
	}
	child = coming_back(root, spec);
	if (child != NULL) {
		gsi_root_answer(from, -EEXIST, child->pid, "already_started");
		return gs_next_noreply();
	}
	replace_old(root, spec);
	child = gsi_child_add(&root->children, spec);
	if (child == NULL) {
		gsi_root_answer(from, -EAGAIN, GS_NO_PID, "system_limit");
		return gs_next_noreply();
	}
	child->caller = from.pid;
	status = gsi_root_resolve(child->spec);
	if (status == 0)
		status = gsi_root_launch(root, child);
	if (status != 0) {
		gsi_root_answer(from, status, GS_NO_PID,
		    status == -ENOTSUP ? "not_addressable" : "system_limit");
		gsi_child_remove(&root->children, child);
		return gs_next_noreply();
	}
	child->starter = from;
	child->has_starter = true;
	park_early(root);
	return gs_next_noreply();
}

static gs_next
ask_stop(struct gsi_root *root, struct gsi_child *child, gs_from from)
{
	if (child->os_pid == 0) {
		gsi_root_timer_off(child);
		child->state = GS_CHILD_STOPPED;
		gsi_child_save(&root->children, child);
		gsi_root_answer(from, 0, GS_NO_PID, child->last_reason);
		return gs_next_noreply();
	}
	if (child->has_stopper)
		gsi_root_answer(
		    child->stopper, -EBUSY, GS_NO_PID, "superseded");
	child->stopper = from;
	child->has_stopper = true;
	child->goal = GSI_GOAL_STOP;
	gsi_root_stop(root, child);
	return gs_next_noreply();
}

static gs_next
ask_restart(struct gsi_root *root, struct gsi_child *child, gs_from from)
{
	if (child->has_starter) {
		gsi_root_answer(from, -EBUSY, GS_NO_PID, "restarting");
		return gs_next_noreply();
	}
	child->starter = from;
	child->has_starter = true;
	if (child->os_pid != 0) {
		child->goal = GSI_GOAL_RESTART;
		gsi_root_stop(root, child);
		return gs_next_noreply();
	}
	child->n_deaths = 0;
	if (gsi_root_launch(root, child) != 0) {
		child->state = GS_CHILD_STOPPED;
		gsi_child_save(&root->children, child);
		gsi_root_answer_starter(
		    child, -EAGAIN, GS_NO_PID, "system_limit");
	}
	return gs_next_noreply();
}

static gs_next
ask_delete(struct gsi_root *root, struct gsi_child *child, gs_from from)
{
	if (child->os_pid != 0) {
		gsi_root_answer(from, -EBUSY, child->pid, "running");
	} else {
		gsi_child_remove(&root->children, child);
		gsi_root_answer(from, 0, GS_NO_PID, "");
	}
	return gs_next_noreply();
}

static gs_next
ask_list(struct gsi_root *root, const struct gsi_root_ask *ask)
{
	uint32_t max =
	    ask->max != 0 && ask->max < GSI_LIST_MAX ? ask->max : GSI_LIST_MAX;
	size_t room =
	    sizeof(struct gsi_root_list) + GSI_LIST_MAX * sizeof(gs_child);
	struct gsi_root_list *list = calloc(1, room);
	struct gsi_child *child;
	gs_next next;

	if (list == NULL)
		return gs_next_reply(GS_NONE);
	child = gsi_child_by_serial(&root->children, ask->after);
	if (child == NULL)
		child = root->children.first;
	for (; child != NULL; child = child->next) {
		if (child->serial <= ask->after)
			continue;
		if (list->count == max) {
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
ask_child(struct gsi_root *root, struct gsi_root_ask *ask, gs_from from)
{
	struct gsi_child *child;

	ask->name[GS_NAME_MAX] = '\0';
	child = ask->name[0] != '\0'
		    ? gsi_child_by_id(&root->children, ask->name)
		    : gsi_child_by_pid(&root->children, ask->pid);
	if (child == NULL) {
		gsi_root_answer(from, -ENOENT, GS_NO_PID, "not_found");
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
		gsi_root_answer(from, -EINVAL, GS_NO_PID, "bad_call");
		return gs_next_noreply();
	}
}

/* Only of itself: a server says what it runs now. */
static gs_next
ask_code(struct gsi_root *root, const struct gsi_root_code *code, gs_from from)
{
	struct gsi_child *child = gsi_child_by_pid(&root->children, from.pid);
	bool good = memchr(code->path, '\0', sizeof(code->path)) != NULL &&
		    code->path[0] == '/';

	if (child == NULL)
		gsi_root_answer(from, -ENOENT, GS_NO_PID, "not_found");
	else if (!good || !gsi_child_change(&root->children, child, code->path))
		gsi_root_answer(from, good ? -ENOMEM : -EINVAL, GS_NO_PID,
		    good ? "system_limit" : "bad_call");
	else
		gsi_root_answer(from, 0, child->pid, "");
	return gs_next_noreply();
}

gs_next
gsi_root_call(void *state, gs_bytes request, gs_from from)
{
	struct gsi_root *root = *(struct gsi_root **)state;
	struct gsi_root_ask ask;
	uint32_t op = 0;

	if (request.size >= sizeof(op))
		memcpy(&op, request.data, sizeof(op));
	if (op == GSI_ROOT_START)
		return ask_start(root, request, from);
	if (op == GSI_ROOT_CODE && request.size == sizeof(struct gsi_root_code))
		return ask_code(root, request.data, from);
	if (request.size != sizeof(ask)) {
		gsi_root_answer(from, -EINVAL, GS_NO_PID, "bad_call");
		return gs_next_noreply();
	}
	memcpy(&ask, request.data, sizeof(ask));
	if (op == GSI_ROOT_LIST)
		return ask_list(root, &ask);
	return ask_child(root, &ask, from);
}
