/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for room in the mailbox of a server that then ends. */
#include <sys/syscall.h>

#include "tests/conformance/helpers.h"

#define TRIES 10
/* A wait looks again after a second by itself: no proof that it was woken. */
#define WOKEN_MS 500

static gs_pid full;
static _Atomic int waiter;
static _Atomic int64_t over;

static void *
wait_for_room(void *data)
{
	(void)data;
	atomic_store(&waiter, (int)syscall(SYS_gettid));
	/* as to any dead one: it is gone, and nothing was asked */
	CHECK_INT(gs_cast_wait(GS_PID(full), GS_TEXT("a"), FOREVER), 0);
	atomic_store(&over, now_ms());
	return NULL;
}

static bool
waiter_sleeps(void *data)
{
	pid_t tid = atomic_load(&waiter);

	(void)data;
	return tid > 0 && test_is_asleep(&tid);
}

/* How long a waiter still waits when the server that it waits for is killed. */
static int64_t
waits_on(void)
{
	pthread_t thread;
	int64_t killed;

	full = start("");
	freeze(full);
	while (gs_cast(GS_PID(full), GS_TEXT("a")) == 0)
		;
	atomic_store(&waiter, 0);
	CHECK_INT(pthread_create(&thread, NULL, wait_for_room, NULL), 0);
	CHECK(eventually(waiter_sleeps, NULL, SOON));
	killed = now_ms();
	CHECK_INT(kill(os_pid_of(GS_PID(full)), SIGKILL), 0);
	CHECK_INT(pthread_join(thread, NULL), 0);
	return atomic_load(&over) - killed;
}

TEST(cast_wait_is_over_at_once_when_the_server_ends)
{
	int woken = 0;

	node_up();
	/* one that is killed a moment too early has not begun to wait */
	for (int i = 0; i < TRIES; i++)
		woken += waits_on() < WOKEN_MS;
	CHECK(woken > TRIES / 2);
	node_down();
}
