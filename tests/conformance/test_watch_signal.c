/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals that a server watches.
 */
#include "tests/conformance/flood.h"

#include <sys/wait.h>

static gs_pid
puppet_up(void)
{
	node_up();
	return start("");
}

/* What the library said to that command. */
static long
want(gs_pid pid, const char *command)
{
	char script[64];

	snprintf(script, sizeof(script), "%s;last", command);
	return atol(ask(GS_PID(pid), script));
}

TEST(a_watched_signal_is_a_message)
{
	gs_pid pid = puppet_up();
	int os_pid = os_pid_of(GS_PID(pid));
	char request[32];

	snprintf(request, sizeof(request), "signal %d", SIGUSR1);
	CHECK_INT(want(pid, request), 0);
	CHECK_INT(want(pid, request), 0);
	CHECK_INT(kill(os_pid, SIGUSR1), 0);
	snprintf(request, sizeof(request), "signal %d", SIGUSR1);
	CHECK(wait_note(request));
	CHECK_INT(kill(os_pid, SIGUSR1), 0);
	CHECK(wait_notes(request, 2));
	/* stopped, several are one */
	freeze(pid);
	CHECK_INT(kill(os_pid, SIGUSR1), 0);
	CHECK_INT(kill(os_pid, SIGUSR1), 0);
	thaw(pid);
	CHECK(wait_notes(request, 3));
	settle(GS_PID(pid));
	CHECK_INT(notes(request), 3);
	node_down();
}

/* OS-19: a watched SIGTERM is no exit signal, unwatched it is one again. */
TEST(a_watched_SIGTERM_does_not_end_the_server)
{
	gs_pid pid = puppet_up();
	int os_pid = os_pid_of(GS_PID(pid));
	char request[32];

	snprintf(request, sizeof(request), "signal %d", SIGTERM);
	CHECK_INT(want(pid, request), 0);
	CHECK_INT(kill(os_pid, SIGTERM), 0);
	CHECK(wait_note(request));
	CHECK_STR(ask(GS_PID(pid), "reply here"), "here");
	snprintf(request, sizeof(request), "unsignal %d", SIGTERM);
	CHECK_INT(want(pid, request), 0);
	CHECK_INT(want(pid, request), -ENOENT);
	CHECK_INT(kill(os_pid, SIGTERM), 0);
	CHECK(wait_dead(pid));
	node_down();
}

TEST(a_signal_is_taken_while_the_mailbox_is_never_empty)
{
	struct flood f = { .pid = puppet_up() };
	char request[32];
	pthread_t thread;

	snprintf(request, sizeof(request), "signal %d", SIGHUP);
	CHECK_INT(want(f.pid, request), 0);
	CHECK_INT(pthread_create(&thread, NULL, flood, &f), 0);
	CHECK_INT(kill(os_pid_of(GS_PID(f.pid)), SIGHUP), 0);
	CHECK(wait_note(request));
	atomic_store(&f.over, true);
	CHECK_INT(pthread_join(thread, NULL), 0);
	node_down();
}

TEST(what_is_no_signal_to_watch_is_refused)
{
	static const int bad[] = { -1, 0, 65, SIGKILL, SIGSTOP, SIGSEGV,
		SIGABRT };
	gs_pid pid = puppet_up();
	char request[32];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(request, sizeof(request), "signal %d", bad[i]);
		CHECK_INT(want(pid, request), -EINVAL);
	}
	CHECK_INT(want(pid, "unsignal 1"), -ENOENT);
	node_down();
}

static gs_next
forker_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

/* Which signal ended a helper that has raised this one itself; 0: none. */
static gs_next
forker_call(void *state, gs_bytes request, gs_from from)
{
	int number = (int)gs_long(request, 0), status = 0;
	pid_t helper;

	(void)state;
	(void)from;
	CHECK_INT(gs_watch_signal(number), 0);
	helper = fork();
	if (helper == 0) {
		raise(number);
		_exit(0);
	}
	CHECK_INT(waitpid(helper, &status, 0), helper);
	return gs_next_reply(
	    GS_STR("%d", WIFSIGNALED(status) ? WTERMSIG(status) : 0));
}

static GS_SERVER(forker, .init = forker_init, .handle_call = forker_call);

/* OS-13 */
TEST(a_fork_of_the_server_does_not_watch)
{
	char text[16];
	gs_pid pid;

	node_up();
	CHECK_INT(gs_start(&forker, GS_NONE, NULL, &pid), 0);
	snprintf(text, sizeof(text), "%d", SIGUSR1);
	CHECK_STR(ask(GS_PID(pid), text), text);
	snprintf(text, sizeof(text), "%d", SIGTERM);
	CHECK_STR(ask(GS_PID(pid), text), text);
	/* servers are not ended by these, nor are their forks */
	snprintf(text, sizeof(text), "%d", SIGHUP);
	CHECK_STR(ask(GS_PID(pid), text), "0");
	node_down();
}
