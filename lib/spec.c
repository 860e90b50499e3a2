/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Specs, built by who starts and checked by who forks.  A spec is one block:
 * the numbers, then every text and the argument behind them, found by offsets
 * that gsi_spec_check has looked at before anybody follows one.
 */
#include "lib/spec.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#include "lib/attach.h"
#include "lib/root.h"
#include "lib/via.h"

static bool
check_values(const struct gsi_spec *spec)
{
	const char *name = gsi_spec_text(spec, spec->name_at);

	return (name[0] == '\0' || gs_name_check(name, NULL) == 0) &&
	       spec->code >= GSI_CODE_ADDRESS && spec->code <= GSI_CODE_PLAIN &&
	       spec->priority >= GS_PRIORITY_NORMAL &&
	       spec->priority <= GS_PRIORITY_MAX &&
	       spec->cells >= GM_RING_CELLS_MIN &&
	       spec->cells <= GM_RING_CELLS_MAX &&
	       (spec->cells & (spec->cells - 1)) == 0 &&
	       spec->restart >= GS_PERMANENT && spec->restart <= GS_TEMPORARY &&
	       spec->shutdown >= GS_BRUTAL_KILL && spec->timeout >= 0 &&
	       spec->hibernate_after >= 0 && spec->max_restarts >= 0 &&
	       spec->max_seconds >= 0;
}

bool
gsi_spec_check(const struct gsi_spec *spec, size_t size)
{
	const char *text = (const char *)spec;
	uint32_t at[] = { spec->name_at, spec->path_at, spec->directory_at,
		spec->debug_at, spec->argv_at, spec->module_at,
		spec->via != 0 ? spec->via_key_at : spec->name_at };
	uint32_t words = 0;

	if (size < sizeof(*spec) + 1 || spec->size != size ||
	    text[size - 1] != '\0')
		return false;
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		if (at[i] < sizeof(*spec) || at[i] >= size)
			return false;
	if (spec->argument_at < sizeof(*spec) || spec->argument_at > size ||
	    spec->argument_size > size - spec->argument_at)
		return false;
	for (uint32_t i = spec->argv_at; i < size; i++)
		words += text[i] == '\0';
	return spec->argc <= words && check_values(spec);
}

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

/* Our own file.  It is asked for once: nothing but an exec changes it. */
int
gsi_spec_exe(uint64_t *device, uint64_t *inode)
{
	struct gsi_home *home = gsi_home();
	struct stat st;
	int status = 0;

	gsi_home_lock();
	if (home->exe_inode == 0) {
		status = stat("/proc/self/exe", &st) == 0 ? 0 : -errno;
		if (status == 0) {
			home->exe_device = st.st_dev;
			home->exe_inode = st.st_ino;
		}
	}
	*device = home->exe_device;
	*inode = home->exe_inode;
	gsi_home_unlock();
	return status;
}

/* Is what begins there the program itself? */
static bool
is_program(const void *base)
{
	const void *headers = (const void *)getauxval(AT_PHDR);
	Dl_info info;

	return headers != NULL && dladdr(headers, &info) != 0 &&
	       info.dli_fbase == base;
}

/* Which file a behaviour lies in, so that root can tell whether it has it. */
static int
locate(
    struct gsi_spec *spec, const gs_behaviour *behaviour, char path[PATH_MAX])
{
	uint64_t device, inode;
	struct stat st;
	Dl_info info;
	int status;

