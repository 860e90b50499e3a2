/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of a process that is no server: gs_receive. */
#include <errno.h>

#include "lib/watch.h"

/* The reason of a note outlives the record: it is borrowed by the caller. */
static void
take_note(struct gsi_self *me, const struct gsi_message *m, gs_info *info)
{
	struct gsi_note note;

	memcpy(&note, m->body.data, sizeof(note));
	note.reason[GS_REASON_MAX] = '\0';
	memcpy(me->received, note.reason, sizeof(me->received));
	info->from = note.who;
	info->reason = me->received;
	info->ref.id = m->kind == GSI_DOWN ? m->tag : 0;
}

/* True when the message is one that gs_receive shows. */
bool
gsi_shown_info(struct gsi_self *me, const struct gsi_message *m, gs_info *info)
{
	memset(info, 0, sizeof(*info));
	info->reason = "";
	info->from = m->from;
	switch (m->kind) {
	case GSI_CANCELLED:
		info->kind = GS_INFO_CANCELLED;
		info->body = m->body;
		info->ref.id = m->tag;
		return true;
	case GSI_INFO:
		info->kind = GS_INFO_MESSAGE;
		info->ref.id = m->tag;
		info->body = m->body;
		return true;
	case GSI_TIMER:
		info->kind = GS_INFO_TIMER;
		info->body = m->body;
		info->ref.id = m->tag;
		return true;
	case GSI_RESPONSE:
		info->kind = GS_INFO_RESPONSE;
		info->ref.id = m->tag;
		return true;
	case GSI_FD:
		info->kind = GS_INFO_FD;
		gsi_watch_info(m, info);
		return true;
	case GSI_EXIT:
		info->kind = GS_INFO_EXIT;
		take_note(me, m, info);
		return true;
	case GSI_DOWN:
		info->kind = GS_INFO_DOWN;
		take_note(me, m, info);
		return true;
	default:
		return false;
	}
}

int
gs_receive(gs_info *info, int timeout)
{
	int64_t deadline = gsi_deadline(timeout);
	struct gsi_message m;
	int status;
	struct gsi_self *me = gsi_self_within(timeout, &status);

	if (me == NULL)
		return status;
	if (me->is_server)
		return gsi_fail(-EPERM, "badarg",
		    "a server's messages come "
		    "to its callbacks; gs_receive is for other programs");
	if (timeout < 0)
		return gsi_fail(-EINVAL, "badarg",
		    "receive: the timeout %d is negative", timeout);
	for (;;) {
		status = gsi_mailbox_next(me, &m, deadline);
		if (status == 1) {
			if (gsi_shown_info(me, &m, info))
				return 0;
			continue;
		}
		if (status == 0)
			return gsi_fail(-ETIMEDOUT, "timeout",
			    "no message "
			    "within %d ms",
			    timeout);
		if (status == -ENOTCONN)
			return gsi_fail(-ENOTCONN, "nodedown",
			    "the node is "
			    "down");
		if (status == -EBADMSG)
			return gsi_fail(status, "bad_mailbox",
			    "the mailbox was damaged; this process leaves it "
			    "behind and gets a new pid");
		if (status != -EINTR)
			return status;
	}
}
