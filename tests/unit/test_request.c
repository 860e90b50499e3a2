/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node that is stopped has read none of the requests in the own page, and
 * there is no cell for more: what needs none does not wait, what has a time
 * limit keeps to it, and all of it is made up for when the node goes on.
 */
#include <errno.h>
#include <genserver.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>

#include "lib/request.h"
#include "tests/runner.h"

#define SOON 10000
#define SERVERS 12

static _Atomic int *handled;

static gs_next
count_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

static gs_next
count_cast(void *state, gs_bytes request)
{
	(void)state;
	(void)request;
	atomic_fetch_add(handled, 1);
	return gs_next_noreply();
}

static GS_SERVER(count, .init = count_init, .handle_cast = count_cast);

static pid_t
node(void)
{
	gs_node_info info;

	CHECK_OK(gs_node_inspect(&info));
	return info.os_pid;
}

static void
halt(pid_t pid)
{
	CHECK_INT(kill(pid, SIGSTOP), 0);
	CHECK(eventually(test_is_stopped, &pid, SOON));
}

/* What it asks does not matter: nothing is done. */
static void
fill(struct gsi_self *me)
{
	struct gsi_ask ask = { .pid = me->pid, .ref = 12345 };

	for (uint32_t i = 0; i < GM_REQUESTS; i++)
		CHECK_INT(
		    gsi_request_post(me, GSI_OP_UNWATCH, &ask, sizeof(ask)), 0);
}

static bool
rests(void *data)
{
	gs_process_info info;

	CHECK_OK(gs_process_inspect(GS_PID(*(gs_pid *)data), &info));
	return info.state == GS_STATE_WAITING;
}

static bool
is_read(void *data)
{
	struct gsi_self *me = data;

	return me->page->request_head == me->page->request_tail;
}

static bool
all_handled(void *data)
{
	return atomic_load(handled) == *(int *)data;
}

/* The bells of all are left to the node, which cannot be told of any. */
TEST(who_cannot_be_rung_is_rung_when_the_node_goes_on)
{
	struct gsi_self *me;
	gs_pid pid[SERVERS];
	int want = SERVERS, slow = 0;
	pid_t os_pid;

	handled = test_shared(sizeof(*handled));
	CHECK_OK(gs_node_open(NULL, 0));
	for (int i = 0; i < SERVERS; i++)
		CHECK_OK(gs_start(&count, GS_NONE, NULL, &pid[i]));
	for (int i = 0; i < SERVERS; i++)
		CHECK(eventually(rests, &pid[i], SOON));
	me = gsi_self();
	os_pid = node();
	halt(os_pid);
	fill(me);
	me->bells_by_node = true;
	for (int i = 0; i < SERVERS; i++) {
		int64_t from = now_ms();

		CHECK_OK(gs_cast(GS_PID(pid[i]), GS_TEXT("x")));
		slow += now_ms() - from >= 80;
	}
	/* but for those in which this was not let run */
	CHECK(slow <= SERVERS / 3);
	me->bells_by_node = false;
	CHECK_INT(kill(os_pid, SIGCONT), 0);
	CHECK(eventually(all_handled, &want, SOON));
	CHECK_INT(gm_load(&me->page->ring_all, relaxed), 0);
	gs_node_close();
}

TEST(what_has_a_time_limit_keeps_to_it)
{
	struct gsi_ask ask = { 0 };
	struct gsi_self *me;
	int64_t from;
	pid_t os_pid;
	uint64_t tag;

	CHECK_OK(gs_node_open(NULL, 0));
	me = gsi_self();
	os_pid = node();
	halt(os_pid);
	fill(me);
	from = now_ms();
	gsi_request_room(me);
	for (int i = 0; i < 2; i++)
		CHECK_INT(
		    gsi_request_start(me, GSI_OP_LINKS, &ask, sizeof(ask),
			i == 0 ? &tag : NULL, gsi_now_ns() + 50 * NS_PER_MS),
		    -ETIMEDOUT);
	CHECK(now_ms() - from < 8000);
	CHECK_INT(kill(os_pid, SIGCONT), 0);
	CHECK(eventually(is_read, me, SOON));
	gs_node_close();
}
