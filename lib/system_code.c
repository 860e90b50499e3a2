/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing the code of a server.  Everything is made ready beside what runs:
 * the module, the new state, the shadow.  The rule: nothing of the old is
 * touched before the swap, and the swap cannot fail.
 *
 *	open -> make -> code_change -> (late?) -> swap -> tell the supervisor
 *
 * SIGKILL before the supervisor is told: it starts the old code again, with a
 * new state, as after any other end.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/behaviour.h"
#include "lib/root.h"
#include "lib/system.h"

#define TELL_MS 2000

struct change {
	struct gsi_server *s;
	struct gsi_loaded module;
	void *state;
	void *shadow; /* NULL: none is kept */
	gs_code_change told;
	gs_next next;
};

static void
give_up(struct change *c)
{
	free(c->state);
	free(c->shadow);
}

static bool
make_room(struct change *c)
{
	size_t size = c->module.behaviour->state_size;
	size_t old = c->told.old.size;

	c->state = calloc(1, size ? size : 1);
	if (size && size <= GSI_SHADOW_MAX)
		c->shadow = malloc(size);
	if (!c->state || (size && size <= GSI_SHADOW_MAX && !c->shadow))
		return false;
	if (old)
		memcpy(c->state, c->told.old.data, old < size ? old : size);
	return true;
}

static const gs_behaviour *
migrator(const struct change *c)
{
	return c->told.down ? c->s->behaviour : c->module.behaviour;
}

static void
call_code_change(void *data)
{
	struct change *c = data;

	c->next = migrator(c)->code_change(c->state, &c->told);
}

/* NULL, or what it has failed with. */
static const char *
migrate(struct change *c, char text[GS_REASON_MAX + 1])
{
	struct gsi_stage carried;
	bool returned;

	c->s->event = "code_change";
	returned = gsi_guarded(c->s, call_code_change, c);
	c->s->event = NULL;
	if (!returned)
		snprintf(text, GS_REASON_MAX + 1, "callback_failed: %.200s",
		    c->s->left_with);
	else if (!gsi_verdict_open(&c->next, &carried) ||
		 c->next.action != GSI_NO_ACTION ||
		 (c->next.verdict != GSI_OK && c->next.verdict != GSI_ERROR))
		snprintf(text, GS_REASON_MAX + 1,
		    "callback_failed: code_change: %s", GSI_BAD_RETURN);
	else if (c->next.verdict == GSI_ERROR)
		gsi_reason_copy(text, carried.reason);
	else
		return NULL;
	return text;
}

static void
swap(struct change *c)
{
	struct gsi_server *s = c->s;
	struct gm_page *page = s->me->page;

	free(s->state);
	free(s->shadow);
	s->behaviour = c->module.behaviour;
	s->state = c->state;
	s->shadow = c->shadow;
	s->shadow_size = c->shadow ? s->behaviour->state_size : 0;
	/* a tool that reads this moment may see half of each */
	gs_string(gs_text(s->behaviour->name), page->behaviour,
	    sizeof(page->behaviour));
	gs_string(gs_text(s->behaviour->version), page->version,
	    sizeof(page->version));
}

/* Who starts it again is to start what runs now. */
static void
tell_supervisor(struct gsi_server *s, const char *path)
{
	const struct gm_entry *entry =
	    gm_entry_at(s->me->arena, s->me->pid.slot);
	uint64_t word = gm_load(&entry->supervisor, relaxed);
	gs_pid pid = { s->me->pid.node, (uint32_t)(word >> 32),
		(uint32_t)word };
	struct gsi_root_code code = { .op = GSI_ROOT_CODE };
	struct gsi_field field = { "module", path, strlen(path) };
	struct gsi_root_answer answer = { .status = -EPROTO };
	gs_bytes reply = GS_NONE;

	gs_string(gs_text(path), code.path, sizeof(code.path));
	if (gs_call(gs_to_pid(pid), GS_OBJECT(code), &reply, TELL_MS) == 0 &&
	    reply.size == sizeof(answer))
		memcpy(&answer, reply.data, sizeof(answer));
	if (answer.status != 0)
		gsi_server_report(s, GSI_WARNING, "code_change",
		    "the supervisor does not know of the new code: it would "
		    "start the old",
		    &field, 1);
}

static void
change(struct gsi_server *s, const struct gsi_asked *asked, const char *path)
{
	struct change c = { .s = s };
	char why[GS_REASON_MAX + 1];
	const char *unfit, *failed;

	if (!gsi_behaviour_open(
		&c.module, path, ++s->changes, why, sizeof(why))) {
		gsi_behaviour_close(&c.module);
		gsi_system_refuse(s, asked, -ENOEXEC, "%s", why);
		return;
	}
	unfit = gsi_server_unfit(c.module.behaviour);
	if (unfit) {
		gsi_behaviour_close(&c.module);
		gsi_system_refuse(s, asked, -ENOEXEC,
		    "%s: the behaviour in %.150s cannot run", unfit, path);
		return;
	}
	c.told.old = gs_bytes_of(s->state, s->behaviour->state_size);
	c.told.down = (asked->head.number & GSI_CODE_DOWN) != 0;
	c.told.extra = asked->text;
	c.told.version =
	    (c.told.down ? c.module.behaviour : s->behaviour)->version;
	if (!c.told.version)
		c.told.version = "";
	if (!migrator(&c)->code_change) {
		/* closed or not, nothing of it has run */
		gsi_behaviour_close(&c.module);
		gsi_system_refuse(s, asked, -ENOSYS,
		    "undef: the %s code has no code_change",
		    c.told.down ? "running" : "new");
		return;
	}
	if (!make_room(&c)) {
		give_up(&c);
		gsi_system_refuse(s, asked, -ENOMEM, "system_limit");
		return;
	}
	failed = migrate(&c, why);
	if (failed || gsi_system_late(asked)) {
		give_up(&c);
		if (failed)
			gsi_system_refuse(s, asked, -ECANCELED, "%s", failed);
		return;
	}
	swap(&c);
	tell_supervisor(s, path);
	gsi_system_answer(s, asked, 0, GS_NONE);
}

void
gsi_system_change_code(struct gsi_server *s, const struct gsi_asked *asked)
{
	char path[GSI_CODE_PATH];
	enum gs_process_state doing = (enum gs_process_state)s->doing;

	if (!s->suspended && (asked->head.number & GSI_CODE_SUSPENDS) == 0) {
		gsi_system_refuse(s, asked, -EBUSY,
		    "unknown_system_msg: the server is not suspended");
		return;
	}
	if (!gsi_system_name(asked, path, sizeof(path)) || *path != '/') {
		gsi_system_refuse(s, asked, -EINVAL, "badarg: no path");
		return;
	}
	gsi_doing(s, GS_STATE_SUSPENDED);
	change(s, asked, path);
	gsi_doing(s, doing);
}
