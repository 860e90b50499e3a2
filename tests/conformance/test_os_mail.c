/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OS: mailboxes that are full, messages that are too large, receivers that
 * are stopped, sleepers that must be woken.
 */
#include "tests/conformance/helpers.h"

#define SMALL 16384u /* bytes of the smallest mailbox */
#define LARGEST (SMALL / 4 - 16)

TEST(OS_03_a_stopped_server_is_alive_and_loses_nothing)
{
	gs_pid pid;
	gs_ref ref;

	node_up();
	pid = start_named("", "x");
	CHECK_INT(gs_monitor(GS_PID(pid), &ref), 0);
	settle(GS_PID(pid));
	freeze(pid);
	for (int i = 0; i < 100; i++)
		tell(GS_NAME("x"), "add 1");
	CHECK_INT(
	    gs_call(GS_PID(pid), GS_TEXT("add 1000"), NULL, 200), -ETIMEDOUT);
	CHECK_STR(gs_error_reason(), "timeout");
	CHECK(gs_alive(pid));
	CHECK(!is_free("x"));
	CHECK(got_nothing());
	thaw(pid);
	/* what timed out is handled too, its reply is nobody's */
	CHECK_STR(ask(GS_PID(pid), "get"), "1100");
	CHECK(got_nothing());
	node_down();
}

/* ---- full ---- */

/* A puppet with the smallest mailbox, held at its gate; then filled. */
static gs_pid
start_full(const char *script)
{
	static char filling[1000];
	gs_options options = { .mailbox = SMALL };
	int status;
	gs_pid pid;

	CHECK_INT(gs_start(&puppet, GS_TEXT(script), &options, &pid), 0);
	tell(GS_PID(pid), "note in;gate 1");
	CHECK(wait_note("in"));
	memset(filling, ' ', sizeof(filling));
	do
		status = gs_cast(GS_PID(pid), GS_BYTES(filling, 1000));
	while (status == 0);
	CHECK_INT(status, -EAGAIN);
	do
		status = gs_cast(GS_PID(pid), GS_NONE);
	while (status == 0);
	CHECK_INT(status, -EAGAIN);
	return pid;
}

TEST(OS_09_a_full_mailbox_refuses_each_kind_and_passes_what_must)
{
	gs_pid pid, other;
	int64_t from;

	node_up();
	other = start_named("", "other");
	pid = start_full("trap 1;monitor other;at_exit note exit;"
			 "at_down note down;after 100 self note timer");
	CHECK_INT(gs_cast(GS_PID(pid), GS_TEXT("a")), -EAGAIN);
	CHECK_INT(gs_send(GS_PID(pid), GS_TEXT("a")), -EAGAIN);
	from = now_ms();
	CHECK_INT(gs_call(GS_PID(pid), GS_TEXT("a"), NULL, FOREVER), -EAGAIN);
	CHECK_STR(gs_error_reason(), "overload");
	CHECK(now_ms() - from < PROMPT);
	CHECK_INT(gs_cast_wait(GS_PID(pid), GS_TEXT("a"), 100), -ETIMEDOUT);
	/* signals, DOWNs and a stop have room of their own */
	CHECK_INT(gs_exit_signal(GS_PID(pid), "boom"), 0);
	end_with(other, "kill");
	gate_open(1);
	CHECK(wait_note("exit"));
	CHECK(wait_note("down"));
	CHECK(wait_note("timer"));
	settle(GS_PID(pid));
	stop(pid);
	node_down();
}

static gs_next
self_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

/* Fills its own mailbox from inside a callback. */
static gs_next
self_call(void *state, gs_bytes request, gs_from from)
{
	int status, sent = 0;
	gs_pid me = self_pid();

	(void)request;
	(void)from;
	while ((status = gs_cast(GS_PID(me), GS_TEXT("x"))) == 0)
		sent++;
	*(int *)state -= sent;
	return gs_next_reply(GS_STR("%d %d", status, sent));
}

static gs_next
self_cast(void *state, gs_bytes request)
{
	(void)request;
	if (++*(int *)state == 0)
		note("all");
	return gs_next_noreply();
}

static GS_SERVER(self, .state_size = sizeof(int), .init = self_init,
    .handle_call = self_call, .handle_cast = self_cast);

TEST(OS_09_a_full_mailbox_never_blocks_its_own_server)
{
	gs_options options = { .mailbox = SMALL };
	char wanted[16];
	gs_bytes reply;
	gs_pid pid;

	node_up();
	CHECK_INT(gs_start(&self, GS_NONE, &options, &pid), 0);
	CHECK_INT(gs_call(GS_PID(pid), GS_NONE, &reply, SOON), 0);
	snprintf(wanted, sizeof(wanted), "%d", -EAGAIN);
	CHECK(gs_verb(reply, wanted, &reply));
	CHECK(gs_long(reply, 0) > 50);
	CHECK(wait_note("all"));
	node_down();
}

/* ---- too large ---- */

