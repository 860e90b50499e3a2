/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mailbox with one word damaged, one after another: callers get an answer
 * or a reason, the owner notices, is started again and does not spin; a
 * neighbour and the node feel nothing.
 */
#include <errno.h>
#include <genserver.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/internal.h"
#include "tests/runner.h"
#include "tests/unit/damages.h"

#define SOON 10000
#define CALL_MS 1500

static gs_next
echo_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

static gs_next
echo_call(void *state, gs_bytes request, gs_from from)
{
	(void)from;
	(void)state;
	return gs_next_reply(request);
}

static gs_next
echo_cast(void *state, gs_bytes request)
{
	(void)state;
	(void)request;
	return gs_next_noreply();
}

static GS_SERVER(echo, .init = echo_init, .handle_call = echo_call,
    .handle_cast = echo_cast);

static gs_pid
start(const char *name)
{
	gs_child_spec spec = {
		.behaviour = &echo,
		.options.name = name,
		.has_intensity = true,
		.max_restarts = 1000,
		.max_seconds = 1,
	};
	gs_pid pid;

	CHECK_INT(gs_child_start(&spec, &pid), 0);
	return pid;
}

static bool
answers(void *name)
{
	gs_bytes reply;

	return gs_call(GS_NAME(name), GS_TEXT("a"), &reply, CALL_MS) == 0 &&
	       gs_is(reply, "a");
}

/* Waits for messages, and is the same process for a while: its OS pid. */
static bool
is_idle(void *name)
{
	gs_process_info a, b;

	if (gs_process_inspect(GS_NAME(name), &a) != 0 ||
	    a.state != GS_STATE_WAITING)
		return false;
	usleep(60000);
	return gs_process_inspect(GS_NAME(name), &b) == 0 &&
	       b.state == GS_STATE_WAITING && a.os_pid == b.os_pid;
}

/* Clock ticks that it has run. */
static long
ticks(const char *name)
{
	gs_process_info info;
	long user = 0, sys = 0;
	char path[64];
	FILE *f;

	CHECK_INT(gs_process_inspect(GS_NAME(name), &info), 0);
	snprintf(path, sizeof(path), "/proc/%d/stat", info.os_pid);
	f = fopen(path, "re");
	CHECK(f);
	CHECK_INT(fscanf(f,
		      "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u "
		      "%*u %*u %ld %ld",
		      &user, &sys),
	    2);
	fclose(f);
	return user + sys;
}

static void
damage(const char *name, enum gm_which which, size_t i)
{
	struct gsi_self *me = gsi_self();
	struct gsi_peer *peer;
	gs_pid pid;

	CHECK_INT(gs_whereis(name, &pid), 0);
	CHECK_INT(gsi_peer_get(me, pid, &peer), 0);
	do_damage(&peer->region, which, i);
}

/* Of a server that sleeps, as all idle ones do. */
static void
idle_one(enum gm_which which)
{
	for (size_t i = 0; i < N_DAMAGES; i++) {
		int64_t from = now_ms();
		long before;

		damage("v", which, i);
		if (!eventually(answers, "v", SOON))
			FAIL("%s: no answer any more", damages[i].name);
		CHECK(eventually(is_idle, "v", SOON));
		before = ticks("v");
		usleep(100000);
		if (ticks("v") - before > 7)
			FAIL("%s: it spins", damages[i].name);
		CHECK(answers("n"));
		printf(
		    "# %s: %d ms\n", damages[i].name, (int)(now_ms() - from));
	}
}

TEST_TIMEOUT(words_of_an_idle_mailbox, 100)
{
	gs_pid neighbour, now;

	CHECK_INT(gs_node_open(NULL, 0), 0);
	start("v");
	neighbour = start("n");
	CHECK(eventually(is_idle, "v", SOON));
	idle_one(GM_MAILBOX);
	CHECK_INT(gs_whereis("n", &now), 0);
	CHECK(gs_pid_equal(now, neighbour));
	gs_node_close();
}

TEST_TIMEOUT(words_of_idle_replies, 100)
{
	CHECK_INT(gs_node_open(NULL, 0), 0);
	start("v");
	start("n");
	CHECK(eventually(is_idle, "v", SOON));
	idle_one(GM_REPLIES);
	gs_node_close();
}
