/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INFO: messages sent later.
 */
#include "tests/conformance/helpers.h"

#include <dirent.h>

TEST(INFO_07_send_after_is_not_early)
{
	int64_t from;
	gs_info info;
	gs_ref ref;

	node_up();
	from = now_ns();
	CHECK_INT(
	    gs_send_after(200, GS_PID(self_pid()), GS_TEXT("tick"), &ref), 0);
	CHECK(got_nothing());
	CHECK(got(GS_INFO_TIMER, "tick", &info));
	CHECK(now_ns() - from >= 200 * 1000000ll);
	CHECK(now_ns() - from < (200 + PROMPT) * 1000000ll);
	CHECK_INT(info.ref.id, ref.id);
	CHECK(got_nothing());
	node_down();
}

TEST(INFO_07_timers_of_a_server_fire_once_and_in_order)
{
	gs_pid pid;

	node_up();
	pid = start("");
	tell(GS_PID(pid), "after 150 self note late;after 20 self note early;"
			  "after 80 self note middle");
	CHECK(wait_note("late"));
	CHECK(notes_in_order("early", "middle", "late", NULL));
	settle(GS_PID(pid));
	CHECK_INT(notes("early") + notes("middle") + notes("late"), 3);
	node_down();
}

TEST(INFO_07_zero_goes_through_the_mailbox)
{
	gs_pid pid;

	node_up();
	pid = start("");
	tell(GS_PID(pid), "note in;gate 1;after 0 self note timer;note out");
	CHECK(wait_note("in"));
	tell(GS_PID(pid), "note queued");
	gate_open(1);
	CHECK(wait_note("timer"));
	CHECK(notes_in_order("out", "queued", "timer", NULL));
	CHECK_INT(
	    gs_send_after(-1, GS_PID(pid), GS_TEXT("note x"), NULL), -EINVAL);
	node_down();
}

struct spinner {
	gs_pid self;
	bool over;
};

static gs_next
spin_init(void *state, gs_bytes argument)
{
	struct spinner *s = state;

	(void)argument;
	CHECK_OK(gs_self(&s->self));
	for (int i = 0; i < 2; i++)
		CHECK_OK(gs_cast(GS_PID(s->self), GS_TEXT("on")));
	CHECK_OK(gs_send_after(50, GS_PID(s->self), GS_TEXT("over"), NULL));
	return gs_ok();
}

static gs_next
spin_cast(void *state, gs_bytes request)
{
	struct spinner *s = state;

	if (!s->over)
		CHECK_OK(gs_cast(GS_PID(s->self), request));
	return gs_next_noreply();
}

static gs_next
spin_info(void *state, const gs_info *info)
{
	struct spinner *s = state;

	s->over = info->kind == GS_INFO_TIMER;
	note("over");
	return gs_next_noreply();
}

static GS_SERVER(spin, .state_size = sizeof(struct spinner), .init = spin_init,
    .handle_cast = spin_cast, .handle_info = spin_info);

/* Its mailbox is never empty. */
TEST(INFO_07_timers_of_a_busy_server_fire)
{
	gs_pid pid;

	node_up();
	CHECK_OK(gs_start(&spin, GS_NONE, NULL, &pid));
	CHECK(wait_note("over"));
	stop(pid);
	node_down();
}

TEST(INFO_08_absolute_times_are_monotonic_ms)
{
	int64_t from, at, seen;
	gs_addr me;

	node_up();
	me = GS_PID(self_pid());
	/* once of a few times this is let run at once */
	for (int tries = 0; tries == 0 || (tries < 10 && seen >= at); tries++) {
		from = now_ms();
		at = gs_now() + 150;
		CHECK(at >= from + 150 && at <= now_ms() + 150);
		CHECK_INT(gs_send_at(at, me, GS_TEXT("then"), NULL), 0);
		CHECK_INT(
		    gs_send_at(at - 100000, me, GS_TEXT("past"), NULL), 0);
		CHECK(got(GS_INFO_TIMER, "past", NULL));
		seen = now_ms();
		CHECK(got(GS_INFO_TIMER, "then", NULL));
		CHECK(now_ms() >= at);
	}
	CHECK(seen < at);
	node_down();
}

TEST(INFO_09_cancel_and_read_tell_the_time_left)
{
	gs_ref ref, none = { 123456789 };
	int64_t left;

	node_up();
	CHECK_INT(
	    gs_send_after(60000, GS_PID(self_pid()), GS_TEXT("x"), &ref), 0);
	left = gs_read_timer(ref);
	CHECK(left > 30000 && left <= 60000);
	left = gs_read_timer(ref);
	CHECK(left > 30000 && left <= 60000);
	left = gs_cancel_timer(ref);
	CHECK(left > 30000 && left <= 60000);
	CHECK_INT(gs_cancel_timer(ref), -ENOENT);
	CHECK_INT(gs_read_timer(ref), -ENOENT);
	CHECK_INT(gs_cancel_timer(none), -ENOENT);
	CHECK_INT(gs_read_timer(none), -ENOENT);
	CHECK_INT(gs_send_after(1, GS_PID(self_pid()), GS_TEXT("y"), &ref), 0);
	CHECK(got(GS_INFO_TIMER, "y", NULL));
	CHECK_INT(gs_cancel_timer(ref), -ENOENT);
	node_down();
}

