/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting servers and talking to the root supervisor: a start is a call to
 * its mailbox, so the cost does not depend on who asks.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "lib/attach.h"
#include "lib/root.h"
#include "lib/via.h"

#define NEW_ROOT_NS (3000 * NS_PER_MS)

/*
 * A root that is dead was asked nothing: the next one is up in a moment.  Nor
 * was one that gives its mailbox back, or has it full.  One that died over the
 * question may be followed by one that is asked again.
 */
static int
call_root(struct gsi_self *me, gs_bytes request, bool harmless, gs_bytes *reply,
    int timeout)
{
	int64_t deadline = gsi_deadline(timeout);
	int64_t until = gsi_now_ns() + NEW_ROOT_NS;
	struct timespec pause = { 0, NS_PER_MS };
	int status;

	do {
		status = gs_call(gs_to_pid(gsi_root_pid(me)), request, reply,
		    gsi_left_ms(deadline));
		if (status != -ESRCH && status != -EAGAIN &&
		    !(harmless && status == -ECONNRESET))
			return status;
		nanosleep(&pause, NULL);
	} while (gsi_now_ns() < until && gsi_left_ms(deadline) > 0 &&
		 gsi_node_alive(me));
	return status;
}

/* Asks root and takes its answer apart. */
static int
ask_root(struct gsi_self *me, gs_bytes request, int timeout,
    struct gsi_root_answer *a)
{
	gs_bytes reply;
	int status = call_root(me, request, false, &reply, timeout);

	if (status == -ETIMEDOUT)
		return gsi_fail(status, "timeout",
		    "the root supervisor was "
		    "not done within %d ms; it goes on",
		    timeout);
	if (status == -ECONNRESET && gsi_node_alive(me))
		return gsi_fail(status, "root_restarted",
		    "the root supervisor of node '%s' ended during this and "
		    "was started again: see by 'gsctl ls' whether it was "
		    "done, or ask again",
		    gsi_home()->name);
	if (status != 0)
		return gsi_fail(status, "nodedown",
		    "the root supervisor of node '%s' does not answer: %s",
		    gsi_home()->name, strerror(-status));
	if (reply.size < sizeof(*a))
		return -EPROTO;
	memcpy(a, reply.data, sizeof(*a));
	a->reason[GS_REASON_MAX] = '\0';
	/* anybody can write into a reply ring: it is to be 0 or -errno */
	return a->status <= 0 && a->status > -4096 ? 0 : -EPROTO;
}

static const char *
name_of(const gs_child_spec *child)
{
	if (child->options.name != NULL)
		return child->options.name;
	if (child->path != NULL)
		return child->path;
	return child->behaviour != NULL && child->behaviour->name != NULL
		   ? child->behaviour->name
		   : "a server";
}

static int
start(const gs_child_spec *child, uint32_t flags, gs_pid *pid, gs_ref *monitor)
{
	struct gsi_self *me = gsi_self();
	struct gsi_root_answer a = { 0 };
	struct gsi_spec *spec;
	uint64_t ref = 0;
	int status;

	if (me == NULL)
		return -ENOTCONN;
	/* refs of the node have no top bit */
	if ((flags & GSI_SPEC_MONITOR) != 0)
		ref = ++me->next_tag | 1ull << 63;
	status = gsi_spec_build(child, flags, ref, &spec);
	if (status != 0)
		return status;
	status = ask_root(me, gs_bytes_of(spec, spec->size), GS_INFINITY, &a);
	free(spec);
	if (status != 0)
		return status;
	if (child->options.via != NULL && a.status == -ECHILD &&
	    strcmp(a.reason, "already_started") == 0) {
		a.status = -EEXIST;
		a.pid = gsi_via_holder(&child->options);
	}
	if (pid != NULL)
		*pid = a.pid;
	if (monitor != NULL)
		monitor->id = ref;
	return gsi_start_words(&a, name_of(child));
}

static int
start_plain(const gs_behaviour *behaviour, gs_bytes argument,
    const gs_options *options, uint32_t flags, gs_pid *pid, gs_ref *monitor)
{
	gs_child_spec child = {
		.behaviour = behaviour,
		.argument = argument,
		.restart = GS_TEMPORARY,
	};

	if (options != NULL)
		child.options = *options;
	return start(&child, flags, pid, monitor);
}

int
gs_start(const gs_behaviour *behaviour, gs_bytes argument,
    const gs_options *options, gs_pid *pid)
{
	return start_plain(behaviour, argument, options, 0, pid, NULL);
}

int
gs_start_link(const gs_behaviour *behaviour, gs_bytes argument,
    const gs_options *options, gs_pid *pid)
{
	return start_plain(
	    behaviour, argument, options, GSI_SPEC_LINK, pid, NULL);
}

