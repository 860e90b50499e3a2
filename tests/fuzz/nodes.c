/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime folder with files of any names and kinds in it: what is listed
 * has a name that a node can have, pruning removes what is stale, all of it at
 * once, and touches nothing that is not a dead node's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/internal.h"
#include "lib/runtime.h"
#include "shm/arena.h"
#include "tests/fuzz/fuzz.h"

#define FILES 8
#define BRANCHES 3000000ull

int __wrap_shm_open(const char *name, int flags, mode_t mode);
int __wrap_shm_unlink(const char *name);

struct world {
	char node[FILES][GS_NAME_MAX + 1]; /* that runs: "" none */
	int lock[FILES];
	int listed;
	int stale;
};

/* No segment of anybody's is looked at; each name stays in its place. */
static void
check_segment(const char *name)
{
	char start[40];

	snprintf(start, sizeof(start), "/genserver-%u-", (unsigned)getuid());
	FUZZ(strncmp(name, start, strlen(start)) == 0);
	FUZZ(strchr(name + 1, '/') == NULL && strlen(name) < 256);
}

int
__wrap_shm_open(const char *name, int flags, mode_t mode)
{
	(void)flags;
	(void)mode;
	check_segment(name);
	errno = ENOENT;
	return -1;
}

int
__wrap_shm_unlink(const char *name)
{
	check_segment(name);
	return 0;
}

/* A file of any name, or nothing where that is impossible. */
static void
make_file(struct fuzz_input *in)
{
	static const char *const ends[] = { ".lock", ".sock", ".log", "" };
	char name[240], path[400];
	uint8_t how = fuzz_byte(in);
	int fd;

	fuzz_text(in, name, 1 + fuzz_byte(in) % 200);
	for (char *at = name; *at != '\0'; at++)
		if (*at == '/')
			*at = '%';
	snprintf(
	    path, sizeof(path), "%s/%s%s", fuzz_folder(), name, ends[how & 3]);
	if ((how & 12) == 12) {
		if (symlink("/etc/hostname", path) != 0)
			return;
	} else {
		fd =
		    open(path, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd >= 0)
			close(fd);
	}
}

/* A node that runs: its lock is held, as a node holds it. */
static void
make_node(struct world *w, int i, struct fuzz_input *in)
{
	char name[GS_NAME_MAX + 1];

	fuzz_text(in, name, fuzz_byte(in) % sizeof(name));
	if (gs_name_check(name, NULL) != 0)
		return;
	w->lock[i] = gsi_node_lock(name);
	if (w->lock[i] >= 0)
		strcpy(w->node[i], name);
}

static int
see(const gs_node_entry *node, void *data)
{
	struct world *w = data;
	bool ours = false;

	FUZZ(gs_name_check(node->name, NULL) == 0);
	for (int i = 0; i < FILES; i++)
		ours = ours || strcmp(w->node[i], node->name) == 0;
	FUZZ(node->running == ours);
	FUZZ(node->running || node->os_pid == 0);
	w->listed++;
	w->stale += !node->running;
	return 0;
}

static void
list(struct world *w)
{
	w->listed = w->stale = 0;
	FUZZ(gs_nodes(see, w) == 0);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	setenv("GS_RUNTIME_DIR", fuzz_folder(), 1);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct world w = { .listed = 0 };
	int fds = fuzz_descriptors(), stale, running = 0;

	fuzz_folder_clear();
	for (int i = 0; i < FILES; i++)
		w.lock[i] = -1;
	for (int i = 0; i < FILES && in.left > 0; i++) {
		if (fuzz_byte(&in) & 1)
			make_node(&w, i, &in);
		else
			make_file(&in);
	}
	fuzz_budget(BRANCHES);
	list(&w);
	stale = w.stale;
	running = w.listed - w.stale;
	FUZZ(gs_nodes_prune() <= stale);
	list(&w);
	/* a link cannot be locked, so it is left alone, and that is said */
	FUZZ(w.listed - w.stale == running);
	FUZZ(gs_nodes_prune() <= 0);
	fuzz_budget(UINT64_MAX);
	for (int i = 0; i < FILES; i++)
		if (w.lock[i] >= 0)
			gsi_node_unlock(w.node[i], w.lock[i]);
	FUZZ(fuzz_descriptors() == fds);
	return 0;
}
