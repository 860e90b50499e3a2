/* SPDX-License-Identifier: Apache-2.0 */
/* The runtime folder: which one, when it is refused, and a node's files. */
#include <errno.h>
#include <genserver.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/runtime.h"
#include "tests/runner.h"

static char path[600];

/* The folder of the case, also once GS_RUNTIME_DIR is another. */
static const char *
home(void)
{
	static char dir[200];

	if (dir[0] == '\0')
		snprintf(dir, sizeof(dir), "%s", test_dir());
	return dir;
}

/* A path below the folder of the case, given to GS_RUNTIME_DIR. */
static const char *
use(const char *name)
{
	static char text[1024];

	snprintf(text, sizeof(text), "%s/%s", home(), name);
	CHECK_INT(setenv("GS_RUNTIME_DIR", text, 1), 0);
	return text;
}

static void
refused(int status, const char *part, const char *other)
{
	const char *text;

	CHECK_INT(gs_runtime_dir(path, sizeof(path)), status);
	text = gs_error_text();
	if (!strstr(text, part) || !strstr(text, other))
		FAIL("'%s' without '%s' and '%s'", text, part, other);
}

static int
mode_of(const char *file)
{
	struct stat st;

	CHECK_INT(lstat(file, &st), 0);
	return (int)(st.st_mode & 07777);
}

TEST(runtime_dir_is_made_for_nobody_else)
{
	const char *wanted = use("new");

	umask(0);
	CHECK_INT(gs_runtime_dir(path, sizeof(path)), 0);
	CHECK_STR(path, wanted);
	CHECK_INT(mode_of(path), 0700);
	CHECK_INT(gs_runtime_dir(path, sizeof(path)), 0);
	CHECK_INT(rmdir(path), 0);
}

TEST(runtime_dir_comes_from_the_environment)
{
	char wanted[300];

	snprintf(wanted, sizeof(wanted), "%s/genserver", home());
	CHECK_INT(setenv("XDG_RUNTIME_DIR", home(), 1), 0);
	CHECK_INT(unsetenv("GS_RUNTIME_DIR"), 0);
	CHECK_INT(gs_runtime_dir(path, sizeof(path)), 0);
	CHECK_STR(path, wanted);
	/* empty is as good as unset */
	CHECK_INT(setenv("GS_RUNTIME_DIR", "", 1), 0);
	CHECK_INT(gs_runtime_dir(path, sizeof(path)), 0);
	CHECK_STR(path, wanted);
	CHECK_INT(setenv("GS_RUNTIME_DIR", home(), 1), 0);
	CHECK_INT(gs_runtime_dir(path, sizeof(path)), 0);
	CHECK_STR(path, home());
	CHECK_INT(rmdir(wanted), 0);
}

TEST(runtime_dir_open_to_others_is_refused)
{
	static const mode_t modes[] = { 0755, 0701, 0710, 0720, 0777, 01777 };
	const char *dir = use("open");
	char words[32];

	CHECK_INT(mkdir(dir, 0700), 0);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		CHECK_INT(chmod(dir, modes[i]), 0);
		snprintf(words, sizeof(words), "mode %03o", modes[i] & 0777);
		refused(-EPERM, dir, words);
		refused(-EPERM, dir, "chmod 700");
		/* it is left as it is */
		CHECK_INT(mode_of(dir), modes[i]);
		CHECK_INT(gsi_node_lock("n"), -EPERM);
	}
	CHECK_INT(chmod(dir, 0700), 0);
	CHECK_INT(gs_runtime_dir(path, sizeof(path)), 0);
	CHECK_INT(rmdir(dir), 0);
}

TEST(runtime_dir_of_somebody_else_is_refused)
{
	const char *dir = use("theirs");

	if (geteuid() != 0)
		SKIP("needs root to give a folder away");
	CHECK_INT(mkdir(dir, 0700), 0);
	CHECK_INT(chown(dir, 12345, (gid_t)-1), 0);
	refused(-EPERM, dir, "user 12345");
	CHECK_INT(gsi_node_lock("n"), -EPERM);
	CHECK_INT(rmdir(dir), 0);
}

