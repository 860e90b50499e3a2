/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SYS: the events of a server, kept and counted.
 */
#include "tests/conformance/meter.h"

/* ---- log ---- */

static const char *
log_of(gs_addr to)
{
	const char *log;

	CHECK_OK(gs_sys_get_log(to, &log, SOON));
	return log;
}

TEST(SYS_13_log_keeps_the_last_events)
{
	gs_addr to;

	node_up();
	to = start_meter(NULL);
	CHECK_STR(log_of(to), "");
	CHECK_OK(gs_sys_log(to, 0, SOON));
	CHECK_OK(gs_sys_log(to, 3, SOON));
	CHECK_STR(log_of(to), "");
	tell(to, "1");
	CHECK_STR(log_of(to), "got cast 1\nnew state at 6");
	tell(to, "2");
	/* asking keeps them */
	for (int i = 0; i < 2; i++)
		CHECK_STR(
		    log_of(to), "new state at 6\ngot cast 2\nnew state at 8");
	CHECK_OK(gs_sys_log(to, 2, SOON));
	CHECK_STR(log_of(to), "got cast 2\nnew state at 8");
	CHECK_OK(gs_sys_log(to, 0, SOON));
	CHECK_STR(log_of(to), "");
	tell(to, "3");
	CHECK_STR(log_of(to), "");
	CHECK_OK(gs_sys_log(to, 2, SOON));
	CHECK_STR(log_of(to), "");
	CHECK_INT(gs_sys_log(to, -1, SOON), -EINVAL);
	CHECK_INT(gs_sys_log(to, 1025, SOON), -EINVAL);
	CHECK_STR(ask(to, "0"), "11");
	node_down();
}

TEST(SYS_13_ten_are_kept_by_default)
{
	char want[256] = "";
	gs_addr to;

	node_up();
	to = start_meter("log");
	for (int i = 0; i < 7; i++)
		tell(to, "1");
	for (int i = 8; i <= 12; i++) {
		size_t n = strlen(want);

		snprintf(want + n, sizeof(want) - n,
		    "%sgot cast 1\nnew state at %d", n ? "\n" : "", i);
	}
	CHECK_STR(log_of(to), want);
	node_down();
}

/* ---- statistics ---- */

static gs_sys_statistics
statistics_of(gs_addr to)
{
	gs_sys_statistics got;

	CHECK_OK(gs_sys_get_statistics(to, &got, SOON));
	return got;
}

TEST(SYS_17_statistics_since_they_are_on)
{
	gs_sys_statistics first, then;
	gs_addr to;

	node_up();
	to = start_meter(NULL);
	CHECK_STR(ask(to, "work"), "done");
	CHECK_INT(gs_sys_get_statistics(to, &first, SOON), -ENODATA);
	CHECK_STR(gs_error_reason(), "no_statistics");
	CHECK_OK(gs_sys_count(to, true, SOON));
	first = statistics_of(to);
	CHECK(first.start <= first.now);
	CHECK_INT(first.messages_in, 0);
	CHECK_INT(first.messages_out, 0);
	/* what it has done before does not count */
	CHECK(first.work >= 0 && first.work < 50000);
	CHECK_STR(ask(to, "work"), "done");
	then = statistics_of(to);
	CHECK_INT(then.start, first.start);
	CHECK(then.now - first.now >= 99000);
	/* of 100 ms, on a processor that others use too */
	CHECK(then.work > first.work && then.work <= then.now - then.start);
	CHECK_OK(gs_sys_count(to, false, SOON));
	CHECK_INT(gs_sys_get_statistics(to, &first, SOON), -ENODATA);
	CHECK_STR(gs_error_reason(), "no_statistics");
	CHECK_OK(gs_sys_count(to, false, SOON));
	CHECK_OK(gs_sys_count(to, true, SOON));
	first = statistics_of(to);
	CHECK(first.start >= then.now);
	CHECK_INT(first.messages_in, 0);
	node_down();
}

TEST(SYS_18_what_counts_as_a_message)
{
	gs_sys_statistics got;
	gs_bytes state;
	gs_addr to;

	node_up();
	to = start_meter(NULL);
	CHECK_OK(gs_sys_count(to, true, SOON));
	CHECK_STR(ask(to, "1"), "6");
	got = statistics_of(to);
	CHECK_INT(got.messages_in, 1);
	CHECK_INT(got.messages_out, 1);
	/* a reply that is not the return value */
	CHECK_STR(ask(to, "later"), "now");
	got = statistics_of(to);
	CHECK_INT(got.messages_in, 2);
	CHECK_INT(got.messages_out, 1);
	tell(to, "1");
	got = statistics_of(to);
	CHECK_INT(got.messages_in, 3);
	post(to, "hello");
	got = statistics_of(to);
	CHECK_INT(got.messages_in, 4);
	for (int i = 0; i < 5; i++)
		CHECK_OK(gs_sys_get_state(to, &state, SOON));
	got = statistics_of(to);
	CHECK_INT(got.messages_in, 4);
	CHECK_INT(got.messages_out, 1);
	node_down();
}
