/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/runner.h"

#include "lib/internal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

static long
number(const char *text)
{
	return gs_long(gs_text(text), -77);
}

TEST(text_is_compares_whole_bytes)
{
	CHECK(gs_is(GS_TEXT("get"), "get"));
	CHECK(!gs_is(GS_TEXT("get "), "get"));
	CHECK(!gs_is(GS_BYTES("get\0", 4), "get"));
	CHECK(gs_is(GS_NONE, ""));
	CHECK(gs_is(GS_NONE, NULL));
	CHECK(!gs_is(GS_NONE, "x"));
}

TEST(text_verb_gives_what_follows)
{
	gs_bytes rest;

	CHECK(gs_verb(GS_TEXT("put  a b "), "put", &rest));
	CHECK(gs_is(rest, "a b "));
	CHECK(gs_verb(GS_TEXT("get"), "get", &rest));
	CHECK_INT(rest.size, 0);
	CHECK(gs_verb(GS_TEXT(" get"), "get", NULL));
	CHECK(!gs_verb(GS_TEXT("getx"), "get", &rest));
	CHECK(!gs_verb(GS_TEXT("ge"), "get", &rest));
	CHECK(!gs_verb(GS_NONE, "", &rest));
	CHECK(!gs_verb(GS_NONE, "get", &rest));
}

TEST(text_word_takes_words_until_none_is_left)
{
	gs_bytes b = GS_TEXT("  one\ttwo \n");
	gs_bytes word = gs_word(&b);

	CHECK(gs_is(word, "one"));
	word = gs_word(&b);
	CHECK(gs_is(word, "two"));
	CHECK_INT(gs_word(&b).size, 0);
	CHECK_INT(gs_word(&b).size, 0);
	b = GS_NONE;
	CHECK_INT(gs_word(&b).size, 0);
}

TEST(text_long_reads_whole_numbers_only)
{
	char text[64];

	CHECK_INT(number("0"), 0);
	CHECK_INT(number("-12"), -12);
	CHECK_INT(number("+7"), 7);
	CHECK_INT(number(""), -77);
	CHECK_INT(number("-"), -77);
	CHECK_INT(number("1 "), -77);
	CHECK_INT(number("0x1"), -77);
	CHECK_INT(number("1e3"), -77);
	snprintf(text, sizeof(text), "%ld", LONG_MAX);
	CHECK_INT(number(text), LONG_MAX);
	snprintf(text, sizeof(text), "%ld", LONG_MIN);
	CHECK_INT(number(text), LONG_MIN);
	CHECK_INT(number("9223372036854775808"), -77);
	CHECK_INT(number("99999999999999999999"), -77);
	CHECK_INT(gs_long(GS_BYTES("1\0", 2), -77), -77);
}

TEST(text_string_cuts_to_size)
{
	char text[4];

	CHECK_STR(gs_string(GS_TEXT("ab"), text, sizeof(text)), "ab");
	CHECK_STR(gs_string(GS_TEXT("abcdef"), text, sizeof(text)), "abc");
	CHECK_STR(gs_string(GS_NONE, text, sizeof(text)), "");
	text[0] = 'x';
	gs_string(GS_TEXT("ab"), text, 0);
	CHECK_INT(text[0], 'x');
}

TEST(text_format_keeps_eight)
{
	gs_bytes kept[8];
	char want[32];

	for (int i = 0; i < 8; i++)
		kept[i] = gs_format("number %d", i);
	for (int i = 0; i < 8; i++) {
		snprintf(want, sizeof(want), "number %d", i);
		CHECK(gs_is(kept[i], want));
	}
	gsi_text_end();
}

TEST(text_format_grows_and_shrinks)
{
	char *large = malloc(300000);
	gs_bytes b;

	CHECK(large != NULL);
	memset(large, 'x', 299999);
	large[299999] = '\0';
	for (int i = 0; i < 20; i++) {
		b = GS_STR("%s", large);
		CHECK_INT(b.size, 299999);
		CHECK(memcmp(b.data, large, b.size) == 0);
	}
	for (int i = 0; i < 20; i++)
		CHECK(gs_is(GS_STR("%s", ""), ""));
	gsi_text_end();
	free(large);
}

static size_t
utf8(const char *text)
{
	return gsi_utf8(text, strlen(text));
}

