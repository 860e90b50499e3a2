/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CAST: messages that nobody waits for.
 */
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#include "tests/conformance/helpers.h"

TEST(CAST_01_returns_before_the_server_handles_it)
{
	gs_pid pid;

	node_up();
	pid = start("");
	tell(GS_PID(pid), "gate 1;note handled");
	tell(GS_PID(pid), "note second");
	CHECK_INT(notes("handled"), 0);
	gate_open(1);
	CHECK(wait_note("second"));
	CHECK(notes_in_order("handled", "second", NULL));
	CHECK_INT(notes("handled"), 1);
	node_down();
}

TEST(CAST_02_ok_when_nobody_is_there)
{
	gs_pid pid;

	node_up();
	pid = start_named("", "gone");
	stop(pid);
	CHECK_INT(gs_cast(GS_PID(pid), GS_TEXT("x")), 0);
	CHECK_INT(gs_cast(GS_NAME("gone"), GS_TEXT("x")), 0);
	CHECK_INT(gs_cast(GS_NAME("never-there"), GS_TEXT("x")), 0);
	CHECK_INT(gs_cast(GS_NAME_AT("x", "no-such-node"), GS_TEXT("x")), 0);
	node_down();
}

TEST(CAST_03_unknown_node_takes_no_time)
{
	int64_t from;

	node_up();
	from = now_ms();
	/* 100 ms for each would be too long */
	for (int i = 0; i < 100; i++)
		CHECK_INT(
		    gs_cast(GS_NAME_AT("x", "no-such-node"), GS_TEXT("x")), 0);
	CHECK(now_ms() - from < PROMPT);
	node_down();
}

#define SENDERS 3
#define PER_SENDER 2000

/* Counts the casts that do not follow their sender's last one. */
struct sequence {
	int last[SENDERS];
	int wrong;
	int seen;
};

struct numbered {
	int sender;
	int number;
};

static gs_next
sequence_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

static gs_next
sequence_cast(void *state, gs_bytes request)
{
	struct sequence *s = state;
	struct numbered n;

	memcpy(&n, request.data, sizeof(n));
	s->wrong += n.number != ++s->last[n.sender];
	s->seen++;
	return gs_next_noreply();
}

static gs_next
sequence_call(void *state, gs_bytes request, gs_from from)
{
	struct sequence *s = state;

	(void)request;
	(void)from;
	return gs_next_reply(GS_STR("seen %d wrong %d", s->seen, s->wrong));
}

static GS_SERVER(sequence, .state_size = sizeof(struct sequence),
    .init = sequence_init, .handle_call = sequence_call,
    .handle_cast = sequence_cast);

struct sender {
	pthread_t thread;
	gs_pid to;
	int id;
};

static void *
sender_run(void *data)
{
	struct sender *s = data;
	struct numbered n = { s->id, 0 };

	while (n.number++ < PER_SENDER)
		CHECK_INT(
		    gs_cast_wait(GS_PID(s->to), GS_OBJECT(n), FOREVER), 0);
	return NULL;
}

TEST(CAST_04_casts_of_one_sender_stay_in_order)
{
	struct sender senders[SENDERS];
	gs_pid pid;
	int i;

	node_up();
	CHECK_INT(gs_start(&sequence, GS_NONE, NULL, &pid), 0);
	for (i = 0; i < SENDERS; i++) {
		senders[i].to = pid;
		senders[i].id = i;
		CHECK_INT(pthread_create(&senders[i].thread, NULL, sender_run,
			      &senders[i]),
		    0);
	}
	for (i = 0; i < SENDERS; i++)
		CHECK_INT(pthread_join(senders[i].thread, NULL), 0);
	CHECK_STR(ask(GS_PID(pid), ""), "seen 6000 wrong 0");
	node_down();
}

TEST(CAST_05_noreply_takes_the_state_and_an_action)
{
	gs_pid pid;

	node_up();
	pid = start("");
	tell(GS_PID(pid), "set 5;noreply");
	CHECK_STR(ask(GS_PID(pid), "get"), "5");
	tell(GS_PID(pid), "noreply;timeout 20");
	CHECK(wait_note("timeout"));
	tell(GS_PID(pid), "noreply;continue note continued");
	CHECK(wait_note("continued"));
	tell(GS_PID(pid), "noreply;hibernate");
	CHECK(wait_state(GS_PID(pid), GS_STATE_HIBERNATING));
	CHECK_STR(ask(GS_PID(pid), "get"), "5");
	node_down();
}

TEST(CAST_05_stop_ends_with_the_reason)
{
	gs_ref ref;
	gs_pid pid;

	node_up();
	pid = start("");
	CHECK_INT(gs_monitor(GS_PID(pid), &ref), 0);
	tell(GS_PID(pid), "set 6;end boom");
	CHECK(got(GS_INFO_DOWN, "boom", NULL));
	CHECK_INT(notes("terminate boom 6"), 1);
	node_down();
}

static void
mute_terminate(void *state, const char *reason)
{
	(void)state;
	note("terminate %s", reason);
}

static GS_SERVER(mute, .init = sequence_init, .terminate = mute_terminate);

