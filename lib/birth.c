/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a gen_server comes to its loop: a state, init, and what init says.
 */
#include <stdlib.h>
#include <unistd.h>

#include "lib/debug.h"
#include "lib/thread.h"
#include "lib/via.h"

#define STATE_MAX ((size_t)1 << 30)

static void
copy_text(char *to, size_t size, const char *from)
{
	gs_string(gs_text(from), to, size);
}

const char *
gsi_server_unfit(const gs_behaviour *b)
{
	if (!b || b->abi != GS_ABI || b->size < sizeof(*b))
		return "bad_abi";
	if (!b->init)
		return "undef";
	if (b->state_size > STATE_MAX)
		return "bad_state_size";
	return NULL;
}

void
gsi_server_prepare(struct gsi_server *s)
{
	const char *why = gsi_server_unfit(s->behaviour);
	size_t size;

	if (why)
		gsi_init_failed(s, why);
	size = s->behaviour->state_size;
	copy_text(s->me->page->behaviour, sizeof(s->me->page->behaviour),
	    s->behaviour->name);
	copy_text(s->me->page->version, sizeof(s->me->page->version),
	    s->behaviour->version);
	s->state = calloc(1, size ? size : 1);
	if (!s->state)
		gsi_init_failed(s, "system_limit");
	/* a supervisor's state is the library's own, and it never fails so */
	if (size <= GSI_SHADOW_MAX && !s->birth.handle_child) {
		s->shadow = malloc(size ? size : 1);
		s->shadow_size = s->shadow ? size : 0;
	}
	if (s->birth.debug && *s->birth.debug)
		gsi_debug_start(s, s->birth.debug);
}

void
gsi_server_started(struct gsi_server *s)
{
	s->phase = GSI_IN_LOOP;
	gm_store(&s->me->page->started, 1, relaxed);
	if (s->birth.started)
		s->birth.started(s->me);
}

/* Does not return unless the server is up. */
static void
act_on_init(struct gsi_server *s, const gs_next *next)
{
	struct gsi_stage carried;
	gs_next go = *next;

	if (!gsi_verdict_open(next, &carried) || next->action == GSI_BAD_ACTION)
		gsi_bad_return(s, next);
	if (next->verdict == GSI_IGNORE || next->verdict == GSI_ERROR) {
		if (s->birth.refused)
			s->birth.refused(s->me,
			    next->verdict == GSI_ERROR ? carried.reason : NULL);
		gsi_via_unregister(s);
		gsi_finish(s->me, "normal");
	}
	if (next->verdict == GSI_STOP)
		gsi_init_failed(s, carried.reason);
	if (next->verdict != GSI_OK)
		gsi_bad_return(s, next);
	gsi_server_started(s);
	gsi_rest_as(s, &go, &carried);
	if (go.action == GSI_CONTINUE)
		gsi_run_continues(s, carried.argument);
}

/* gs_serve was called in init, which ends: as does the program's own loop. */
static void
act_on_loop(struct gsi_server *s, const gs_next *next)
{
	struct gsi_stage carried;

	s->serves = false;
	if (!gsi_verdict_open(next, &carried))
		gsi_bad_return(s, next);
	if (next->verdict == GSI_STOP)
		gsi_server_end(s, carried.reason);
}

struct gsi_server *
gsi_server_make(struct gsi_self *me, const struct gsi_birth *birth)
{
	struct gsi_server *s = calloc(1, sizeof(*s));

	if (!s || gsi_exit_guard_install(me) < 0)
		gsi_finish(me, "system_limit");
	s->me = me;
	s->birth = *birth;
	s->behaviour = birth->behaviour;
	s->phase = GSI_IN_INIT;
	s->usual_rest = birth->hibernate_after ? GSI_REST_IDLE : 0;
	s->rest = s->usual_rest;
	s->event = "init";
	s->os_pid = getpid();
	me->server = s;
	gsi_self_set(me);
	*gsi_thread_slot(GSI_SLOT_SERVER) = s;
	gsi_doing(s, GS_STATE_STARTING);
	if (gsi_crash_install(me) < 0)
		gsi_init_failed(s, "system_limit");
	return s;
}

void
gsi_server_run(struct gsi_self *me, const struct gsi_birth *birth)
{
	struct gsi_server *s = gsi_server_make(me, birth);
	gs_next next;

	s->exit_to = &s->exit_point;
	if (_setjmp(s->exit_point))
		gsi_server_left(*gsi_thread_slot(GSI_SLOT_SERVER));
	gsi_server_prepare(s);
	gsi_via_register(s);
	next = s->behaviour->init(s->state, s->birth.argument);
	gsi_still(s->me);
	if (s->phase == GSI_IN_INIT)
		act_on_init(s, &next);
	else
		act_on_loop(s, &next);
	gsi_server_loop(s);
}
