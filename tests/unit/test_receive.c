/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mailbox that was grown for a burst is given back once it has been idle,
 * however its owner waits, and whatever keeps it from doing so at first.
 */
#include <errno.h>
#include <genserver.h>
#include <pthread.h>
#include <signal.h>

#include "lib/internal.h"
#include "shm/ring_layout.h"
#include "tests/runner.h"
#include "tests/unit/echo.h"

#define IDLE_BYTES (64u << 10) /* of a mailbox with nothing to do */
#define IDLE_MS 100 /* then it is given back */

static uint64_t
held(void)
{
	return gm_ring_allocated(&gsi_self()->mailbox.ref);
}

/* Half the mailbox at once, all of it taken again. */
static bool
has_grown(void *data)
{
	static const char big[100000];
	gs_info info;
	gs_pid self;

	(void)data;
	CHECK_INT(gs_self(&self), 0);
	for (int i = 0; i < 5; i++)
		CHECK_INT(gs_send(GS_PID(self), GS_BYTES(big, sizeof(big))), 0);
	for (int i = 0; i < 5; i++)
		CHECK_INT(gs_receive(&info, 0), 0);
	CHECK_INT(gs_receive(&info, 1), -ETIMEDOUT);
	return held() > IDLE_BYTES;
}

/* Again, if it was idle because it was not let run. */
static void
burst(void)
{
	CHECK(eventually(has_grown, NULL, 10000));
}

static bool
given_back(void *data)
{
	const int *ms = data;
	gs_info info;

	CHECK_INT(gs_receive(&info, *ms), -ETIMEDOUT);
	return held() <= IDLE_BYTES;
}

TEST(receive_in_short_turns_gives_memory_back)
{
	static const int turns[] = { 0, 1, 50, 300 };

	CHECK_INT(gs_node_open(NULL, 0), 0);
	for (size_t i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
		int ms = turns[i];

		burst();
		if (!eventually(given_back, &ms, 3000))
			FAIL("%llu bytes held by turns of %d ms",
			    (unsigned long long)held(), ms);
	}
	gs_node_close();
}

static uint64_t
held_of_replies(void)
{
	return gm_ring_allocated(&gsi_self()->replies.ref);
}

static bool
replies_given_back(void *data)
{
	gs_info info;

	(void)data;
	CHECK_INT(gs_receive(&info, 50), -ETIMEDOUT);
	return held_of_replies() <= IDLE_BYTES;
}

/* The last of them is lent until the next call. */
TEST(receive_gives_memory_of_replies_back)
{
	static const char big[100000];
	gs_bytes reply;
	gs_pid pid;

	CHECK_INT(gs_node_open(NULL, 0), 0);
	CHECK_INT(gs_start(&echo, GS_NONE, NULL, &pid), 0);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 5; i++)
			CHECK_INT(gs_call(GS_PID(pid),
				      GS_BYTES(big, sizeof(big)), &reply, 5000),
			    0);
		CHECK_INT(reply.size, sizeof(big));
		CHECK(held_of_replies() > IDLE_BYTES);
		CHECK(eventually(replies_given_back, NULL, 10000));
	}
	gs_node_close();
}

/* What comes now and then is no idleness. */
TEST(receive_gives_no_memory_back_while_messages_come)
{
	int64_t before;
	gs_info info;
	gs_pid self;

	CHECK_INT(gs_node_open(NULL, 0), 0);
	CHECK_INT(gs_self(&self), 0);
	before = now_ms();
	burst();
	for (int i = 0; i < 20; i++) {
		CHECK_INT(gs_receive(&info, 20), -ETIMEDOUT);
		/* it was idle for as long as it was not let run */
		if (now_ms() - before > IDLE_MS / 2)
			burst();
		CHECK(held() > IDLE_BYTES);
		before = now_ms();
		CHECK_INT(gs_send(GS_PID(self), GS_TEXT("x")), 0);
		CHECK_INT(gs_receive(&info, 0), 0);
	}
	gs_node_close();
}

struct help {
	gs_pid receiver;
	pid_t node;
	struct gm_ring_ref ring; /* of the receiver */
	uint64_t taken; /* where it was */
	bool tried;
	bool done;
};

/* It has moved its ring to trim it, and is done with that. */
static bool
in_vain(void *data)
{
	const struct help *help = data;
	struct gm_ring *ring = help->ring.ring;

	return gm_load(&ring->taken, relaxed) != help->taken &&
	       (gm_load(&ring->allocated, acquire) & GM_TRIMMING) == 0;
}

static bool
small(void *data)
{
	const struct help *help = data;

	return gm_ring_allocated(&help->ring) <= IDLE_BYTES;
}

static void *
let_go_on(void *data)
{
	struct help *help = data;

	help->tried = eventually(in_vain, help, 10000);
	kill(help->node, SIGCONT);
	help->done = eventually(small, help, 10000);
	gs_send(GS_PID(help->receiver), GS_TEXT("enough"));
	return NULL;
}

/* The node, which has to say that nobody is about to write, is stopped. */
TEST(receive_tries_again_to_give_memory_back)
{
	struct help help = { 0 };
	gs_node_info node;
	pthread_t thread;
	gs_info info;

	CHECK_INT(gs_node_open(NULL, 0), 0);
	CHECK_INT(gs_node_inspect(&node), 0);
	CHECK_INT(gs_self(&help.receiver), 0);
	burst();
	help.node = node.os_pid;
	help.ring = gsi_self()->mailbox.ref;
	help.taken = gm_load(&help.ring.ring->taken, relaxed);
	CHECK(help.node > 1);
	CHECK_OK(kill(help.node, SIGSTOP));
	CHECK_INT(pthread_create(&thread, NULL, let_go_on, &help), 0);
	CHECK_INT(gs_receive(&info, 20000), 0);
	pthread_join(thread, NULL);
	CHECK(help.tried);
	CHECK(help.done);
	gs_node_close();
}
