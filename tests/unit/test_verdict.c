/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/runner.h"

#include "lib/internal.h"

#include <stdlib.h>

static struct gsi_stage
opened(gs_next next)
{
	struct gsi_stage stage;

	CHECK(gsi_verdict_open(&next, &stage));
	return stage;
}

static bool
opens(gs_next next)
{
	struct gsi_stage stage;

	return gsi_verdict_open(&next, &stage);
}

static void
discard(gs_next next)
{
	(void)next;
}

TEST(verdict_reply_is_copied_when_made)
{
	char text[] = "hello";
	gs_next next = gs_next_reply(GS_TEXT(text));

	memset(text, 'x', 5);
	CHECK_INT(next.verdict, GSI_REPLY_GO);
	CHECK(gs_is(opened(next).reply, "hello"));
	gsi_verdict_end();
}

TEST(verdict_reply_of_every_size)
{
	size_t sizes[] = { 0, 1, 255, 256, 257, 4096, 65536, 65537, 1000000 };
	char *data = malloc(1000000);

	for (size_t i = 0; i < 1000000; i++)
		data[i] = (char)(i * 7);
	for (int round = 0; round < 12; round++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			gs_next next = gs_next_reply(GS_BYTES(data, sizes[i]));
			struct gsi_stage stage = opened(next);

			CHECK_INT(stage.reply.size, sizes[i]);
			CHECK(memcmp(stage.reply.data, data, sizes[i]) == 0);
		}
	}
	gsi_verdict_end();
	free(data);
}

TEST(verdict_stop_carries_reason_and_reply)
{
	gs_next next = gs_next_stop_reply("bye", GS_TEXT("last"));
	struct gsi_stage stage = opened(next);

	CHECK_INT(next.verdict, GSI_STOP_REPLY);
	CHECK_STR(stage.reason, "bye");
	CHECK(gs_is(stage.reply, "last"));
	CHECK_STR(opened(gs_next_stop(NULL)).reason, "normal");
	CHECK_STR(opened(gs_error("no")).reason, "no");
	gsi_verdict_end();
}

/* What terminate does meanwhile must not change the last reply. */
TEST(verdict_last_reply_survives_others)
{
	struct gsi_stage stage =
	    opened(gs_next_stop_reply("bye", GS_TEXT("last")));

	for (int i = 0; i < 100; i++)
		discard(gs_next_reply(GS_TEXT("other")));
	CHECK(gs_is(stage.reply, "last"));
	gsi_verdict_end();
}

TEST(verdict_continue_argument_survives_until_the_next)
{
	struct gsi_stage first =
	    opened(gs_with_continue(gs_next_noreply(), GS_TEXT("one")));
	struct gsi_stage second;

	for (int i = 0; i < 100; i++)
		(void)opened(gs_next_reply(GS_TEXT("other")));
	CHECK(gs_is(first.argument, "one"));
	second = opened(
	    gs_with_continue(gs_next_reply(GS_TEXT("r")), GS_TEXT("two")));
	CHECK(gs_is(second.argument, "two"));
	CHECK(gs_is(second.reply, "r"));
	gsi_verdict_end();
}

TEST(verdict_overwritten_is_noticed)
{
	gs_next old = gs_next_reply(GS_TEXT("old"));

	for (int i = 0; i < 8; i++)
		discard(gs_next_reply(GS_TEXT("new")));
	CHECK(!opens(old));
	gsi_verdict_end();
}

TEST(verdict_garbage_is_noticed)
{
	gs_next next;
	uint32_t seed = 1;

	memset(&next, 0, sizeof(next));
	CHECK(!opens(next));
	memset(&next, 0xff, sizeof(next));
	CHECK(!opens(next));
	for (int i = 0; i < 10000; i++) {
		unsigned char *p = (unsigned char *)&next;

		for (size_t k = 0; k < sizeof(next); k++)
			p[k] = (unsigned char)((seed = seed * 1103515245 +
						       12345) >>
					       16);
		CHECK(!opens(next));
	}
	next = gs_next_noreply();
	next.verdict = GSI_OK;
	CHECK(!opens(next));
	next = gs_next_noreply();
	next.action = GSI_HIBERNATE;
	CHECK(!opens(next));
	gsi_verdict_end();
}

