/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors closed under the library's hands, and slots used up: who does
 * it ends or fails with words, nobody else notices, the node goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/node_parts.h"
#include "tests/runner.h"

#define SOON 10000

static gs_next
fragile_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

/* What careless code does before it runs a helper. */
static gs_next
fragile_call(void *state, gs_bytes request, gs_from from)
{
	(void)state;
	(void)from;
	if (gs_is(request, "close"))
		close_range(3, ~0u, 0);
	return gs_next_reply(request);
}

static GS_SERVER(fragile, .init = fragile_init, .handle_call = fragile_call);

static gs_pid
start(const char *name)
{
	gs_child_spec spec = { .behaviour = &fragile, .options.name = name };
	gs_pid pid;

	CHECK_INT(gs_child_start(&spec, &pid), 0);
	return pid;
}

static bool
answers(void *name)
{
	gs_bytes reply;

	return gs_call(GS_NAME(name), GS_TEXT("a"), &reply, 2000) == 0 &&
	       gs_is(reply, "a");
}

static bool
is_another(void *old)
{
	gs_pid now;

	return gs_whereis("x", &now) == 0 && !gs_pid_equal(now, *(gs_pid *)old);
}

TEST(server_that_closes_all_its_descriptors_is_started_again)
{
	gs_bytes reply;
	gs_pid old, other, now;
	gs_info info;
	gs_ref ref;

	CHECK_INT(gs_node_open(NULL, 0), 0);
	old = start("x");
	other = start("y");
	CHECK_INT(gs_monitor(GS_PID(old), &ref), 0);
	/* it may not even get its answer out */
	if (gs_call(GS_PID(old), GS_TEXT("close"), &reply, SOON) != 0)
		CHECK_STR(gs_error_reason(), "bad_descriptor");
	CHECK_INT(gs_receive(&info, SOON), 0);
	CHECK_STR(info.reason, "bad_descriptor");
	CHECK(eventually(is_another, &old, SOON));
	CHECK(eventually(answers, "x", SOON));
	CHECK_INT(gs_whereis("y", &now), 0);
	CHECK(gs_pid_equal(now, other) && answers("y"));
	gs_node_close();
}

struct careless {
	char node[GS_NAME_MAX + 1];
	_Atomic int state; /* 1: has closed all */
	gs_pid pid;
	int status[3];
	char text[256];
};

static void
be_careless(void *data)
{
	struct careless *c = data;
	gs_bytes reply;
	gs_ref ref;

	while (c->node[0] == '\0')
		usleep(1000);
	CHECK_INT(gs_node_open(c->node, 0), 0);
	CHECK_INT(gs_call(GS_NAME("x"), GS_TEXT("a"), &reply, SOON), 0);
	CHECK_INT(gs_self(&c->pid), 0);
	close_range(3, ~0u, 0);
	c->status[0] = gs_call(GS_NAME("x"), GS_TEXT("a"), &reply, SOON);
	snprintf(c->text, sizeof(c->text), "%s", gs_error_text());
	c->status[1] = gs_monitor(GS_NAME("x"), &ref);
	c->status[2] = gs_send(GS_NAME("x"), GS_TEXT("a"));
	atomic_store(&c->state, 1);
	for (;;)
		pause();
}

static bool
has_closed(void *data)
{
	return atomic_load(&((struct careless *)data)->state) == 1;
}

static uint64_t
word_of(gs_pid pid)
{
	return gm_load(
	    &gm_entry_at(gsi_self()->arena, pid.slot)->word, acquire);
}

static bool
is_dead(void *pid)
{
	return (uint32_t)word_of(*(gs_pid *)pid) == GM_DEAD;
}

static bool
is_free(void *pid)
{
	return (uint32_t)word_of(*(gs_pid *)pid) == GM_FREE;
}

TEST(client_that_closes_all_its_descriptors_fails_in_words)
{
	struct careless *c = test_shared(sizeof(*c));
	pid_t pid = test_fork(be_careless, c);
	gs_node_info info;

	CHECK_INT(gs_node_open(NULL, 0), 0);
	start("x");
	CHECK_INT(gs_node_inspect(&info), 0);
	/* the first byte says that it is there */
	memcpy(c->node + 1, info.name + 1, sizeof(info.name) - 1);
	atomic_thread_fence(memory_order_release);
	c->node[0] = info.name[0];
	CHECK(eventually(has_closed, c, SOON));
	printf("# %d %d %d: %s\n", c->status[0], c->status[1], c->status[2],
	    c->text);
	CHECK(c->status[0] == 0 || c->text[0] != '\0');
	/* whether it has come back as somebody new or not */
	CHECK(eventually(is_dead, &c->pid, SOON));
	/* it still has its page: nobody else gets the slot before it ends */
	for (int i = 0; i < 40; i++)
		start(NULL);
	CHECK(answers("x"));
	CHECK_INT(word_of(c->pid), gm_word_of(c->pid.gen, GM_DEAD));
	test_kill(pid);
	CHECK(eventually(is_free, &c->pid, SOON));
	gs_node_close();
}

