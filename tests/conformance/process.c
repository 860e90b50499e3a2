/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests ask about the processes of the node.
 */
#include "tests/conformance/helpers.h"

int
os_pid_of(gs_addr who)
{
	gs_process_info info;

	CHECK_OK(gs_process_inspect(who, &info));
	CHECK(info.os_pid > 0);
	return info.os_pid;
}

gs_pid
parsed(const char *text)
{
	gs_pid pid;

	CHECK(text);
	if (gs_pid_parse(text, &pid) < 0)
		FAIL("\"%s\" is no pid", text);
	return pid;
}

bool
os_exists(const char *os_pid)
{
	CHECK(os_pid && atoi(os_pid) > 1);
	return kill(atoi(os_pid), 0) == 0;
}

bool
is_free(const char *name)
{
	gs_pid pid;
	int status = gs_whereis(name, &pid);

	CHECK(status == 0 || status == -ENOENT);
	return status == -ENOENT;
}

gs_pid
self_pid(void)
{
	gs_pid pid;

	CHECK_OK(gs_self(&pid));
	return pid;
}

static bool
is_dead(void *data)
{
	return !gs_alive(*(gs_pid *)data);
}

bool
wait_dead(gs_pid pid)
{
	return eventually(is_dead, &pid, SOON);
}

enum gs_process_state
state_of(gs_addr who)
{
	gs_process_info info;

	if (gs_process_inspect(who, &info) < 0)
		return GS_STATE_EXITED;
	return info.state;
}

struct wanted_state {
	gs_addr who;
	enum gs_process_state state;
};

static bool
in_state(void *data)
{
	const struct wanted_state *wanted = data;

	return state_of(wanted->who) == wanted->state;
}

bool
wait_state(gs_addr who, enum gs_process_state state)
{
	struct wanted_state wanted = { who, state };

	if (eventually(in_state, &wanted, SOON))
		return true;
	fprintf(stderr, "its state is %s\n", gs_state_text(state_of(who)));
	return false;
}

static int
count_server(const gs_process_info *info, void *data)
{
	if (info->kind == GS_PROCESS_SERVER && info->state != GS_STATE_EXITED)
		++*(int *)data;
	return 0;
}

int
server_count(void)
{
	int count = 0;

	CHECK_OK(gs_processes(count_server, &count));
	return count;
}

bool
linked(gs_pid pid, gs_pid to)
{
	gs_pid links[64];
	int i, n = gs_links(pid, links, 64);

	CHECK_OK(n);
	for (i = 0; i < n && i < 64; i++) {
		if (gs_pid_equal(links[i], to))
			return true;
	}
	return false;
}

void
freeze(gs_pid pid)
{
	CHECK_INT(kill(os_pid_of(GS_PID(pid)), SIGSTOP), 0);
	CHECK(wait_state(GS_PID(pid), GS_STATE_STOPPED));
}

void
thaw(gs_pid pid)
{
	CHECK_INT(kill(os_pid_of(GS_PID(pid)), SIGCONT), 0);
}

void
end_with(gs_pid pid, const char *reason)
{
	CHECK_INT(gs_exit_signal(GS_PID(pid), reason), 0);
	CHECK(wait_dead(pid));
}

struct wanted_queue {
	gs_addr who;
	unsigned count;
};

static bool
queue_reached(void *data)
{
	const struct wanted_queue *wanted = data;
	gs_process_info info;

	return gs_process_inspect(wanted->who, &info) == 0 &&
	       info.messages_queued >= wanted->count;
}

bool
wait_queue(gs_addr who, unsigned count)
{
	struct wanted_queue wanted = { who, count };

	return eventually(queue_reached, &wanted, SOON);
}

struct wanted_child {
	const char *name;
	enum gs_child_state state;
	bool right;
};

static int
look_at_child(const gs_child *child, void *data)
{
	struct wanted_child *wanted = data;

	if (strcmp(child->id, wanted->name) != 0)
		return 0;
	wanted->right = child->state == wanted->state;
	return 1;
}

static bool
child_in_state(void *data)
{
	struct wanted_child *wanted = data;

	wanted->right = false;
	return gs_children(look_at_child, wanted) >= 0 && wanted->right;
}

bool
wait_child(const char *name, enum gs_child_state state)
{
	struct wanted_child wanted = { name, state, false };

	return eventually(child_in_state, &wanted, SOON);
}

static int
find_root(const gs_process_info *info, void *data)
{
	if (info->kind != GS_PROCESS_SUPERVISOR)
		return 0;
	*(gs_process_info *)data = *info;
	return 1;
}

gs_process_info
root_process(void)
{
	gs_process_info info = { 0 };

	CHECK_OK(gs_processes(find_root, &info));
	return info;
}

static bool
root_is_another(void *data)
{
	pid_t now = root_process().os_pid;

	return now > 1 && now != *(pid_t *)data;
}

void
replace_root(void)
{
	pid_t root = root_process().os_pid;

	CHECK(root > 1);
	CHECK_INT(kill(root, SIGKILL), 0);
	CHECK(eventually(root_is_another, &root, SOON));
}

static int
look(const gs_child *child, void *data)
{
	struct found *found = data;

	if (strcmp(child->id, found->id) == 0) {
		found->child = *child;
		found->index = found->count;
	}
	found->count++;
	return 0;
}

struct found
entry(const char *id)
{
	struct found found = { .id = id, .index = -1 };

	CHECK_OK(gs_children(look, &found));
	return found;
}

static bool
is_up(void *data)
{
	gs_pid pid;

	return gs_whereis(data, &pid) == 0 && gs_ping(GS_PID(pid), PROMPT) == 0;
}

bool
wait_up(const char *name)
{
	return eventually(is_up, (void *)name, SOON);
}
