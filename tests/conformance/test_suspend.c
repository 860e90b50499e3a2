/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SYS, STOP, TMO: a suspended server.
 */
#include "tests/conformance/other.h"

/* Everything in its mailbox has been handled. */
static bool
wait_handled(gs_addr to)
{
	gs_process_info info;
	int64_t end = gs_now() + SOON;

	do {
		CHECK_OK(gs_process_inspect(to, &info));
		if (info.messages_queued == 0)
			return true;
		usleep(1000);
	} while (gs_now() < end);
	return false;
}

TEST(SYS_23_suspended_serves_nothing_and_loses_nothing)
{
	gs_reqid id;
	gs_bytes reply;
	gs_pid pid;
	char text[32];

	node_up();
	pid = start("set 0");
	CHECK_OK(gs_sys_suspend(GS_PID(pid), SOON));
	CHECK(wait_state(GS_PID(pid), GS_STATE_SUSPENDED));
	CHECK_OK(gs_sys_suspend(GS_PID(pid), SOON));
	for (int i = 0; i < 300; i++) {
		snprintf(text, sizeof(text), "note m%d;add 1", i);
		tell(GS_PID(pid), text);
	}
	post(GS_PID(pid), "note info;add 1");
	CHECK_OK(gs_send_request(GS_PID(pid), GS_TEXT("get"), &id));
	CHECK(wait_queue(GS_PID(pid), 302));
	CHECK(unnoted("m0", 60));
	CHECK_INT(gs_wait_response(id, &reply, 0), -ETIMEDOUT);
	/* a caller that gives up: SYS-24, it is handled all the same */
	CHECK_INT(
	    gs_call(GS_PID(pid), GS_TEXT("note given up;add 1"), NULL, 50),
	    -ETIMEDOUT);
	CHECK_OK(gs_sys_resume(GS_PID(pid), SOON));
	CHECK_OK(gs_receive_response(id, &reply, SOON));
	CHECK_STR(gs_string(reply, text, sizeof(text)), "301");
	CHECK(wait_note("given up"));
	CHECK_STR(ask(GS_PID(pid), "get"), "302");
	CHECK(notes_in_order(
	    "m0", "m1", "m2", "m150", "m299", "info", "given up", NULL));
	CHECK(wait_handled(GS_PID(pid)));
	CHECK_OK(gs_sys_resume(GS_PID(pid), SOON));
	CHECK_STR(ask(GS_PID(pid), "get"), "302");
	node_down();
}

static int
fill(gs_addr to)
{
	int n = 0;

	while (gs_cast(to, GS_TEXT("add 1")) == 0)
		n++;
	return n;
}

/* As many fit as if it did not read, and sys gets through all the same. */
TEST(SYS_23_the_mailbox_keeps_its_cap)
{
	gs_options options = { .mailbox = 65536 };
	gs_addr to;
	gs_pid pid;
	int held, suspended, extra;

	node_up();
	CHECK_OK(gs_start(&puppet, GS_TEXT("set 0"), &options, &pid));
	to = GS_PID(pid);
	tell(to, "gate 1");
	held = fill(to);
	gate_open(1);
	CHECK(wait_handled(to));
	for (int round = 0; round < 3; round++) {
		CHECK_OK(gs_sys_replace_state(
		    to, NULL, gs_bytes_of((char[24]){ 0 }, 24), NULL, SOON));
		CHECK_OK(gs_sys_suspend(to, SOON));
		suspended = fill(to);
		/* room is published a few cells at a time: it has read all */
		CHECK_OK(gs_sys_suspend(to, SOON));
		suspended += fill(to);
		/* the request's own cell comes back behind its answer */
		extra = 0;
		CHECK(suspended > held - 48 && suspended <= held + 48);
		CHECK(wait_queue(to, (unsigned)suspended));
		for (int i = 0; i < 100; i++) {
			gs_bytes state;

			CHECK_OK(gs_sys_get_state(to, &state, SOON));
			extra += fill(to);
		}
		CHECK(extra <= 2);
		suspended += extra;
		CHECK_OK(gs_sys_resume(to, SOON));
		CHECK(wait_handled(to));
		CHECK_INT(atoi(ask(to, "get")), suspended);
	}
	node_down();
}

