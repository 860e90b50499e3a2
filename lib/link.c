/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links, monitors and exit signals as a process asks for them.  The node
 * keeps them; what it has sent already when one is called off is dropped
 * here, at the receiver (the flush lists).
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/guest.h"
#include "lib/request.h"

int
gs_self(gs_pid *pid)
{
	struct gsi_self *me = gsi_self();

	if (me == NULL)
		return -ENOTCONN;
	*pid = me->pid;
	return 0;
}

bool
gs_alive(gs_pid pid)
{
	struct gsi_self *me = gsi_self();
	int status = -EHOSTUNREACH;

	if (me == NULL || gs_pid_is_none(pid))
		return false;
	if (pid.node != me->pid.node &&
	    !gsi_elsewhere(&me, gs_to_pid(pid), GSI_LATER, &status))
		return false;
	return gm_entry_live(me->arena, pid.slot, pid.gen);
}

/* ---- what was called off and may still be on its way ---- */

/* At the limit the oldest goes: nobody has that many messages to come. */
static void
flush_later(struct gsi_self *me, uint32_t kind, gs_pid pid, uint64_t ref)
{
	if (me->n_flush == me->max_flush && me->max_flush < GSI_FLUSH_MAX) {
		uint32_t max = me->max_flush == 0 ? 16 : me->max_flush * 2;
		struct gsi_flush *more =
		    realloc(me->flush, max * sizeof(*more));

		if (more != NULL) {
			me->flush = more;
			me->max_flush = max;
		}
	}
	if (me->max_flush == 0)
		return;
	if (me->n_flush == me->max_flush) {
		me->n_flush--;
		memmove(
		    me->flush, me->flush + 1, me->n_flush * sizeof(*me->flush));
	}
	me->flush[me->n_flush++] = (struct gsi_flush){ kind, pid, ref };
}

static void
flush_drop(struct gsi_self *me, uint32_t i)
{
	me->flush[i] = me->flush[--me->n_flush];
}

static bool
is_off(const struct gsi_flush *f, const struct gsi_message *message,
    const struct gsi_note *note)
{
	if (f->kind != message->kind)
		return false;
	if (f->kind == GSI_DOWN)
		return f->ref == message->tag;
	return gs_pid_equal(f->pid, note->who) &&
	       (note->flags & GSI_NOTE_LINK) != 0;
}

bool
gsi_flushed(struct gsi_self *me, const struct gsi_message *message)
{
	struct gsi_note note;

	if (me->n_flush == 0 || message->kind == GSI_CHILD)
		return false;
	memcpy(&note, message->body.data, sizeof(note));
	for (uint32_t i = 0; i < me->n_flush; i++) {
		if (is_off(&me->flush[i], message, &note)) {
			flush_drop(me, i);
			return true;
		}
	}
	return false;
}

/* ---- links ---- */

/* The own node always answers in the end, another's may be stopped. */
static int
ask_node(struct gsi_self *me, enum gsi_op op, const struct gsi_ask *ask,
    struct gsi_answer *answer)
{
	int64_t deadline;
	uint64_t tag;
	int status;

	if (me->guest == NULL)
		return gsi_request(me, op, ask, answer);
	deadline = gsi_deadline(GS_CALL_TIMEOUT);
	status = gsi_request_start(me, op, ask, sizeof(*ask), &tag, deadline);
	if (status == 0)
		status = gsi_request_wait(me, tag, deadline, answer);
	return gsi_there(me, status);
}

static int
ask_at(struct gsi_self *me, gs_addr to, enum gsi_op op, struct gsi_ask *ask,
    struct gsi_answer *answer)
{
	int status = gsi_resolve(me, to, &ask->pid);

	/* a name nobody holds is a process that is not there */
	if (status == -ENOENT && op == GSI_OP_MONITOR) {
		ask->pid = GS_NO_PID;
		ask->pid.node = me->pid.node;
		status = 0;
	}
	if (status == 0 && ask->pid.node != me->pid.node &&
	    !gs_pid_is_none(ask->pid))
		status = -EHOSTUNREACH;
	return status == 0 ? ask_node(me, op, ask, answer) : status;
}

static const char *
name_of(enum gsi_op op)
{
	switch (op) {
	case GSI_OP_LINK:
		return "link";
	case GSI_OP_MONITOR:
		return "monitor";
	case GSI_OP_EXIT:
		return "exit signal";
	default:
		return "request";
	}
}

/* *at is the home, and in the end who has asked. */
static int
ask_pid(struct gsi_self **at, gs_addr to, enum gsi_op op, struct gsi_ask *ask,
    struct gsi_answer *answer)
{
	int status;

	*at = gsi_self();
	if (*at == NULL)
		return -ENOTCONN;
	status = ask_at(*at, to, op, ask, answer);
	if (gsi_elsewhere(at, to, GSI_LATER, &status))
		status = ask_at(*at, to, op, ask, answer);
	if (status == 0)
		status = answer->status;
	if (status >= 0)
		return status;
	return gsi_failed(
	    status, name_of(op), to, GS_NONE, GS_CALL_TIMEOUT, NULL);
}

/* What an earlier unlink called off is not what comes now. */
static void
forget_unlinks(struct gsi_self *me, gs_pid pid)
{
	for (uint32_t i = me->n_flush; i-- > 0;)
		if (gs_pid_equal(me->flush[i].pid, pid))
			flush_drop(me, i);
}

