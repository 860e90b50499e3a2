/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entering the loop of a gen_server later: a process that was started by the
 * node, and has done its own init, becomes a server with a ready state.
 */
#include <stdlib.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/dispatch.h"
#include "lib/forker.h"
#include "lib/loop.h"

/* The server that this thread runs, else the one that the seat makes. */
static struct gsi_server *
find_server(void)
{
	struct gsi_server *s = *gsi_thread_slot(GSI_SLOT_SERVER);
	struct gsi_birth birth;
	struct gsi_self *me;

	if (s != NULL)
		return s->os_pid == getpid() ? s : NULL;
	if (!gsi_seated())
		return NULL;
	/* what it was so far, a client, it is no more */
	me = gsi_self_peek();
	gsi_self_set(NULL);
	if (me != NULL)
		gsi_detach(me, true);
	me = gsi_seat_take(&birth);
	return me != NULL ? gsi_server_make(me, &birth) : NULL;
}

static bool
holds(const struct gsi_server *s, const char *name)
{
	gs_pid pid;

	return gs_whereis(name, &pid) == 0 && gs_pid_equal(pid, s->me->pid);
}

/* Its own end, told to whoever waits for its start. */
static void __attribute__((__noreturn__))
refuse(struct gsi_server *s, const char *reason)
{
	if (s->phase == GSI_IN_INIT)
		gsi_init_failed(s, reason);
	gsi_server_end(s, reason);
}

/* What it was until now is not terminated: it is left as it is. */
static void
become(struct gsi_server *s, const gs_behaviour *behaviour, const void *state)
{
	gsi_mailbox_done(s->me);
	s->message.kind = 0;
	s->event = "enter_loop";
	s->behaviour = behaviour;
	s->birth.behaviour = behaviour;
	/* the old state may be what the caller stands in */
	s->shadow = NULL;
	s->shadow_size = 0;
	gsi_server_prepare(s);
	if (state != NULL && behaviour->state_size > 0)
		memcpy(s->state, state, behaviour->state_size);
	if (s->phase == GSI_IN_INIT)
		gsi_server_started(s);
	s->rest = s->usual_rest;
}

static int
enter(const gs_behaviour *behaviour, const void *state, const char *name,
    gs_next action, struct gsi_server **out)
{
	struct gsi_stage carried;
	struct gsi_server *s;

	if (gsi_server_unfit(behaviour) != NULL)
		return gsi_fail(-EINVAL, "bad_abi",
		    "enter_loop: not a behaviour of this library: %s",
		    gsi_server_unfit(behaviour));
	s = find_server();
	if (s == NULL)
		return gsi_fail(-EPERM, "badarg",
		    "enter_loop: this process was not started by the node: "
		    "gsctl start, or gs_child_start, starts one that can");
	if (name != NULL && !holds(s, name))
		refuse(s, "process_not_registered");
	if (!gsi_verdict_open(&action, &carried) || action.verdict != GSI_OK ||
	    action.action == GSI_BAD_ACTION)
		refuse(s, GSI_BAD_RETURN);
	become(s, behaviour, state);
	gsi_rest_as(s, &action, &carried);
	*out = s;
	if (action.action == GSI_CONTINUE)
		gsi_run_continues(s, carried.argument);
	return 0;
}

GS_API int
gs_enter_loop(const gs_behaviour *behaviour, const void *state,
    const char *name, gs_next action)
{
	struct gsi_server *s = NULL;
	int status = enter(behaviour, state, name, action, &s);

	if (status != 0)
		return status;
	s->serves = false;
	gsi_server_loop(s);
}

GS_API int
gs_serve(const gs_behaviour *behaviour, const void *state, const char *name,
    gs_next action)
{
	struct gsi_server *s = NULL;
	int status = enter(behaviour, state, name, action, &s);

	if (status == 0)
		s->serves = true;
	return status;
}

bool
gsi_serves(const struct gsi_self *me)
{
	return me->server->serves;
}
