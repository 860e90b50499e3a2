/* SPDX-License-Identifier: Apache-2.0 */
/* Timers of a client in a node of its own. */
#include "tests/runner.h"

#include "lib/internal.h"

#include <errno.h>
#include <stdlib.h>

static gs_pid
open_node(void)
{
	gs_pid me;

	CHECK_OK(gs_node_open(NULL, 0));
	CHECK_OK(gs_self(&me));
	return me;
}

static gs_info
next_info(int timeout)
{
	gs_info info;

	CHECK_OK(gs_receive(&info, timeout));
	return info;
}

static void
nothing_comes(int ms)
{
	gs_info info;

	CHECK_INT(gs_receive(&info, ms), -ETIMEDOUT);
}

/* INFO-07, INFO-02 */
TEST(timer_delivers_once_and_not_early)
{
	gs_pid me = open_node();
	int64_t before = now_ns();
	gs_ref ref = { 0 };
	gs_info info;

	CHECK_OK(gs_send_after(50, GS_PID(me), GS_TEXT("tick"), &ref));
	CHECK(ref.id != 0);
	info = next_info(5000);
	CHECK(now_ns() - before >= 50000000);
	CHECK_INT(info.kind, GS_INFO_TIMER);
	CHECK_INT(info.ref.id, ref.id);
	CHECK(gs_pid_equal(info.from, me));
	CHECK(gs_is(info.body, "tick"));
	CHECK_INT(gs_read_timer(ref), -ENOENT);
	CHECK_INT(gs_cancel_timer(ref), -ENOENT);
	nothing_comes(80);
	gs_node_close();
}

TEST(timer_zero_goes_through_the_mailbox)
{
	gs_pid me = open_node();
	gs_info info;

	CHECK_OK(gs_send(GS_PID(me), GS_TEXT("before")));
	CHECK_OK(gs_send_after(0, GS_PID(me), GS_NONE, NULL));
	info = next_info(5000);
	CHECK(gs_is(info.body, "before"));
	info = next_info(5000);
	CHECK_INT(info.kind, GS_INFO_TIMER);
	CHECK_INT(info.body.size, 0);
	gs_node_close();
}

/* INFO-08 */
TEST(timer_at_an_absolute_time)
{
	gs_pid me = open_node();
	int64_t at = gs_now() + 30;
	gs_ref ref;

	CHECK_OK(gs_send_at(at, GS_PID(me), GS_TEXT("x"), &ref));
	CHECK(gs_is(next_info(5000).body, "x"));
	CHECK(gs_now() >= at);
	CHECK_OK(gs_send_at(0, GS_PID(me), GS_TEXT("past"), &ref));
	CHECK(gs_is(next_info(5000).body, "past"));
	gs_node_close();
}

/* INFO-09, INFO-11 */
TEST(timer_cancelled_never_arrives)
{
	gs_pid me = open_node();
	gs_ref refs[50];
	int64_t left;

	for (int i = 0; i < 50; i++)
		CHECK_OK(
		    gs_send_after(20 + i, GS_PID(me), GS_TEXT("no"), &refs[i]));
	for (int i = 49; i >= 0; i -= 2) {
		left = gs_read_timer(refs[i]);
		CHECK(left >= 0 && left <= 20 + i);
		left = gs_cancel_timer(refs[i]);
		CHECK(left >= 0 && left <= 20 + i);
		CHECK_INT(gs_cancel_timer(refs[i]), -ENOENT);
		CHECK_INT(gs_read_timer(refs[i]), -ENOENT);
	}
	for (int i = 0; i < 50; i += 2)
		CHECK_INT(next_info(5000).ref.id, refs[i].id);
	nothing_comes(60);
	CHECK_INT(gs_cancel_timer((gs_ref){ 0 }), -ENOENT);
	CHECK_INT(gs_cancel_timer((gs_ref){ UINT64_MAX }), -ENOENT);
	gs_node_close();
}

/* INFO-12 */
TEST(timer_resolves_its_name_when_it_fires)
{
	gs_pid me = open_node();
	char name[] = "later";

	CHECK_OK(gs_send_after(30, GS_NAME(name), GS_TEXT("named"), NULL));
	CHECK_OK(gs_send_after(10, GS_NAME("nobody"), GS_TEXT("lost"), NULL));
	memset(name, 'x', 5);
	CHECK_OK(gs_register("later"));
	CHECK(gs_is(next_info(5000).body, "named"));
	CHECK_OK(gs_send_after(
	    0, GS_PID(((gs_pid){ me.node, 999, 1 })), GS_TEXT("dead"), NULL));
	nothing_comes(30);
	gs_node_close();
}

TEST(timer_refuses_bad_arguments)
{
	gs_pid me = open_node();
	gs_ref ref = { 7 };
	char *large = calloc(1, 1 << 20);

	CHECK_INT(gs_send_after(-1, GS_PID(me), GS_NONE, &ref), -EINVAL);
	CHECK_INT(gs_send_at(-1, GS_PID(me), GS_NONE, &ref), -EINVAL);
	CHECK_INT(gs_send_after(1, GS_NAME(""), GS_NONE, &ref), -EINVAL);
	CHECK_INT(gs_send_after(1, GS_NAME(NULL), GS_NONE, &ref), -EINVAL);
	CHECK_INT(gs_send_after(1, (gs_addr){ 0 }, GS_NONE, &ref), -EINVAL);
	CHECK_INT(
	    gs_send_after(1, GS_PID(me), GS_BYTES(NULL, 3), &ref), -EINVAL);
	CHECK_INT(gs_send_after(1, GS_PID(me), GS_BYTES(large, 1 << 20), &ref),
	    -EMSGSIZE);
	CHECK_INT(ref.id, 7);
	free(large);
	gs_node_close();
}

/* A full mailbox delays a timer and loses none. */
TEST(timer_waits_for_room_in_the_own_mailbox)
{
	gs_pid me = open_node();
	char block[4000] = "";
	int sent = 0, timers = 0, messages = 0;

	while (gs_send(GS_PID(me), GS_OBJECT(block)) == 0)
		sent++;
	CHECK(sent > 0);
	for (int i = 0; i < 50; i++)
		CHECK_OK(gs_send_after(0, GS_PID(me), GS_OBJECT(block), NULL));
	while (timers < 50 || messages < sent) {
		gs_info info = next_info(10000);

		if (info.kind == GS_INFO_TIMER)
			timers++;
		else
			messages++;
	}
	CHECK_INT(timers, 50);
	CHECK_INT(messages, sent);
	gs_node_close();
}

/* INFO-13 */
TEST(timer_periodic_keeps_its_memory)
{
	gs_pid me = open_node();
	int fds = test_fds();

	for (int i = 0; i < 20000; i++) {
		CHECK_OK(gs_send_after(0, GS_PID(me), GS_TEXT("t"), NULL));
		CHECK_INT(next_info(5000).kind, GS_INFO_TIMER);
	}
	CHECK_INT(test_fds(), fds);
	gs_node_close();
}

TEST(timer_without_a_node)
{
	gs_ref ref = { 1 };

	CHECK_INT(gs_cancel_timer(ref), -ENOENT);
	CHECK_INT(gs_read_timer(ref), -ENOENT);
}
