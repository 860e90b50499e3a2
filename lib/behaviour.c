/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading modules.  The rule: one whose code has run stays loaded as long as
 * the process, for nobody can know who points into it.
 */
#include "lib/behaviour.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>

#define SPELLING 96 /* bytes that it adds to a path: 3 for each bit */

/*
 * The loader takes a path that it has seen for the object it has got, whatever
 * file stands there now; so each later load has a spelling of its own: the
 * digits of its number, "./" for 0 and ".//" for 1, in front of the file's name.
 */
static bool
spell(char *out, size_t size, const char *path, uint32_t change)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) + 1 : 0;

	if (!slash || strlen(path) + SPELLING >= size)
		return false;
	memcpy(out, path, n);
	for (; change; change /= 2) {
		memcpy(out + n, ".//", 3);
		n += 2 + change % 2;
	}
	strcpy(out + n, slash + 1);
	return true;
}

static const char *
load_error(void)
{
	const char *text = dlerror();

	return text ? text : "no reason given";
}

bool
gsi_behaviour_open(struct gsi_loaded *module, const char *path, uint32_t change,
    char *why, size_t size)
{
	const gs_behaviour *const *symbol;
	char spelled[PATH_MAX] = "";
	const char *error;
	size_t n;

	if (!gsi_behaviour_whole(path)) {
		snprintf(why, size,
		    "not_loadable: %s is cut off: copy or build it anew", path);
		return false;
	}
	if (change && !spell(spelled, sizeof(spelled), path, change)) {
		snprintf(why, size,
		    "not_loadable: the path is longer than %d bytes: %.150s...",
		    PATH_MAX - SPELLING - 1, path);
		return false;
	}
	module->object = dlopen(change ? spelled : path, RTLD_NOW | RTLD_LOCAL);
	if (!module->object) {
		/* in the words of who asked, not in our spelling */
		error = load_error();
		n = strlen(spelled);
		if (n && strncmp(error, spelled, n) == 0)
			snprintf(
			    why, size, "not_loadable: %s%s", path, error + n);
		else
			snprintf(why, size, "not_loadable: %s", error);
		return false;
	}
	symbol = dlsym(module->object, "gs_module");
	if (!symbol) {
		snprintf(why, size,
		    "no_behaviour: %s has no symbol gs_module: is "
		    "GS_MODULE(...) in it?",
		    path);
		return false;
	}
	if (!*symbol || (*symbol)->abi != GS_ABI) {
		snprintf(why, size,
		    "bad_abi: %s is built for ABI %u, this library is ABI "
		    "%u: build it anew",
		    path, *symbol ? (*symbol)->abi : 0, GS_ABI);
		return false;
	}
	module->behaviour = *symbol;
	return true;
}

void
gsi_behaviour_close(struct gsi_loaded *module)
{
	if (module->object)
		dlclose(module->object);
	module->object = NULL;
}

void *
gsi_behaviour_find(const gs_behaviour *behaviour, const char *name)
{
	void *object = NULL, *symbol = NULL;
	Dl_info info;

	if (dladdr(behaviour, &info))
		object = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
	if (object) {
		symbol = dlsym(object, name);
		/* one reference too many would keep what is to be closed */
		dlclose(object);
	}
	return symbol ? symbol : dlsym(RTLD_DEFAULT, name);
}