TEST(runtime_dir_that_is_no_folder_is_refused)
{
	const char *dir = use("odd");
	char target[300];
	FILE *file = fopen(dir, "we");

	CHECK(file);
	fclose(file);
	refused(-ENOTDIR, dir, "no folder");
	CHECK_INT(unlink(dir), 0);
	/* a link, even to a folder that would do, and to nothing */
	snprintf(target, sizeof(target), "%s/target", home());
	CHECK_INT(mkdir(target, 0700), 0);
	CHECK_INT(symlink(target, dir), 0);
	refused(-ENOTDIR, dir, "no folder");
	CHECK_INT(rmdir(target), 0);
	refused(-ENOTDIR, dir, "no folder");
	CHECK_INT(access(target, F_OK), -1);
	CHECK_INT(unlink(dir), 0);
}

TEST(runtime_dir_without_a_parent_is_refused)
{
	const char *dir = use("not/there");

	refused(-ENOENT, dir, "No such file");
}

TEST(runtime_dir_too_long_for_a_socket_is_refused)
{
	char name[600];
	size_t n = 80 - strlen(home()) - 1;

	memset(name, 'x', sizeof(name));
	name[n + 1] = '\0';
	refused(-ENAMETOOLONG, use(name), "GS_RUNTIME_DIR");
	name[n] = '\0';
	use(name);
	CHECK_INT(gs_runtime_dir(path, sizeof(path)), 0);
	CHECK_INT(strlen(path), 80);
	CHECK_INT(rmdir(path), 0);
	/* longer than any buffer on the way */
	memset(name, 'x', sizeof(name));
	name[0] = '/';
	name[599] = '\0';
	CHECK_INT(setenv("GS_RUNTIME_DIR", name, 1), 0);
	refused(-ENAMETOOLONG, "/xxx", "GS_RUNTIME_DIR");
}

TEST(runtime_dir_into_a_small_buffer_is_refused)
{
	char small[8] = "before";

	CHECK_INT(gs_runtime_dir(small, sizeof(small)), -ENAMETOOLONG);
	CHECK_STR(small, "before");
	CHECK_INT(gs_runtime_dir(path, strlen(home())), -ENAMETOOLONG);
	CHECK_INT(gs_runtime_dir(path, strlen(home()) + 1), 0);
}

/* ---- files of nodes ---- */

static void
file_is(const char *node, const char *wanted)
{
	CHECK_INT(gsi_runtime_file(path, sizeof(path), node, ".sock"), 0);
	CHECK(strncmp(path, home(), strlen(home())) == 0);
	CHECK_STR(path + strlen(home()), wanted);
}

TEST(runtime_file_never_leaves_the_folder)
{
	file_is("default", "/default.sock");
	file_is("a/b", "/a%2fb.sock");
	file_is("../x", "/%2e.%2fx.sock");
	file_is("..", "/%2e..sock");
	file_is("a.b", "/a.b.sock");
	file_is("100%", "/100%25.sock");
	file_is("%2f", "/%252f.sock");
	file_is("a b", "/a b.sock");
}

TEST(runtime_file_too_long_is_refused)
{
	size_t room = 108 - strlen(home()) - 1 - 5;
	char node[GS_NAME_MAX + 1];

	memset(node, 'n', sizeof(node));
	node[room] = '\0';
	CHECK_INT(gsi_runtime_file(path, 108, node, ".sock"), -ENAMETOOLONG);
	CHECK(strstr(gs_error_text(), node));
	node[room - 1] = '\0';
	CHECK_INT(gsi_runtime_file(path, 108, node, ".sock"), 0);
	CHECK_INT(strlen(path), 107);
	memset(node, '/', GS_NAME_MAX);
	node[GS_NAME_MAX] = '\0';
	CHECK_INT(gsi_runtime_file(path, 108, node, ".sock"), -ENAMETOOLONG);
	CHECK_INT(gsi_runtime_file(path, sizeof(path), node, ".sock"), 0);
}
