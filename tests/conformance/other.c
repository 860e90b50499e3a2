/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/other.h"

#include <fcntl.h>
#include <sys/prctl.h>

static struct {
	char name[GS_NAME_MAX + 1];
	pid_t pid;
} others[OTHERS];

const char *
other(int i)
{
	snprintf(others[i].name, sizeof(others[i].name), "%.100s-%d",
	    test_node(), i);
	return others[i].name;
}

static void
be_node(void *data)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	CHECK_INT(gs_node_run(other(((int *)data)[0]), ((int *)data)[1]), 0);
}

static void
start_there(void *data)
{
	(void)data;
	start_named("", "there");
}

void
other_up(int i)
{
	int ready[2], arg[2] = { i, -1 };
	char line[256];

	CHECK(pipe2(ready, O_CLOEXEC) == 0);
	arg[1] = ready[1];
	others[i].pid = test_fork(be_node, arg);
	close(ready[1]);
	if (read(ready[0], line, sizeof(line)) <= 0)
		FAIL("node %d did not come up", i);
	close(ready[0]);
	other_run(i, start_there, NULL);
}

struct run {
	int i;
	void (*fn)(void *data);
	void *data;
};

static void
run_there(void *data)
{
	struct run *run = data;

	CHECK_OK(gs_node_open(other(run->i), 0));
	run->fn(run->data);
	gs_node_close();
}

void
other_run(int i, void (*fn)(void *data), void *data)
{
	struct run run = { i, fn, data };

	test_join(test_fork(run_there, &run));
}

void
other_kill(int i)
{
	test_kill(others[i].pid);
	/* what it has left is cleared away with the next that starts */
	CHECK_OK(gs_nodes_prune());
}

void
other_stop(int i)
{
	CHECK_INT(kill(others[i].pid, SIGSTOP), 0);
	CHECK(eventually(test_is_stopped, &others[i].pid, SOON));
}

void
other_cont(int i)
{
	CHECK_INT(kill(others[i].pid, SIGCONT), 0);
}

static void
go_down(void *data)
{
	(void)data;
	CHECK_OK(gs_node_down(FOREVER));
}

void
other_down(int i)
{
	other_run(i, go_down, NULL);
	test_join(others[i].pid);
}

void
others_up(int n)
{
	board_up();
	for (int i = 0; i < n; i++)
		other_up(i);
	unsetenv("GS_NODE");
	CHECK_OK(gs_node_open(NULL, 0));
}

void
others_down(int n)
{
	for (int i = 0; i < n; i++)
		other_down(i);
	node_down();
}

struct client {
	int os_pid;
	gs_pid pid;
};

static int
find_client(const gs_process_info *info, void *data)
{
	struct client *c = data;

	if (info->kind != GS_PROCESS_CLIENT || info->os_pid != c->os_pid)
		return 0;
	c->pid = info->pid;
	return 1;
}

gs_pid
client_of(int os_pid)
{
	struct client client = { .os_pid = os_pid };

	CHECK_INT(gs_processes(find_client, &client), 1);
	return client.pid;
}

gs_pid
there(int i)
{
	gs_pid pid;

	CHECK_INT(gs_resolve(THERE(i), &pid), 0);
	return pid;
}
