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
	gs_reqid id; /* tag 0: taken out */
	void *label;
};

struct gs_reqids {
	struct member *members; /* in order of adding */
	uint32_t *index; /* by tag: 1 + where it stands, 0 none; room * 2 */
	uint32_t used; /* with those that are taken out */
	uint32_t count;
	uint32_t room; /* a power of two */
	uint32_t over; /* so many at the start are done with */
	gs_pid whose; /* for whom they are */
};

GS_API gs_reqids *
gs_reqids_new(void)
{
	return calloc(1, sizeof(gs_reqids));
}

static uint32_t
home_of(const gs_reqids *ids, uint64_t tag)
{
	return (uint32_t)(tag * 0x9e3779b97f4a7c15u >> 32) &
	       (2 * ids->room - 1);
}

/* Those taken out stay in the index until it is made anew. */
static struct member *
find(const gs_reqids *ids, uint64_t tag)
{
	uint32_t place;

	if (ids->count == 0)
		return NULL;
	place = home_of(ids, tag);
	for (; ids->index[place] != 0;
	     place = (place + 1) & (2 * ids->room - 1)) {
		struct member *member = &ids->members[ids->index[place] - 1];

		if (member->id.tag == tag)
			return member;
	}
	return NULL;
}

static void
index_add(gs_reqids *ids, uint32_t i)
{
	uint32_t place = home_of(ids, ids->members[i].id.tag);

	while (ids->index[place] != 0)
		place = (place + 1) & (2 * ids->room - 1);
	ids->index[place] = i + 1;
}

/* Those that are left move together. */
static void
pack(gs_reqids *ids)
{
	uint32_t kept = 0, over = 0;

	for (uint32_t i = 0; i < ids->used; i++) {
		if (ids->members[i].id.tag == 0)
			continue;
		over += i < ids->over;
		ids->members[kept++] = ids->members[i];
	}
	ids->used = kept;
	ids->over = over;
	memset(ids->index, 0, 2 * (size_t)ids->room * sizeof(*ids->index));
	for (uint32_t i = 0; i < kept; i++)
		index_add(ids, i);
}

static int
make_room(gs_reqids *ids)
{
	uint32_t room = ids->room == 0 ? 16 : ids->room * 2;
	struct member *members;
	uint32_t *index;

	if (ids->used < ids->room)
		return 0;
	if (ids->count < ids->used / 2) {
		pack(ids);
		return 0;
	}
	if (room > UINT32_MAX / 4)
		return -ENOMEM;
	members = realloc(ids->members, room * sizeof(*members));
	if (members == NULL)
		return -ENOMEM;
	ids->members = members;
	index = realloc(ids->index, 2 * (size_t)room * sizeof(*index));
	if (index == NULL)
		return -ENOMEM;
	ids->index = index;
	ids->room = room;
	pack(ids);
	return 0;
}

static bool
holds(const void *set, uint64_t tag)
{
	return find(set, tag) != NULL;
}

/* What is done with once does not come back: it is not looked at again. */
static uint64_t
some(void *set, struct gsi_self *me)
{
	gs_reqids *ids = set;

	if (!gs_pid_equal(ids->whose, me->pid))
		ids->over = 0;
	ids->whose = me->pid;
	for (; ids->over < ids->used; ids->over++) {
		uint64_t tag = ids->members[ids->over].id.tag;

		if (tag != 0 && gsi_pending(me, tag) != NULL)
			return tag;
	}
	return 0;
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
	for (uint32_t i = 0; i < ids->used; i++)
		mark(ids->members[i].id.tag, ids, NULL);
	free(ids->members);
	free(ids->index);
	free(ids);
}

GS_API int
gs_reqids_add(gs_reqids *ids, gs_reqid id, void *label)
{
	if (id.tag == 0)
		return gsi_fail(
		    -EINVAL, "badarg", "a collection: this is no request");
	if (find(ids, id.tag) != NULL)
		return gsi_fail(-EEXIST, "badarg",
		    "a collection: the request is in it already");
	if (make_room(ids) != 0)
		return gsi_fail(
		    -ENOMEM, "system_limit", "a collection: no memory");
	ids->members[ids->used] = (struct member){ id, label };
	index_add(ids, ids->used++);
	ids->count++;
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

	for (uint32_t i = 0; i < ids->used && status == 0; i++)
		if (ids->members[i].id.tag != 0)
			status = each(
			    ids->members[i].id, ids->members[i].label, data);
	return status;
}

static void
give_all_up(struct gsi_self *me, const gs_reqids *ids)
{
	for (uint32_t i = 0; i < ids->used; i++) {
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
	struct gsi_wanted w = { .set = ids, .holds = holds, .some = some };
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
	if (status == -ETIMEDOUT)
		return gsi_fail(
		    status, "timeout", "requests: no response came in time");
	if (status != 1)
		return gsi_fail(status,
		    status == -ENOTCONN ? "nodedown" : "bad_mailbox",
		    "requests: no response can come any more: %s",
		    strerror(-status));
	member = find(ids, p->tag);
	*response = (gs_response){
		.id = member->id, .label = member->label, .reason = ""
	};
	response->status = gsi_response(me, p, body, &response->reply);
	if (response->status != 0)
		response->reason = gs_error_reason();
	if (remove) {
		member->id.tag = 0;
		ids->count--;
	}
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
