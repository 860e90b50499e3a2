/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting servers and talking to the root supervisor: a start is a call to
 * its mailbox, so the cost does not depend on who asks.
 */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "lib/attach.h"
#include "lib/request.h"
#include "lib/root.h"

#define CELLS_DEFAULT 16384u /* 1 MiB */

struct builder {
	char *data;
	size_t size;
	size_t room;
};

static uint32_t
put(struct builder *b, const void *data, size_t size)
{
	size_t at = b->size;

	if (b->data != NULL && at + size > b->room) {
		char *more = realloc(b->data, (at + size) * 2 + 256);

		if (more == NULL) {
			free(b->data);
			b->data = NULL;
		} else {
			b->data = more;
			b->room = (at + size) * 2 + 256;
		}
	}
	if (b->data != NULL && size > 0)
		memcpy(b->data + at, data, size);
	b->size += size;
	return (uint32_t)at;
}

static uint32_t
put_text(struct builder *b, const char *text)
{
	return put(
	    b, text != NULL ? text : "", text != NULL ? strlen(text) + 1 : 1);
}

/* Which file a behaviour lies in, so that root can tell whether it has it. */
static int
locate(
    struct gsi_spec *spec, const gs_behaviour *behaviour, char path[PATH_MAX])
{
	struct stat st, exe;
	Dl_info info;

	spec->code = GSI_CODE_ADDRESS;
	spec->address = (uint64_t)(uintptr_t)behaviour;
	path[0] = '\0';
	if (dladdr(behaviour, &info) == 0)
		return gsi_fail(-ENOTSUP, "not_addressable",
		    "the behaviour "
		    "'%s' is neither in the program nor in a loadable object, "
		    "so that no other process can find it",
		    behaviour->name);
	spec->base = (uint64_t)(uintptr_t)info.dli_fbase;
	if (stat("/proc/self/exe", &exe) != 0)
		return -errno;
	if (stat(info.dli_fname, &st) != 0 ||
	    (st.st_dev == exe.st_dev && st.st_ino == exe.st_ino)) {
		/* argv[0] need not be a path: then it is the program */
		spec->flags |= GSI_SPEC_IN_PROGRAM;
		st = exe;
	} else if (realpath(info.dli_fname, path) == NULL) {
		return -errno;
	}
	spec->device = st.st_dev;
	spec->inode = st.st_ino;
	return 0;
}

static bool
is_module(const char *path)
{
	size_t n = strlen(path);

	return n > 3 && strcmp(path + n - 3, ".so") == 0;
}

static int
check_options(const gs_options *options, struct gsi_spec *spec)
{
	if (options->name != NULL && gs_name_check(options->name, NULL) != 0)
		return gsi_name_refused(options->name);
	if (options->timeout < 0 || options->hibernate_after < 0)
		return gsi_fail(-EINVAL, "badarg",
		    "start: a time is "
		    "negative");
	spec->timeout = options->timeout == GS_INFINITY ? 0 : options->timeout;
	spec->hibernate_after = options->hibernate_after == GS_INFINITY
				    ? 0
				    : options->hibernate_after;
	spec->cells = options->mailbox == 0 ? CELLS_DEFAULT
		      : options->mailbox < GM_RING_CELLS_MIN * GM_CELL
			  ? 0
			  : gm_region_cells(options->mailbox);
	if (spec->cells == 0)
		return gsi_fail(-EINVAL, "badarg",
		    "start: a mailbox of %zu "
		    "bytes: 16 KiB to 1 GiB are possible",
		    options->mailbox);
	return 0;
}