/* The seal does not cover what is carried: a wrong serial finds nothing. */
TEST(verdict_wrong_payload_is_noticed)
{
	gs_next next = gs_next_reply(GS_TEXT("x"));

	next.payload += 8;
	CHECK(!opens(next));
	next.payload = UINT64_MAX;
	CHECK(!opens(next));
	gsi_verdict_end();
	next = gs_next_noreply();
	next.payload = 1;
	CHECK(!opens(next));
}

TEST(verdict_bytes_that_are_none_are_refused)
{
	CHECK(!opens(gs_next_reply(GS_BYTES(NULL, 5))));
	CHECK(!opens(gs_next_stop_reply("x", GS_BYTES(NULL, 5))));
	CHECK(!opens(gs_with_continue(gs_ok(), GS_BYTES(NULL, 5))));
	gsi_verdict_end();
}

TEST(verdict_actions_last_one_counts)
{
	gs_next next = gs_with_timeout(gs_with_hibernate(gs_ok()), 5);

	CHECK_INT(next.action, GSI_TIMEOUT);
	CHECK_INT(next.timeout, 5);
	next = gs_with_hibernate(gs_with_continue(next, GS_TEXT("x")));
	CHECK_INT(next.action, GSI_HIBERNATE);
	CHECK_INT(opened(next).argument.size, 0);
	CHECK_INT(gs_with_timeout(gs_ok(), GS_INFINITY).action, GSI_TIMEOUT);
	gsi_verdict_end();
}

/* TMO-07 */
TEST(verdict_bad_actions_stay_bad)
{
	gs_next next = gs_with_timeout(gs_next_noreply(), -1);

	CHECK_INT(next.action, GSI_BAD_ACTION);
	CHECK(opens(next));
	CHECK_INT(gs_with_timeout(next, 5).action, GSI_BAD_ACTION);
	CHECK_INT(gs_with_hibernate(gs_ignore()).action, GSI_BAD_ACTION);
	CHECK_INT(gs_with_timeout(gs_next_stop("x"), 1).action, GSI_BAD_ACTION);
	next = gs_with_continue(gs_error("x"), GS_NONE);
	CHECK_INT(next.action, GSI_BAD_ACTION);
	gsi_verdict_end();
}

TEST(verdict_garbage_stays_garbage_with_an_action)
{
	gs_next next;

	memset(&next, 0, sizeof(next));
	CHECK(!opens(gs_with_timeout(next, 5)));
	CHECK(!opens(gs_with_continue(next, GS_TEXT("x"))));
	gsi_verdict_end();
}

TEST(verdict_noreply_is_known_at_sight_and_nothing_else_is)
{
	gs_next plain = gs_next_noreply(), other = plain;

	CHECK(gsi_verdict_is(&plain, GSI_NOREPLY));
	other.check ^= 1;
	CHECK(!gsi_verdict_is(&other, GSI_NOREPLY));
	other = plain;
	other.argument = 1;
	CHECK(!gsi_verdict_is(&other, GSI_NOREPLY));
	other = gs_with_timeout(gs_next_noreply(), 5);
	CHECK(!gsi_verdict_is(&other, GSI_NOREPLY));
	other = gs_with_hibernate(gs_next_noreply());
	CHECK(!gsi_verdict_is(&other, GSI_NOREPLY));
	other = gs_next_reply(GS_TEXT("x"));
	CHECK(!gsi_verdict_is(&other, GSI_NOREPLY));
	other = gs_ok();
	CHECK(!gsi_verdict_is(&other, GSI_NOREPLY));
	gsi_verdict_end();
}
