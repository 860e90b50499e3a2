/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/PID/stat, whose second field, the command's name, may hold anything.
 * The rule: its last bracket ends it.
 */
#include "lib/procfs.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

char *
gsi_proc_stat(pid_t pid, char text[GSI_STAT])
{
	char path[32], *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	n = read(fd, text, GSI_STAT - 1);
	close(fd);
	if (n <= 0)
		return NULL;
	text[n] = '\0';
	at = strrchr(text, ')');
	return at && at[1] == ' ' ? at + 1 : NULL;
}
