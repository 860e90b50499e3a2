/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of functions and lines, by libdw of elfutils, which is loaded when
 * the first backtrace is printed.  The rule: a file is asked only when it is
 * the one that ran; its build-id says so, or, where it has none, that nobody
 * has touched it since.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/gsctl/trace.h"

#ifdef GS_HAVE_LIBDW
#include <dlfcn.h>
#include <elfutils/libdwfl.h>

#define FILES 64 /* looked at, in all */

#define FUNCTIONS(X)                                                           \
	X(begin)                                                               \
	X(report_begin_add)                                                    \
	X(report_offline)                                                      \
	X(report_end)                                                          \
	X(standard_find_debuginfo)                                             \
	X(offline_section_address)                                             \
	X(module_build_id)                                                     \
	X(module_getelf)                                                       \
	X(module_addrname)                                                     \
	X(module_getsrc)                                                       \
	X(lineinfo)

#define MEMBER(name) __typeof__(dwfl_##name) *name;
#define PLACE(name) { "dwfl_" #name, offsetof(struct dw, name) },

struct dw {
	FUNCTIONS(MEMBER)
};

struct file {
	char *path;
	char *build_id;
	Dwfl_Module *module;
	uint64_t bias;
	const char *why;
	time_t changed;
};

static struct dw dw;

static bool
load(void)
{
	static const struct {
		const char *name;
		size_t at;
	} places[] = { FUNCTIONS(PLACE) };
	void *library = dlopen("libdw.so.1", RTLD_NOW);
	bool found = library != NULL;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && found;
	     i++) {
		void *function = dlsym(library, places[i].name);

		found = function != NULL;
		memcpy((char *)&dw + places[i].at, &function, sizeof(function));
	}
	if (!found)
		cmd_error(0, "backtraces without names: %s", dlerror());
	return found;
}

/* NULL: it cannot be had, which has been said. */
static Dwfl *
session(void)
{
	static Dwfl_Callbacks callbacks;
	static Dwfl *dwfl;
	static bool tried;

	if (!tried) {
		tried = true;
		/* a log is looked at here, not on the network */
		unsetenv("DEBUGINFOD_URLS");
		if (load()) {
			callbacks.find_debuginfo = dw.standard_find_debuginfo;
			callbacks.section_address = dw.offline_section_address;
			dwfl = dw.begin(&callbacks);
		}
	}
	return dwfl;
}

/* A file that /proc said to be gone may be another one by that name. */
static char *
path_now(const char *path)
{
	static const char gone[] = " (deleted)";
	size_t size = strlen(path), tail = sizeof(gone) - 1;
	char *copy = cmd_copy(path);

	if (size > tail && strcmp(copy + size - tail, gone) == 0)
		copy[size - tail] = '\0';
	return copy;
}

/* Whoever named it need not have meant a file. */
static int
open_regular(const char *path, time_t *changed)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		*changed = st.st_ctime;
		return fd;
	}
	close(fd);
	return -1;
}

static bool
same_id(Dwfl_Module *module, const char *wanted)
{
	const unsigned char *bits;
	GElf_Addr at;
	int size = dw.module_build_id(module, &bits, &at);
	char text[3];

	if (size <= 0 || strlen(wanted) != 2 * (size_t)size)
		return false;
	for (int i = 0; i < size; i++) {
		snprintf(text, sizeof(text), "%02x", bits[i]);
		if (memcmp(text, wanted + 2 * i, 2) != 0)
			return false;
	}
	return true;
}

static void
open_file(Dwfl *dwfl, struct file *file)
{
	char *path = path_now(file->path);
	int fd = open_regular(path, &file->changed);
	GElf_Addr bias;

	file->why = "the file is gone";
	if (fd >= 0) {
		file->why = "the file cannot be read";
		dw.report_begin_add(dwfl);
		file->module = dw.report_offline(dwfl, path, path, fd);
		dw.report_end(dwfl, NULL, NULL);
		if (file->module == NULL)
			close(fd);
	}
	free(path);
	if (file->module == NULL ||
	    dw.module_getelf(file->module, &bias) == NULL)
		return;
	file->bias = bias;
	file->why = NULL;
	if (file->build_id != NULL && !same_id(file->module, file->build_id))
		file->why = "another file is there now";
}

static bool
is_file(const struct file *file, const struct frame *frame)
{
	const char *id = frame->build_id;

	if ((file->build_id == NULL) != (id == NULL))
		return false;
	return strcmp(file->path, frame->path) == 0 &&
	       (id == NULL || strcmp(file->build_id, id) == 0);
}

static const struct file *
file_of(const struct frame *frame)
{
	static struct file files[FILES];
	static int count;
	Dwfl *dwfl = session();
	struct file *file;

	if (dwfl == NULL)
		return NULL;
	for (int i = 0; i < count; i++)
		if (is_file(&files[i], frame))
			return &files[i];
	if (count == FILES)
		return NULL;
	file = &files[count++];
	file->path = cmd_copy(frame->path);
	if (frame->build_id != NULL)
		file->build_id = cmd_copy(frame->build_id);
	open_file(dwfl, file);
	return file;
}

const char *
symbol_source(void)
{
	return "with libdw";
}

void
symbol_find(struct frame *frame, bool is_return, long long seconds)
{
	const struct file *file;
	Dwfl_Line *line;
	uint64_t at;

	if (frame->path == NULL)
		return;
	/* the vdso and the like are no files */
	file = frame->path[0] == '/' ? file_of(frame) : NULL;
	frame->why = file != NULL ? file->why : "not looked up";
	if (frame->why == NULL && frame->build_id == NULL &&
	    (long long)file->changed >= seconds)
		frame->why = "the file has changed since";
	if (frame->why != NULL)
		return;
	/* of a return address the call before it is meant, if there is one */
	at = file->bias + frame->offset;
	frame->function = dw.module_addrname(file->module, at - is_return);
	if (frame->function == NULL)
		frame->function = dw.module_addrname(file->module, at);
	line = dw.module_getsrc(file->module, at - is_return);
	if (line != NULL)
		frame->file =
		    dw.lineinfo(line, NULL, &frame->line, NULL, NULL, NULL);
	if (frame->function == NULL)
		frame->why = "no symbol";
}

#else

const char *
symbol_source(void)
{
	return "without libdw";
}

void
symbol_find(struct frame *frame, bool is_return, long long seconds)
{
	(void)is_return;
	(void)seconds;
	if (frame->path != NULL)
		frame->why = "gsctl was built without libdw";
}

#endif