TEST(text_utf8_knows_broken_from_whole)
{
	CHECK_INT(utf8("a"), 1);
	CHECK_INT(utf8("\xc3\xa9"), 2);
	CHECK_INT(utf8("\xe2\x82\xac"), 3);
	CHECK_INT(utf8("\xf0\x9f\x98\x80"), 4);
	CHECK_INT(utf8(""), 0);
	CHECK_INT(utf8("\x80"), 0);
	CHECK_INT(utf8("\xc0\x80"), 0);
	CHECK_INT(utf8("\xc3"), 0);
	CHECK_INT(utf8("\xe0\x80\x80"), 0);
	CHECK_INT(utf8("\xed\xa0\x80"), 0);
	CHECK_INT(utf8("\xf4\x90\x80\x80"), 0);
	CHECK_INT(utf8("\xf5\x80\x80\x80"), 0);
	CHECK_INT(utf8("\xff"), 0);
}

TEST(text_printable_escapes_and_cuts_whole)
{
	char out[16];

	CHECK_STR(gsi_printable(out, sizeof(out), "a\nb", 3), "a\\x0ab");
	CHECK_STR(gsi_printable(out, sizeof(out), "\xc3\xa9\xff", 3),
	    "\xc3\xa9\\xff");
	/* a C1 control is as bad as an escape */
	CHECK_STR(gsi_printable(out, sizeof(out), "\xc2\x9b", 2), "\\xc2\\x9b");
	CHECK_STR(gsi_printable(out, 4, "\n", 1), "");
	CHECK_STR(gsi_printable(out, 3, "a\xc3\xa9", 3), "a");
	CHECK_STR(gsi_printable(out, sizeof(out), NULL, 0), "");
}

/* Escape sequences, bidirectional and line controls, overlong, very long. */
TEST(text_printable_leaves_nothing_that_a_terminal_obeys)
{
	static const char *const bad[] = { "\x1b", "\r", "\b", "\x7f",
		"\xc2\x80", "\xc2\x9b", "\xc2\x9f", "\xd8\x9c", "\xe2\x80\x8e",
		"\xe2\x80\x8f", "\xe2\x80\xa8", "\xe2\x80\xae", "\xe2\x81\xa6",
		"\xe2\x81\xa9", "\xc0\x9b", "\xff" };
	static const char *const good[] = { " ", "~", "\xc2\xa0", "\xd8\x9b",
		"\xe2\x80\x8d", "\xe2\x80\x90", "\xe2\x80\xa7", "\xe2\x80\xaf",
		"\xe2\x81\xa5", "\xe2\x81\xaa", "\xf0\x9f\x98\x80" };
	static char large[5000], out[5000];
	char text[16];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		gs_printable(gs_text(bad[i]), text, sizeof(text));
		CHECK_INT(strlen(text), 4 * strlen(bad[i]));
		CHECK(memcmp(text, "\\x", 2) == 0);
		CHECK(gs_name_check(bad[i], NULL) != 0);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		CHECK_STR(gs_printable(gs_text(good[i]), text, sizeof(text)),
		    good[i]);
		CHECK_INT(gs_name_check(good[i], NULL), 0);
	}
	memset(large, 0x1b, sizeof(large));
	gs_printable(GS_BYTES(large, sizeof(large)), out, sizeof(out));
	CHECK_INT(strlen(out), 4 * ((sizeof(out) - 1) / 4));
}

/* Names and reasons in it are others' words. */
TEST(error_text_is_printable)
{
	CHECK_INT(gsi_fail(-EPERM, "why\x1b[2J", "it said %s",
		      "\x1b[31mred\xe2\x80\xae"),
	    -EPERM);
	CHECK_STR(gs_error_text(), "it said \\x1b[31mred\\xe2\\x80\\xae");
	CHECK_STR(gs_error_reason(), "why\x1b[2J");
}

TEST(text_pid_reads_what_it_writes)
{
	gs_pid pid = { UINT32_MAX, 0, UINT32_MAX }, back = { 0, 0, 0 };
	char text[GS_PID_TEXT];

	CHECK_STR(gs_pid_text(pid, text), "<4294967295.0.4294967295>");
	CHECK_INT(gs_pid_parse(text, &back), 0);
	CHECK(gs_pid_equal(pid, back));
}

TEST(text_pid_parse_refuses_the_rest)
{
	static const char *const bad[] = { "", "<", "1.2.3", "<1.2>", "<1.2.3",
		"<1.2.3>x", "<1.2.3.4>", "<-1.2.3>", "< 1.2.3>",
		"<1.2.4294967296>", "<..>", "<a.b.c>", "<1..3>" };
	gs_pid pid = { 7, 8, 9 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_INT(gs_pid_parse(bad[i], &pid), -EINVAL);
	CHECK_INT(gs_pid_parse(NULL, &pid), -EINVAL);
	CHECK(gs_pid_equal(pid, (gs_pid){ 7, 8, 9 }));
}
