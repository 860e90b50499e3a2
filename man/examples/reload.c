/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server that reads its settings again on SIGHUP, as daemons do: ARGUMENT
 * is a file whose first line is the greeting.  A file that cannot be read
 * leaves the greeting as it was.
 *
 *	gsctl start --name greeting ./reload.so /etc/greeting
 *	gsctl call greeting get
 *	kill -HUP $(gsctl whereis --os-pid greeting)
 */
#include <errno.h>
#include <genserver.h>
#include <signal.h>
#include <stdio.h>

struct reload {
	char path[256];
	char greeting[128];
	int reloads;
};

static bool
load(struct reload *r)
{
	char line[sizeof(r->greeting)];
	FILE *file;
	bool done;

	errno = 0;
	file = fopen(r->path, "re");
	done = file && fgets(line, sizeof(line), file);
	if (file)
		fclose(file);
	if (!done)
		return false;
	line[strcspn(line, "\n")] = '\0';
	memcpy(r->greeting, line, sizeof(line));
	return true;
}

static gs_next
reload_init(void *state, gs_bytes argument)
{
	struct reload *r = state;

	gs_string(argument, r->path, sizeof(r->path));
	if (!load(r))
		return gs_error(GS_STR("cannot read %s: %s", r->path,
		    errno != 0 ? strerror(errno) : "it is empty")
				    .data);
	if (gs_watch_signal(SIGHUP) != 0)
		return gs_error(gs_error_text());
	return gs_ok();
}

static gs_next
reload_info(void *state, const gs_info *info)
{
	struct reload *r = state;

	if (info->kind != GS_INFO_SIGNAL || info->signal != SIGHUP)
		return gs_next_noreply();
	if (load(r))
		r->reloads++;
	else
		fprintf(
		    stderr, "%s cannot be read: the greeting stays\n", r->path);
	return gs_next_noreply();
}

static gs_next
reload_call(void *state, gs_bytes request, gs_from from)
{
	const struct reload *r = state;

	(void)from;
	if (gs_is(request, "get"))
		return gs_next_reply(GS_TEXT(r->greeting));
	if (gs_is(request, "reloads"))
		return gs_next_reply(GS_STR("%d", r->reloads));
	return gs_next_reply(GS_TEXT("get or reloads?"));
}

GS_SERVER(reload, .version = "1", .state_size = sizeof(struct reload),
    .init = reload_init, .handle_call = reload_call,
    .handle_info = reload_info);
GS_MODULE(reload);
