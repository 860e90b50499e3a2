/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TMO: the event timeout, which has a message of its own.
 */
#include "tests/conformance/helpers.h"

TEST(TMO_10_event_timeout_delivers_its_message_once)
{
	int64_t from;
	gs_pid pid;

	node_up();
	pid = start("");
	from = now_ms();
	tell(GS_PID(pid), "noreply;event 200 note late");
	CHECK(wait_note("late"));
	CHECK(now_ms() - from >= 200);
	CHECK(now_ms() - from < 200 + PROMPT);
	CHECK(unnoted("timeout", 300));
	CHECK_INT(notes("late"), 1);
	/* from init, a call, a message, and again out of itself */
	start("ok;event 10 note of init");
	CHECK(wait_note("of init"));
	CHECK_STR(ask(GS_PID(pid), "reply yes;event 10 note of call"), "yes");
	CHECK(wait_note("of call"));
	post(GS_PID(pid), "noreply;event 10 note one");
	CHECK(wait_note("one"));
	/* never */
	tell(GS_PID(pid), "noreply;event 2147483647 note never");
	CHECK(unnoted("never", 200));
	CHECK_INT(notes("timeout"), 0);
	node_down();
}

static bool
came_more(void *times)
{
	return notes("came") > *(int *)times;
}

TEST(TMO_10_any_message_cancels_the_event_timeout)
{
	gs_pid call, cast, info;
	int late;

	node_up();
	do {
		late = notes("came");
		call = start("ok;event 500 note came");
		CHECK_STR(ask(GS_PID(call), "reply yes"), "yes");
		cast = start("ok;event 500 note came");
		tell(GS_PID(cast), "add 1");
		settle(GS_PID(cast));
		info = start("ok;event 500 note came");
		post(GS_PID(info), "add 1");
		settle(GS_PID(info));
		/* again when this test was not let run in time */
	} while (notes("came") != late);
	CHECK(!eventually(came_more, &late, 900));
	/* nor does another action leave it */
	tell(GS_PID(call), "noreply;event 100 note gone;timeout 200");
	CHECK(wait_note("timeout"));
	CHECK_INT(notes("gone"), 0);
	node_down();
}

TEST(TMO_10_system_messages_neither_cancel_nor_restart_it)
{
	int64_t from;
	gs_pid pid;

	node_up();
	pid = start("");
	from = now_ms();
	tell(GS_PID(pid), "noreply;event 600 note due");
	/* begun anew by each of them it would come much later, or never */
	while (now_ms() - from < SOON && notes("due") == 0)
		CHECK_INT(gs_ping(GS_PID(pid), SOON), 0);
	CHECK_INT(notes("due"), 1);
	CHECK(now_ms() - from >= 600);
	node_down();
}

TEST(TMO_10_negative_event_timeout_is_bad_return_value)
{
	gs_ref ref;
	gs_pid pid;

	node_up();
	CHECK_INT(gs_start_monitor(&puppet, GS_NONE, NULL, &pid, &ref), 0);
	tell(GS_PID(pid), "noreply;event -1 note no");
	CHECK(got(GS_INFO_DOWN, "bad_return_value", NULL));
	CHECK_INT(try_start("error no;event 10 note no", NULL), -ECHILD);
	CHECK_STR(gs_error_reason(), "bad_return_value");
	node_down();
}

TEST(TMO_11_event_timeout_zero_comes_before_what_waits)
{
	gs_pid pid;

	node_up();
	pid = start("");
	tell(GS_PID(pid), "note in;gate 1;noreply;event 0 note zero");
	CHECK(wait_note("in"));
	tell(GS_PID(pid), "note queued");
	gate_open(1);
	CHECK(wait_note("queued"));
	CHECK(notes_in_order("zero", "queued", NULL));
	CHECK_INT(notes("zero"), 1);
	/* and at once when nothing waits */
	start("ok;event 0 note alone");
	CHECK(wait_note("alone"));
	node_down();
}

/* One that is due but not 0 waits its turn: the message wins. */
TEST(TMO_11_a_waiting_message_wins_over_any_other)
{
	gs_pid pid;

	node_up();
	pid = start("");
	tell(GS_PID(pid), "note in;gate 1;noreply;eventat -100 note past");
	CHECK(wait_note("in"));
	tell(GS_PID(pid), "note queued");
	gate_open(1);
	CHECK(wait_note("queued"));
	CHECK(unnoted("past", 300));
	node_down();
}

TEST(TMO_12_event_timeout_may_be_absolute)
{
	int64_t from;
	gs_pid pid;

	node_up();
	pid = start("");
	from = now_ms();
	tell(GS_PID(pid), "noreply;eventat 200 note absolute");
	CHECK(wait_note("absolute"));
	CHECK(now_ms() - from >= 199);
	CHECK(now_ms() - from < 200 + PROMPT);
	/* past is now, when nothing waits */
	tell(GS_PID(pid), "noreply;eventat -1000 note past");
	CHECK(wait_note("past"));
	node_down();
}

struct sleeper {
	gs_pid pid;
	int woken;
};

static bool
sleeps_or_woke(void *data)
{
	const struct sleeper *s = data;

	return state_of(GS_PID(s->pid)) == GS_STATE_HIBERNATING ||
	       notes("woken") != s->woken;
}

static void
sleeps_until_its_event(const char *script)
{
	struct sleeper s = { .woken = 0 };

	node_up();
	do {
		s.woken = notes("woken");
		s.pid = start(script);
		CHECK(eventually(sleeps_or_woke, &s, SOON));
		/* a system message ends neither */
		CHECK_INT(gs_ping(GS_PID(s.pid), SOON), 0);
		CHECK(eventually(sleeps_or_woke, &s, SOON));
		/* again when nobody has looked before its event came */
	} while (notes("woken") != s.woken);
	CHECK(wait_notes("woken", s.woken + 1));
	CHECK(wait_state(GS_PID(s.pid), GS_STATE_WAITING));
	CHECK_INT(notes("woken"), s.woken + 1);
	node_down();
}

TEST(TMO_12_event_timeout_may_be_spent_in_hibernation)
{
	sleeps_until_its_event("ok;event 700 note woken;hibernate");
}

TEST(TMO_12_hibernation_may_have_an_event_timeout)
{
	sleeps_until_its_event("ok;hibernate;eventat 700 note woken");
}

static bool
is_noted(void *text)
{
	return note_rest(text) != NULL;
}

/* The message stays what it was, however large, while others are refused. */
TEST(TMO_12_the_message_is_kept_until_it_is_due)
{
	char script[400], text[300];
	gs_pid pid;
	int i;

	node_up();
	pid = start("");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	snprintf(script, sizeof(script), "noreply;event 300 cast self note %s",
	    text);
	tell(GS_PID(pid), script);
	for (i = 0; i < 20; i++)
		CHECK_INT(gs_ping(GS_PID(pid), SOON), 0);
	text[150] = '\0';
	CHECK(eventually(is_noted, text, SOON));
	node_down();
}
