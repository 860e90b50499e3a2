/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SYS: debug functions of a running server, and all of it off again.
 */
#include "tests/conformance/log.h"

#include <sys/stat.h>

GS_API gs_bytes counts(gs_bytes state, const gs_debug_event *event);
GS_API gs_bytes tells(gs_bytes state, const gs_debug_event *event);
GS_API gs_bytes grows(gs_bytes state, const gs_debug_event *event);

/* The word that the event is about: puppets do nothing at it. */
static bool
says(const gs_debug_event *event, const char *word)
{
	return strstr(event->text, word) != NULL;
}

/* Its state is a number; ends as the event says. */
gs_bytes
counts(gs_bytes state, const gs_debug_event *event)
{
	long n = gs_long(state, -1);

	if (!says(event, "got cast"))
		return state;
	note("%s %ld", event->server, n);
	if (says(event, "enough"))
		return GS_DEBUG_DONE;
	if (says(event, "leave"))
		gs_exit("left");
	if (says(event, "crash"))
		raise(SIGSEGV);
	return GS_STR("%ld", n + 1);
}

gs_bytes
tells(gs_bytes state, const gs_debug_event *event)
{
	char text[64];

	if (says(event, "got cast"))
		note("tells %s", gs_string(state, text, sizeof(text)));
	return state;
}

/* Twice as large each time, and nothing in the end. */
gs_bytes
grows(gs_bytes state, const gs_debug_event *event)
{
	static char block[1 << 20];
	size_t size = state.size ? 2 * state.size : 1;

	(void)event;
	for (size_t i = 0; i < state.size; i++)
		if (((const char *)state.data)[i] != 'x')
			note("spoilt at %zu", state.size);
	memset(block, 'x', sizeof(block));
	if (size > sizeof(block)) {
		note("grown");
		return GS_NONE;
	}
	return gs_bytes_of(block, size);
}

static gs_addr
start_watched(void)
{
	return GS_PID(start_named("set 1", "seen"));
}

/* A cast that has been handled, which the functions see. */
static void
event(gs_addr to, const char *text)
{
	char script[64];

	snprintf(script, sizeof(script), "set 1 %s", text);
	tell(to, script);
	CHECK_STR(ask(to, "get"), "1");
}

static int
add(gs_addr to, const char *function, const char *id, const char *state)
{
	return gs_sys_install(to, function, id, gs_text(state), SOON);
}

static const char *
debug_of(gs_addr to)
{
	static gs_sys_status status;

	CHECK_OK(gs_sys_get_status(to, &status, SOON));
	return status.debug;
}

TEST(SYS_21_its_result_is_its_next_state)
{
	gs_addr to;

	node_up();
	to = start_watched();
	event(to, "before");
	CHECK_OK(add(to, "counts", NULL, "5"));
	CHECK_STR(debug_of(to), "install(counts)");
	event(to, "a");
	event(to, "b");
	CHECK_INT(notes("seen 5"), 1);
	CHECK_INT(notes("seen 6"), 1);
	CHECK_INT(notes("seen 7"), 0);
	CHECK_OK(gs_sys_remove(to, "counts", SOON));
	event(to, "c");
	CHECK_INT(notes("seen 7"), 0);
	CHECK_STR(debug_of(to), "");
	node_down();
}

TEST(SYS_21_done_or_a_failure_removes_it)
{
	static const char *const ends[] = { "enough", "leave" };
	gs_addr to;

	node_up();
	to = start_watched();
	CHECK_OK(add(to, "tells", NULL, "on"));
	for (int i = 0; i < 2; i++) {
		CHECK_OK(add(to, "counts", NULL, "5"));
		event(to, "a");
		event(to, ends[i]);
		event(to, "b");
		CHECK_INT(notes("seen 5"), i + 1);
		CHECK_INT(notes("seen 6"), i + 1);
		CHECK_INT(notes("seen 7"), 0);
		/* the other one stays */
		CHECK_INT(notes("tells on"), 3 * (i + 1));
		CHECK_STR(debug_of(to), "install(tells)");
	}
	node_down();
}

/* SYS-21, A-RAISE: a real crash is the server's. */
TEST(SYS_21_a_crash_of_it_ends_the_server_with_its_reason)
{
	const char *line;
	gs_addr to;
	gs_ref ref;

	named_node_up();
	to = start_watched();
	CHECK_OK(add(to, "counts", NULL, "5"));
	CHECK_OK(gs_monitor(to, &ref));
	tell(to, "set 1 crash");
	CHECK(got(GS_INFO_DOWN, "signal:11", NULL));
	CHECK(wait_reports("crash", "seen", 1));
	line = report("crash", "seen");
	field_has(line, "reason", "signal:11");
	field_has(line, "last_message", "set 1 crash");
	named_node_down();
}

