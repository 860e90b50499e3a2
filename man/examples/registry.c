/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A registry: a server, "registry", that keeps names of its own, and the via
 * module that leads to it.  A process may have many of them; they are free
 * again when it ends, whatever ends it, since the registry monitors it.
 *
 *	register KEY <pid>	ok, or taken
 *	unregister KEY		ok
 *	whereis KEY		<pid>, or none
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "registry.h"

#define KEY_MAX 100

struct entry {
	struct entry *next;
	gs_pid pid;
	gs_ref monitor;
	char key[KEY_MAX + 1];
};

struct state {
	struct entry *first;
};

static struct entry **
find(struct state *s, const char *key)
{
	struct entry **at = &s->first;

	while (*at != NULL && strcmp((*at)->key, key) != 0)
		at = &(*at)->next;
	return at;
}

static void
drop(struct entry **at)
{
	struct entry *entry = *at;

	*at = entry->next;
	free(entry);
}

static const char *
add(struct state *s, const char *key, const char *text)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (entry == NULL || gs_pid_parse(text, &entry->pid) != 0 ||
	    gs_monitor(GS_PID(entry->pid), &entry->monitor) != 0) {
		free(entry);
		return "failed";
	}
	snprintf(entry->key, sizeof(entry->key), "%s", key);
	entry->next = s->first;
	s->first = entry;
	return "ok";
}

static gs_next
init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

/* The dead hold nothing, even before their DOWN is read. */
static gs_next
call(void *state, gs_bytes request, gs_from from)
{
	char text[256], verb[16] = "", key[KEY_MAX + 1] = "";
	char pid[GS_PID_TEXT] = "";
	struct entry **at;

	(void)from;
	gs_string(request, text, sizeof(text));
	if (sscanf(text, "%15s %39s %100[^\n]", verb, pid, key) < 2)
		return gs_next_reply(GS_TEXT("failed"));
	at = find(state, key);
	if (*at != NULL && !gs_alive((*at)->pid))
		drop(at);
	at = find(state, key);
	if (strcmp(verb, "register") == 0)
		return gs_next_reply(
		    GS_TEXT(*at != NULL ? "taken" : add(state, key, pid)));
	if (strcmp(verb, "unregister") == 0 && *at != NULL) {
		gs_demonitor((*at)->monitor, true);
		drop(at);
	}
	if (strcmp(verb, "whereis") == 0)
		return gs_next_reply(GS_TEXT(
		    *at != NULL ? gs_pid_text((*at)->pid, pid) : "none"));
	return gs_next_reply(GS_TEXT("ok"));
}

static gs_next
info(void *state, const gs_info *info)
{
	struct entry **at = &((struct state *)state)->first;

	while (info->kind == GS_INFO_DOWN && *at != NULL) {
		if ((*at)->monitor.id == info->ref.id)
			drop(at);
		else
			at = &(*at)->next;
	}
	return gs_next_noreply();
}

GS_SERVER(registry, .state_size = sizeof(struct state), .init = init,
    .handle_call = call, .handle_info = info);

/* ---- the via module ---- */

static int
ask(const char *verb, const char *key, const char *pid,
    char answer[GS_PID_TEXT])
{
	gs_bytes reply;
	int status;

	if (strlen(key) > KEY_MAX)
		return -EINVAL;
	status = gs_call(GS_NAME("registry"),
	    GS_STR("%s %s %s", verb, pid, key), &reply, GS_CALL_TIMEOUT);
	if (status == 0)
		gs_string(reply, answer, GS_PID_TEXT);
	return status;
}

static int
via_register(const char *key, gs_pid pid)
{
	char text[GS_PID_TEXT], answer[GS_PID_TEXT];
	int status = ask("register", key, gs_pid_text(pid, text), answer);

	if (status != 0)
		return status;
	if (strcmp(answer, "taken") == 0)
		return -EEXIST;
	return strcmp(answer, "ok") == 0 ? 0 : -EINVAL;
}

static void
via_unregister(const char *key)
{
	char answer[GS_PID_TEXT];

	(void)ask("unregister", key, "-", answer);
}

static int
via_whereis(const char *key, gs_pid *pid)
{
	char answer[GS_PID_TEXT];
	int status = ask("whereis", key, "-", answer);

	if (status != 0)
		return status;
	return gs_pid_parse(answer, pid) == 0 ? 0 : -ENOENT;
}

static int
via_send(const char *key, gs_bytes message)
{
	gs_pid pid;
	int status = via_whereis(key, &pid);

	return status != 0 ? status : gs_send(GS_PID(pid), message);
}

const gs_via registry_via = {
	.register_name = via_register,
	.unregister_name = via_unregister,
	.whereis_name = via_whereis,
	.send = via_send,
};
