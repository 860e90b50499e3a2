/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Children of the root supervisor: a list in start order, kept in the ledger.
 * Pure book-keeping; root_child.c acts.
 *
 *	STARTING -> RUNNING -> RESTARTING -> STARTING ...
 *	    any  -> STOPPING -> STOPPED
 *	    RESTARTING -> FAILED   (more than max restarts in the period)
 */
#include "lib/child.h"

#include <stdio.h>
#include <stdlib.h>

static void
describe(struct gsi_child *child)
{
	const char *path = gsi_spec_text(child->spec, child->spec->path_at);
	const char *name = gsi_spec_text(child->spec, child->spec->name_at);
	const char *module = gsi_spec_text(child->spec, child->spec->module_at);

	if (module[0] != '\0')
		path = module;
	if (path[0] != '\0')
		snprintf(child->what, sizeof(child->what), "%s", path);
	if (name[0] != '\0')
		snprintf(child->id, sizeof(child->id), "%s", name);
	else
		snprintf(child->id, sizeof(child->id), "child-%llu",
		    (unsigned long long)child->serial);
}

static struct gsi_child *
child_of(
    struct gsi_children *children, const struct gsi_spec *spec, uint64_t serial)
{
	struct gsi_unshared *memory = &children->memory;
	struct gsi_child *child =
	    gsi_child_room(children) ? gsi_unshared_take(memory, sizeof(*child))
				     : NULL;

	if (child == NULL)
		return NULL;
	child->spec = gsi_unshared_take(memory, spec->size);
	if (child->spec == NULL) {
		gsi_unshared_give(memory, child, sizeof(*child));
		return NULL;
	}
	memcpy(child->spec, spec, spec->size);
	child->serial = serial;
	describe(child);
	return child;
}

/* At the end: those that are started, and so their serials, are in order. */
static void
append(struct gsi_children *children, struct gsi_child *child)
{
	child->prev = children->last;
	child->next = NULL;
	if (child->prev != NULL)
		child->prev->next = child;
	else
		children->first = child;
	children->last = child;
	gsi_child_enter(children, child);
}

/* ---- the ledger ---- */

enum { /* flags of a head */
	KEPT_STARTED = 1,
	KEPT_FIRST = 2,
	KEPT_TIMED_OUT = 4,
	KEPT_IGNORED = 8,
	KEPT_ENDED = 16,
};

static struct gsi_ledger_head
head_of(const struct gsi_child *child)
{
	struct gsi_ledger_head head = {
		.units = child->kept_units,
		.max_times = (uint32_t)child->spec->max_restarts,
		.spec_size = child->spec->size,
		.serial = child->serial,
		.pid = child->pid,
		.caller = child->caller,
		.state = child->state,
		.goal = child->goal,
		.restarts = child->restarts,
		.n_times = child->n_deaths,
		.revision = child->revision,
	};

	if (head.max_times > GSI_LEDGER_TIMES)
		head.max_times = GSI_LEDGER_TIMES;
	head.flags = (child->started ? KEPT_STARTED : 0) |
		     (child->first ? KEPT_FIRST : 0) |
		     (child->timed_out ? KEPT_TIMED_OUT : 0) |
		     (child->ignored ? KEPT_IGNORED : 0) |
		     (child->ended ? KEPT_ENDED : 0);
	return head;
}

/* Most saves change only the head. */
static bool
tail_is_kept(struct gsi_child *child)
{
	uint64_t h = GSI_CHILD_HASH, before = child->kept_tail;

	h = gsi_child_hash(h, child->last_reason, strlen(child->last_reason));
	h = gsi_child_hash(
	    h, child->deaths, child->n_deaths * sizeof(child->deaths[0]));
	child->kept_tail = h;
	return h == before;
}

void
gsi_child_save(struct gsi_children *children, struct gsi_child *child)
{
	struct gsi_ledger_head head = head_of(child);
	struct gsi_ledger_tail tail;
	bool kept = tail_is_kept(child);

	if (kept && child->kept_units != 0) {
		gsi_ledger_save(&children->ledger, child->kept_at, &head, NULL);
		return;
	}
	memcpy(tail.last_reason, child->last_reason, sizeof(tail.last_reason));
	memcpy(tail.times, child->deaths, child->n_deaths * sizeof(int64_t));
	if (child->kept_units != 0) {
		gsi_ledger_save(
		    &children->ledger, child->kept_at, &head, &tail);
		return;
	}
	gsi_ledger_add(
	    &children->ledger, &head, &tail, child->spec, &child->kept_at);
	child->kept_units = head.units;
}

static void
take_over(void *data, uint64_t at, const struct gsi_ledger_head *head,
    const struct gsi_ledger_tail *tail, const void *spec)
{
	struct gsi_children *children = data;
	struct gsi_child *child;

	if (!gsi_spec_check(spec, head->spec_size) ||
	    head->state > GS_CHILD_FAILED || head->goal > GSI_GOAL_RESTART)
		return;
	/* root was killed between the new spec and the end of the old one */
	child = gsi_child_by_serial(children, head->serial);
	if (child != NULL && child->revision >= head->revision) {
		gsi_ledger_remove(&children->ledger, at, head);
		return;
	}
	if (child != NULL)
		gsi_child_remove(children, child);
	child = child_of(children, spec, head->serial);
	if (child == NULL)
		return;
	child->pid = head->pid;
	child->caller = head->caller;
	child->state = (enum gs_child_state)head->state;
	child->goal = (enum gsi_goal)head->goal;
	child->restarts = head->restarts;
	child->started = (head->flags & KEPT_STARTED) != 0;
	child->first = (head->flags & KEPT_FIRST) != 0;
	child->timed_out = (head->flags & KEPT_TIMED_OUT) != 0;
	child->ignored = (head->flags & KEPT_IGNORED) != 0;
	child->ended = (head->flags & KEPT_ENDED) != 0;
	child->n_deaths = head->n_times;
	memcpy(child->deaths, tail->times, sizeof(child->deaths));
	memcpy(
	    child->last_reason, tail->last_reason, sizeof(tail->last_reason));
	child->kept_at = at;
	child->kept_units = head->units;
	child->revision = head->revision;
	if (child->serial > children->next_serial)
		children->next_serial = child->serial;
	append(children, child);
}

