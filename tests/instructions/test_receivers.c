/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A receiver killed, or stopped, at each instruction of what it does with its
 * ring.  Killed: whoever sends or waits for room is told, and the memory comes
 * back.  Stopped: nobody who sends to it waits for it, and when it goes on it
 * finds everything, in order.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "tests/instructions/receiver_acts.h"

#define CELLS RECEIVER_CELLS

struct play {
	struct scene *scene;
	const struct receiver_act *act;
};

static void
victim(void *data)
{
	const struct play *play = data;

	gm_membarrier_register();
	step_me();
	step_mark();
	play->act->act(play->scene);
	step_mark();
}

/* The receiver moves to the desk, and back. */
static void
move_in(struct scene *s)
{
	struct gm_receiver *r = &s->box.r;

	desk->r = *r;
	memcpy(desk->pins, r->pins, r->n_pins * sizeof(desk->pins[0]));
	memcpy(desk->jumps, r->jumps, r->n_jumps * sizeof(desk->jumps[0]));
	desk->r.pins = desk->pins;
	desk->r.jumps = desk->jumps;
	desk->r.room = PINS;
	gm_store(&desk->taken, 0, relaxed);
	gm_store(&desk->slept, false, relaxed);
	gm_store(&desk->rose, false, relaxed);
}

static void
move_out(struct scene *s)
{
	struct gm_receiver *r = &s->box.r;
	struct gm_pin *pins = calloc(PINS, sizeof(*pins));
	struct gm_jump *jumps = calloc(PINS, sizeof(*jumps));

	CHECK(pins && jumps);
	gm_receiver_fini(r);
	*r = desk->r;
	memcpy(pins, desk->pins, sizeof(desk->pins));
	memcpy(jumps, desk->jumps, sizeof(desk->jumps));
	r->pins = pins;
	r->jumps = jumps;
	s->asleep = false;
	/* what it has taken and not looked at */
	if (gm_load(&desk->taken, relaxed) == 1)
		s->box.taken[desk->record.owner - 1]++;
}

static void
set_up(const struct receiver_act *act, struct scene *s, struct stepper *stepper)
{
	struct play play = { s, act };

	scene_open(s, CELLS, 8, act->fenced);
	act->before(s);
	move_in(s);
	*stepper = (struct stepper){ 0 };
	step_child(stepper, test_fork(victim, &play));
}

/* One more of each size, if there is room: nobody is to wait for it. */
static int
send_some(struct scene *s, int who)
{
	int64_t began = now_ms();
	int status, sent = 0, refused = 0;

	for (int i = 0; i < 40 && refused < 6; i++) {
		status = scene_put(s, who, 20 + 90 * (size_t)i);
		if (status != 0 && status != -EAGAIN)
			FAIL("a send says %d", status);
		refused = status == 0 ? 0 : refused + 1;
		sent += status == 0;
	}
	/* in a trim each may look for 2 ms whether there is room */
	if (now_ms() - began > 2000 * test_slowness())
		FAIL("a stopped receiver holds up those who send");
	return sent;
}

static void
waits_for_room(void *data)
{
	struct scene *s = data;
	struct gm_sender *me = &s->box.senders[THIRD];
	struct gm_alive alive = { &s->box.shared->alive, 1 };
	int status = 0;

	while (status == 0) {
		status = scene_put(s, THIRD, 4000);
		if (status == -EAGAIN)
			status =
			    gm_ring_wait_room(me, s->box.ring, alive, 4000, -1);
	}
	CHECK_INT(status, -ESRCH);
}

static void
killed(struct scene *s, struct stepper *stepper)
{
	pid_t waiter;

	step_kill(stepper);
	if (plan_chance(2) == 0)
		send_some(s, OTHER);
	waiter = plan_chance(8) == 0 ? test_fork(waits_for_room, s) : 0;
	gm_store(&s->box.shared->alive, 0, release);
	gm_ring_retire(s->box.ring);
	CHECK_INT(scene_put(s, THIRD, 40), -ESRCH);
	if (waiter != 0)
		test_join(waiter);
}

static void
stopped(struct scene *s, struct stepper *stepper)
{
	bool rose = gm_load(&desk->rose, acquire);
	bool open = s->open;
	/* or the owner of an open record is the only one */
	bool others = !open || plan_chance(2) == 0;
	int sent = others ? send_some(s, OTHER) : 0;

	scene_finish(s);
	if (others)
		sent += send_some(s, THIRD);
	sent += open;
	step_free(stepper);
	test_join(stepper->pid);
	if (sent > 0 && !rose && gm_load(&desk->slept, acquire) &&
	    !scene_rung(s))
		FAIL("it went to sleep and nobody has rung");
	move_out(s);
	scene_drain(s);
	scene_laps(s);
	scene_all_room(s);
}

static void
record(const struct receiver_act *act, struct trace *trace)
{
	struct stepper stepper;
	struct scene s;

	set_up(act, &s, &stepper);
	CHECK_INT(step_record(&stepper, trace), STEP_MARK);
	stopped(&s, &stepper);
	scene_close(&s);
}

static int
count(void)
{
	int n = 0;

	while (receiver_acts[n].name != NULL)
		n++;
	return n;
}

static void
each_point(
    const char *what, void (*check)(struct scene *s, struct stepper *stepper))
{
	const char *why = step_refused();

	if (why != NULL)
		SKIP(why);
	step_near();
	plan_time(2);
	desk = test_shared(sizeof(*desk));
	for (int i = 0, n = count(); i < n; i++) {
		struct trace trace;
		struct plan plan;
		uint32_t k;

		record(&receiver_acts[i], &trace);
		plan_begin(&plan, trace.n, n - i, "%s, %s",
		    receiver_acts[i].name, what);
		while (plan_next(&plan, &k)) {
			struct stepper stepper;
			struct scene s;

			set_up(&receiver_acts[i], &s, &stepper);
			if (step_go(&stepper, &trace, k) != STEP_POINT)
				plan_missed(&plan);
			check(&s, &stepper);
			scene_close(&s);
		}
		plan_end(&plan);
		trace_free(&trace);
	}
}

TEST_TIMEOUT(receiver_killed_at_every_instruction, 60)
{
	each_point("killed", killed);
}

TEST_TIMEOUT(receiver_stopped_at_every_instruction, 60)
{
	each_point("stopped", stopped);
}
