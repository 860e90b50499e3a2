/* SPDX-License-Identifier: Apache-2.0 */
/*
 * REQ: collections of requests.
 */
#include "tests/conformance/helpers.h"

static gs_reqid
sent(gs_addr to, const char *request)
{
	gs_reqid id;

	CHECK_OK(gs_send_request(to, gs_text(request), &id));
	return id;
}

static int
count_label(gs_reqid id, void *label, void *data)
{
	(void)id;
	*(int *)data += *(int *)label;
	return 0;
}

TEST(REQ_06_collections_add_count_and_list)
{
	int label[3] = { 1, 10, 100 }, sum = 0;
	gs_reqids *ids = gs_reqids_new();
	gs_response got;
	gs_reqid id[3];
	gs_pid pid;

	node_up();
	CHECK_INT(gs_reqids_size(ids), 0);
	CHECK_INT(gs_wait_responses(ids, &got, GS_NEVER, true), -ENOENT);
	CHECK_STR(gs_error_reason(), "no_request");
	pid = start("");
	for (int i = 0; i < 3; i++) {
		id[i] = sent(GS_PID(pid), "reply x");
		CHECK_OK(gs_reqids_add(ids, id[i], &label[i]));
	}
	CHECK_INT(gs_reqids_add(ids, id[1], NULL), -EEXIST);
	CHECK_INT(gs_reqids_add(ids, (gs_reqid){ 0 }, NULL), -EINVAL);
	CHECK_INT(gs_reqids_size(ids), 3);
	CHECK_INT(gs_reqids_each(ids, count_label, &sum), 0);
	CHECK_INT(sum, 111);
	gs_reqids_free(ids);
	node_down();
}

TEST(REQ_07_collections_give_in_order_of_arrival)
{
	gs_reqids *ids = gs_reqids_new();
	gs_pid slow, fast;
	gs_response got;

	node_up();
	slow = start("");
	fast = start("");
	CHECK_OK(gs_reqids_add(
	    ids, sent(GS_PID(slow), "gate 1;reply slow"), (void *)"s"));
	CHECK_OK(
	    gs_reqids_add(ids, sent(GS_PID(fast), "reply fast"), (void *)"f"));
	CHECK_OK(
	    gs_reqids_add(ids, sent(GS_PID(fast), "end boom"), (void *)"b"));
	CHECK_OK(gs_receive_responses(ids, &got, GS_NEVER, false));
	CHECK_STR(got.label, "f");
	CHECK_INT(got.status, 0);
	CHECK(got.reply.size == 4 && memcmp(got.reply.data, "fast", 4) == 0);
	CHECK_INT(gs_reqids_size(ids), 3);
	CHECK_OK(gs_wait_responses(ids, &got, GS_NEVER, true));
	CHECK_STR(got.label, "b");
	CHECK_INT(got.status, -ECONNRESET);
	CHECK_STR(got.reason, "boom");
	CHECK_INT(gs_reqids_size(ids), 2);
	gate_open(1);
	CHECK_OK(gs_wait_responses(ids, &got, gs_now() + SOON, true));
	CHECK_STR(got.label, "s");
	/* the first one was left in, but is done with */
	CHECK_INT(gs_reqids_size(ids), 1);
	CHECK_INT(gs_wait_responses(ids, &got, GS_NEVER, true), -ENOENT);
	gs_reqids_free(ids);
	node_down();
}

TEST(REQ_08_collections_take_a_point_in_time)
{
	gs_reqids *ids = gs_reqids_new();
	gs_response got;
	gs_reqid id[2];
	int64_t from;
	gs_pid pid;

	node_up();
	pid = start("");
	for (int i = 0; i < 2; i++) {
		id[i] = sent(GS_PID(pid), "gate 1;reply late");
		CHECK_OK(gs_reqids_add(ids, id[i], NULL));
	}
	from = gs_now();
	CHECK_INT(gs_wait_responses(ids, &got, from + 100, true), -ETIMEDOUT);
	CHECK(gs_now() >= from + 100);
	CHECK_INT(gs_wait_responses(ids, &got, from, true), -ETIMEDOUT);
	CHECK_INT(gs_reqids_size(ids), 2);
	CHECK_INT(gs_receive_responses(ids, &got, gs_now(), true), -ETIMEDOUT);
	for (int i = 0; i < 2; i++)
		CHECK_INT(gs_wait_response(id[i], NULL, 0), -EINVAL);
	gate_open(1);
	CHECK_STR(ask(GS_PID(pid), "reply on"), "on");
	CHECK(got_nothing());
	gs_reqids_free(ids);
	node_down();
}

#define MANY 600

/* The number that the next response of a collection was added with. */
static long
next_of(gs_reqids *ids, bool remove)
{
	gs_response got;

	CHECK_OK(gs_wait_responses(ids, &got, gs_now() + SOON, remove));
	CHECK_OK(got.status);
	return (long)(intptr_t)got.label;
}

/* Every other one in either; what lies about for one does not hide others. */
TEST(REQ_07_large_collections_give_in_order_of_arrival)
{
	gs_reqids *even = gs_reqids_new(), *odd = gs_reqids_new();
	gs_response got;
	char text[32];
	gs_pid pid;

	node_up();
	pid = start("");
	for (long i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "reply %ld", i);
		CHECK_OK(gs_reqids_add(i % 2 != 0 ? odd : even,
		    sent(GS_PID(pid), text), (void *)(intptr_t)i));
	}
	CHECK_INT(gs_reqids_size(odd), MANY / 2);
	for (long i = 1; i < MANY; i += 2)
		CHECK_INT(next_of(odd, true), i);
	CHECK_INT(gs_reqids_size(odd), 0);
	CHECK_INT(gs_wait_responses(odd, &got, GS_NEVER, true), -ENOENT);
	/* it can be used again */
	CHECK_OK(gs_reqids_add(
	    odd, sent(GS_PID(pid), "reply 1"), (void *)(intptr_t)-1));
	for (long i = 0; i < MANY; i += 2)
		CHECK_INT(next_of(even, i % 4 == 0), i);
	CHECK_INT(gs_reqids_size(even), MANY / 4);
	CHECK_INT(gs_wait_responses(even, &got, GS_NEVER, true), -ENOENT);
	CHECK_INT(next_of(odd, false), -1);
	CHECK_INT(gs_reqids_size(odd), 1);
	gs_reqids_free(even);
	gs_reqids_free(odd);
	node_down();
}

TEST(REQ_06_a_request_in_two_collections_is_given_once)
{
	gs_reqids *older = gs_reqids_new(), *newer = gs_reqids_new();
	gs_reqid id[3];
	gs_response got;
	gs_pid pid;

	node_up();
	pid = start("");
	for (long i = 0; i < 3; i++) {
		id[i] = sent(GS_PID(pid), "reply x");
		CHECK_OK(gs_reqids_add(older, id[i], (void *)(intptr_t)i));
		CHECK_OK(
		    gs_reqids_add(newer, id[i], (void *)(intptr_t)(10 + i)));
	}
	CHECK_INT(next_of(older, true), 0);
	CHECK_INT(next_of(newer, true), 11);
	gs_reqids_free(newer);
	CHECK_INT(next_of(older, true), 2);
	CHECK_INT(gs_wait_responses(older, &got, GS_NEVER, true), -ENOENT);
	/* the one that the other collection gave was left in here */
	CHECK_INT(gs_reqids_size(older), 1);
	gs_reqids_free(older);
	node_down();
}