	spec->code = GSI_CODE_ADDRESS;
	spec->address = (uint64_t)(uintptr_t)behaviour;
	path[0] = '\0';
	if (dladdr(behaviour, &info) == 0)
		return gsi_fail(-ENOTSUP, "not_addressable",
		    "the behaviour "
		    "'%s' is neither in the program nor in a loadable object, "
		    "so that no other process can find it",
		    behaviour->name != NULL ? behaviour->name : "?");
	spec->base = (uint64_t)(uintptr_t)info.dli_fbase;
	status = gsi_spec_exe(&device, &inode);
	if (status != 0)
		return status;
	if (is_program(info.dli_fbase) || stat(info.dli_fname, &st) != 0 ||
	    (st.st_dev == device && st.st_ino == inode)) {
		/* argv[0] need not be a path: then it is the program */
		spec->flags |= GSI_SPEC_IN_PROGRAM;
		spec->device = device;
		spec->inode = inode;
		return 0;
	}
	if (realpath(info.dli_fname, path) == NULL)
		return -errno;
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
		    "start: %s of %d ms is negative",
		    options->timeout < 0 ? "a timeout" : "a hibernate_after",
		    options->timeout < 0 ? options->timeout
					 : options->hibernate_after);
	spec->timeout = options->timeout == GS_INFINITY ? 0 : options->timeout;
	spec->hibernate_after = options->hibernate_after == GS_INFINITY
				    ? 0
				    : options->hibernate_after;
	spec->cells = options->mailbox == 0 ? GSI_POOL_CELLS
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
check_spawn(const gs_options *options, struct gsi_spec *spec)
{
	unsigned known = GS_SPAWN_LINK | GS_SPAWN_MONITOR;

	if ((int)options->priority < GS_PRIORITY_NORMAL ||
	    options->priority > GS_PRIORITY_MAX)
		return gsi_fail(-EINVAL, "badarg",
		    "start: no such priority: %d", (int)options->priority);
	if ((options->spawn & ~known) != 0)
		return gsi_fail(-EINVAL, "badarg",
		    "start: no such spawn flags: 0x%x", options->spawn);
	if ((options->spawn & GS_SPAWN_MONITOR) != 0)
		return gsi_fail(-EINVAL, "badarg",
		    "start: monitor is no spawn flag: use gs_start_monitor");
	if (options->spawn != 0 && (spec->flags & GSI_SPEC_SUPERVISED) != 0)
		return gsi_fail(-EINVAL, "badarg",
		    "start: link is no spawn flag of a supervised child, whose "
		    "parent is its supervisor");
	if ((options->spawn & GS_SPAWN_LINK) != 0)
		spec->flags |= GSI_SPEC_LINK;
	spec->priority = (int32_t)options->priority;
	spec->max_memory = options->max_memory;
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

/* Wherever the behaviour is found, its via module is as far from it as here. */
static int
locate_via(const gs_child_spec *child, struct gsi_spec *spec)
{
	const gs_via *via = child->options.via;
	Dl_info info;

	if (via == NULL && child->options.via_key != NULL)
		return gsi_fail(-EINVAL, "badarg",
		    "start: via_key '%s' without via, the module that keeps it",
		    child->options.via_key);
	if (via == NULL)
		return 0;
	if (child->options.name != NULL)
		return gsi_fail(-EINVAL, "badarg",
		    "start: a server has one name, '%s' or the via key, not "
		    "both",
		    child->options.name);
	if (!gsi_via_whole(via, child->options.via_key))
		return gsi_fail(-EINVAL, "badarg",
		    "start: a via module has four functions, and a key");
	if (child->path != NULL || dladdr(via, &info) == 0 ||
	    (uint64_t)(uintptr_t)info.dli_fbase != spec->base)
		return gsi_fail(-ENOTSUP, "not_addressable",
		    "start: the via module is not in the program or object "
		    "that the behaviour is in");
	spec->via = (int64_t)((uintptr_t)via - (uintptr_t)child->behaviour);
	return 0;
}

/* The whole spec in one block, malloc'ed into *out. */
int
gsi_spec_build(const gs_child_spec *child, uint32_t flags, uint64_t ref,
    struct gsi_spec **out)
{
	struct gsi_spec spec = {
		.op = GSI_ROOT_START, .flags = flags, .ref = ref
	};
	struct builder b = { malloc(512), 0, 512 };
	char path[PATH_MAX];
	int status = check_options(&child->options, &spec);

	if (status == 0)
		status = check_spawn(&child->options, &spec);
	if (status == 0)
		status = check_child(child, &spec);
	if (status == 0)
		status = choose_code(child, &spec, path);
	if (status == 0)
		status = locate_via(child, &spec);
	if (status != 0) {
		free(b.data);
		return status;
	}
	put(&b, &spec, sizeof(spec));
	spec.name_at = put_text(&b, child->options.name);
	spec.path_at = put_text(&b, path);
	spec.module_at = put_text(&b, "");
	spec.directory_at = put_text(&b, child->directory);
	spec.debug_at = put_text(&b, child->options.debug);
	spec.via_key_at = put_text(&b, child->options.via_key);
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
