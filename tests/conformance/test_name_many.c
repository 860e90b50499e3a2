/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME: many names, one after another and at once.
 */
#include "tests/conformance/helpers.h"

/* What rings may grow by; a leak of 32 bytes for each name is more. */
#define SLACK (1536u << 10)

/* GS_TEST_LONG asks for the full million. */
static int
names_wanted(void)
{
	if (getenv("GS_TEST_LONG"))
		return 1000000;
	return test_slow() ? 5000 : 50000;
}

static void
use_names(int from, int count)
{
	char name[64];
	gs_pid pid;
	int i;

	for (i = from; i < from + count; i++) {
		snprintf(name, sizeof(name), "a name of its own, number %d", i);
		CHECK_INT(gs_register(name), 0);
		CHECK_INT(gs_whereis(name, &pid), 0);
		CHECK_INT(gs_unregister(name), 0);
	}
}

static uint64_t
node_memory(void)
{
	gs_node_info node;
	char path[64];
	long size, resident;
	FILE *file;

	CHECK_INT(gs_node_inspect(&node), 0);
	snprintf(path, sizeof(path), "/proc/%d/statm", node.os_pid);
	file = fopen(path, "re");
	CHECK(file);
	CHECK_INT(fscanf(file, "%ld %ld", &size, &resident), 2);
	fclose(file);
	return (uint64_t)resident * 4096;
}

struct memory {
	uint64_t arena;
	uint64_t node;
};

static struct memory
memory(void)
{
	gs_node_info info;

	CHECK_INT(gs_node_inspect(&info), 0);
	return (struct memory){ info.arena_used, node_memory() };
}

/* The answers of the node have grown our mailbox, until we are idle. */
static bool
is_as_before(void *data)
{
	const struct memory *before = data;
	struct memory now;
	gs_info info;

	CHECK_INT(gs_receive(&info, 50), -ETIMEDOUT);
	now = memory();
	return now.arena < before->arena + SLACK &&
	       now.node < before->node + SLACK;
}

TEST_TIMEOUT(NAME_18_dropped_names_leave_nothing, 600)
{
	struct memory before;

	node_up();
	use_names(0, 1000);
	before = memory();
	use_names(1000, names_wanted());
	CHECK(eventually(is_as_before, &before, SOON));
	CHECK(is_free("a name of its own, number 1500"));
	node_down();
}

/* The node may not have buried the last of them yet. */
static bool
no_more_than(void *data)
{
	const gs_node_info *before = data;
	gs_node_info after;

	CHECK_INT(gs_node_inspect(&after), 0);
	return after.arena_used < before->arena_used + SLACK &&
	       after.processes <= before->processes &&
	       after.fds_used < before->fds_used + 32;
}

TEST(NAME_18_names_of_servers_leave_nothing)
{
	gs_node_info before;
	char name[64];
	int i;

	node_up();
	for (i = 0; i < 600; i++) {
		if (i == 200)
			CHECK_INT(gs_node_inspect(&before), 0);
		snprintf(name, sizeof(name), "server of its own %d", i);
		stop(start_named("", name));
		CHECK(is_free(name));
	}
	CHECK(eventually(no_more_than, &before, SOON));
	node_down();
}

struct registrar {
	pthread_t thread;
	_Atomic bool stop;
	int rounds;
};

static void *
registrar_run(void *data)
{
	struct registrar *r = data;

	while (!r->stop) {
		CHECK_INT(gs_register("comes and goes"), 0);
		CHECK_INT(gs_unregister("comes and goes"), 0);
		r->rounds++;
	}
	return NULL;
}

struct listing {
	int steady;
	int odd;
};

static int
list_name(const gs_process_info *info, void *data)
{
	struct listing *l = data;

	if (strncmp(info->name, "steady-", 7) == 0)
		l->steady++;
	else if (info->name[0] && strcmp(info->name, "comes and goes") != 0 &&
		 info->kind != GS_PROCESS_NODE &&
		 info->kind != GS_PROCESS_SUPERVISOR)
		l->odd++;
	return 0;
}

TEST(NAME_19_the_list_of_names_is_consistent_meanwhile)
{
	struct registrar r = { .stop = false };
	struct listing l;
	char name[32];
	int i;

	node_up();
	for (i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "steady-%d", i);
		start_named("", name);
	}
	CHECK_INT(pthread_create(&r.thread, NULL, registrar_run, &r), 0);
	for (i = 0; i < 2000 || r.rounds < 10; i++) {
		memset(&l, 0, sizeof(l));
		CHECK_OK(gs_processes(list_name, &l));
		CHECK_INT(l.steady, 10);
		CHECK_INT(l.odd, 0);
	}
	r.stop = true;
	CHECK_INT(pthread_join(r.thread, NULL), 0);
	CHECK(is_free("comes and goes"));
	node_down();
}
