/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals that a server watches.  The handler only notes the number; the loop
 * makes a message of it between two others.  A handler rather than a
 * signalfd: nothing is blocked, and what the server execs has the default.
 */
#include <signal.h>
#include <stdlib.h>

#include "lib/internal.h"

/* What each did before it was watched. */
struct gsi_signals {
	uint64_t watched; /* a bit each, as in crash.c */
	struct sigaction before[64];
};

/* What crash.c has servers, and so their forks, not die of. */
static bool
is_ignored(int number)
{
	return number == SIGINT || number == SIGPIPE || number == SIGHUP;
}

static void
on_watched(int number)
{
	int saved = errno;

	/* a fork of the server is not the server: the default, as before */
	if (!gsi_signal_note(number) && !is_ignored(number)) {
		signal(number, SIG_DFL);
		raise(number);
	}
	errno = saved;
}

static bool
may_be_watched(int number)
{
	static const int never[] = { SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE,
		SIGILL, SIGABRT, SIGSYS, SIGTRAP };

	if (number < 1 || number > 64)
		return false;
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (never[i] == number)
			return false;
	return true;
}

static int
refused(int number, int status)
{
	if (status == -EPERM)
		return gsi_fail(status, "badarg",
		    "signal %d: only a server watches signals; this program's "
		    "are its own",
		    number);
	return gsi_fail(
	    status, "badarg", "signal %d cannot be watched", number);
}

GS_API int
gs_watch_signal(int signal)
{
	struct gsi_self *me = gsi_self_peek();
	struct sigaction action = { .sa_handler = on_watched,
		.sa_flags = SA_RESTART };
	uint64_t bit;

	if (me == NULL || me->server == NULL)
		return refused(signal, -EPERM);
	if (!may_be_watched(signal))
		return refused(signal, -EINVAL);
	bit = 1ull << (signal - 1);
	if (me->signals == NULL)
		me->signals = calloc(1, sizeof(*me->signals));
	if (me->signals == NULL)
		return -ENOMEM;
	if (me->signals->watched & bit)
		return 0;
	sigemptyset(&action.sa_mask);
	if (sigaction(signal, &action, &me->signals->before[signal - 1]) != 0)
		return refused(signal, -EINVAL);
	me->signals->watched |= bit;
	return 0;
}

GS_API int
gs_unwatch_signal(int signal)
{
	struct gsi_self *me = gsi_self_peek();
	uint64_t bit = may_be_watched(signal) ? 1ull << (signal - 1) : 0;

	if (me == NULL || me->signals == NULL ||
	    (me->signals->watched & bit) == 0)
		return gsi_fail(
		    -ENOENT, "badarg", "signal %d is not watched", signal);
	sigaction(signal, &me->signals->before[signal - 1], NULL);
	me->signals->watched &= ~bit;
	gsi_signal_taken(bit);
	return 0;
}

/* The next watched one that has arrived, 0: none has. */
int
gsi_signal_next(struct gsi_self *me)
{
	uint64_t arrived;

	if (me->signals == NULL)
		return 0;
	arrived = gsi_signals_noted() & me->signals->watched;
	if (arrived == 0)
		return 0;
	gsi_signal_taken(arrived & -arrived);
	return __builtin_ctzll(arrived) + 1;
}
