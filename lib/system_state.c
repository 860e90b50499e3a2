/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of a server, read and replaced, and its status.  The rule: a
 * state is replaced whole or not at all, in the place where it is.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/behaviour.h"
#include "lib/debug.h"
#include "lib/system.h"

void
gsi_system_get_state(struct gsi_server *s, const struct gsi_asked *asked)
{
	gsi_system_answer(
	    s, asked, 0, gs_bytes_of(s->state, s->behaviour->state_size));
}

/* ---- replace_state ---- */

struct replacing {
	gs_replace_function function;
	void *state;
	size_t size;
	gs_bytes argument;
	int status;
};

static void
call_function(void *data)
{
	struct replacing *r = data;

	r->status = r->function(r->state, r->size, r->argument);
}

/* Without a function the argument is the new state. */
static bool
put_bytes(struct gsi_server *s, const struct gsi_asked *asked)
{
	size_t size = s->behaviour->state_size;

	if (asked->text.size != size) {
		gsi_system_refuse(s, asked, -EINVAL,
		    "callback_failed: bad_state_size: %zu bytes given, the "
		    "state has %zu",
		    asked->text.size, size);
		return false;
	}
	if (size)
		memcpy(s->state, asked->text.data, size);
	return true;
}

/* SIGKILL in the middle of it: the state ends with the process. */
static bool
run(struct gsi_server *s, const struct gsi_asked *asked, const char *name,
    gs_replace_function function)
{
	const size_t size = s->behaviour->state_size;
	struct replacing r = { function, s->state, size, asked->text, 0 };
	void *before = malloc(size ? size : 1);
	bool returned;

	if (!before) {
		gsi_system_refuse(s, asked, -ENOMEM, "system_limit");
		return false;
	}
	memcpy(before, s->state, size);
	s->event = name;
	returned = gsi_guarded(s, call_function, &r);
	s->event = NULL;
	if (!returned || r.status != 0)
		memcpy(s->state, before, size);
	free(before);
	if (!returned)
		gsi_system_refuse(s, asked, -ECANCELED,
		    "callback_failed: %.100s: exit %s", name, s->left_with);
	else if (r.status != 0)
		gsi_system_refuse(s, asked, -ECANCELED,
		    "callback_failed: %.100s: returned %d", name, r.status);
	return returned && r.status == 0;
}

void
gsi_system_replace_state(struct gsi_server *s, const struct gsi_asked *asked)
{
	gs_replace_function function = NULL;
	char name[256];
	void *symbol;

	if (!asked->name.size) {
		if (!put_bytes(s, asked))
			return;
	} else {
		if (!gsi_system_name(asked, name, sizeof(name))) {
			gsi_system_refuse(s, asked, -EINVAL, "badarg");
			return;
		}
		symbol = gsi_behaviour_find(s->behaviour, name);
		memcpy(&function, &symbol, sizeof(function));
		if (!function) {
			gsi_system_refuse(s, asked, -ENOSYS,
			    "undef: the module exports no function %.100s",
			    name);
			return;
		}
		if (!run(s, asked, name, function))
			return;
	}
	gsi_system_get_state(s, asked);
}

/* ---- get_status ---- */

/* The fixed part, then texts with their NULs, in the order of sys_status.c. */
void
gsi_system_get_status(struct gsi_server *s, const struct gsi_asked *asked)
{
	const struct gsi_self *me = s->me;
	gs_pid parent =
	    gs_pid_is_none(s->birth.parent) ? me->pid : s->birth.parent;
	struct gsi_told told;
	char name[GM_ENTRY_NAME + 1];
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out) {
		gsi_system_refuse(s, asked, -ENOMEM, "system_limit");
		return;
	}
	gsi_tell(s, GS_STATUS_NORMAL, &told);
	fwrite(&me->pid, sizeof(me->pid), 1, out);
	fwrite(&parent, sizeof(parent), 1, out);
	fputc(s->suspended, out);
	fprintf(out, "%s%c",
	    s->birth.handle_child ? "supervisor" : "gen_server", 0);
	fprintf(out, "%s%c%s%c", me->page->behaviour, 0, me->page->version, 0);
	fprintf(out, "%s:init%c%s%c",
	    s->birth.behaviour->name ? s->birth.behaviour->name : "", 0,
	    me->label, 0);
	fprintf(
	    out, "Status for generic server %s%c", gsi_server_name(s, name), 0);
	gsi_debug_words(s, out);
	fprintf(out, "%c%s%c%s%c", 0, told.state ? told.state : "", 0,
	    told.log ? told.log : "", 0);
	gsi_told_free(&told);
	if (fclose(out) == 0)
		gsi_system_answer(s, asked, 0, gs_bytes_of(text, size));
	else
		gsi_system_refuse(s, asked, -ENOMEM, "system_limit");
	free(text);
}
