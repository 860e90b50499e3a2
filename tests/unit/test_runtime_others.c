/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime folder and other users: what they have put in its place, or
 * into it, is refused and never used; the words name the owner and what to
 * do.  OS-20
 */
#include <errno.h>
#include <fcntl.h>
#include <genserver.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/runtime.h"
#include "tests/runner.h"

#define THEY 12345u

static char path[600];

static void
need_root(void)
{
	if (geteuid() != 0)
		SKIP("needs root to play another user");
}

/* The last error has these in it. */
static void
words(const char *part, const char *other)
{
	const char *text = gs_error_text();

	if (!strstr(text, part) || !strstr(text, other))
		FAIL("'%s' without '%s' and '%s'", text, part, other);
}

static void
give_away(const char *file)
{
	CHECK_INT(lchown(file, THEY, (gid_t)-1), 0);
}

static const char *
below(const char *name)
{
	static char text[300];

	snprintf(text, sizeof(text), "%s/%s", test_dir(), name);
	return text;
}

/* ---- the folder ---- */

TEST(runtime_dir_that_is_a_link_of_another_is_refused)
{
	char link[300];

	need_root();
	snprintf(link, sizeof(link), "%s", below("link"));
	CHECK_INT(symlink(test_dir(), link), 0);
	give_away(link);
	CHECK_INT(setenv("GS_RUNTIME_DIR", link, 1), 0);
	CHECK_INT(gs_runtime_dir(path, sizeof(path)), -ENOTDIR);
	words(link, "user 12345");
	words("link", "set GS_RUNTIME_DIR");
	CHECK_INT(unlink(link), 0);
}

/* As after su, which leaves the variable as it was. */
TEST(xdg_runtime_dir_of_another_is_left_alone)
{
	char dir[300];

	need_root();
	snprintf(dir, sizeof(dir), "%s", below("theirs"));
	CHECK_INT(mkdir(dir, 0700), 0);
	give_away(dir);
	CHECK_INT(unsetenv("GS_RUNTIME_DIR"), 0);
	CHECK_INT(setenv("XDG_RUNTIME_DIR", dir, 1), 0);
	CHECK_INT(gs_runtime_dir(path, sizeof(path)), -EPERM);
	words(dir, "user 12345");
	words("XDG_RUNTIME_DIR", "set GS_RUNTIME_DIR");
	/* nothing of ours is in their way now */
	CHECK_INT(rmdir(dir), 0);
}

/* ---- what is in it ---- */

TEST(lock_of_another_is_refused)
{
	char lock[600];
	int fd;

	need_root();
	CHECK_INT(gsi_runtime_file(lock, sizeof(lock), "n", ".lock"), 0);
	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	CHECK_OK(fd);
	close(fd);
	give_away(lock);
	CHECK_INT(gsi_node_lock("n"), -EPERM);
	words(lock, "user 12345");
	words("remove", "");
	CHECK_INT(unlink(lock), 0);
}

/* Holds the lock of the node; does not answer. */
static void
hold(void *path_of_lock)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path_of_lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	CHECK_OK(fd);
	CHECK_INT(fcntl(fd, F_SETLK, &lock), 0);
	for (;;)
		pause();
}

static bool
is_held(void *path_of_lock)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path_of_lock, O_RDWR | O_CLOEXEC);
	bool is;

	if (fd < 0)
		return false;
	is = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	close(fd);
	return is;
}

static void
start_in_vain(void *data)
{
	(void)data;
	CHECK_INT(gs_node_run(test_node(), -1), -EEXIST);
	words("held", ".lock");
	words("no node answers", test_node());
}

TEST(lock_that_no_node_holds_is_told)
{
	char lock[600];
	pid_t holder;

	CHECK_INT(
	    gsi_runtime_file(lock, sizeof(lock), test_node(), ".lock"), 0);
	holder = test_fork(hold, lock);
	CHECK(eventually(is_held, lock, 10000));
	test_join(test_fork(start_in_vain, NULL));
	test_kill(holder);
	CHECK_INT(unlink(lock), 0);
}

/* Who listens as another user: bound by us, so that it is where ours are. */
static int
listen_as(const char *name, uid_t uid)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	CHECK_OK(fd);
	CHECK_INT(gsi_runtime_file(address.sun_path, sizeof(address.sun_path),
		      name, ".sock"),
	    0);
	CHECK_INT(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	CHECK_INT(seteuid(uid), 0);
	CHECK_INT(listen(fd, 4), 0);
	CHECK_INT(seteuid(0), 0);
	return fd;
}