void
gsi_children_open(struct gsi_children *children, int fd)
{
	gsi_ledger_open(&children->ledger, fd, take_over, children);
	gsi_children_order(children);
}

void
gsi_children_close(struct gsi_children *children)
{
	gsi_unshared_end(&children->memory);
	free(children->ledger.holes);
	memset(children, 0, sizeof(*children));
}

/* ---- the list ---- */

struct gsi_child *
gsi_child_add(struct gsi_children *children, const struct gsi_spec *spec)
{
	struct gsi_child *child =
	    child_of(children, spec, ++children->next_serial);

	if (child == NULL)
		return NULL;
	child->first = true;
	append(children, child);
	return child;
}

/* NULL: no memory. */
static struct gsi_spec *
with_module(struct gsi_children *children, const struct gsi_spec *spec,
    const char *module)
{
	struct gsi_spec *made = gsi_spec_with_module(spec, module);
	struct gsi_spec *kept =
	    made != NULL ? gsi_unshared_take(&children->memory, made->size)
			 : NULL;

	if (kept != NULL)
		memcpy(kept, made, made->size);
	free(made);
	return kept;
}

/* The new record stands before the old one goes: no root finds neither. */
bool
gsi_child_change(
    struct gsi_children *children, struct gsi_child *child, const char *module)
{
	struct gsi_spec *spec = with_module(children, child->spec, module);
	struct gsi_spec *before = child->spec;
	struct gsi_ledger_head old = head_of(child);
	uint64_t at = child->kept_at;

	if (spec == NULL)
		return false;
	child->spec = spec;
	child->revision++;
	child->kept_units = 0;
	gsi_child_save(children, child);
	if (child->kept_units == 0 && old.units != 0) {
		/* it stays what the next root would make of it */
		child->spec = before;
		child->revision--;
		child->kept_at = at;
		child->kept_units = old.units;
		gsi_unshared_give(&children->memory, spec, spec->size);
		return false;
	}
	describe(child);
	gsi_unshared_give(&children->memory, before, before->size);
	gsi_ledger_remove(&children->ledger, at, &old);
	return true;
}

void
gsi_child_remove(struct gsi_children *children, struct gsi_child *child)
{
	struct gsi_ledger_head head;

	gsi_child_leave(children, child);
	if (child->prev != NULL)
		child->prev->next = child->next;
	else
		children->first = child->next;
	if (child->next != NULL)
		child->next->prev = child->prev;
	else
		children->last = child->prev;
	head = head_of(child);
	gsi_ledger_remove(&children->ledger, child->kept_at, &head);
	gsi_unshared_give(&children->memory, child->spec, child->spec->size);
	gsi_unshared_give(&children->memory, child, sizeof(*child));
}

bool
gsi_child_may_restart(struct gsi_child *child, int64_t now)
{
	int64_t from = now - child->spec->max_seconds * 1000ll * NS_PER_MS;
	int64_t max = child->spec->max_restarts;
	/* a time stands for so many: a high limit is kept to a 64th */
	int64_t step = (max + GSI_DEATHS_KEPT - 1) / GSI_DEATHS_KEPT;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < child->n_deaths; i++)
		if (child->deaths[i] > from)
			child->deaths[kept++] = child->deaths[i];
	child->n_deaths = kept;
	if (kept * step + child->uncounted >= max)
		return false;
	if (++child->uncounted >= step) {
		child->uncounted = 0;
		child->deaths[child->n_deaths++] = now;
	}
	return true;
}

bool
gsi_child_wants_restart(const struct gsi_child *child, const char *reason)
{
	if ((child->spec->flags & GSI_SPEC_SUPERVISED) == 0)
		return false;
	switch ((enum gs_restart)child->spec->restart) {
	case GS_PERMANENT:
		return true;
	case GS_TRANSIENT:
		return !gsi_reason_clean(reason);
	case GS_TEMPORARY:
		break;
	}
	return false;
}

void
gsi_child_show(const struct gsi_child *child, gs_child *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->id, child->id, sizeof(out->id));
	memcpy(out->what, child->what, sizeof(out->what));
	memcpy(out->last_reason, child->last_reason, sizeof(out->last_reason));
	if (child->os_pid != 0)
		out->pid = child->pid;
	out->state = child->state;
	out->restart = (enum gs_restart)child->spec->restart;
	out->plain = child->spec->code == GSI_CODE_PLAIN;
	out->supervised = (child->spec->flags & GSI_SPEC_SUPERVISED) != 0;
	out->shutdown = child->spec->shutdown;
	out->max_restarts = child->spec->max_restarts;
	out->max_seconds = child->spec->max_seconds;
	out->restarts = child->restarts;
}
