/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a case left behind: segments, processes, files.  The rule: what goes
 * away by itself within a moment (a node whose program has ended) does not
 * count.  Processes and files are also removed; a segment is left for you to
 * look at, and counts only once.
 */
#include "tests/runner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GRACE_MS 3000
#define SHM "/dev/shm"

/* ---- segments ---- */

void
left_list(struct segments *list)
{
	DIR *dir = opendir(SHM);
	const struct dirent *entry;

	list->n = 0;
	if (!dir)
		return;
	while ((entry = readdir(dir)) && list->n < SEGMENTS) {
		if (strncmp(entry->d_name, "genserver", 9) != 0)
			continue;
		snprintf(list->name[list->n++], sizeof(list->name[0]), "%s",
		    entry->d_name);
	}
	closedir(dir);
}

/* A segment that a living node has locked belongs to another test program. */
static bool
is_locked(const char *name)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[120];
	bool locked;
	int fd;

	snprintf(path, sizeof(path), SHM "/%s", name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno == EACCES;
	locked = fcntl(fd, F_OFD_GETLK, &lock) < 0 || lock.l_type != F_UNLCK;
	close(fd);
	return locked;
}

static const char *
new_segment(
    const struct segments *before, const char *node, struct segments *now)
{
	left_list(now);
	for (int i = 0; i < now->n; i++) {
		const char *name = now->name[i];
		int j = 0;

		while (j < before->n && strcmp(before->name[j], name) != 0)
			j++;
		if (j < before->n)
			continue;
		if (strstr(name, node))
			return name;
		/* Of another test program, which looks for itself. */
		if (strstr(name, "-test-") || is_locked(name))
			continue;
		return name;
	}
	return NULL;
}

bool
left_segment(const struct segments *before, const char *node)
{
	int64_t deadline = now_ms() + GRACE_MS;
	struct timespec pause = { 0, 2000000 };
	struct segments now;
	const char *name;

	while ((name = new_segment(before, node, &now)) && now_ms() < deadline)
		nanosleep(&pause, NULL);
	if (name)
		printf("# left the segment " SHM "/%s\n", name);
	return name;
}

/* ---- processes ---- */

static void
describe(const char *what, pid_t pid)
{
	char path[64], comm[32] = "?", wait[64] = "?", state = '?';
	pid_t parent = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	file = fopen(path, "re");
	if (file && fscanf(file, "%31[^\n]", comm) != 1)
		comm[0] = '\0';
	if (file)
		fclose(file);
	snprintf(path, sizeof(path), "/proc/%d/wchan", (int)pid);
	file = fopen(path, "re");
	if (file && fscanf(file, "%63s", wait) != 1)
		wait[0] = '\0';
	if (file)
		fclose(file);
	test_process(pid, &state, &parent);
	printf("# %s process %d (%s), parent %d, state %c, in %s\n", what,
	    (int)pid, comm, (int)parent, state, wait);
}

/* Calls each for the children of pid. */
static void
children(pid_t pid, void (*each)(pid_t child))
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	pid_t child, parent;
	char state;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		child = (pid_t)atoi(entry->d_name);
		if (child > 0 && test_process(child, &state, &parent) &&
		    parent == pid && state != 'Z')
			each(child);
	}
	closedir(dir);
}

static void
kill_left(pid_t pid)
{
	describe("left", pid);
	kill(pid, SIGKILL);
}

void
left_late(pid_t pid)
{
	describe("late", pid);
	children(pid, left_late);
	kill(pid, SIGKILL);
}

/* Reaps until no child is left or the time is over. */
static bool
reap_all(int64_t deadline)
{
	struct timespec pause = { 0, 1000000 };
	pid_t pid;

	while (now_ms() < deadline) {
		pid = waitpid(-1, NULL, WNOHANG | __WALL);
		if (pid < 0 && errno == ECHILD)
			return true;
		if (pid == 0)
			nanosleep(&pause, NULL);
	}
	return false;
}

bool
left_children(void)
{
	int64_t deadline = now_ms() + 10000;

	if (reap_all(now_ms() + GRACE_MS * test_slowness()))
		return false;
	do
		children(getpid(), kill_left);
	while (!reap_all(now_ms() + 200) && now_ms() < deadline);
	return true;
}

/* ---- files ---- */

bool
left_files(char *dir)
{
	char *paths[2] = { dir, NULL };
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	const FTSENT *at;
	bool left = false;

	while (tree && (at = fts_read(tree))) {
		const char *end = strrchr(at->fts_name, '.');

		if (at->fts_info == FTS_D)
			continue;
		if (at->fts_info == FTS_DP) {
			rmdir(at->fts_path);
			continue;
		}
		if (!end || strcmp(end, ".log") != 0) {
			printf("# left the file %s\n",
			    at->fts_path + strlen(dir) + 1);
			left = true;
		}
		unlink(at->fts_path);
	}
	if (tree)
		fts_close(tree);
	return left;
}