/* Not a byte is said to it. */
TEST(socket_of_another_is_not_talked_to)
{
	char sock[600], byte;
	int listener, fd;

	need_root();
	listener = listen_as("n", THEY);
	CHECK_INT(gs_node_open("n", 0), -EPERM);
	words("n.sock", "user 12345");
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	CHECK_OK(fd);
	CHECK_INT(recv(fd, &byte, 1, MSG_DONTWAIT), 0);
	close(fd);
	close(listener);
	CHECK_INT(gsi_runtime_file(sock, sizeof(sock), "n", ".sock"), 0);
	CHECK_INT(unlink(sock), 0);
}

/* What is in the socket's place is replaced, not followed. */
TEST(node_listens_on_a_socket_of_its_own)
{
	char sock[600], other[600];
	struct stat st;
	gs_node_info info;
	char line[64];
	int ready[2];
	pid_t node;

	need_root();
	CHECK_INT(
	    gsi_runtime_file(sock, sizeof(sock), test_node(), ".sock"), 0);
	snprintf(other, sizeof(other), "%s", below("other"));
	CHECK_INT(close(open(other, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
	CHECK_INT(symlink(other, sock), 0);
	give_away(sock);
	umask(0);
	CHECK_INT(pipe2(ready, O_CLOEXEC), 0);
	node = fork();
	CHECK_OK(node);
	if (node == 0)
		_exit(gs_node_run(test_node(), ready[1]) != 0);
	close(ready[1]);
	CHECK(read(ready[0], line, sizeof(line)) > 0);
	close(ready[0]);
	CHECK_INT(gs_node_open(test_node(), 0), 0);
	CHECK_INT(gs_node_inspect(&info), 0);
	CHECK_INT(info.os_pid, node);
	CHECK_INT(lstat(sock, &st), 0);
	CHECK(S_ISSOCK(st.st_mode));
	CHECK_INT(st.st_mode & 07777, 0600);
	CHECK_INT(stat(other, &st), 0);
	CHECK_INT(st.st_size, 0);
	CHECK_INT(gs_node_down(5000), 0);
	gs_node_close();
	test_join(node);
	CHECK_INT(unlink(other), 0);
}

/* ---- a program that runs as somebody else than who started it ---- */

#define PROBE "GS_TEST_PROBE"

/* Run by hand below, set-user-ID: what the library makes of it. */
__attribute__((constructor)) static void
probe(void)
{
	int status;

	if (!getenv(PROBE))
		return;
	status = gs_runtime_dir(path, sizeof(path));
	printf("%d %s\n", status, status ? gs_error_text() : path);
	fflush(stdout);
	/* a sanitizer could not look for leaks in such a process */
	_exit(0);
}

/* A copy of this program that runs as THEY. */
static void
copy_self(const char *to)
{
	char command[700];

	snprintf(command, sizeof(command), "cp /proc/%d/exe %s", getpid(), to);
	CHECK_INT(system(command), 0);
	CHECK_INT(chown(to, THEY, THEY), 0);
	CHECK_INT(chmod(to, 04755), 0);
}

static void
run_probe(const char *program, const char *dir, char *said, size_t size)
{
	char command[900];
	size_t n;
	FILE *p;

	snprintf(command, sizeof(command),
	    "cd / && env " PROBE "=1 GS_RUNTIME_DIR=%s XDG_RUNTIME_DIR=%s "
	    "setpriv --reuid 12346 --clear-groups "
	    "%s",
	    dir, dir, program);
	p = popen(command, "re");
	CHECK(p);
	n = fread(said, 1, size - 1, p);
	said[n] = '\0';
	pclose(p);
}

TEST(set_user_id_program_believes_no_environment)
{
	char dir[] = "/tmp/gs-others.XXXXXX", program[64], said[2000];
	struct statvfs vfs;
	struct stat tmp;

	need_root();
	CHECK_OK(stat("/tmp", &tmp));
	if ((tmp.st_mode & 03) != 03)
		SKIP("/tmp is closed to other users");
	CHECK(mkdtemp(dir));
	CHECK_INT(chmod(dir, 0755), 0);
	if (statvfs(dir, &vfs) != 0 || (vfs.f_flag & ST_NOSUID) != 0) {
		rmdir(dir);
		SKIP("/tmp is mounted nosuid");
	}
	snprintf(program, sizeof(program), "%s/probe", dir);
	copy_self(program);
	run_probe(program, dir, said, sizeof(said));
	CHECK_INT(unlink(program), 0);
	CHECK_INT(rmdir(dir), 0);
	rmdir("/tmp/genserver-12345");
	if (!strstr(said, "0 /tmp/genserver-12345\n"))
		FAIL("it said: %s", said);
}
