/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program with threads that leaves its node for another one: whoever is
 * still in the old one stays there or moves, and nobody writes into a node
 * that is not its own.
 */
#include "tests/conformance/helpers.h"

#include <fcntl.h>
#include <sys/prctl.h>

/* A node in a child that was forked before this program had threads. */
struct other_node {
	char name[64];
	pid_t pid;
	int go;
	int ready;
};

static void
prepare(struct other_node *node, const char *suffix)
{
	int go[2], ready[2];
	char byte;

	snprintf(node->name, sizeof(node->name), "%s%s", test_node(), suffix);
	CHECK(pipe2(go, O_CLOEXEC) == 0 && pipe2(ready, O_CLOEXEC) == 0);
	fflush(NULL);
	node->pid = fork();
	CHECK(node->pid >= 0);
	if (node->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(go[1]);
		close(ready[0]);
		if (read(go[0], &byte, 1) != 1)
			_exit(0);
		_exit(gs_node_run(node->name, ready[1]) ? 1 : 0);
	}
	close(go[0]);
	close(ready[1]);
	node->go = go[1];
	node->ready = ready[0];
}

static void
bring_up(struct other_node *node)
{
	char line[64];

	CHECK(write(node->go, "x", 1) == 1);
	if (read(node->ready, line, sizeof(line)) <= 0)
		FAIL("node %s did not come up", node->name);
	close(node->go);
	close(node->ready);
}

/* The node that is open now, with a server x that says its name. */
static void
serve(const struct other_node *node)
{
	char script[100];

	CHECK_OK(gs_node_open(node->name, 0));
	snprintf(script, sizeof(script), "tag %.20s", node->name);
	start_child(script, "x", GS_PERMANENT);
}

static void
take_down(const struct other_node *node)
{
	CHECK_OK(gs_node_open(node->name, 0));
	CHECK_OK(gs_node_down(FOREVER));
	gs_node_close();
	test_join(node->pid);
}

/* ---- a thread that does one call each time it is told to ---- */

struct resident {
	pthread_t thread;
	pthread_barrier_t turn;
	int result;
	char reply[100];
	uint32_t creation;
};

#define TURNS 3

static void *
reside(void *data)
{
	struct resident *r = data;

	for (int i = 0; i < TURNS; i++) {
		gs_bytes reply;

		pthread_barrier_wait(&r->turn);
		r->result =
		    gs_call(GS_NAME("x"), GS_TEXT("self"), &reply, FOREVER);
		if (r->result == 0)
			gs_string(reply, r->reply, sizeof(r->reply));
		r->creation = self_pid().node;
		pthread_barrier_wait(&r->turn);
	}
	return NULL;
}

static void
settle_in(struct resident *r)
{
	memset(r, 0, sizeof(*r));
	CHECK_INT(pthread_barrier_init(&r->turn, NULL, 2), 0);
	CHECK_INT(pthread_create(&r->thread, NULL, reside, r), 0);
}

/* Its call, and the node it is in. */
static uint32_t
next_turn(struct resident *r)
{
	pthread_barrier_wait(&r->turn);
	pthread_barrier_wait(&r->turn);
	CHECK_INT(r->result, 0);
	return r->creation;
}

static void
move_out(struct resident *r)
{
	CHECK_INT(pthread_join(r->thread, NULL), 0);
	pthread_barrier_destroy(&r->turn);
}

static uint32_t
creation_of(const struct other_node *node)
{
	gs_node_info info;

	CHECK_OK(gs_node_inspect(&info));
	CHECK_STR(info.name, node->name);
	CHECK_INT(info.creation, self_pid().node);
	return info.creation;
}

TEST(reopen_is_another_node_beside_a_thread_in_the_first)
{
	struct other_node a, b;
	struct resident r;
	uint32_t in_a, in_b;

	board_up();
	prepare(&a, "");
	prepare(&b, "-b");
	bring_up(&a);
	bring_up(&b);
	serve(&b);
	gs_node_close();
	serve(&a);
	in_a = creation_of(&a);
	settle_in(&r);
	CHECK_INT(next_turn(&r), in_a);
	gs_node_close();
	CHECK_OK(gs_node_open(b.name, 0));
	in_b = creation_of(&b);
	CHECK(in_a != in_b);
	/* both talk, each to its own x, and neither harms the other's */
	for (int i = 0; i < 20; i++)
		CHECK_INT(parsed(ask(GS_NAME("x"), "self")).node, in_b);
	CHECK_INT(next_turn(&r), in_a);
	CHECK_INT(parsed(r.reply).node, in_a);
	CHECK_INT(parsed(ask(GS_NAME("x"), "self")).node, in_b);
	CHECK_INT(next_turn(&r), in_a);
	move_out(&r);
	gs_node_close();
	take_down(&a);
	take_down(&b);
}

