/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OS-13: a callback forks, and both of the two return.  The new one is no
 * server: it answers nobody, reads nothing, says nothing, and is over.
 */
#include <sys/wait.h>

#include "tests/conformance/log.h"

struct twins {
	pid_t of_init;
};

static gs_next
twin_init(void *state, gs_bytes argument)
{
	struct twins *twins = state;

	(void)argument;
	twins->of_init = fork();
	return gs_ok();
}

/* How it has ended, whom this process must have forked. */
static int
ending(pid_t pid)
{
	int status = -1;

	if (pid <= 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static gs_next
twin_call(void *state, gs_bytes request, gs_from from)
{
	const struct twins *twins = state;
	char text[32];

	(void)from;
	gs_string(request, text, sizeof(text));
	if (strcmp(text, "init") == 0)
		return gs_next_reply(GS_STR("%d", ending(twins->of_init)));
	if (strncmp(text, "end ", 4) == 0)
		return gs_next_reply(GS_STR("%d", ending(atoi(text + 4))));
	if (strcmp(text, "go on") == 0)
		return gs_with_continue(gs_next_reply(GS_TEXT("so")), GS_NONE);
	return gs_next_reply(GS_STR("%d", (int)fork()));
}

/* Only the one that is meant to go on says so. */
static void
split(const char *where)
{
	pid_t pid = fork();

	if (pid > 0)
		note("%s %d", where, (int)pid);
}

static gs_next
twin_cast(void *state, gs_bytes request)
{
	(void)state;
	(void)request;
	split("cast");
	return gs_next_noreply();
}

static gs_next
twin_continue(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	split("continue");
	return gs_next_noreply();
}

static void
twin_terminate(void *state, const char *reason)
{
	(void)state;
	(void)reason;
	split("terminate");
}

static void
twin_format_status(const void *state, gs_status *status)
{
	(void)state;
	(void)status;
	split("status");
}

static GS_SERVER(twin, .state_size = sizeof(struct twins), .init = twin_init,
    .handle_call = twin_call, .handle_cast = twin_cast,
    .handle_continue = twin_continue, .terminate = twin_terminate,
    .format_status = twin_format_status);

static bool
is_noted(void *data)
{
	return note_rest(data) != NULL;
}

/* Whom the server has forked there is over, and nobody has killed it. */
static void
over(const char *where)
{
	char request[64];

	CHECK(eventually(is_noted, (void *)(uintptr_t)where, SOON));
	snprintf(request, sizeof(request), "end %s", note_rest(where));
	CHECK_STR(ask(GS_NAME("twin"), request), "1");
}

TEST(OS_13_a_fork_that_a_callback_lets_return_is_no_server)
{
	gs_options options = { .name = "twin" };
	gs_sys_status status;
	char request[64];
	gs_pid pid;

	named_node_up();
	CHECK_OK(gs_start(&twin, GS_NONE, &options, &pid));
	CHECK_STR(ask(GS_NAME("twin"), "init"), "1");
	snprintf(
	    request, sizeof(request), "end %s", ask(GS_NAME("twin"), "fork"));
	CHECK_STR(ask(GS_NAME("twin"), request), "1");
	tell(GS_NAME("twin"), "fork");
	over("cast ");
	CHECK_STR(ask(GS_NAME("twin"), "go on"), "so");
	over("continue ");
	CHECK_OK(gs_sys_get_status(GS_NAME("twin"), &status, SOON));
	over("status ");
	CHECK_INT(reports(NULL, "twin"), 0);
	CHECK_OK(gs_stop(GS_PID(pid), "boo", SOON));
	CHECK(wait_reports("server_terminated", "twin", 1));
	CHECK(wait_reports("crash_report", "twin", 1));
	CHECK(note_rest("terminate ") != NULL);
	/* all that anybody has sent is in the log when the node is down */
	stop(start("set 1"));
	CHECK_INT(reports("server_terminated", "twin"), 1);
	CHECK_INT(reports("crash_report", "twin"), 1);
	named_node_down();
}