struct flood {
	int os_pid; /* of a server that is a guest there */
	int most;
	int patience; /* ms without room */
	int sent;
	int status;
};

/* In the other node: until there is no room for so long. */
static void
flood(void *data)
{
	struct flood *f = data;
	gs_pid guest = client_of(f->os_pid);

	for (f->sent = f->status = 0; f->sent < f->most && f->status == 0;
	     f->sent += f->status == 0)
		f->status =
		    gs_cast_wait(GS_PID(guest), GS_TEXT("add 1"), f->patience);
}

struct sum {
	gs_addr of;
	int wanted;
};

static bool
has_sum(void *data)
{
	const struct sum *sum = data;

	return atoi(ask(sum->of, "get")) == sum->wanted;
}

TEST(SYS_23_the_mailbox_in_another_node_keeps_its_cap)
{
	struct flood *f = test_shared(sizeof(*f));
	struct sum sum = { 0 };
	char script[300];
	gs_pid pid;
	int held;

	others_up(1);
	pid = start_named("set 0", "here");
	f->os_pid = os_pid_of(GS_PID(pid));
	snprintf(
	    script, sizeof(script), "call 5000 there@%s get;last", other(0));
	CHECK_STR(ask(GS_PID(pid), script), "0 0");
	/* it does not read at all */
	f->most = 100000;
	f->patience = 50;
	freeze(pid);
	other_run(0, flood, f);
	CHECK_INT(f->status, -ETIMEDOUT);
	held = f->sent;
	thaw(pid);
	sum = (struct sum){ GS_PID(pid), held };
	CHECK(eventually(has_sum, &sum, SOON));
	CHECK_OK(gs_sys_suspend(GS_PID(pid), SOON));
	f->patience = 2000; /* it reads, when it is let run */
	other_run(0, flood, f);
	CHECK_INT(f->status, -ETIMEDOUT);
	printf("# room for %d, suspended %d\n", held, f->sent);
	CHECK(f->sent <= held + 48 && f->sent > held - 48);
	CHECK_OK(gs_sys_resume(GS_PID(pid), SOON));
	sum.wanted += f->sent;
	CHECK(eventually(has_sum, &sum, SOON));
	/* and there is room again, for more than there was */
	f->most = 2 * held;
	f->patience = SOON;
	other_run(0, flood, f);
	CHECK_INT(f->sent, f->most);
	others_down(1);
}

TEST(STOP_30_parent_exit_while_suspended)
{
	gs_pid parent, pid;

	node_up();
	parent = start_named("startlink child trap 1|tag c", "parent");
	CHECK_OK(gs_resolve(GS_NAME("child"), &pid));
	CHECK_OK(gs_sys_suspend(GS_NAME("child"), SOON));
	tell(GS_NAME("child"), "note handled");
	end_with(parent, "over");
	CHECK(wait_note("c: terminate over 0"));
	CHECK(wait_dead(pid));
	CHECK_INT(notes("c: handled"), 0);
	node_down();
}

/* A puppet that was suspended before it could note that; how often before. */
static gs_pid
suspended_before(const char *script, const char *late, int *before)
{
	gs_pid pid;

	for (int tries = 0; tries < 10; tries++) {
		*before = notes(late);
		pid = start(script);
		CHECK_OK(gs_sys_suspend(GS_PID(pid), SOON));
		if (notes(late) == *before)
			return pid;
		/* this test was not let run in time */
		stop(pid);
	}
	FAIL("\"%s\" is never suspended in time", script);
}