int
gs_link(gs_addr to)
{
	struct gsi_self *at;
	struct gsi_answer answer;
	struct gsi_ask ask = { 0 };
	uint64_t ref;
	int status = ask_pid(&at, to, GSI_OP_LINK, &ask, &answer);

	/* what may have come meanwhile has not been looked at yet */
	if (status == 0)
		forget_unlinks(at, ask.pid);
	if (status == 0 && at->guest != NULL) {
		gsi_untie(&at->guest->ties, GSI_EXIT, ask.pid, 0);
		status = gsi_tie(&at->guest->ties, GSI_EXIT, ask.pid, 0);
	}
	/* as a link to a process that is not there */
	if (status == -EHOSTUNREACH)
		status = gsi_tie_nobody(at, GSI_EXIT, gs_addr_pid(to), &ref);
	return status;
}

int
gs_unlink(gs_pid pid)
{
	struct gsi_self *at;
	struct gsi_answer answer;
	struct gsi_ask ask = { 0 };
	int status = ask_pid(&at, gs_to_pid(pid), GSI_OP_UNLINK, &ask, &answer);

	if (at != NULL && gsi_host(at)->guests != NULL)
		gsi_untie(&gsi_host(at)->guests->cut, GSI_EXIT, pid, 0);
	if (at != NULL && at->guest != NULL)
		gsi_untie(&at->guest->ties, GSI_EXIT, pid, 0);
	/* it was dead already: its EXIT may be in the mailbox */
	if (status == 1)
		flush_later(at, GSI_EXIT, pid, 0);
	return status < 0 && status != -EHOSTUNREACH ? status : 0;
}

int
gs_monitor(gs_addr to, gs_ref *ref)
{
	struct gsi_self *at;
	struct gsi_answer answer;
	struct gsi_ask ask = { 0 };
	int status = ask_pid(&at, to, GSI_OP_MONITOR, &ask, &answer);

	if (status == 0)
		ref->id = answer.ref;
	if (status == 0 && at->guest != NULL)
		status =
		    gsi_tie(&at->guest->ties, GSI_DOWN, ask.pid, answer.ref);
	/* as that of a process that is not there */
	if (status == -EHOSTUNREACH)
		status =
		    gsi_tie_nobody(at, GSI_DOWN, gs_addr_pid(to), &ref->id);
	return status;
}

int
gs_demonitor(gs_ref ref, bool flush)
{
	struct gsi_self *me = gsi_self(), *at;
	struct gsi_ask ask = { .ref = ref.id };
	struct gsi_answer answer;
	int status;

	if (me == NULL)
		return -ENOTCONN;
	if (me->guests != NULL &&
	    gsi_untie(&me->guests->cut, GSI_DOWN, GS_NO_PID, ref.id))
		return 0;
	at = gsi_monitors_by(me, ref.id);
	if (at == NULL)
		at = me;
	else
		gsi_untie(&at->guest->ties, GSI_DOWN, GS_NO_PID, ref.id);
	status = ask_node(at, GSI_OP_DEMONITOR, &ask, &answer);
	/* with its node everything that it could send is gone */
	if (status == -EHOSTUNREACH)
		return 0;
	if (status == 0 && answer.status == 1 && flush)
		flush_later(at, GSI_DOWN, GS_NO_PID, ref.id);
	return status;
}

static int
trap(struct gsi_self *me, bool on)
{
	struct gsi_ask ask = { .flags = on };
	struct gsi_answer answer;
	int status = ask_node(me, GSI_OP_TRAP, &ask, &answer);

	return status != 0 ? status : answer.status;
}

int
gs_trap_exit(bool on)
{
	struct gsi_self *me = gsi_self();
	int status;

	if (me == NULL)
		return -ENOTCONN;
	/* before the node knows: a SIGTERM in between must find it set */
	if (on)
		me->trap_exit = true;
	status = trap(me, on);
	if (status < 0)
		return status;
	me->trap_exit = on;
	/* a server's trap always, and it decides itself */
	if (!me->is_server)
		for (struct gsi_self *at = gsi_guest_next(me, NULL); at != NULL;
		     at = gsi_guest_next(me, at))
			(void)trap(at, on);
	return status;
}

int
gs_exit_signal(gs_addr to, const char *reason)
{
	struct gsi_self *at;
	struct gsi_ask ask = { 0 };
	struct gsi_answer answer;
	char text[GS_REASON_MAX + 1];
	int status;

	gsi_reason_copy(text, reason);
	status = gsi_ask_text(&ask, text);
	return status != 0 ? status
			   : ask_pid(&at, to, GSI_OP_EXIT, &ask, &answer);
}

int
gs_links(gs_pid pid, gs_pid *links, int max)
{
	struct gsi_self *at;
	struct gsi_answer answer;
	struct gsi_ask ask = { 0 };
	int status = ask_pid(&at, gs_to_pid(pid), GSI_OP_LINKS, &ask, &answer);

	if (status != 0)
		return status;
	for (uint32_t i = 0;
	     i < answer.count && (int)i < max && i < GSI_ANSWER_LINKS; i++)
		links[i] = answer.links[i];
	return (int)answer.count;
}
