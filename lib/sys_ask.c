/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking a server something of sys.  The rule: once the caller has been told
 * that time is up, nothing of it happens any more: the server begins nothing
 * after the deadline, which lies a little before the caller's, and what it
 * has just begun is undone where that can be.
 */
#include "lib/sys_ask.h"

#include <stdlib.h>
#include <unistd.h>

#define MARGIN_NS (100 * NS_PER_MS) /* for the answer; a tenth at most */
#define STALE_TRIES 5

static int64_t
deadline_there(int timeout)
{
	int64_t ns = timeout * NS_PER_MS;

	if (timeout == GS_INFINITY)
		return -1;
	return gsi_now_ns() + ns - (ns / 10 < MARGIN_NS ? ns / 10 : MARGIN_NS);
}

/* The request in one block, to be freed; NULL without memory. */
static char *
pack(const struct gsi_sys_request *r, int timeout, uint64_t number,
    uint64_t place, size_t *size)
{
	struct gsi_sys head = { .op = (uint32_t)r->op,
		.size = (uint32_t)r->text.size,
		.name_size = (uint32_t)r->name.size,
		.deadline = r->stays ? -1 : deadline_there(timeout),
		.number = number,
		.place = place };
	char *body;

	*size = sizeof(head) + r->name.size + r->text.size;
	body = malloc(*size);
	if (!body)
		return NULL;
	memcpy(body, &head, sizeof(head));
	if (r->name.size)
		memcpy(body + sizeof(head), r->name.data, r->name.size);
	if (r->text.size)
		memcpy(body + sizeof(head) + r->name.size, r->text.data,
		    r->text.size);
	return body;
}

/* A suspend that the server may have begun just now is taken back. */
static void
take_back(gs_addr to)
{
	struct gsi_self *me = gsi_self_here();
	struct gsi_head head = { GSI_SYS, 0, 0 };
	struct gsi_sys undo = { .op = GSI_SYS_RESUME, .deadline = -1 };
	gs_pid pid;

	/* it was all the time that attaching took */
	if (!me)
		return;
	head.gen = me->pid.gen;
	undo.number = me->next_tag;
	if (gsi_resolve(me, to, &pid) == 0)
		(void)!gsi_send_system(me, pid, &head, GS_OBJECT(undo));
}

/* What the server has said no with. */
static int
refused(gs_addr to, const struct gsi_sys_request *r, int status,
    const char *data, size_t size)
{
	char reason[GS_REASON_MAX + 1], where[512];

	gs_string(gs_bytes_of(data, size), reason, sizeof(reason));
	gsi_addr_text(to, where, sizeof(where));
	return gsi_fail(status, reason, "%s to %s failed: %s", r->operation,
	    where, *reason ? reason : strerror(-status));
}

/* One message there and back: 0, *head, and *data borrowed. */
static int
ask(gs_addr to, const struct gsi_sys_request *r, uint64_t number,
    uint64_t place, int timeout, struct gsi_sys_answer *head, const char **data)
{
	gs_bytes reply = GS_NONE;
	size_t size;
	char *body = pack(r, timeout, number, place, &size);
	int status;

	if (!body)
		return gsi_fail(
		    -ENOMEM, "system_limit", "%s: no memory", r->operation);
	status = gsi_system_call(
	    to, r->operation, gs_bytes_of(body, size), &reply, timeout);
	free(body);
	if (status == -ETIMEDOUT && r->op == GSI_SYS_SUSPEND)
		take_back(to);
	if (status != 0)
		return status;
	if (reply.size < sizeof(*head))
		return gsi_fail(-EPROTO, "bad_answer",
		    "%s: the answer makes no sense", r->operation);
	memcpy(head, reply.data, sizeof(*head));
	*data = (const char *)reply.data + sizeof(*head);
	if (head->size > reply.size - sizeof(*head) || head->status > 0)
		return gsi_fail(-EPROTO, "bad_answer",
		    "%s: the answer makes no sense", r->operation);
	if (head->status != 0)
		return refused(to, r, head->status, *data, head->size);
	return 0;
}

/* Room for an answer, the thread's; NULL without memory. */
static char *
keep(size_t size)
{
	void **slot = gsi_thread_slot(GSI_SLOT_SYS);

	free(*slot);
	*slot = malloc(size + 1);
	return *slot;
}

void
gsi_sys_end(void)
{
	void **slot = gsi_thread_slot(GSI_SLOT_SYS);

	free(*slot);
	*slot = NULL;
}

/* The first piece is in data; the rest is asked for. */
static int
gather(gs_addr to, const struct gsi_sys_request *r,
    struct gsi_sys_answer *first, const char *data, char *all, int64_t deadline)
{
	struct gsi_sys_request more = { .op = GSI_SYS_MORE,
		.operation = r->operation };
	struct gsi_sys_answer piece = *first;
	size_t have = 0;
	int status;

	for (;;) {
		if (piece.size > first->all - have)
			return gsi_fail(-EPROTO, "bad_answer",
			    "%s: the answer makes no sense", r->operation);
		if (piece.size)
			memcpy(all + have, data, piece.size);
		have += piece.size;
		if (have == first->all)
			return 0;
		status = ask(to, &more, first->number, have,
		    gsi_left_ms(deadline), &piece, &data);
		if (status != 0)
			return status;
		if (!piece.size)
			return gsi_fail(-EPROTO, "bad_answer",
			    "%s: the answer has no end", r->operation);
	}
}

int
gsi_sys_ask(
    gs_addr to, const struct gsi_sys_request *r, gs_bytes *data, int timeout)
{
	int64_t deadline = timeout < 0 ? 0 : gsi_deadline(timeout);
	struct gsi_sys_answer head;
	const char *piece = NULL;
	char *all;
	int status = -ESTALE;

	/* somebody else's long answer may come between the pieces of ours */
	for (int i = 0; i < STALE_TRIES && status == -ESTALE; i++) {
		status = ask(to, r, r->number, 0,
		    i == 0 ? timeout : gsi_left_ms(deadline), &head, &piece);
		if (status != 0)
			return status;
		all = keep(head.all);
		if (!all)
			return gsi_fail(-ENOMEM, "system_limit",
			    "%s: no memory for an answer of %llu bytes",
			    r->operation, (unsigned long long)head.all);
		status = gather(to, r, &head, piece, all, deadline);
		all[status == 0 ? head.all : 0] = '\0';
		if (data)
			*data = gs_bytes_of(all, head.all);
	}
	return status;
}

int
gsi_sys_path(const char *path, char *out, size_t size)
{
	size_t n = 0;

	if (*path != '/') {
		if (!getcwd(out, size))
			return -errno;
		n = strlen(out);
		if (n + 1 >= size)
			return -ENAMETOOLONG;
		out[n++] = '/';
	}
	if (strlen(path) >= size - n)
		return -ENAMETOOLONG;
	strcpy(out + n, path);
	return 0;
}