TEST(SYS_21_a_state_of_any_size)
{
	gs_addr to;

	node_up();
	to = start_watched();
	CHECK_OK(add(to, "grows", NULL, ""));
	for (int i = 0; i < 15; i++)
		event(to, "more");
	CHECK(wait_note("grown"));
	for (int i = 0; i < 21; i++) {
		char text[32];

		snprintf(text, sizeof(text), "spoilt at %u", 1u << i);
		CHECK_INT(notes(text), 0);
	}
	node_down();
}

TEST(SYS_22_the_same_one_twice_is_once)
{
	gs_addr to;

	node_up();
	to = start_watched();
	CHECK_OK(add(to, "tells", NULL, "plain"));
	CHECK_OK(add(to, "tells", NULL, "again"));
	CHECK_OK(add(to, "tells", "a", "one"));
	CHECK_OK(add(to, "tells", "a", "other"));
	CHECK_OK(add(to, "counts", "a", "5"));
	CHECK_OK(add(to, "tells", "b", "two"));
	event(to, "x");
	CHECK_INT(notes("tells plain"), 1);
	CHECK_INT(notes("tells again"), 0);
	CHECK_INT(notes("tells one"), 1);
	CHECK_INT(notes("tells other"), 0);
	CHECK_INT(notes("seen 5"), 0);
	CHECK_INT(notes("tells two"), 1);
	/* by id: that one only; by function: who has no id */
	CHECK_OK(gs_sys_remove(to, "a", SOON));
	event(to, "x");
	CHECK_INT(notes("tells one"), 1);
	CHECK_INT(notes("tells two"), 2);
	CHECK_INT(notes("tells plain"), 2);
	CHECK_OK(gs_sys_remove(to, "tells", SOON));
	event(to, "x");
	CHECK_INT(notes("tells two"), 3);
	CHECK_INT(notes("tells plain"), 2);
	/* what is not there is not missed */
	CHECK_OK(gs_sys_remove(to, "a", SOON));
	CHECK_OK(gs_sys_remove(to, "nothing", SOON));
	CHECK_OK(gs_sys_remove(to, "b", SOON));
	CHECK_OK(gs_sys_remove(to, "b", SOON));
	event(to, "x");
	CHECK_INT(notes("tells two"), 3);
	node_down();
}

TEST(SYS_22_what_cannot_be_installed)
{
	char id[8];
	gs_addr to;

	node_up();
	to = start_watched();
	CHECK_INT(add(to, "no_such_function", NULL, ""), -ENOSYS);
	CHECK_INT(strncmp(gs_error_reason(), "undef", 5), 0);
	CHECK_STR(debug_of(to), "");
	for (int i = 0; i < 8; i++) {
		snprintf(id, sizeof(id), "id%d", i);
		CHECK_OK(add(to, "tells", id, id));
	}
	CHECK_INT(add(to, "tells", "more", ""), -ENOSPC);
	CHECK_INT(strncmp(gs_error_reason(), "system_limit", 12), 0);
	event(to, "x");
	CHECK_INT(notes("tells id0"), 1);
	CHECK_INT(notes("tells id7"), 1);
	node_down();
}

TEST(SYS_20_no_debug_switches_everything_off)
{
	char path[300];
	struct stat st;
	gs_sys_statistics statistics;
	const char *log;
	off_t size;
	gs_addr to;

	node_up();
	snprintf(path, sizeof(path), "%s/watched", getenv("GS_RUNTIME_DIR"));
	to = start_watched();
	CHECK_OK(gs_sys_no_debug(to, SOON));
	CHECK_OK(gs_sys_count(to, true, SOON));
	CHECK_OK(gs_sys_log(to, 3, SOON));
	CHECK_OK(gs_sys_log_to_file(to, path, SOON));
	CHECK_OK(add(to, "tells", NULL, "f"));
	CHECK_OK(add(to, "tells", "g", "g"));
	CHECK_OK(gs_sys_trace(to, true, SOON));
	CHECK_OK(gs_sys_trace_to_me(to, true, SOON));
	event(to, "x");
	CHECK(strstr(debug_of(to), "trace,statistics,log(3),log_to_file("));
	CHECK(strstr(debug_of(to), "install(tells),install(tells)"));
	CHECK_OK(gs_sys_no_debug(to, SOON));
	CHECK_STR(debug_of(to), "");
	CHECK_INT(gs_sys_get_statistics(to, &statistics, SOON), -ENODATA);
	CHECK_OK(gs_sys_get_log(to, &log, SOON));
	CHECK_STR(log, "");
	CHECK_OK(stat(path, &st));
	CHECK(st.st_size > 0);
	size = st.st_size;
	while (gs_receive(&(gs_info){ 0 }, 0) == 0)
		continue;
	event(to, "x");
	CHECK_INT(notes("tells f"), 1);
	CHECK_INT(notes("tells g"), 1);
	CHECK(got_nothing());
	CHECK_OK(stat(path, &st));
	CHECK_INT(st.st_size, size);
	CHECK_OK(unlink(path));
	node_down();
}
