/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sender killed, or stopped for good, at each instruction of a send: the
 * other senders' messages arrive in order and whole, all room comes back, and
 * a stopped one holds up nobody.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "tests/instructions/sender_acts.h"

#define CELLS SENDER_CELLS

static bool
is_done(struct scene *s)
{
	return gm_load(&s->box.shared->marks[MARK_DONE], acquire) != 0;
}

/* Its payload, made before it is stepped. */
static void
write_letter(struct scene *s)
{
	static uint8_t bytes[CELLS * GM_CELL / 4];

	s->slip.payload = bytes;
	s->slip.size = s->size;
	scene_fill(&s->slip, VICTIM_SENDER, s->box.sent[VICTIM_SENDER]);
}

struct play {
	struct scene *scene;
	const struct act *act;
};

static void
victim(void *data)
{
	const struct play *play = data;
	const struct act *act = play->act;
	struct scene *s = play->scene;

	if (act->prologue)
		act->prologue(s);
	write_letter(s);
	step_me();
	step_mark();
	act->act(s);
	step_mark();
}

static void
set_up(const struct act *act, struct scene *s, struct stepper *stepper)
{
	struct play play = { s, act };

	scene_open(s, CELLS, act->size, act->fenced);
	if (act->before)
		act->before(s);
	*stepper = (struct stepper){ .wake = act->wake, .data = s };
	step_child(stepper, test_fork(victim, &play));
	if (act->ready)
		act->ready(s);
}

/* Dead: noticed at once, after others have sent, or after it was passed. */
static void
killed(struct scene *s, struct stepper *stepper)
{
	uint32_t when = plan_chance(3);
	bool was;

	step_kill(stepper);
	was = is_done(s);
	if (plan_chance(2) == 0)
		scene_finish(s);
	box_check(&s->box);
	for (int i = 0; i < 3 && when >= 1; i++)
		scene_send(s, OTHER, 100 + (size_t)i);
	if (when == 2)
		scene_drain(s);
	scene_settle(s, VICTIM_SENDER);
	box_check(&s->box);
	if (s->asleep)
		scene_awake(s);
	scene_finish(s);
	scene_all_room(s);
	/* who made room for it may have taken it as well */
	if (was)
		CHECK_INT(s->box.taken[VICTIM_SENDER], 1);
	CHECK(s->box.taken[VICTIM_SENDER] <= 1);
}

static void
stopped(struct scene *s, struct stepper *stepper)
{
	bool whole = is_done(s);

	scene_finish(s);
	if (s->asleep && scene_send(s, OTHER, 50) == -EAGAIN)
		scene_awake(s);
	scene_drain(s);
	if (whole)
		CHECK_INT(s->box.taken[VICTIM_SENDER], 1);
	scene_laps(s);
	if (plan_chance(2) == 0) {
		step_kill(stepper);
		scene_settle(s, VICTIM_SENDER);
	} else {
		step_free(stepper);
		test_join(stepper->pid);
		scene_drain(s);
		CHECK_INT(s->box.taken[VICTIM_SENDER], is_done(s));
	}
	scene_all_room(s);
}

/* The whole way, which is also what it should be without trouble. */
static void
record(const struct act *act, struct trace *trace)
{
	struct stepper stepper;
	struct scene s;

	set_up(act, &s, &stepper);
	CHECK_INT(step_record(&stepper, trace), STEP_MARK);
	step_free(&stepper);
	test_join(stepper.pid);
	scene_finish(&s);
	if (s.asleep)
		scene_awake(&s);
	scene_all_room(&s);
	CHECK_INT(s.box.taken[VICTIM_SENDER], is_done(&s));
	scene_close(&s);
}

static int
count(void)
{
	int n = 0;

	while (sender_acts[n].name != NULL)
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
	for (int i = 0, n = count(); i < n; i++) {
		struct trace trace;
		struct plan plan;
		uint32_t k;

		record(&sender_acts[i], &trace);
		plan_begin(
		    &plan, trace.n, n - i, "%s, %s", sender_acts[i].name, what);
		while (plan_next(&plan, &k)) {
			struct stepper stepper;
			struct scene s;

			set_up(&sender_acts[i], &s, &stepper);
			if (step_go(&stepper, &trace, k) != STEP_POINT)
				plan_missed(&plan);
			check(&s, &stepper);
			scene_close(&s);
		}
		plan_end(&plan);
		trace_free(&trace);
	}
}

/* OS-04 */
TEST_TIMEOUT(sender_killed_at_every_instruction, 60)
{
	each_point("killed", killed);
}

TEST_TIMEOUT(sender_stopped_at_every_instruction, 60)
{
	each_point("stopped", stopped);
}
