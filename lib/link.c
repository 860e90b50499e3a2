/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links, monitors and exit signals as a process asks for them.  The node
 * keeps them; what it has sent already when one is called off is dropped
 * here, at the receiver (the flush lists).
 */
#include <errno.h>
#include <stdlib.h>

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

	return me != NULL && pid.node == me->pid.node &&
	       gm_entry_live(me->arena, pid.slot, pid.gen);
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

static int
ask_pid(gs_addr to, enum gsi_op op, struct gsi_answer *answer)
{
	struct gsi_self *me = gsi_self();
	struct gsi_ask ask = { 0 };
	int status;

	if (me == NULL)
		return -ENOTCONN;
	status = gsi_resolve(me, to, &ask.pid);
	/* a name nobody holds is a process that is not there */
	if (status == -ENOENT && op == GSI_OP_MONITOR) {
		ask.pid = GS_NO_PID;
		ask.pid.node = me->pid.node;
		status = 0;
	}
	if (status == 0)
		status = gsi_request(me, op, &ask, answer);
	else
		gsi_fail(status, "noproc", "there is no such process");
	return status != 0 ? status : answer->status;
}

int
gs_link(gs_addr to)
{
	struct gsi_self *me = gsi_self();
	struct gsi_answer answer;
	gs_pid pid;

	/* what an earlier unlink called off is not what comes now */
	if (me != NULL && gsi_resolve(me, to, &pid) == 0)
		for (uint32_t i = me->n_flush; i-- > 0;)
			if (gs_pid_equal(me->flush[i].pid, pid))
				flush_drop(me, i);
	return ask_pid(to, GSI_OP_LINK, &answer);
}

int
gs_unlink(gs_pid pid)
{
	struct gsi_answer answer;
	int status = ask_pid(gs_to_pid(pid), GSI_OP_UNLINK, &answer);

	/* it was dead already: its EXIT may be in the mailbox */
	if (status == 1)
		flush_later(gsi_self(), GSI_EXIT, pid, 0);
	return status < 0 ? status : 0;
}

int
gs_monitor(gs_addr to, gs_ref *ref)
{
	struct gsi_answer answer;
	int status = ask_pid(to, GSI_OP_MONITOR, &answer);

	if (status == 0)
		ref->id = answer.ref;
	return status;
}

int
gs_demonitor(gs_ref ref, bool flush)
{
	struct gsi_self *me = gsi_self();
	struct gsi_ask ask = { .ref = ref.id };
	struct gsi_answer answer;
	int status;

	if (me == NULL)
		return -ENOTCONN;
	status = gsi_request(me, GSI_OP_DEMONITOR, &ask, &answer);
	if (status == 0 && answer.status == 1 && flush)
		flush_later(me, GSI_DOWN, GS_NO_PID, ref.id);
	return status;
}

int
gs_trap_exit(bool on)
{
	struct gsi_self *me = gsi_self();
	struct gsi_ask ask = { .flags = on };
	struct gsi_answer answer;
	int status;

	if (me == NULL)
		return -ENOTCONN;
	/* before the node knows: a SIGTERM in between must find it set */
	if (on)
		me->trap_exit = true;
	status = gsi_request(me, GSI_OP_TRAP, &ask, &answer);
	if (status != 0)
		return status;
	me->trap_exit = on;
	return answer.status;
}

int
gs_exit_signal(gs_addr to, const char *reason)
{
	struct gsi_self *me = gsi_self();
	struct gsi_ask ask = { 0 };
	struct gsi_answer answer;
	char text[GS_REASON_MAX + 1];
	int status;

	if (me == NULL)
		return -ENOTCONN;
	status = gsi_resolve(me, to, &ask.pid);
	if (status != 0)
		return status;
	gsi_reason_copy(text, reason);
	status = gsi_ask_text(&ask, text);
	if (status == 0)
		status = gsi_request(me, GSI_OP_EXIT, &ask, &answer);
	return status != 0 ? status : answer.status;
}

int
gs_links(gs_pid pid, gs_pid *links, int max)
{
	struct gsi_answer answer;
	int status = ask_pid(gs_to_pid(pid), GSI_OP_LINKS, &answer);

	if (status != 0)
		return status;
	for (uint32_t i = 0;
	     i < answer.count && (int)i < max && i < GSI_ANSWER_LINKS; i++)
		links[i] = answer.links[i];
	return (int)answer.count;
}
