/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/runner.h"

#include "lib/internal.h"

TEST(reason_clean_is_normal_and_shutdown)
{
	CHECK(gsi_reason_clean("normal"));
	CHECK(gsi_reason_clean("shutdown"));
	CHECK(gsi_reason_clean("shutdown:later"));
	CHECK(!gsi_reason_clean("shutdowns"));
	CHECK(!gsi_reason_clean("normality"));
	CHECK(!gsi_reason_clean("Normal"));
	CHECK(!gsi_reason_clean("killed"));
	CHECK(!gsi_reason_clean(""));
}

TEST(reason_copy_defaults_to_normal)
{
	char out[GS_REASON_MAX + 1];

	gsi_reason_copy(out, NULL);
	CHECK_STR(out, "normal");
	gsi_reason_copy(out, "");
	CHECK_STR(out, "normal");
	gsi_reason_copy(out, "bad_call");
	CHECK_STR(out, "bad_call");
}

/* Cutting at every offset of a character leaves whole characters. */
TEST(reason_copy_cuts_between_characters)
{
	char in[400], out[GS_REASON_MAX + 1];

	for (int shift = 0; shift < 4; shift++) {
		size_t n, at = 0;

		memset(in, 'x', sizeof(in));
		for (size_t i = (size_t)shift; i + 4 < sizeof(in); i += 4)
			memcpy(in + i, "\xf0\x9f\x98\x80", 4);
		in[sizeof(in) - 1] = '\0';
		gsi_reason_copy(out, in);
		n = strlen(out);
		CHECK(n > GS_REASON_MAX - 4 && n <= GS_REASON_MAX);
		while (at < n) {
			size_t one = gsi_utf8(out + at, n - at);

			CHECK(one > 0);
			at += one;
		}
		CHECK(memcmp(in, out, n) == 0);
	}
}

TEST(reason_copy_cuts_garbage_too)
{
	char in[300], out[GS_REASON_MAX + 1];

	memset(in, '\x80', sizeof(in));
	in[sizeof(in) - 1] = '\0';
	gsi_reason_copy(out, in);
	CHECK_INT(strlen(out), GS_REASON_MAX);
}