TEST(reopen_after_a_restart_moves_all_threads)
{
	struct other_node first, second;
	struct resident r;
	uint32_t before, after;

	board_up();
	prepare(&first, "");
	prepare(&second, "");
	bring_up(&first);
	serve(&first);
	before = creation_of(&first);
	settle_in(&r);
	CHECK_INT(next_turn(&r), before);
	CHECK_OK(gs_node_down(FOREVER));
	gs_node_close();
	test_join(first.pid);
	bring_up(&second);
	serve(&second);
	after = creation_of(&second);
	CHECK(before != after);
	CHECK_INT(parsed(ask(GS_NAME("x"), "self")).node, after);
	/* the thread has slept through it all */
	CHECK_INT(next_turn(&r), after);
	CHECK_INT(parsed(r.reply).node, after);
	CHECK_INT(next_turn(&r), after);
	move_out(&r);
	gs_node_close();
	take_down(&second);
}

/* ---- closing while others come and go ---- */

static void *
one_call(void *data)
{
	gs_bytes reply;
	int status = gs_call(GS_NAME("x"), GS_TEXT("self"), &reply, FOREVER);

	(void)data;
	/* in time, or too late, but never anything else */
	CHECK(status == 0 || status == -ENOTCONN);
	return NULL;
}

TEST(close_while_threads_attach)
{
	int64_t until;
	struct other_node node;
	pthread_t thread[4];

	board_up();
	prepare(&node, "");
	bring_up(&node);
	serve(&node);
	gs_node_close();
	until = now_ms() + 1500;
	for (int i = 0; i < 2000 && now_ms() < until; i++) {
		struct timespec pause = { 0, i % 500 * 1000 };

		CHECK_OK(gs_node_open(node.name, 0));
		for (int k = 0; k < 4; k++)
			CHECK_INT(
			    pthread_create(&thread[k], NULL, one_call, NULL),
			    0);
		nanosleep(&pause, NULL);
		gs_node_close();
		for (int k = 0; k < 4; k++)
			CHECK_INT(pthread_join(thread[k], NULL), 0);
	}
	take_down(&node);
}

/* ---- destructors of thread data that run behind the library's ---- */

static pthread_key_t late;
static int late_cast, late_call;

static void
use_it_late(void *data)
{
	gs_bytes reply;

	(void)data;
	late_cast = gs_cast(GS_NAME("x"), GS_TEXT("note late"));
	late_call = gs_call(GS_NAME("x"), GS_TEXT("self"), &reply, FOREVER);
}

static void *
leave_late(void *data)
{
	(void)data;
	settle(GS_NAME("x"));
	CHECK_INT(pthread_setspecific(late, &late), 0);
	return NULL;
}

static bool
clients_gone(void *data)
{
	gs_node_info info;

	CHECK_OK(gs_node_inspect(&info));
	return info.processes <= *(uint32_t *)data;
}

TEST(thread_may_use_the_node_in_its_last_destructor)
{
	gs_node_info info;
	pthread_t thread;
	int fds;

	node_up();
	start_named("", "x");
	settle(GS_NAME("x"));
	CHECK_OK(gs_node_inspect(&info));
	fds = test_fds();
	/* behind the key of the library */
	CHECK_INT(pthread_key_create(&late, use_it_late), 0);
	for (int i = 0; i < 20; i++) {
		late_cast = late_call = -1;
		CHECK_INT(pthread_create(&thread, NULL, leave_late, NULL), 0);
		CHECK_INT(pthread_join(thread, NULL), 0);
		CHECK_INT(late_cast, 0);
		CHECK_INT(late_call, 0);
	}
	CHECK_INT(notes("late"), 20);
	/* and whom it became in there has left as well */
	CHECK(eventually(clients_gone, &info.processes, SOON));
	CHECK_INT(test_fds(), fds);
	pthread_key_delete(late);
	node_down();
}
