/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server that says a wrong number for its bell: nothing else of it is
 * written to, and it is rung all the same.
 */
#include <genserver.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/internal.h"
#include "tests/runner.h"

static int other = -1; /* the server's, and not its bell */

static gs_next
liar_init(void *state, gs_bytes argument)
{
	struct gm_page *page = gsi_self()->page;

	(void)state;
	(void)argument;
	other = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (other < 0)
		return gs_next_stop("system_limit");
	gm_store(&page->bell, (uint32_t)other + 1, release);
	return gs_ok();
}

/* How often the wrong one was rung. */
static gs_next
liar_call(void *state, gs_bytes request, gs_from from)
{
	uint64_t count = 0;

	(void)state;
	(void)request;
	(void)from;
	if (read(other, &count, sizeof(count)) < 0)
		count = 0;
	return gs_next_reply(GS_OBJECT(count));
}

static GS_SERVER(liar, .init = liar_init, .handle_call = liar_call);

static bool
is_asleep(void *target)
{
	const gs_pid *pid = target;
	gs_process_info info;

	return gs_process_inspect(GS_PID(*pid), &info) == 0 &&
	       info.state == GS_STATE_WAITING;
}

/* Each thread is a process of its own, and has nobody's bell yet. */
static void *
caller(void *pid)
{
	uint64_t count = 99;
	gs_bytes reply;

	CHECK(eventually(is_asleep, pid, 10000));
	CHECK_INT(gs_call(GS_PID(*(gs_pid *)pid), GS_NONE, &reply, 20000), 0);
	CHECK_INT(reply.size, sizeof(count));
	memcpy(&count, reply.data, sizeof(count));
	CHECK_INT(count, 0);
	return NULL;
}

TEST(what_is_not_the_bell_is_not_rung)
{
	pthread_t thread;
	gs_pid pid;

	CHECK_INT(gs_node_open(NULL, 0), 0);
	CHECK_INT(gs_start(&liar, GS_NONE, NULL, &pid), 0);
	for (int i = 0; i < 5; i++) {
		CHECK_INT(pthread_create(&thread, NULL, caller, &pid), 0);
		CHECK_INT(pthread_join(thread, NULL), 0);
	}
	gs_node_close();
}
