/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring with a sender killed or stopped after each step, and a receiver
 * killed inside its longer moves.
 */
#include "tests/unit/ring_faulty.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "tests/unit/ring_box.h"

#define VICTIM 1

static const enum gm_fault steps[] = { GM_AT_S1, GM_AT_H2, GM_AT_H3, GM_AT_S4,
	GM_AT_GROWN, GM_AT_S5, GM_AT_S6, GM_AT_S7, GM_AT_S8_HI, GM_AT_S8,
	GM_AT_S9 };
#define STEPS (sizeof(steps) / sizeof(steps[0]))

/* Of the process that is to meet its end: where, and how. */
static int fault_at = -1;
static int fault_signal;

void
gm_fault(enum gm_fault at)
{
	if ((int)at != fault_at)
		return;
	fault_at = -1;
	kill(getpid(), fault_signal);
}

struct victim {
	struct box *box;
	enum gm_fault at;
	int signal;
	size_t size;
	bool put; /* the short way */
};

static void
send_and_fall(void *data)
{
	struct victim *victim = data;
	struct box *box = victim->box;
	struct gm_slip slip;
	uint64_t s;

	fault_at = (int)victim->at;
	fault_signal = victim->signal;
	if (!victim->put || box_put(box, VICTIM, victim->size, &s) != 1) {
		CHECK_OK(box_reserve(box, VICTIM, victim->size, &slip));
		box_fill(&slip, VICTIM, box->sent[VICTIM]);
		s = gm_ring_commit(&box->senders[VICTIM], box->ring, &slip);
	}
	if (s != 0 || victim->at == GM_AT_S9)
		gm_ring_rung(box->ring, s);
	gm_ring_done(&box->senders[VICTIM]);
}

/* D3 as the node does it. */
static void
settle(struct box *box, int who)
{
	struct gm_page *page = box->senders[who].page;

	if (gm_load(&page->send_m, acquire) != box->ring->id)
		return;
	CHECK_OK(gm_ring_settle(box->ring, box->senders[who].slot,
	    gm_load(&page->send_v, acquire)));
	gm_store(&page->send_m, 0, relaxed);
}

/* Everything was given back: as much fits as into a new ring. */
static void
all_room(struct box *box)
{
	uint64_t n = 0;

	CHECK_INT(box_take(box, 0), -1);
	CHECK_INT(box->r.n_pins, 0);
	CHECK(gm_ring_sleep(&box->r));
	gm_ring_awake(&box->r);
	box_check(box);
	while (box_send(box, 3, 10) == 0)
		n++;
	CHECK_INT(n, box->ring->cells - GM_RING_RESERVE);
	while (n-- > 0)
		CHECK_INT(box_take(box, 10), 3);
	gm_ring_release(&box->r);
	box_check(box);
}

/*
 * when: 0 settled at once; 1 another sends first; 2 the receiver also passes
 * the open record before it is settled.
 */
static void
kill_at(enum gm_fault at, size_t size, bool put, int when)
{
	const bool complete = at == GM_AT_S8 || at == GM_AT_S9;
	const bool helps = at == GM_AT_H2 || at == GM_AT_H3;
	struct box box;
	struct victim victim = { &box, at, SIGKILL, size, put };
	struct gm_slip slip;
	int status;

	box_open(&box, 1024);
	for (int i = 0; i < 50; i++)
		CHECK_OK(box_send(&box, 0, 100));
	for (int i = 0; i < 30; i++)
		CHECK_INT(box_take(&box, 100), 0);
	if (helps)
		CHECK_OK(box_reserve(&box, 2, 100, &slip));
	status = test_wait(test_fork(send_and_fall, &victim));
	if (status == 0) /* the step does not occur with this size */
		CHECK_INT(at, GM_AT_GROWN);
	else
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	box_check(&box);
	if (helps)
		box_finish(&box, 2, &slip);
	if (when >= 1)
		CHECK_OK(box_send(&box, 0, 100));
	for (int i = 0; i < 20 && when == 2; i++)
		CHECK_INT(box_take(&box, 100), 0);
	settle(&box, VICTIM);
	box_check(&box);
	for (int i = 0; i < 20 && when != 2; i++)
		CHECK_INT(box_take(&box, 100), 0);
	if (helps)
		CHECK_INT(box_take(&box, 100), 2);
	if (complete || status == 0)
		CHECK_INT(box_take(&box, size), VICTIM);
	if (when >= 1)
		CHECK_INT(box_take(&box, 100), 0);
	all_room(&box);
	box_close(&box);
}