static int
check_child(const gs_child_spec *child, struct gsi_spec *spec)
{
	spec->restart = child->restart;
	spec->shutdown = child->has_shutdown ? child->shutdown : 5000;
	spec->max_restarts = child->has_intensity ? child->max_restarts : 3;
	spec->max_seconds = child->has_intensity ? child->max_seconds : 5;
	if (spec->restart < GS_PERMANENT || spec->restart > GS_TEMPORARY)
		return gsi_fail(-EINVAL, "badarg",
		    "start: no such restart "
		    "type: %d",
		    spec->restart);
	if (spec->shutdown < GS_BRUTAL_KILL)
		return gsi_fail(-EINVAL, "badarg",
		    "start: shutdown %d is "
		    "negative",
		    spec->shutdown);
	if (spec->max_restarts < 0 || spec->max_seconds < 1)
		return gsi_fail(-EINVAL, "badarg",
		    "start: %d restarts in %d "
		    "s: at least 0 in 1 s",
		    spec->max_restarts, spec->max_seconds);
	return 0;
}

static int
choose_code(
    const gs_child_spec *child, struct gsi_spec *spec, char path[PATH_MAX])
{
	if (child->path == NULL) {
		if (child->behaviour == NULL)
			return gsi_fail(-EINVAL, "badarg",
			    "start: neither a "
			    "behaviour nor a path");
		return locate(spec, child->behaviour, path);
	}
	if (strlen(child->path) >= PATH_MAX)
		return -ENAMETOOLONG;
	strcpy(path, child->path);
	spec->code = child->plain             ? GSI_CODE_PLAIN
		     : is_module(child->path) ? GSI_CODE_MODULE
					      : GSI_CODE_PROGRAM;
	return 0;
}

/* The whole spec in one block, malloc'ed into *out. */
static int
build(const gs_child_spec *child, uint32_t flags, uint64_t ref,
    struct gsi_spec **out)
{
	struct gsi_spec spec = {
		.op = GSI_ROOT_START, .flags = flags, .ref = ref
	};
	struct builder b = { malloc(512), 0, 512 };
	char path[PATH_MAX];
	int status = check_options(&child->options, &spec);

	if (status == 0)
		status = check_child(child, &spec);
	if (status == 0)
		status = choose_code(child, &spec, path);
	if (status != 0) {
		free(b.data);
		return status;
	}
	put(&b, &spec, sizeof(spec));
	spec.name_at = put_text(&b, child->options.name);
	spec.path_at = put_text(&b, path);
	spec.directory_at = put_text(&b, child->directory);
	spec.debug_at = put_text(&b, child->options.debug);
	spec.argument_at = put(&b, child->argument.data, child->argument.size);
	spec.argument_size = (uint32_t)child->argument.size;
	spec.argv_at = (uint32_t)b.size;
	for (; child->argv != NULL && child->argv[spec.argc] != NULL;
	     spec.argc++)
		put_text(&b, child->argv[spec.argc]);
	put_text(&b, "");
	spec.size = (uint32_t)b.size;
	if (b.data == NULL)
		return -ENOMEM;
	memcpy(b.data, &spec, sizeof(spec));
	*out = (void *)b.data;
	return 0;
}

/* Asks root and takes its answer apart. */
static int
ask_root(struct gsi_self *me, gs_bytes request, int timeout,
    struct gsi_root_answer *a)
{
	gs_bytes reply;
	int status =
	    gs_call(gs_to_pid(gsi_root_pid(me)), request, &reply, timeout);

	if (status == -ETIMEDOUT)
		return gsi_fail(status, "timeout",
		    "the root supervisor was "
		    "not done within %d ms; it goes on",
		    timeout);
	if (status != 0)
		return gsi_fail(status, "nodedown",
		    "the root supervisor of "
		    "node '%s' does not answer: %s",
		    gsi_home()->name, strerror(-status));
	if (reply.size < sizeof(*a))
		return -EPROTO;
	memcpy(a, reply.data, sizeof(*a));
	a->reason[GS_REASON_MAX] = '\0';
	return 0;
}

