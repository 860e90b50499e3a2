/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node of a case: private, private with its stderr caught, or named.
 */
#include "tests/conformance/helpers.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>

static int caught_fd = -1;
static pid_t node_pid;

void
node_up(void)
{
	unsetenv("GS_NODE");
	board_up();
	CHECK_OK(gs_node_open(NULL, 0));
}

/* Only the node's processes inherit the file: ours is put back at once. */
void
node_up_caught(void)
{
	int saved = dup(STDERR_FILENO);
	int status;

	caught_fd = memfd_create("stderr", MFD_CLOEXEC);
	CHECK(saved >= 0 && caught_fd >= 0);
	CHECK(dup2(caught_fd, STDERR_FILENO) >= 0);
	board_up();
	status = gs_node_open(NULL, 0);
	dup2(saved, STDERR_FILENO);
	close(saved);
	CHECK_OK(status);
}

void
node_down(void)
{
	gs_node_close();
	if (caught_fd >= 0)
		close(caught_fd);
	caught_fd = -1;
}

const char *
caught(void)
{
	static char text[1 << 18];
	ssize_t n = pread(caught_fd, text, sizeof(text) - 1, 0);

	CHECK(n >= 0);
	text[n] = '\0';
	return text;
}

int
caught_count(const char *text)
{
	const char *at = caught();
	int count = 0;

	while ((at = strstr(at, text))) {
		at += strlen(text);
		count++;
	}
	return count;
}

static bool
is_caught(void *data)
{
	return strstr(caught(), data) != NULL;
}

bool
wait_caught(const char *text)
{
	if (eventually(is_caught, (void *)text, SOON))
		return true;
	fprintf(stderr, "caught only:\n%s\n", caught());
	return false;
}

void
named_node_up(void)
{
	char line[256];
	int ready[2];
	ssize_t n;

	board_up();
	CHECK(pipe2(ready, O_CLOEXEC) == 0);
	fflush(NULL);
	node_pid = fork();
	CHECK(node_pid >= 0);
	if (node_pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		_exit(gs_node_run(test_node(), ready[1]) ? 1 : 0);
	}
	close(ready[1]);
	n = read(ready[0], line, sizeof(line));
	close(ready[0]);
	if (n <= 0)
		FAIL("the node did not come up");
	CHECK_OK(gs_node_open(test_node(), 0));
}

void
named_node_down(void)
{
	CHECK_OK(gs_node_down(FOREVER));
	gs_node_close();
	test_join(node_pid);
}