static gs_next
size_call(void *state, gs_bytes request, gs_from from)
{
	const char *text = request.data;
	size_t i;

	(void)state;
	(void)from;
	for (i = 0; i < request.size && text[i] == (char)(i % 251); i++)
		;
	return gs_next_reply(GS_STR("%zu %zu", request.size, i));
}

static gs_next
size_cast(void *state, gs_bytes request)
{
	gs_next next = size_call(state, request, (gs_from){ 0 });

	(void)next;
	note("cast %zu", request.size);
	return gs_next_noreply();
}

static GS_SERVER(size, .init = self_init, .handle_call = size_call,
    .handle_cast = size_cast);

TEST(OS_10_a_large_message_comes_whole_or_is_refused_before)
{
	static char large[LARGEST + 1];
	gs_options options = { .mailbox = SMALL };
	char wanted[32];
	gs_bytes reply;
	gs_pid pid;

	node_up();
	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (char)(i % 251);
	CHECK_INT(gs_start(&size, GS_NONE, &options, &pid), 0);
	snprintf(wanted, sizeof(wanted), "%u %u", LARGEST, LARGEST);
	for (int i = 0; i < 20; i++) {
		CHECK_INT(gs_call(GS_PID(pid), GS_BYTES(large, LARGEST), &reply,
			      SOON),
		    0);
		CHECK(gs_is(reply, wanted));
		CHECK_INT(gs_call(GS_PID(pid), GS_BYTES(large, LARGEST + 1),
			      NULL, SOON),
		    -EMSGSIZE);
		CHECK_INT(gs_cast(GS_PID(pid), GS_BYTES(large, LARGEST + 1)),
		    -EMSGSIZE);
		CHECK_INT(gs_send(GS_PID(pid), GS_BYTES(large, LARGEST + 1)),
		    -EMSGSIZE);
	}
	CHECK_INT(gs_cast(GS_PID(pid), GS_BYTES(large, LARGEST)), 0);
	snprintf(wanted, sizeof(wanted), "cast %u", LARGEST);
	CHECK(wait_note(wanted));
	/* of those that were refused nothing has come */
	CHECK_INT(gs_ping(GS_PID(pid), SOON), 0);
	CHECK_INT(notes(wanted), 1);
	node_down();
}

/* ---- wake-ups ---- */

#define SENDERS 4
#define MESSAGES 250000

static struct tally {
	_Atomic uint64_t handled;
	_Atomic int wrong;
} * tally;

struct letter {
	uint32_t sender;
	uint32_t number;
};

/* In order for each sender, none twice, none missing. */
static gs_next
count_cast(void *state, gs_bytes request)
{
	uint32_t *next = state;
	struct letter letter;

	memcpy(&letter, request.data, sizeof(letter));
	if (request.size != sizeof(letter) || letter.sender >= SENDERS ||
	    letter.number != next[letter.sender]++)
		atomic_fetch_add(&tally->wrong, 1);
	atomic_fetch_add(&tally->handled, 1);
	return gs_next_noreply();
}

static GS_SERVER(count, .state_size = SENDERS * sizeof(uint32_t),
    .init = self_init, .handle_cast = count_cast);

static void *
send_all(void *data)
{
	struct letter letter = { (uint32_t)(uintptr_t)data, 0 };
	unsigned random = letter.sender + 7, burst = 1;

	for (; letter.number < MESSAGES; letter.number++) {
		CHECK_INT(
		    gs_cast_wait(GS_NAME("count"), GS_OBJECT(letter), FOREVER),
		    0);
		if (--burst > 0)
			continue;
		burst = 1 + (unsigned)rand_r(&random) % 2000;
		/* the gap may be what the receiver falls asleep in */
		usleep((unsigned)rand_r(&random) % 300);
	}
	return NULL;
}

static bool
all_handled(void *data)
{
	return atomic_load(&tally->handled) == *(uint64_t *)data;
}

TEST_TIMEOUT(OS_11_a_million_messages_at_random_gaps_are_handled, 100)
{
	gs_options options = { .name = "count" };
	uint64_t all = (uint64_t)SENDERS * MESSAGES;
	pthread_t threads[SENDERS];
	unsigned random = 1;
	struct letter last = { 0, MESSAGES };
	gs_pid pid;

	tally = test_shared(sizeof(*tally));
	node_up();
	CHECK_INT(gs_start(&count, GS_NONE, &options, &pid), 0);
	for (uintptr_t i = 0; i < SENDERS; i++)
		CHECK_INT(
		    pthread_create(&threads[i], NULL, send_all, (void *)i), 0);
	for (int i = 0; i < SENDERS; i++)
		CHECK_INT(pthread_join(threads[i], NULL), 0);
	CHECK(eventually(all_handled, &all, SOON));
	/* one at a time: nothing but its own wake-up can help it */
	for (int i = 0; i < 300; i++, last.number++) {
		usleep((unsigned)rand_r(&random) % 500);
		CHECK_INT(gs_cast(GS_PID(pid), GS_OBJECT(last)), 0);
		all++;
		CHECK(eventually(all_handled, &all, SOON));
	}
	CHECK_INT(atomic_load(&tally->wrong), 0);
	node_down();
}
