/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INFO: aliases, addresses that can be switched off.
 */
#include "tests/conformance/helpers.h"

static gs_alias
new_alias(unsigned flags)
{
	gs_alias alias = { .id = 0 };

	CHECK_INT(gs_alias_new(flags, &alias), 0);
	CHECK(alias.id != 0);
	return alias;
}

TEST(INFO_15_an_alias_takes_messages_until_it_is_switched_off)
{
	gs_alias one, two;
	gs_info info;

	node_up();
	one = new_alias(0);
	two = new_alias(0);
	CHECK_INT(gs_send_alias(one, GS_TEXT("a")), 0);
	CHECK_INT(gs_send_alias(two, GS_TEXT("b")), 0);
	CHECK(got(GS_INFO_MESSAGE, "a", &info));
	CHECK(info.ref.id == one.id);
	CHECK(got(GS_INFO_MESSAGE, "b", &info));
	CHECK(info.ref.id == two.id);
	/* one that is on its way is dropped as well */
	CHECK_INT(gs_send_alias(one, GS_TEXT("late")), 0);
	CHECK(gs_unalias(one));
	CHECK(!gs_unalias(one));
	CHECK_INT(gs_send_alias(one, GS_TEXT("later")), 0);
	CHECK_INT(gs_send_alias(two, GS_TEXT("c")), 0);
	CHECK(got(GS_INFO_MESSAGE, "c", &info));
	CHECK(got_nothing());
	/* the process itself is reached as ever */
	post(GS_PID(self_pid()), "d");
	CHECK(got(GS_INFO_MESSAGE, "d", &info));
	CHECK_INT(info.ref.id, 0);
	node_down();
}

TEST(INFO_15_a_reply_alias_takes_one_message)
{
	gs_alias reply;
	gs_info info;

	node_up();
	reply = new_alias(GS_ALIAS_REPLY);
	CHECK_INT(gs_send_alias(reply, GS_TEXT("first")), 0);
	CHECK_INT(gs_send_alias(reply, GS_TEXT("second")), 0);
	CHECK(got(GS_INFO_MESSAGE, "first", &info));
	CHECK(info.ref.id == reply.id);
	CHECK(got_nothing());
	CHECK(!gs_unalias(reply));
	/* off before the first one */
	reply = new_alias(GS_ALIAS_REPLY);
	CHECK(gs_unalias(reply));
	CHECK_INT(gs_send_alias(reply, GS_TEXT("third")), 0);
	CHECK(got_nothing());
	node_down();
}

/* The alias of one process means nothing to another, forged ones neither. */
TEST(INFO_15_others_aliases_and_forged_ones_are_off)
{
	gs_alias alias, forged;
	gs_pid pid;
	int i;

	node_up();
	pid = start("");
	alias = new_alias(0);
	forged = alias;
	forged.pid = pid;
	CHECK(!gs_unalias(forged));
	CHECK_INT(gs_send_alias(forged, GS_TEXT("note forged")), 0);
	forged = alias;
	forged.id++;
	CHECK_INT(gs_send_alias(forged, GS_TEXT("forged")), 0);
	CHECK(got_nothing());
	CHECK(unnoted("forged", 200));
	forged.id = 0;
	CHECK_INT(gs_send_alias(forged, GS_TEXT("x")), -EINVAL);
	CHECK_INT(gs_alias_new(8, &forged), -EINVAL);
	/* nobody is there any more */
	stop(pid);
	alias.pid = pid;
	CHECK_INT(gs_send_alias(alias, GS_TEXT("x")), 0);
	for (i = 0; i < 1000; i++)
		CHECK(gs_unalias(new_alias(0)));
	for (i = 0; i < 1000; i++)
		alias = new_alias(0);
	CHECK_INT(gs_send_alias(alias, GS_TEXT("last")), 0);
	CHECK(got(GS_INFO_MESSAGE, "last", NULL));
	node_down();
}