/* The node takes it for gone, and it goes on: what it looks at says so. */
TEST(client_that_closes_its_socket_comes_back_as_another)
{
	gs_pid before, now;

	CHECK_INT(gs_node_open(NULL, 0), 0);
	start("x");
	CHECK(answers("x"));
	CHECK_INT(gs_self(&before), 0);
	close(gsi_self()->socket);
	CHECK(eventually(is_dead, &before, SOON));
	CHECK(eventually(answers, "x", SOON));
	CHECK_INT(gs_self(&now), 0);
	CHECK(!gs_pid_equal(now, before) && gs_alive(now));
	gs_node_close();
}

/* A thread that waits for room, and when that was over. */
struct waiter {
	gs_pid to;
	gs_pid me;
	_Atomic int socket;
	_Atomic int tid;
	int64_t over;
};

static void *
wait_for_room(void *data)
{
	struct waiter *w = data;

	CHECK_INT(gs_self(&w->me), 0);
	atomic_store(&w->socket, gsi_self()->socket);
	atomic_store(&w->tid, (int)gettid());
	CHECK_INT(gs_cast_wait(GS_PID(w->to), GS_TEXT("a"), 2 * SOON), 0);
	w->over = now_ms();
	return NULL;
}

static bool
sleeps(void *data)
{
	struct waiter *w = data;
	pid_t tid = atomic_load(&w->tid);

	return tid > 0 && test_is_asleep(&tid);
}

/* ms from the end of the server until the lost client goes on. */
static int64_t
lost_waits_on(void)
{
	struct waiter w = { .to = start(NULL) };
	gs_process_info server;
	pthread_t thread;
	int64_t killed;

	CHECK_INT(gs_process_inspect(GS_PID(w.to), &server), 0);
	CHECK_INT(kill(server.os_pid, SIGSTOP), 0);
	while (gs_cast(GS_PID(w.to), GS_TEXT("a")) == 0)
		;
	CHECK_INT(pthread_create(&thread, NULL, wait_for_room, &w), 0);
	CHECK(eventually(sleeps, &w, SOON));
	close(atomic_load(&w.socket));
	CHECK(eventually(is_dead, &w.me, SOON));
	killed = now_ms();
	CHECK_INT(kill(server.os_pid, SIGKILL), 0);
	CHECK_INT(pthread_join(thread, NULL), 0);
	return w.over - killed;
}

/* By itself it would look again after a second. */
TEST(client_that_closes_its_socket_is_still_woken)
{
	int woken = 0;

	CHECK_INT(gs_node_open(NULL, 0), 0);
	for (int i = 0; i < 7; i++)
		woken += lost_waits_on() < 500;
	CHECK(woken > 3);
	gs_node_close();
}

TEST(memfd_segment_cannot_be_cut_off)
{
	struct gm_arena arena;
	char why[32];

	CHECK_INT(gm_arena_create(&arena, NULL, why), 0);
	CHECK(ftruncate(arena.fd, GM_PAGE) < 0);
	CHECK_INT(errno, EPERM);
	/* it still grows */
	CHECK_INT(ftruncate(arena.fd, GM_AT_REGIONS + (1 << 20)), 0);
	gm_arena_close(&arena);
}

/* The last slots go to clients, also when it is slots that are used up. */
TEST(slots_used_up_leave_some_for_clients)
{
	static struct gsi_node node;
	uint32_t slot;
	char why[32];

	node.procs = calloc(GM_SLOTS, sizeof(*node.procs));
	CHECK(node.procs);
	CHECK_INT(gm_arena_create(&node.arena, NULL, why), 0);
	node.high = GM_SLOTS;
	/* two that are free again */
	for (uint32_t s = 7; s < 9; s++) {
		CHECK_INT(gm_arena_grow(&node.arena, s), 0);
		node.procs[s].gen = 1;
		node.procs[s].next = s == 7 ? 8 : 0;
		node.n_free++;
	}
	node.free_first = 7;
	node.free_last = 8;
	CHECK_INT(gsi_node_slot_take(&node, false, &slot), -EAGAIN);
	CHECK_INT(gsi_node_slot_take(&node, true, &slot), 0);
	CHECK_INT(slot, 7);
	CHECK_INT(gsi_node_slot_take(&node, true, &slot), 0);
	CHECK_INT(slot, 8);
	CHECK_INT(gsi_node_slot_take(&node, true, &slot), -EAGAIN);
	gm_arena_close(&node.arena);
	free(node.procs);
}
