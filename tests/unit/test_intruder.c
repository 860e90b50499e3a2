/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the library itself never asks: specs that make no sense, a name for
 * the node, a mailbox that lies about its size, dirty bits that get lost.  Whoever
 * does it fails; nobody else does.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/request.h"
#include "lib/root.h"
#include "tests/runner.h"
#include "tests/unit/echo.h"

#define SOON 10000

static gs_pid
start(const char *name)
{
	gs_child_spec spec = { .behaviour = &echo, .options.name = name };
	gs_pid pid;

	CHECK_INT(gs_child_start(&spec, &pid), 0);
	return pid;
}

static void
answers(const char *name)
{
	gs_bytes reply;

	CHECK_INT(gs_call(GS_NAME(name), GS_TEXT("a"), &reply, SOON), 0);
	CHECK(gs_is(reply, "a"));
}

/* ---- specs ---- */

static struct gsi_spec *
good_spec(char buffer[1024])
{
	struct gsi_spec *spec = (struct gsi_spec *)(void *)buffer;
	uint32_t end = sizeof(*spec) + 8;

	memset(buffer, 0, 1024);
	spec->op = GSI_ROOT_START;
	spec->size = sizeof(*spec) + 64;
	spec->code = GSI_CODE_MODULE;
	spec->restart = GS_TEMPORARY;
	spec->cells = GM_RING_CELLS_MIN;
	spec->max_seconds = 5;
	spec->name_at = spec->path_at = spec->directory_at = end;
	spec->module_at = spec->debug_at = end;
	spec->argument_at = spec->argv_at = end;
	return spec;
}

/* What root says to it. */
static int
ask_root(const struct gsi_spec *spec, size_t size)
{
	struct gsi_root_answer answer = { 0 };
	gs_bytes reply;

	CHECK_INT(gs_call(gs_to_pid(gsi_root_pid(gsi_self())),
		      gs_bytes_of(spec, size), &reply, SOON),
	    0);
	CHECK_INT(reply.size, sizeof(answer));
	memcpy(&answer, reply.data, sizeof(answer));
	return answer.status;
}

/* One number of a good spec, spoilt. */
static const struct {
	size_t at;
	int64_t value;
} spoilt[] = {
	{ offsetof(struct gsi_spec, cells), 3 },
	{ offsetof(struct gsi_spec, cells), GM_RING_CELLS_MIN + 1 },
	{ offsetof(struct gsi_spec, cells), GM_RING_CELLS_MAX * 2ll },
	{ offsetof(struct gsi_spec, code), 77 },
	{ offsetof(struct gsi_spec, restart), 9 },
	{ offsetof(struct gsi_spec, shutdown), -1000 },
	{ offsetof(struct gsi_spec, timeout), -1 },
	{ offsetof(struct gsi_spec, max_seconds), -5 },
	{ offsetof(struct gsi_spec, path_at), 1024 },
	{ offsetof(struct gsi_spec, argument_size), UINT32_MAX },
	{ offsetof(struct gsi_spec, argc), 4000 },
	{ offsetof(struct gsi_spec, size), 1024 },
};

TEST(bad_specs_are_refused_and_cost_no_seat)
{
	const size_t kinds = sizeof(spoilt) / sizeof(spoilt[0]);
	char buffer[1024];
	struct gsi_spec *spec;

	CHECK_INT(gs_node_open(NULL, 0), 0);
	/* this one is tried: there is no module "" */
	spec = good_spec(buffer);
	CHECK_INT(ask_root(spec, spec->size), -ECHILD);
	for (size_t i = 0; i < 8 * kinds; i++) {
		uint32_t value = (uint32_t)spoilt[i % kinds].value;
		size_t size;

		spec = good_spec(buffer);
		size = spec->size;
		memcpy(buffer + spoilt[i % kinds].at, &value, sizeof(value));
		CHECK_INT(ask_root(spec, size), -EINVAL);
	}
	for (int i = 0; i < 40; i++)
		start(NULL);
	gs_node_close();
}

/* Who is no supervisor has no children, and its words kill nobody. */
TEST(births_are_not_taken_from_clients)
{
	struct gsi_born born = { .slot = 1, .gen = 1, .os_pid = getpid() };
	gs_pid me;

	CHECK_INT(gs_node_open(NULL, 0), 0);
	CHECK_INT(gs_self(&me), 0);
	for (int i = 0; i < 40; i++) {
		born.slot = (uint32_t)i;
		born.gen = (uint32_t)i % 3;
		CHECK_INT(gsi_request_post(
			      gsi_self(), GSI_OP_BORN, &born, sizeof(born)),
		    0);
	}
	start("x");
	answers("x");
	gs_node_close();
}

/* ---- names ---- */

TEST(node_cannot_be_given_a_name)
{
	char name[24];
	gs_pid node, pid;

	CHECK_INT(gs_node_open(NULL, 0), 0);
	start("x");
	CHECK_INT(gs_whereis("x", &node), 0);
	node.slot = 0;
	node.gen = 1;
	/* enough names that one of them shares a chain with another */
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "name %d", i);
		CHECK_INT(gs_register_pid(name, node), -ESRCH);
		CHECK_INT(gs_whereis(name, &pid), -ENOENT);
	}
	CHECK_INT(gs_whereis("x", &pid), 0);
	gs_node_close();
}

