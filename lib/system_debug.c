/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watching a server while it runs: what debug_set.c does for the start option,
 * asked from outside and answered.
 */
#include <stdlib.h>

#include "lib/debug.h"
#include "lib/system.h"

static void
refuse(struct gsi_server *s, const struct gsi_asked *asked, int status)
{
	switch (status) {
	case -ESRCH:
		gsi_system_refuse(s, asked, -ENOSYS,
		    "undef: the module exports no such function");
		return;
	case -ENOSPC:
		gsi_system_refuse(s, asked, status,
		    "system_limit: there are as many as there may be");
		return;
	case -EINVAL:
		gsi_system_refuse(s, asked, status, "badarg");
		return;
	case -ERANGE:
		gsi_system_refuse(s, asked, -EINVAL,
		    "badarg: 1 to %d events can be kept", GSI_LOG_MAX);
		return;
	case -ENOMEM:
		gsi_system_refuse(s, asked, status, "system_limit");
		return;
	default:
		gsi_system_refuse(
		    s, asked, status, "open_file: %s", strerror(-status));
	}
}

static void
finish(struct gsi_server *s, const struct gsi_asked *asked, int status)
{
	gsi_debug_settle(s);
	if (status == 0)
		gsi_system_answer(s, asked, 0, GS_NONE);
	else
		refuse(s, asked, status);
}

void
gsi_system_debug_on(struct gsi_server *s, const struct gsi_asked *asked)
{
	finish(s, asked, gsi_debug_set(s, asked->text));
}

void
gsi_system_debug_off(struct gsi_server *s, const struct gsi_asked *asked)
{
	char word[32];

	if (!asked->name.size)
		gsi_debug_unset(s, NULL);
	else if (gsi_system_name(asked, word, sizeof(word)))
		gsi_debug_unset(s, word);
	finish(s, asked, 0);
}

static bool
is_client(const struct gsi_server *s, gs_pid pid)
{
	const struct gm_entry *entry = gm_entry_at(s->me->arena, pid.slot);

	return entry && gm_load(&entry->kind, relaxed) == GS_PROCESS_CLIENT;
}

void
gsi_system_trace_to(struct gsi_server *s, const struct gsi_asked *asked)
{
	int status = 0;

	if (!asked->head.number && s->debug)
		gsi_debug_trace_no_more(s->debug, asked->from.pid);
	/* servers that watch each other would never come to an end */
	if (asked->head.number && !is_client(s, asked->from.pid)) {
		gsi_system_refuse(s, asked, -EINVAL,
		    "badarg: events are sent to clients only, not to servers");
		return;
	}
	if (asked->head.number)
		status = gsi_debug_switched(s)
			     ? gsi_debug_trace_to(s->debug, asked->from.pid)
			     : -ENOMEM;
	finish(s, asked, status);
}

/* The name of the function and, behind a NUL, its id. */
void
gsi_system_install(struct gsi_server *s, const struct gsi_asked *asked)
{
	char names[512];
	const char *id = NULL;
	size_t n;
	int status = -ENOMEM;

	if (!asked->name.size || asked->name.size >= sizeof(names)) {
		finish(s, asked, -EINVAL);
		return;
	}
	gs_string(asked->name, names, sizeof(names));
	n = strlen(names);
	if (n < asked->name.size)
		id = names + n + 1;
	if (gsi_debug_switched(s))
		status = gsi_debug_install(s, names, id, asked->text);
	if (status == -ESRCH) {
		gsi_debug_settle(s);
		gsi_system_refuse(s, asked, -ENOSYS,
		    "undef: the module exports no function %.100s", names);
		return;
	}
	finish(s, asked, status);
}

void
gsi_system_remove(struct gsi_server *s, const struct gsi_asked *asked)
{
	char name[256];
	bool good = gsi_system_name(asked, name, sizeof(name));

	if (good && s->debug)
		gsi_debug_remove(s->debug, name);
	finish(s, asked, good ? 0 : -EINVAL);
}

void
gsi_system_get_statistics(struct gsi_server *s, const struct gsi_asked *asked)
{
	struct gsi_statistics statistics;

	if (gsi_debug_statistics(s, &statistics))
		gsi_system_answer(s, asked, 0, GS_OBJECT(statistics));
	else
		gsi_system_refuse(s, asked, -ENODATA, "no_statistics");
}

void
gsi_system_get_log(struct gsi_server *s, const struct gsi_asked *asked)
{
	char *log = gsi_debug_log(s, false);

	gsi_system_answer(s, asked, 0, gs_text(log));
	free(log);
}
