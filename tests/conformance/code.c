/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fixture modules and servers of them.
 */
#include "tests/conformance/code.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

const char *
fixture(const char *name)
{
	return GS_STR("%s/tests/fixtures/%s", getenv("GS_BUILD"), name).data;
}

gs_pid
start_module(const char *path, const char *name)
{
	gs_child_spec spec = { .path = path, .options.name = name };
	gs_pid pid;

	CHECK_OK(gs_child_start(&spec, &pid));
	return pid;
}

void
put_module(const char *name, const char *path)
{
	char new[300];
	struct stat st;
	int from = open(fixture(name), O_RDONLY | O_CLOEXEC);
	int to;

	snprintf(new, sizeof(new), "%s.new", path);
	to = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	CHECK(from >= 0 && to >= 0 && fstat(from, &st) == 0);
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = sendfile(to, from, NULL, (size_t)left);

		CHECK(n > 0);
		left -= n;
	}
	close(from);
	close(to);
	CHECK_INT(rename(new, path), 0);
}

int
change(gs_addr to, const char *path, const char *extra)
{
	gs_sys_code code = { .module = path, .extra = GS_TEXT(extra) };

	return gs_sys_change_code(to, &code, SOON);
}

int
change_at_once(gs_addr to, const char *path, bool down)
{
	gs_sys_code code = { .module = path, .down = down, .suspend = true };

	return gs_sys_change_code(to, &code, SOON);
}

void
refused(gs_addr to, const char *path, const char *extra, int status,
    const char *reason)
{
	int was = change(to, path, extra);

	if (was != status ||
	    strncmp(gs_error_reason(), reason, strlen(reason)) != 0)
		FAIL("%s, \"%s\": %d %s", path, extra, was, gs_error_reason());
}