/* ---- memory that others scribble on ---- */

/* The head of a region, which its owner and all senders can write. */
struct region_head {
	uint64_t magic;
	uint32_t cells;
};

static char *
copy_of_region(const struct gsi_self *me, gs_pid pid)
{
	const struct gm_entry *entry = gm_entry_at(me->arena, pid.slot);
	size_t size = gm_region_span(entry->cells);
	char *copy = malloc(size);

	CHECK(copy);
	CHECK_INT(pread(me->arena->fd, copy, size, (off_t)entry->region), size);
	return copy;
}

static void
is_as_it_was(const struct gsi_self *me, gs_pid pid, char *before)
{
	char *now = copy_of_region(me, pid);
	size_t size = gm_region_span(gm_entry_at(me->arena, pid.slot)->cells);

	CHECK_INT(memcmp(before, now, size), 0);
	free(before);
	free(now);
}

static bool
requests_read(void *data)
{
	const struct gsi_self *me = data;

	return me->page->request_head == me->page->request_tail;
}

/* Stopped, so that it writes nothing itself; its OS pid. */
static pid_t
halt(gs_pid pid)
{
	gs_process_info info;
	pid_t os_pid;

	CHECK_INT(gs_process_inspect(GS_PID(pid), &info), 0);
	os_pid = info.os_pid;
	CHECK_INT(kill(os_pid, SIGSTOP), 0);
	CHECK(eventually(test_is_stopped, &os_pid, SOON));
	return os_pid;
}

static void *
attach(void *data)
{
	CHECK(gsi_self());
	return data;
}

TEST(mailbox_that_lies_about_its_size_harms_only_itself)
{
	struct region_head *head;
	struct gsi_self *me;
	uint32_t cells;
	char *before[2];
	pid_t stopped[2];
	pthread_t other;
	gs_pid x, y;

	CHECK_INT(gs_node_open(NULL, 0), 0);
	/* their regions follow mine, and others those */
	x = start("x");
	y = start("y");
	for (int i = 0; i < 4; i++)
		start(NULL);
	me = gsi_self();
	head = (struct region_head *)(void *)me->region.region;
	cells = me->region.cells;
	CHECK_INT(head->cells, cells);
	CHECK(eventually(requests_read, me, SOON));
	stopped[0] = halt(x);
	stopped[1] = halt(y);
	before[0] = copy_of_region(me, x);
	before[1] = copy_of_region(me, y);
	head->cells = cells * 4;
	/* DOWN of a process that is not there, and an answer */
	for (int i = 0; i < 8; i++) {
		struct gsi_ask ask = { .pid = { me->pid.node, 5000, 9 } };
		uint64_t tag;

		CHECK_INT(gsi_request_start(
			      me, GSI_OP_MONITOR, &ask, sizeof(ask), &tag, -1),
		    0);
	}
	CHECK(eventually(requests_read, me, SOON));
	/* the node is past them when it has answered somebody else */
	CHECK_INT(pthread_create(&other, NULL, attach, NULL), 0);
	CHECK_INT(pthread_join(other, NULL), 0);
	head->cells = cells;
	is_as_it_was(me, x, before[0]);
	is_as_it_was(me, y, before[1]);
	CHECK_INT(kill(stopped[0], SIGCONT), 0);
	CHECK_INT(kill(stopped[1], SIGCONT), 0);
	answers("x");
	gs_node_close();
}

static _Atomic bool *scribbling;

static void
scribble(void *node)
{
	struct gsi_self *me;

	while (gs_node_open(node, 0) != 0)
		usleep(1000);
	me = gsi_self();
	atomic_store(scribbling, true);
	for (;;) {
		memset(me->arena->dirty, 0, sizeof(*me->arena->dirty));
		usleep(1);
	}
}

TEST(lost_dirty_bits_cost_time_and_nothing_else)
{
	int64_t until;
	pid_t node, scribbler;
	int ready[2];
	char line[64];

	scribbling = test_shared(sizeof(*scribbling));
	CHECK_INT(pipe(ready), 0);
	scribbler = test_fork(scribble, (void *)(uintptr_t)test_node());
	node = fork();
	CHECK(node >= 0);
	if (node == 0) {
		close(ready[0]);
		_exit(gs_node_run(test_node(), ready[1]) != 0);
	}
	close(ready[1]);
	CHECK(read(ready[0], line, sizeof(line)) > 0);
	close(ready[0]);
	CHECK_INT(gs_node_open(test_node(), 0), 0);
	while (!atomic_load(scribbling))
		usleep(1000);
	until = now_ms() + 1500;
	while (now_ms() < until) {
		CHECK_INT(gs_register("me"), 0);
		CHECK_INT(gs_unregister("me"), 0);
	}
	test_kill(scribbler);
	/* and what was lost last is found again */
	for (int i = 0; i < 100; i++) {
		CHECK_INT(gs_register("me"), 0);
		CHECK_INT(gs_unregister("me"), 0);
	}
	CHECK_INT(gs_node_down(SOON), 0);
	gs_node_close();
	test_join(node);
}