TEST(CAST_06_missing_handle_cast_stops_with_bad_cast)
{
	gs_ref ref;
	gs_pid pid;

	node_up();
	CHECK_INT(gs_start_monitor(&mute, GS_NONE, NULL, &pid, &ref), 0);
	tell(GS_PID(pid), "x");
	CHECK(got(GS_INFO_DOWN, "bad_cast", NULL));
	CHECK_INT(notes("terminate bad_cast"), 1);
	node_down();
}

/* A fresh server sent to like this ends with bad_return_value. */
static void
is_bad_return(int (*send)(gs_addr to, gs_bytes bytes), const char *script)
{
	gs_ref ref;
	gs_pid pid;

	CHECK_INT(
	    gs_start_monitor(&puppet, GS_TEXT("set 3"), NULL, &pid, &ref), 0);
	CHECK_INT(send(GS_PID(pid), GS_TEXT(script)), 0);
	CHECK(got(GS_INFO_DOWN, "bad_return_value", NULL));
}

TEST(CAST_07_reply_is_no_verdict_outside_a_call)
{
	node_up();
	is_bad_return(gs_cast, "add 1;reply x");
	is_bad_return(gs_send, "add 1;reply x");
	is_bad_return(gs_cast, "continue add 1;reply x");
	is_bad_return(gs_cast, "add 1;endreply boom x");
	CHECK_INT(notes("terminate bad_return_value 3"), 4);
	is_bad_return(gs_cast, "garbage");
	is_bad_return(gs_send, "garbage");
	is_bad_return(gs_cast, "continue garbage");
	is_bad_return(gs_cast, "noreply;timeout -1");
	is_bad_return(gs_cast, "ok");
	node_down();
}

TEST(CAST_08_cast_to_oneself_queues_behind_the_others)
{
	gs_pid pid;

	node_up();
	pid = start("");
	tell(GS_PID(pid), "note in;gate 1;cast self note own;note out");
	CHECK(wait_note("in"));
	tell(GS_PID(pid), "note queued");
	gate_open(1);
	CHECK(wait_note("own"));
	CHECK(notes_in_order("out", "queued", "own", NULL));
	node_down();
}

TEST(CAST_09_queued_casts_die_with_the_server)
{
	int i;

	node_up();
	start_child("note up", "phoenix", GS_PERMANENT);
	tell(GS_NAME("phoenix"), "note in;gate 1");
	CHECK(wait_note("in"));
	for (i = 0; i < 5; i++)
		tell(GS_NAME("phoenix"), "note lost");
	CHECK_INT(gs_exit_signal(GS_NAME("phoenix"), "kill"), 0);
	CHECK(wait_notes("up", 2));
	settle(GS_NAME("phoenix"));
	CHECK_INT(notes("lost"), 0);
	node_down();
}

static sigjmp_buf out;

static void
jump_out(int signal)
{
	(void)signal;
	siglongjmp(out, 1);
}

/* A handler that goes on leaves a send in the middle: the next one ends it. */
TEST(cast_of_bytes_that_cannot_be_read_costs_that_cast_alone)
{
	struct sigaction action = { .sa_handler = jump_out }, before;
	void *nothing =
	    mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	gs_pid one, other;

	node_up();
	one = start("");
	other = start("");
	settle(GS_PID(one));
	settle(GS_PID(other));
	CHECK(nothing != MAP_FAILED);
	CHECK_INT(sigaction(SIGSEGV, &action, &before), 0);
	if (sigsetjmp(out, 1) == 0)
		(void)!gs_cast(GS_PID(one), gs_bytes_of(nothing, 40));
	if (sigsetjmp(out, 1) == 0)
		(void)!gs_cast(GS_PID(other), gs_bytes_of(nothing, 4000));
	CHECK_INT(sigaction(SIGSEGV, &before, NULL), 0);
	for (int i = 0; i < 3; i++) {
		tell(GS_PID(one), "add 1");
		tell(GS_PID(other), "add 1");
	}
	CHECK_STR(ask(GS_PID(one), "get"), "3");
	CHECK_STR(ask(GS_PID(other), "get"), "3");
	munmap(nothing, 4096);
	node_down();
}

TEST(CAST_10_casts_before_a_stop_are_handled)
{
	gs_pid pid;
	int i;

	node_up();
	pid = start("");
	for (i = 0; i < 500; i++)
		tell(GS_PID(pid), "add 1");
	stop(pid);
	CHECK_INT(notes("terminate normal 500"), 1);
	node_down();
}

TEST(CAST_11_nothing_is_kept_for_a_server_to_come)
{
	gs_pid pid;

	node_up();
	CHECK_INT(gs_cast(GS_NAME("to-come"), GS_TEXT("note early")), 0);
	CHECK(is_free("to-come"));
	CHECK_INT(server_count(), 0);
	pid = start_named("", "to-come");
	settle(GS_PID(pid));
	stop(pid);
	CHECK_INT(gs_cast(GS_NAME("to-come"), GS_TEXT("note between")), 0);
	start_named("", "to-come");
	settle(GS_NAME("to-come"));
	CHECK_INT(notes("early") + notes("between"), 0);
	node_down();
}