int
gs_start_monitor(const gs_behaviour *behaviour, gs_bytes argument,
    const gs_options *options, gs_pid *pid, gs_ref *monitor)
{
	return start_plain(
	    behaviour, argument, options, GSI_SPEC_MONITOR, pid, monitor);
}

int
gs_child_start(const gs_child_spec *spec, gs_pid *pid)
{
	return start(spec, GSI_SPEC_SUPERVISED, pid, NULL);
}

static int
about(gs_addr child, enum gsi_root_op op, int timeout, gs_pid *pid)
{
	struct gsi_self *me;
	struct gsi_root_ask ask = { .op = op, .size = sizeof(ask) };
	struct gsi_root_answer a = { 0 };
	gs_pid found = GS_NO_PID;
	char where[512];
	int status;

	if (timeout < 0)
		return gsi_fail(-EINVAL, "badarg",
		    "the timeout %d is "
		    "negative",
		    timeout);
	me = gsi_self_within(timeout, &status);
	if (me == NULL)
		return status;
	if (gs_addr_kind(child) == GS_ADDR_VIA) {
		status = gsi_via_find(child, &found);
		if (status != 0)
			return gsi_failed(status, "a via name", child, GS_NONE,
			    timeout, NULL);
		child = gs_to_pid(found);
	}
	if (gs_addr_kind(child) == GS_ADDR_PID)
		ask.pid = gs_addr_pid(child);
	else if (gs_addr_name(child) == NULL ||
		 strlen(gs_addr_name(child)) > GS_NAME_MAX)
		return gsi_name_refused(gs_addr_name(child));
	else
		strcpy(ask.name, gs_addr_name(child));
	status = ask_root(me, GS_OBJECT(ask), timeout, &a);
	if (status != 0)
		return status;
	if (pid != NULL)
		*pid = a.pid;
	gsi_addr_text(child, where, sizeof(where));
	if (a.status == -ENOENT)
		return gsi_fail(-ENOENT, "not_found",
		    "the root supervisor "
		    "has no child %s",
		    where);
	return gsi_start_words(&a, where);
}

int
gs_child_stop(gs_addr child, int timeout)
{
	return about(child, GSI_ROOT_STOP, timeout, NULL);
}

int
gs_child_restart(gs_addr child, gs_pid *pid, int timeout)
{
	return about(child, GSI_ROOT_RESTART, timeout, pid);
}

int
gs_child_delete(gs_addr child)
{
	return about(child, GSI_ROOT_DELETE, GS_INFINITY, NULL);
}

#define LIST_SHORT 3u

static_assert(sizeof(struct gsi_head) + sizeof(struct gsi_root_list) +
		      LIST_SHORT * sizeof(gs_child) <=
		  (GM_RING_CELLS_START - 1) * GM_CELL,
    "fits what every ring has");

static int
next_list(struct gsi_self *me, uint64_t after, uint32_t max,
    struct gsi_root_list **out)
{
	struct gsi_root_ask ask = { .op = GSI_ROOT_LIST,
		.size = sizeof(ask),
		.after = after,
		.max = max };
	struct gsi_root_list *list;
	gs_bytes reply;
	int status =
	    call_root(me, GS_OBJECT(ask), true, &reply, GS_CALL_TIMEOUT);

	if (status != 0)
		return status;
	if (reply.size < sizeof(*list))
		return gsi_fail(-ENOMEM, "system_limit",
		    "the root supervisor of node '%s' has no memory to list "
		    "its children",
		    gsi_home()->name);
	list = malloc(reply.size);
	if (list == NULL)
		return -ENOMEM;
	memcpy(list, reply.data, reply.size);
	if (list->count >
	    (reply.size - sizeof(*list)) / sizeof(list->child[0])) {
		free(list);
		return -EPROTO;
	}
	*out = list;
	return 0;
}

/* Texts that come from another process have an end. */
static int
show(
    gs_child *child, int (*each)(const gs_child *child, void *data), void *data)
{
	child->id[sizeof(child->id) - 1] = '\0';
	child->what[sizeof(child->what) - 1] = '\0';
	child->last_reason[sizeof(child->last_reason) - 1] = '\0';
	return each(child, data);
}

int
gs_children(int (*each)(const gs_child *child, void *data), void *data)
{
	struct gsi_self *me = gsi_self();
	struct gsi_root_list *list = NULL;
	uint64_t after = 0;
	uint32_t max = 0;
	bool more = true;
	int status = 0;

	if (me == NULL)
		return -ENOTCONN;
	while (more && status == 0) {
		status = next_list(me, after, max, &list);
		/* shared memory is full: so many fit what there is */
		if (status == -ENOSPC && max == 0) {
			max = LIST_SHORT;
			status = next_list(me, after, max, &list);
		}
		if (status != 0)
			return status;
		for (uint32_t i = 0; i < list->count && status == 0; i++)
			status = show(&list->child[i], each, data);
		more = list->more != 0 && list->last > after;
		after = list->last;
		free(list);
	}
	return status;
}
