/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TMO: hibernation, asked for or after idle time.
 */
#include "tests/conformance/helpers.h"

#define BLOCK 1024
#define BLOCKS (64 * 1024)

/*
 * Fills 64 MiB with small blocks and frees them all but the last, which pins
 * the top of the heap: only trimming gives that memory back.
 */
static gs_next
hoarder_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

static void
hoard(void)
{
	static char *blocks[BLOCKS];
	static char *pin;
	int i;

	for (i = 0; i < BLOCKS; i++) {
		blocks[i] = malloc(BLOCK);
		CHECK(blocks[i]);
		memset(blocks[i], i, BLOCK);
	}
	pin = malloc(BLOCK);
	CHECK(pin);
	for (i = 0; i < BLOCKS; i++)
		free(blocks[i]);
	memset(blocks, 0, sizeof(blocks));
}

static gs_next
hoarder_call(void *state, gs_bytes request, gs_from from)
{
	(void)from;
	if (gs_is(request, "hoard")) {
		hoard();
		*(int *)state = 5;
	}
	if (gs_is(request, "hibernate"))
		return gs_with_hibernate(gs_next_reply(GS_TEXT("good night")));
	return gs_next_reply(GS_STR("%d", *(int *)state));
}

static GS_SERVER(hoarder, .state_size = sizeof(int), .init = hoarder_init,
    .handle_call = hoarder_call);

static bool
sleeps(gs_pid pid)
{
	return wait_state(GS_PID(pid), GS_STATE_HIBERNATING);
}

static bool
is_awake(gs_pid pid)
{
	return wait_state(GS_PID(pid), GS_STATE_WAITING);
}

static uint64_t
memory_of(gs_pid pid)
{
	gs_process_info info;

	CHECK_INT(gs_process_inspect(GS_PID(pid), &info), 0);
	return info.memory;
}

TEST(TMO_14_hibernation_shows_and_keeps_the_state)
{
	gs_pid pid;

	node_up();
	pid = start("set 8");
	CHECK(is_awake(pid));
	tell(GS_PID(pid), "noreply;hibernate");
	CHECK(sleeps(pid));
	CHECK_STR(ask(GS_PID(pid), "get"), "8");
	CHECK(is_awake(pid));
	node_down();
}

TEST(TMO_14_hibernation_gives_memory_back)
{
	uint64_t idle, full;
	gs_pid pid;

	if (test_slow())
		SKIP("a sanitizer keeps freed memory");
	node_up();
	CHECK_INT(gs_start(&hoarder, GS_NONE, NULL, &pid), 0);
	CHECK_STR(ask(GS_PID(pid), "x"), "0");
	idle = memory_of(pid);
	CHECK_STR(ask(GS_PID(pid), "hoard"), "5");
	full = memory_of(pid);
	CHECK(full > idle + (48u << 20));
	CHECK_STR(ask(GS_PID(pid), "hibernate"), "good night");
	CHECK(sleeps(pid));
	CHECK(memory_of(pid) < idle + (1u << 20));
	CHECK_STR(ask(GS_PID(pid), "x"), "5");
	node_down();
}

TEST(TMO_15_hibernate_with_a_message_waiting_handles_it)
{
	gs_pid pid;

	node_up();
	pid = start("");
	tell(GS_PID(pid), "note in;gate 1;noreply;hibernate");
	CHECK(wait_note("in"));
	tell(GS_PID(pid), "note queued");
	gate_open(1);
	CHECK(wait_note("queued"));
	CHECK(is_awake(pid));
	node_down();
}

TEST(TMO_16_every_callback_may_hibernate)
{
	gs_pid pid;

	node_up();
	pid = start("ok;hibernate");
	CHECK(sleeps(pid));
	CHECK_STR(ask(GS_PID(pid), "reply first;hibernate"), "first");
	CHECK(sleeps(pid));
	settle(GS_PID(pid));
	CHECK(is_awake(pid));
	tell(GS_PID(pid), "noreply;hibernate");
	CHECK(sleeps(pid));
	settle(GS_PID(pid));
	post(GS_PID(pid), "noreply;hibernate");
	CHECK(sleeps(pid));
	settle(GS_PID(pid));
	tell(GS_PID(pid), "continue noreply;hibernate");
	CHECK(sleeps(pid));
	settle(GS_PID(pid));
	node_down();
}

TEST(TMO_17_a_normal_return_keeps_it_awake)
{
	gs_pid pid;

	node_up();
	pid = start("ok;hibernate");
	CHECK(sleeps(pid));
	tell(GS_PID(pid), "note woken");
	CHECK(wait_note("woken"));
	CHECK(is_awake(pid));
	settle(GS_PID(pid));
	CHECK(is_awake(pid));
	node_down();
}

