/* SPDX-License-Identifier: Apache-2.0 */
/* What the log says of damaged mailboxes. */
#ifndef GS_TESTS_TORTURE_SCRIBBLE_LOG_H
#define GS_TESTS_TORTURE_SCRIBBLE_LOG_H

#include <genserver.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/runner.h"

/* No process is reported twice; how many were damaged. */
static int
count_reports(char *log)
{
	static char seen[20000][GS_PID_TEXT];
	int n = 0;

	for (char *at = log; (at = strstr(at, " error server_terminated "));) {
		char *end = strchr(++at, '\n');
		char *pid = strchr(at, '<');

		if (!end || !pid || pid > end || n == 20000)
			break;
		*end = '\0';
		if (strstr(at, "bad_mailbox")) {
			snprintf(seen[n], GS_PID_TEXT, "%.*s",
			    (int)strcspn(pid, ">"), pid);
			for (int i = 0; i < n; i++)
				CHECK(strcmp(seen[i], seen[n]) != 0);
			n++;
		}
		*end = '\n';
	}
	return n;
}

static char *
read_log(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = calloc(1, (size_t)size + 1);

	CHECK(text && pread(fd, text, (size_t)size, 0) == size);
	return text;
}

#endif
