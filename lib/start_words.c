/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the root supervisor has said no with, in words: the reason as it is, and
 * what it means where it is a word of the library.
 */
#include <errno.h>

#include "lib/attach.h"
#include "lib/root.h"

/* The library's own words for what is wrong with a server, explained. */
static const char *
meaning(const char *reason)
{
	static const struct {
		const char *reason;
		const char *meaning;
	} words[] = {
		{ "undef", ", the behaviour has no init" },
		{ "bad_abi", ", it is no behaviour of this GS_ABI" },
		{ "bad_state_size", ", it wants more than 1 GiB of state" },
		{ "system_limit", ", memory or the like was refused to it" },
		{ "bad_return_value", ", see the log for what init returned" },
		{ "normal", ", its init ended so" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(reason, words[i].reason) == 0)
			return words[i].meaning;
	return "";
}

int
gsi_start_words(const struct gsi_root_answer *a, const char *what)
{
	char pid[GS_PID_TEXT], shown[3 * GS_REASON_MAX];

	gsi_printable(shown, sizeof(shown), a->reason, strlen(a->reason));
	switch (a->status) {
	case 0:
		return 0;
	case -EEXIST:
		return gsi_fail(-EEXIST, "already_started",
		    "cannot start %s: "
		    "the name is held by %s",
		    what, gs_pid_text(a->pid, pid));
	case -ECANCELED:
		return gsi_fail(-ECANCELED, "ignore",
		    "%s: its init said "
		    "ignore",
		    what);
	case -ETIMEDOUT:
		return gsi_fail(-ETIMEDOUT, "timeout",
		    "cannot start %s: its "
		    "init took too long and was killed",
		    what);
	case -ECHILD:
		return gsi_fail(-ECHILD, a->reason, "cannot start %s: %s%s",
		    what, shown, meaning(a->reason));
	case -ENOTSUP:
		return gsi_fail(-ENOTSUP, a->reason,
		    "cannot start %s: the "
		    "behaviour is in this program, which node '%s' was not "
		    "forked from: build it as a module, or unset GS_NODE for "
		    "a private node",
		    what, gsi_self()->arena->header->name);
	case -EAGAIN:
		return gsi_fail(-EAGAIN, a->reason,
		    "cannot start %s: a limit "
		    "of the system (processes, file descriptors or shared "
		    "memory) is reached",
		    what);
	default:
		if (strcmp(a->reason, "system_limit") == 0)
			return gsi_fail(a->status, a->reason,
			    "cannot start %s: system_limit: %s", what,
			    strerror(-a->status));
		return gsi_fail(a->status, a->reason, "%s: %s", what, shown);
	}
}