/* An exit signal of somebody else, a DOWN and a timer wait as all else. */
TEST(SYS_23_signals_and_timers_wait_their_turn)
{
	gs_pid pid, other;
	int before;

	node_up();
	other = start_named("set 0", "other");
	pid = suspended_before("after 600 self note timer;monitor other;"
			       "trap 1;tag s",
	    "s: timer", &before);
	CHECK_OK(gs_exit_signal(GS_PID(pid), "boo"));
	end_with(other, "ill");
	CHECK(wait_queue(GS_PID(pid), 3));
	CHECK(unnoted("s: exit boo", 60));
	CHECK_INT(notes("s: timer"), before);
	CHECK_OK(gs_sys_resume(GS_PID(pid), SOON));
	CHECK(wait_note("s: exit boo"));
	CHECK(wait_note("s: down ill"));
	CHECK(wait_notes("s: timer", before + 1));
	node_down();
}

TEST(SYS_30_stop_and_terminate_while_suspended)
{
	gs_pid pid;

	node_up();
	pid = start("tag t");
	CHECK_OK(gs_sys_suspend(GS_PID(pid), SOON));
	tell(GS_PID(pid), "note never");
	CHECK_OK(gs_stop(GS_PID(pid), "normal", SOON));
	CHECK_INT(notes("t: terminate normal 0"), 1);
	CHECK_INT(notes("t: never"), 0);
	node_down();
}

/* A late suspend is not made up for: the server goes on. */
TEST(SYS_23_a_suspend_that_timed_out_does_not_come_later)
{
	gs_addr to;

	node_up();
	to = GS_PID(start("set 1"));
	for (int i = 0; i < 20; i++) {
		int ms = 20 + i % 4;
		char text[32];

		/* around the moment when its time is up */
		snprintf(text, sizeof(text), "sleep %d", ms);
		tell(to, text);
		if (gs_sys_suspend(to, 20) == 0)
			CHECK_OK(gs_sys_resume(to, SOON));
		CHECK_STR(ask(to, "get"), "1");
	}
	node_down();
}

/* Somebody else's suspend stays when one that is late is taken back. */
TEST(SYS_23_who_suspended_first_resumes)
{
	gs_addr to;

	node_up();
	to = GS_PID(start("set 1"));
	CHECK_OK(gs_sys_suspend(to, SOON));
	CHECK_INT(gs_sys_suspend(to, 0), -ETIMEDOUT);
	CHECK_INT(gs_call(to, GS_TEXT("get"), NULL, 60), -ETIMEDOUT);
	CHECK_OK(gs_sys_resume(to, SOON));
	CHECK_STR(ask(to, "get"), "1");
	node_down();
}

TEST(TMO_18_hibernation_outlives_suspend)
{
	gs_bytes state;
	gs_pid pid;

	node_up();
	pid = start("hibernate");
	CHECK(wait_state(GS_PID(pid), GS_STATE_HIBERNATING));
	CHECK_OK(gs_sys_suspend(GS_PID(pid), SOON));
	CHECK(wait_state(GS_PID(pid), GS_STATE_SUSPENDED));
	CHECK_OK(gs_sys_resume(GS_PID(pid), SOON));
	CHECK(wait_state(GS_PID(pid), GS_STATE_HIBERNATING));
	/* TMO-19 */
	CHECK_OK(gs_sys_get_state(GS_PID(pid), &state, SOON));
	CHECK(wait_state(GS_PID(pid), GS_STATE_HIBERNATING));
	/* a message that came meanwhile does end it */
	CHECK_OK(gs_sys_suspend(GS_PID(pid), SOON));
	tell(GS_PID(pid), "add 1");
	CHECK_OK(gs_sys_resume(GS_PID(pid), SOON));
	CHECK(wait_state(GS_PID(pid), GS_STATE_WAITING));
	node_down();
}

/* V-13: the interval of a plain timeout begins anew, and it does come. */
TEST(SYS_23_a_plain_timeout_waits_for_the_resume)
{
	int before;
	gs_pid pid;

	node_up();
	pid = suspended_before("tag p;timeout 50", "p: timeout", &before);
	CHECK(unnoted("p: timeout", 120));
	CHECK_OK(gs_sys_resume(GS_PID(pid), SOON));
	CHECK(wait_notes("p: timeout", before + 1));
	CHECK_INT(notes("p: timeout"), before + 1);
	node_down();
}