/* OS-04 */
TEST_TIMEOUT(ring_sender_killed_at_each_step, 60)
{
	static const size_t sizes[] = { 8, 1000, 5000 };

	for (size_t i = 0; i < STEPS; i++) {
		for (int when = 0; when < 3; when++) {
			for (int s = 0; s < 3; s++)
				kill_at(steps[i], sizes[s], false, when);
			kill_at(steps[i], 100, true, when);
		}
	}
}

/* Others go on for many laps while it is stopped; then it goes on too. */
static void
stop_at(enum gm_fault at, size_t size, bool put)
{
	const bool helps = at == GM_AT_H2 || at == GM_AT_H3;
	struct box box;
	struct victim victim = { &box, at, SIGSTOP, size, put };
	struct gm_slip slip;
	int status, victims = 0;
	pid_t pid;

	box_open(&box, 256);
	if (helps)
		CHECK_OK(box_reserve(&box, 2, 100, &slip));
	pid = test_fork(send_and_fall, &victim);
	CHECK(waitpid(pid, &status, WUNTRACED) == pid);
	if (helps)
		box_finish(&box, 2, &slip);
	if (helps)
		CHECK_INT(box_take(&box, 100), 2);
	for (int i = 0; i < 1000 && WIFSTOPPED(status); i++) {
		CHECK_OK(box_send(&box, 0, 20 + (size_t)i % 20));
		CHECK_OK(box_send(&box, 3, 3000));
		if (i == 0 && (at == GM_AT_S8 || at == GM_AT_S9))
			victims += box_take(&box, size) == VICTIM;
		CHECK_INT(box_take(&box, 20 + (size_t)i % 20), 0);
		CHECK_INT(box_take(&box, 3000), 3);
		gm_ring_release(&box.r);
		gm_ring_sleep(&box.r);
		gm_ring_awake(&box.r);
		box_check(&box);
	}
	if (WIFSTOPPED(status)) {
		kill(pid, SIGCONT);
		status = test_wait(pid);
	}
	CHECK_INT(status, 0);
	if (victims == 0)
		CHECK_INT(box_take(&box, size), VICTIM);
	all_room(&box);
	box_close(&box);
}

TEST_TIMEOUT(ring_sender_stopped_at_each_step, 60)
{
	for (size_t i = 0; i < STEPS; i++) {
		stop_at(steps[i], 8, false);
		stop_at(steps[i], 1500, false);
		stop_at(steps[i], 50, true);
	}
}

TEST(ring_dead_owner_of_another_slot_is_not_settled)
{
	struct gm_slip slip;
	struct box box;

	box_open(&box, 256);
	CHECK_OK(box_reserve(&box, 0, 100, &slip));
	/* X said v, but the record there is not X's */
	CHECK_OK(gm_ring_settle(box.ring, 3, slip.v));
	CHECK_OK(box_send(&box, 2, 8));
	CHECK_OK(gm_ring_settle(box.ring, 3, slip.v));
	CHECK_OK(gm_ring_settle(box.ring, 3, 0));
	CHECK_OK(gm_ring_settle(box.ring, 3, slip.v + 1000000));
	CHECK_INT(gm_ring_settle(box.ring, 3, ~0ull), -EBADMSG);
	box_finish(&box, 0, &slip);
	CHECK_INT(box_take(&box, 100), 0);
	CHECK_INT(box_take(&box, 8), 2);
	all_room(&box);
	box_close(&box);
}

static bool
yes(void *data)
{
	(void)data;
	return true;
}

static void
trim_and_fall(void *data)
{
	struct victim *victim = data;

	fault_at = (int)victim->at;
	fault_signal = SIGKILL;
	gm_ring_trim(&victim->box->r, yes, NULL);
}

/* Nobody hangs on a receiver that died while it trimmed. */
TEST(ring_receiver_killed_while_trimming)
{
	static const enum gm_fault at[] = { GM_AT_TRIM, GM_AT_PUNCH };
	struct box box;
	int n, status;

	for (int i = 0; i < 2; i++) {
		struct victim victim = { &box, at[i], SIGKILL, 0 };

		box_open(&box, 4096);
		while (box_send(&box, 0, 3000) == 0)
			continue;
		while (box_take(&box, 3000) == 0)
			continue;
		status = test_wait(test_fork(trim_and_fall, &victim));
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		n = 0;
		while ((status = box_send(&box, 2, 40)) == 0)
			n++;
		CHECK_INT(status, -EAGAIN);
		CHECK_INT(n, 128 - GM_RING_RESERVE);
		gm_store(&box.shared->alive, 0, release);
		gm_ring_retire(box.ring);
		CHECK_INT(box_send(&box, 2, 40), -ESRCH);
		box_close(&box);
	}
}
