/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LOG: the text of reports, whatever goes into them.
 */
#include "tests/conformance/log.h"

#define TERMINATED "server_terminated"

TEST(LOG_10_big_messages_are_shortened_and_nothing_else)
{
	static char big[100000];
	const char *line;

	named_node_up();
	start_named("", "loaded");
	memset(big, 'x', sizeof(big) - 1);
	memcpy(big, "end boom;note ", 14);
	tell(GS_NAME("loaded"), big);
	CHECK(wait_reports(TERMINATED, "loaded", 1));
	line = report(TERMINATED, "loaded");
	field_has(line, "reason", "boom");
	field_has(line, "last_message", "end boom;note xxx");
	CHECK(strlen(line) < 20000);
	CHECK(report_field(line, "state"));
	named_node_down();
}

static void
vast_format(const void *state, gs_status *status)
{
	static char vast[100000];

	(void)state;
	memset(vast, 's', sizeof(vast));
	status->text = gs_bytes_of(vast, sizeof(vast));
}

static gs_next
vast_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

static gs_next
vast_call(void *state, gs_bytes request, gs_from from)
{
	(void)state;
	(void)request;
	(void)from;
	return gs_next_stop("called-off");
}

static GS_SERVER(vast, .state_size = sizeof(long), .init = vast_init,
    .handle_call = vast_call, .format_status = vast_format);

TEST(LOG_10_a_big_state_is_shortened_and_nothing_else)
{
	gs_options options = { .name = "vast" };
	char text[GS_PID_TEXT];
	const char *line;
	gs_pid pid;

	named_node_up();
	CHECK_INT(gs_start(&vast, GS_TEXT("41"), &options, &pid), 0);
	CHECK_INT(gs_call(GS_NAME("vast"), GS_TEXT("stop"), NULL, FOREVER),
	    -ECONNRESET);
	CHECK(wait_reports(TERMINATED, "vast", 1));
	line = report(TERMINATED, "vast");
	CHECK(strlen(line) < 20000);
	field_has(line, "state", "ssssssss");
	field_has(line, "reason", "called-off");
	field_has(line, "behaviour", "vast");
	field_has(line, "last_message", "stop");
	field_has(line, "client", gs_pid_text(self_pid(), text));
	named_node_down();
}

/* How many bytes follow this first byte of a character; -1: none starts so. */
static int
utf8_rest(unsigned char first)
{
	if (first < 0x80)
		return 0;
	if (first >= 0xc2 && first < 0xe0)
		return 1;
	if (first >= 0xe0 && first < 0xf0)
		return 2;
	return first >= 0xf0 && first < 0xf5 ? 3 : -1;
}

/* Is the text valid UTF-8 without control characters but tab? */
static bool
is_clean_text(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	for (; *at; at++) {
		int rest = utf8_rest(*at);

		if ((*at < 0x20 && *at != '\t') || *at == 0x7f || rest < 0)
			return false;
		while (rest-- > 0) {
			if ((*++at & 0xc0) != 0x80)
				return false;
		}
	}
	return true;
}

TEST(LOG_12_reports_are_valid_text_whatever_the_bytes)
{
	static const char *const requests[] = { "note \xc3\x28;end \xfe",
		"set 1;end one\ntwo\tthree\x01", "end gr\xc3\xbc\xc3\x9f",
		"end \xf4\x90\x80\x80", "end back\\slash" };
	char name[16];
	const char *line;
	size_t i;

	named_node_up();
	for (i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "n\xc3\xa4me-%zu", i);
		start_named("", name);
		tell(GS_NAME(name), requests[i]);
		CHECK(wait_reports(TERMINATED, name, 1));
		line = report(TERMINATED, name);
		if (!is_clean_text(line))
			FAIL("not valid text: %s", line);
		if (i == 2)
			field_has(line, "reason", "gr\xc3\xbc\xc3\x9f");
	}
	named_node_down();
}