TEST(INFO_11_a_cancelled_timer_never_fires)
{
	gs_ref ref;
	gs_pid pid;

	node_up();
	CHECK_INT(gs_send_after(50, GS_PID(self_pid()), GS_TEXT("x"), &ref), 0);
	CHECK_INT(
	    gs_send_after(150, GS_PID(self_pid()), GS_TEXT("fence"), NULL), 0);
	CHECK_OK(gs_cancel_timer(ref));
	CHECK(got(GS_INFO_TIMER, "fence", NULL));
	CHECK(got_nothing());
	pid = start("after 50 self note never;cancel;"
		    "after 150 self note fence");
	CHECK(wait_note("fence"));
	settle(GS_PID(pid));
	CHECK_INT(notes("never"), 0);
	node_down();
}

TEST(INFO_12_a_name_is_looked_up_when_the_timer_fires)
{
	gs_pid owner, first;

	node_up();
	first = start_named("tag first", "named");
	owner = start("");
	/* none fires while it is held */
	tell(GS_PID(owner), "after 40 named note x;after 1 nobody note y;"
			    "after 50 self note fence;note armed;gate 1");
	CHECK(wait_note("armed"));
	stop(first);
	start_named("", "named");
	gate_open(1);
	CHECK(wait_note("fence"));
	settle(GS_NAME("named"));
	CHECK_INT(notes("x"), 1);
	CHECK_INT(notes("y"), 0);
	settle(GS_PID(owner));
	node_down();
}

TEST(INFO_12_a_timer_to_a_dead_pid_is_dropped)
{
	char text[GS_PID_TEXT];
	char script[100];
	gs_pid owner, target;

	node_up();
	target = start("");
	owner = start("");
	snprintf(script, sizeof(script),
	    "after 20 %s note ghost;after 30 self note fence;note armed;gate 1",
	    gs_pid_text(target, text));
	tell(GS_PID(owner), script);
	CHECK(wait_note("armed"));
	stop(target);
	start("");
	gate_open(1);
	CHECK(wait_note("fence"));
	settle(GS_PID(owner));
	CHECK_INT(notes("ghost"), 0);
	node_down();
}

/* Works every millisecond by re-arming its timer. */
static int
open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	CHECK(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static gs_next
ticker_arm(int *ticks)
{
	++*ticks;
	CHECK_INT(
	    gs_send_after(1, GS_PID(self_pid()), GS_TEXT("tick"), NULL), 0);
	return gs_next_noreply();
}

static gs_next
ticker_init(void *state, gs_bytes argument)
{
	gs_next ignored = ticker_arm(state);

	(void)argument;
	(void)ignored;
	return gs_ok();
}

static gs_next
ticker_info(void *state, const gs_info *info)
{
	if (info->kind != GS_INFO_TIMER)
		return gs_next_noreply();
	return ticker_arm(state);
}

static gs_next
ticker_call(void *state, gs_bytes request, gs_from from)
{
	(void)request;
	(void)from;
	return gs_next_reply(GS_STR("%d %d", *(int *)state, open_fds()));
}

static GS_SERVER(ticker, .state_size = sizeof(int), .init = ticker_init,
    .handle_call = ticker_call, .handle_info = ticker_info);

struct ticks {
	gs_pid pid;
	int wanted;
	int fds;
};

static bool
ticked(void *data)
{
	struct ticks *t = data;
	int count;

	CHECK_INT(sscanf(ask(GS_PID(t->pid), ""), "%d %d", &count, &t->fds), 2);
	return count >= t->wanted;
}

TEST(INFO_13_periodic_work_does_not_drift)
{
	struct ticks t = { .wanted = 200 };
	gs_process_info before, after;
	int fds;

	node_up();
	CHECK_INT(gs_start(&ticker, GS_NONE, NULL, &t.pid), 0);
	CHECK(eventually(ticked, &t, SOON));
	fds = t.fds;
	CHECK_INT(gs_process_inspect(GS_PID(t.pid), &before), 0);
	t.wanted = 1200;
	CHECK(eventually(ticked, &t, 2 * SOON));
	CHECK_INT(gs_process_inspect(GS_PID(t.pid), &after), 0);
	/* a poller and bells are had when they are first needed */
	CHECK(t.fds <= fds + 4);
	CHECK(test_slow() || after.memory < before.memory + (256 << 10));
	CHECK(after.mailbox_used <= before.mailbox_used + (64 << 10));
	node_down();
}

/* The message is on its way behind what was sent before. */
TEST(INFO_10_an_asynchronous_cancel_answers_by_a_message)
{
	gs_pid pid;

	node_up();
	pid = start("");
	tell(GS_PID(pid), "after 60000 self note fired;cancelasync;notelast");
	CHECK(wait_note("cancelled it 50000"));
	CHECK(notes_in_order("0", "cancelled it 50000", NULL));
	/* it is gone, and again it says so */
	tell(GS_PID(pid), "cancelasync");
	CHECK(wait_note("cancelled it -2"));
	tell(GS_PID(pid), "after 1 self note fired;sleep 30");
	CHECK(wait_note("fired"));
	tell(GS_PID(pid), "cancelasync");
	CHECK(wait_notes("cancelled it -2", 2));
	CHECK_INT(notes("fired"), 1);
	node_down();
}
