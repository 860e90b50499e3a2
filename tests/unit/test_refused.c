/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels that refuse membarrier, as an old one or a strict container does:
 * the node says so in its header, everybody fences, and nothing else changes.
 */
#include <errno.h>
#include <genserver.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/internal.h"
#include "tests/unit/ring_box.h"

#define SOON 10000
#define CALLS 300

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
	(void)state;
	(void)from;
	if (gs_is(request, "pause"))
		pause();
	return gs_next_reply(request);
}

static GS_SERVER(echo, .init = echo_init, .handle_call = echo_call);

static void
refuse_membarrier(void)
{
	struct sock_filter steps[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { 4, steps };

	CHECK_INT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
		SKIP("no filter is allowed here");
	CHECK_INT(syscall(SYS_membarrier, 0, 0, 0), -1);
}

static void *
call_often(void *data)
{
	gs_bytes reply;
	char text[32];

	for (int i = 0; i < CALLS; i++) {
		snprintf(text, sizeof(text), "%p %d", data, i);
		CHECK_INT(
		    gs_call(GS_NAME("x"), GS_TEXT(text), &reply, SOON), 0);
		CHECK(gs_is(reply, text));
		/* so that it falls asleep, and must be rung */
		if (i % 30 == 0)
			usleep(2000);
	}
	return NULL;
}

static void *
call_in_vain(void *data)
{
	*(int *)data =
	    gs_call(GS_NAME("x"), GS_TEXT("pause"), NULL, GS_INFINITY);
	return NULL;
}

static bool
is_called(void *data)
{
	const uint64_t *before = data;
	gs_process_info info;

	return gs_process_inspect(GS_NAME("x"), &info) == 0 &&
	       info.calls > *before && info.state == GS_STATE_RUNNING;
}

TEST(membarrier_refused_costs_fences_and_nothing_else)
{
	gs_child_spec spec = { .behaviour = &echo, .options.name = "x" };
	pthread_t threads[4], waiting;
	gs_process_info info;
	int status = 0, ids[4];
	gs_pid pid;

	refuse_membarrier();
	CHECK_INT(gs_node_open(NULL, 0), 0);
	CHECK((gsi_self()->arena->header->flags & GM_FENCED) != 0);
	CHECK_INT(gs_child_start(&spec, &pid), 0);
	for (int i = 0; i < 4; i++)
		CHECK_INT(
		    pthread_create(&threads[i], NULL, call_often, &ids[i]), 0);
	for (int i = 0; i < 4; i++)
		CHECK_INT(pthread_join(threads[i], NULL), 0);
	/* a death ends a wait without limit, and it comes again */
	CHECK_INT(gs_process_inspect(GS_PID(pid), &info), 0);
	CHECK_INT(pthread_create(&waiting, NULL, call_in_vain, &status), 0);
	CHECK(eventually(is_called, &info.calls, SOON));
	CHECK_INT(kill(info.os_pid, SIGKILL), 0);
	CHECK_INT(pthread_join(waiting, NULL), 0);
	CHECK_INT(status, -ECONNRESET);
	CHECK_INT(gs_wait_up(GS_NAME("x"), SOON), 0);
	call_often(NULL);
	gs_node_close();
}

/*
 * Who has read "not FENCED" publishes plainly, whatever the receiver does from
 * then on; so it must not rest on a fence of its own.  Model: bell.pml,
 * LATE_FENCE.
 */
TEST(membarrier_refused_late_is_waited_for)
{
	struct gm_slip slip;
	struct box box;
	int64_t before;

	box_open(&box, 256);
	if (box.r.fenced)
		SKIP("no membarrier here");
	CHECK_OK(box_reserve(&box, 0, 100, &slip));
	while (!gm_ring_sleep(&box.r)) {
		gm_ring_awake(&box.r);
		CHECK_INT(box_take(&box, 0), -1);
	}
	gm_ring_awake(&box.r);
	CHECK_INT(box.r.n_pins, 1);
	refuse_membarrier();
	before = gsi_now_ns();
	CHECK(gm_ring_sleep(&box.r));
	CHECK(gsi_now_ns() - before >= NS_PER_MS);
	CHECK(box_finish(&box, 0, &slip) != 0);
	gm_ring_awake(&box.r);
	CHECK_INT(box_take(&box, 100), 0);
	box_check(&box);
	box_close(&box);
}