static int
explain(const struct gsi_root_answer *a, const char *what)
{
	char pid[GS_PID_TEXT], shown[3 * GS_REASON_MAX];

	gsi_printable(shown, sizeof(shown), a->reason, strlen(a->reason));
	switch (a->status) {
	case 0:
		return 0;
	case -EEXIST:
		return gsi_fail(-EEXIST, "already_started",
		    "cannot start %s: "
		    "the name is held by %s",
		    what, gs_pid_text(a->pid, pid));
	case -ECANCELED:
		return gsi_fail(-ECANCELED, "ignore",
		    "%s: its init said "
		    "ignore",
		    what);
	case -ETIMEDOUT:
		return gsi_fail(-ETIMEDOUT, "timeout",
		    "cannot start %s: its "
		    "init took too long and was killed",
		    what);
	case -ECHILD:
		return gsi_fail(
		    -ECHILD, a->reason, "cannot start %s: %s", what, shown);
	case -ENOTSUP:
		return gsi_fail(-ENOTSUP, a->reason,
		    "cannot start %s: the "
		    "behaviour is in this program, which node '%s' was not "
		    "forked from: build it as a module, or unset GS_NODE for "
		    "a private node",
		    what, gsi_self()->arena->header->name);
	case -EAGAIN:
		return gsi_fail(-EAGAIN, a->reason,
		    "cannot start %s: a limit "
		    "of the system (processes, file descriptors or shared "
		    "memory) is reached",
		    what);
	default:
		return gsi_fail(a->status, a->reason, "%s: %s", what, shown);
	}
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
	/* refs of the node count up from 1; these have the top bit */
	if ((flags & GSI_SPEC_MONITOR) != 0)
		ref = ++me->next_tag | 1ull << 63;
	status = build(child, flags, ref, &spec);
	if (status != 0)
		return status;
	status = ask_root(me, gs_bytes_of(spec, spec->size), GS_INFINITY, &a);
	free(spec);
	if (status != 0)
		return status;
	if (pid != NULL)
		*pid = a.pid;
	if (monitor != NULL)
		monitor->id = ref;
	return explain(&a, name_of(child));
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

/* ---- children that are there ---- */

static int
about(gs_addr child, enum gsi_root_op op, int timeout, gs_pid *pid)
{
	struct gsi_self *me = gsi_self();
	struct gsi_root_ask ask = { .op = op, .size = sizeof(ask) };
	struct gsi_root_answer a = { 0 };
	char where[512];
	int status;

	if (me == NULL)
		return -ENOTCONN;
	if (timeout < 0)
		return gsi_fail(-EINVAL, "badarg",
		    "the timeout %d is "
		    "negative",
		    timeout);
	if (child.kind == GS_ADDR_PID)
		ask.pid = child.pid;
	else if (child.name == NULL || strlen(child.name) > GS_NAME_MAX)
		return gsi_name_refused(child.name);
	else
		strcpy(ask.name, child.name);
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
	return explain(&a, where);
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

static int
next_list(struct gsi_self *me, uint64_t after, struct gsi_root_list **out)
{
	struct gsi_root_ask ask = {
		.op = GSI_ROOT_LIST, .size = sizeof(ask), .after = after
	};
	struct gsi_root_list *list;
	gs_bytes reply;
	int status = gs_call(gs_to_pid(gsi_root_pid(me)), GS_OBJECT(ask),
	    &reply, GS_CALL_TIMEOUT);

	if (status != 0)
		return status;
	if (reply.size < sizeof(*list))
		return -EPROTO;
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

int
gs_children(int (*each)(const gs_child *child, void *data), void *data)
{
	struct gsi_self *me = gsi_self();
	struct gsi_root_list *list;
	uint64_t after = 0;
	bool more = true;
	int status = 0;

	if (me == NULL)
		return -ENOTCONN;
	while (more && status == 0) {
		status = next_list(me, after, &list);
		if (status != 0)
			return status;
		for (uint32_t i = 0; i < list->count && status == 0; i++)
			status = each(&list->child[i], data);
		after = list->last;
		more = list->more != 0 && list->count > 0;
		free(list);
	}
	return status;
}
