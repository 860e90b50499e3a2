/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collections of requests: what is out and in which order it was added.  They
 * know nothing of replies; a request that is done with elsewhere stays in its
 * collection and is passed over.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/pending.h"

struct member {
	gs_reqid id;
	void *label;
};

struct gs_reqids {
	struct member *members;
	size_t count;
	size_t room;
};

GS_API gs_reqids *
gs_reqids_new(void)
{
	return calloc(1, sizeof(gs_reqids));
}

static struct member *
find(const gs_reqids *ids, uint64_t tag)
{
	for (size_t i = 0; i < ids->count; i++)
		if (ids->members[i].id.tag == tag)
			return &ids->members[i];
	return NULL;
}

static uint64_t
tag_at(const void *set, size_t i)
{
	const gs_reqids *ids = set;

	return i < ids->count ? ids->members[i].id.tag : 0;
}

/* The requests of this thread know which collection they are in. */
static void
mark(uint64_t tag, const gs_reqids *from, const gs_reqids *to)
{
	struct gsi_self *me = gsi_self_peek();
	struct gsi_pending *p = me != NULL ? gsi_pending(me, tag) : NULL;

	if (p != NULL && (from == NULL || p->set == from))
		p->set = to;
}

GS_API void
gs_reqids_free(gs_reqids *ids)
{
	if (ids == NULL)
		return;
	for (size_t i = 0; i < ids->count; i++)
		mark(ids->members[i].id.tag, ids, NULL);
	free(ids->members);
	free(ids);
}

GS_API int
gs_reqids_add(gs_reqids *ids, gs_reqid id, void *label)
{
	if (id.tag == 0)
		return -EINVAL;
	if (find(ids, id.tag) != NULL)
		return -EEXIST;
	if (ids->count == ids->room) {
		size_t room = ids->room * 2 + 16;
		struct member *members =
		    realloc(ids->members, room * sizeof(*members));

		if (members == NULL)
			return -ENOMEM;
		ids->members = members;
		ids->room = room;
	}
	ids->members[ids->count++] = (struct member){ id, label };
	mark(id.tag, NULL, ids);
	return 0;
}

GS_API size_t
gs_reqids_size(const gs_reqids *ids)
{
	return ids->count;
}

GS_API int
gs_reqids_each(const gs_reqids *ids,
    int (*each)(gs_reqid id, void *label, void *data), void *data)
{
	int status = 0;

	for (size_t i = 0; i < ids->count && status == 0; i++)
		status = each(ids->members[i].id, ids->members[i].label, data);
	return status;
}

static void
take_out(gs_reqids *ids, struct member *member)
{
	size_t behind = ids->count - (size_t)(member - ids->members) - 1;

	memmove(member, member + 1, behind * sizeof(*member));
	ids->count--;
}

static void
give_all_up(struct gsi_self *me, const gs_reqids *ids)
{
	for (size_t i = 0; i < ids->count; i++) {
		struct gsi_pending *p = gsi_pending(me, ids->members[i].id.tag);

		if (p != NULL)
			gsi_pending_drop(me, p);
	}
}

static int64_t
deadline_of(int64_t at)
{
	if (at == GS_NEVER)
		return -1;
	return at <= 0 || at > INT64_MAX / NS_PER_MS ? 0 : at * NS_PER_MS;
}

static int
responses(gs_reqids *ids, gs_response *response, int64_t at, bool remove,
    bool give_up)
{
	struct gsi_self *me = gsi_self();
	struct gsi_wanted w = { .set = ids, .tag_at = tag_at };
	struct member *member;
	struct gsi_pending *p;
	gs_bytes body;
	int status;

	if (me == NULL)
		return -ENOTCONN;
	status = gsi_pending_await(me, &w, deadline_of(at), &p, &body);
	if (status == -ENOENT)
		return gsi_fail(
		    -ENOENT, "no_request", "no request of these is out");
	if (status == -ETIMEDOUT && give_up)
		give_all_up(me, ids);
	if (status != 1)
		return gsi_fail(
		    status, "timeout", "requests: no response came in time");
	member = find(ids, p->tag);
	*response = (gs_response){
		.id = member->id, .label = member->label, .reason = ""
	};
	response->status = gsi_response(me, p, body, &response->reply);
	if (response->status != 0)
		response->reason = gs_error_reason();
	if (remove)
		take_out(ids, member);
	return 0;
}

GS_API int
gs_wait_responses(
    gs_reqids *ids, gs_response *response, int64_t at, bool remove)
{
	return responses(ids, response, at, remove, false);
}

GS_API int
gs_receive_responses(
    gs_reqids *ids, gs_response *response, int64_t at, bool remove)
{
	return responses(ids, response, at, remove, true);
}