TEST(TMO_19_looking_does_not_end_hibernation)
{
	gs_pid pid;

	node_up();
	pid = start("ok;hibernate");
	CHECK(sleeps(pid));
	CHECK(memory_of(pid) > 0);
	CHECK_INT(gs_ping(GS_PID(pid), SOON), 0);
	CHECK(sleeps(pid));
	node_down();
}

static gs_pid
start_idler(const char *script, int ms)
{
	gs_options options = { .hibernate_after = ms };
	gs_pid pid;

	CHECK_INT(gs_start(&puppet, GS_TEXT(script), &options, &pid), 0);
	return pid;
}

TEST(TMO_20_hibernate_after_idle_time_again_and_again)
{
	int64_t from = now_ms();
	gs_pid pid;

	node_up();
	pid = start_idler("", 100);
	CHECK(sleeps(pid));
	CHECK(now_ms() - from >= 100);
	settle(GS_PID(pid));
	CHECK(sleeps(pid));
	tell(GS_PID(pid), "note cast");
	CHECK(wait_note("cast"));
	CHECK(sleeps(pid));
	post(GS_PID(pid), "note info");
	CHECK(wait_note("info"));
	CHECK(sleeps(pid));
	node_down();
}

struct watched {
	gs_pid pid;
	int64_t until;
	int64_t sent; /* the last message */
	bool slept;
};

#define IDLE 1000

static bool
work_is_over(void *data)
{
	struct watched *w = data;
	bool sleeps = state_of(GS_PID(w->pid)) == GS_STATE_HIBERNATING;

	/* it may, when this test was not let run so long */
	w->slept |= sleeps && now_ms() - w->sent < IDLE;
	w->sent = now_ms();
	settle(GS_PID(w->pid));
	return now_ms() > w->until;
}

TEST(TMO_20_each_message_restarts_the_idle_clock)
{
	struct watched w = { .until = now_ms() + 5 * IDLE / 2 };

	node_up();
	w.sent = now_ms();
	w.pid = start_idler("", IDLE);
	CHECK(eventually(work_is_over, &w, SOON));
	CHECK(!w.slept);
	CHECK(sleeps(w.pid));
	node_down();
}

static bool
timed_out(void *data)
{
	struct watched *w = data;

	w->slept |= notes("timeout") == 0 &&
		    state_of(GS_PID(w->pid)) == GS_STATE_HIBERNATING &&
		    notes("timeout") == 0;
	return notes("timeout") > 0;
}

TEST(TMO_21_idle_time_does_not_count_under_a_timeout)
{
	struct watched w = { .until = 0 };

	node_up();
	w.pid = start_idler("ok;timeout 500", 50);
	CHECK(eventually(timed_out, &w, SOON));
	CHECK(!w.slept);
	CHECK(sleeps(w.pid));
	node_down();
}

TEST(TMO_22_errors_after_waking_are_as_before)
{
	gs_ref ref;
	gs_pid pid, neighbour;

	node_up();
	neighbour = start_named("", "neighbour");
	CHECK_INT(
	    gs_start_monitor(&puppet,
		GS_TEXT("set 3;link neighbour;ok;hibernate"), NULL, &pid, &ref),
	    0);
	CHECK(sleeps(pid));
	CHECK_INT(
	    gs_call(GS_PID(pid), GS_TEXT("add 1;exit boom"), NULL, FOREVER),
	    -ECONNRESET);
	CHECK_STR(gs_error_reason(), "boom");
	CHECK(got(GS_INFO_DOWN, "boom", NULL));
	CHECK_INT(notes("terminate boom 3"), 1);
	CHECK(wait_dead(neighbour));
	CHECK_INT(gs_start_monitor(
		      &puppet, GS_TEXT("ok;hibernate"), NULL, &pid, &ref),
	    0);
	CHECK(sleeps(pid));
	end_with(pid, "bang");
	CHECK(got(GS_INFO_DOWN, "bang", NULL));
	node_down();
}

static bool
sleeps_or_ticked(void *data)
{
	return state_of(GS_PID(*(gs_pid *)data)) == GS_STATE_HIBERNATING ||
	       notes("tick") == notes("off");
}

TEST(TMO_23_timers_and_monitors_wake_it)
{
	gs_pid pid, target;

	node_up();
	target = start_named("", "target");
	pid = start("monitor target");
	/* again when the timer comes before anybody has looked */
	do {
		CHECK_STR(ask(GS_PID(pid), "note off;after 300 self note tick;"
					   "reply so;hibernate"),
		    "so");
		CHECK(eventually(sleeps_or_ticked, &pid, SOON));
	} while (notes("tick") == notes("off"));
	CHECK(wait_notes("tick", notes("off")));
	CHECK(is_awake(pid));
	tell(GS_PID(pid), "noreply;hibernate");
	CHECK(sleeps(pid));
	end_with(target, "boom");
	CHECK(wait_note("down boom"));
	CHECK(is_awake(pid));
	node_down();
}
