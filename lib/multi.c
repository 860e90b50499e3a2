/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request to many nodes.  Its parts are ordinary requests: all go out
 * before the first response is waited for, and they share one deadline, so
 * the order in which they are collected costs nothing.  Nodes that have not
 * been visited are visited first, all at once.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/attach.h"
#include "lib/guest.h"
#include "lib/pending.h"

#define LIST_MIN 8u

/* The nodes are the results of a request that nobody has answered yet. */
static int
add(gs_replies *r, const char *node)
{
	gs_node_reply *more;

	/* the room doubles when a power of two is full */
	if (r->count == 0 ||
	    (r->count >= LIST_MIN && (r->count & (r->count - 1)) == 0)) {
		more = realloc(r->at,
		    (r->count == 0 ? LIST_MIN : 2 * r->count) * sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		r->at = more;
	}
	more = &r->at[r->count++];
	memset(more, 0, sizeof(*more));
	memcpy(more->node, node, strlen(node) + 1);
	return 0;
}

static int
add_running(const gs_node_entry *node, void *data)
{
	return node->running ? add(data, node->name) : 0;
}

static int
list_nodes(
    const char *const *nodes, size_t n, const char *name, gs_replies **out)
{
	gs_replies *r = calloc(1, sizeof(*r));
	int status = r == NULL ? -ENOMEM : 0;

	if (status == 0 && gs_name_check(name, NULL) != 0)
		status = gsi_name_refused(name);
	for (size_t i = 0; nodes != NULL && i < n && status == 0; i++)
		status = gs_name_check(nodes[i], NULL) != 0
			     ? gsi_name_refused(nodes[i])
			     : add(r, nodes[i]);
	if (nodes == NULL && status == 0)
		status = gsi_nodes(add_running, r, false);
	if (status != 0)
		gs_replies_free(r);
	else
		*out = r;
	return status;
}

void
gs_replies_free(gs_replies *replies)
{
	for (size_t i = 0; replies != NULL && i < replies->count; i++)
		free((void *)(uintptr_t)replies->at[i].reply.data);
	if (replies != NULL)
		free(replies->at);
	free(replies);
}

static void
is_bad(gs_node_reply *at, int status)
{
	const char *reason = gs_error_reason();

	at->status = status;
	/* a request's word for what a call has as nodedown */
	if (strcmp(reason, "noconnection") == 0)
		reason = "nodedown";
	gsi_reason_copy(at->reason, reason);
}

static void
no_node(gs_node_reply *at)
{
	at->status = -EHOSTUNREACH;
	gsi_reason_copy(at->reason, "nodedown");
}

/* Nodes that are stopped cost a moment, however many they are. */
static int
visit(struct gsi_self *me, gs_replies *all, const char *name)
{
	struct gsi_guest **begun = calloc(all->count + 1, sizeof(*begun));
	struct gsi_guest *guest;
	int64_t deadline;
	int status = gsi_guests_need(me);

	for (size_t i = 0; begun != NULL && i < all->count && status == 0;
	     i++) {
		gs_addr to = GS_NAME_AT(name, all->at[i].node);
		gs_pid pid;

		if (gsi_resolve(me, to, &pid) == -EHOSTUNREACH &&
		    gsi_guest_find(me->guests, to) == NULL &&
		    gsi_visit_begin(me, to, true, &begun[i]) != 0)
			no_node(&all->at[i]);
	}
	deadline = gsi_now_ns() + GSI_MOMENT_NS;
	for (size_t i = 0; begun != NULL && i < all->count; i++)
		if (all->at[i].status == 0 && begun[i] != NULL &&
		    gsi_visit_end(begun[i], GS_NAME_AT(name, all->at[i].node),
			deadline, true, &guest) != 0)
			no_node(&all->at[i]);
	free(begun);
	return begun == NULL ? -ENOMEM : status;
}

/* The ring takes back what it has handed out. */
static void
keep(gs_node_reply *at, gs_bytes reply)
{
	void *copy = malloc(reply.size + 1);

	if (copy == NULL) {
		at->status = -ENOMEM;
		gsi_reason_copy(at->reason, "system_limit");
		return;
	}
	if (reply.size > 0)
		memcpy(copy, reply.data, reply.size);
	at->reply = gs_bytes_of(copy, reply.size);
}

static void
collect(gs_replies *replies, const gs_reqid *ids, int64_t deadline)
{
	for (size_t i = 0; i < replies->count; i++) {
		gs_node_reply *at = &replies->at[i];
		gs_bytes reply;
		int status;

		if (at->status == 0) {
			status = gs_receive_response(
			    ids[i], &reply, gsi_left_ms(deadline));
			if (status == 0)
				keep(at, reply);
			else
				is_bad(at, status);
		}
		replies->bad += at->status != 0;
	}
}

int
gs_multi_call(const char *const *nodes, size_t n, const char *name,
    gs_bytes request, int timeout, gs_replies **replies)
{
	int64_t deadline = gsi_deadline(timeout);
	gs_replies *all = NULL;
	struct gsi_self *me;
	gs_reqid *ids;
	int status;

	if (timeout < 0)
		return gsi_fail(-EINVAL, "badarg",
		    "multi_call: the timeout %d is negative", timeout);
	me = gsi_self_within(timeout, &status);
	if (me == NULL)
		return status;
	status = list_nodes(nodes, n, name, &all);
	if (status != 0)
		return status;
	ids = calloc(all->count + 1, sizeof(*ids));
	status = ids == NULL ? -ENOMEM : visit(me, all, name);
	if (status != 0) {
		free(ids);
		gs_replies_free(all);
		return status;
	}
	for (size_t i = 0; i < all->count; i++) {
		if (all->at[i].status != 0)
			continue;
		status = gs_send_request(
		    GS_NAME_AT(name, all->at[i].node), request, &ids[i]);
		if (status != 0)
			is_bad(&all->at[i], status);
	}
	collect(all, ids, deadline);
	free(ids);
	*replies = all;
	return 0;
}

int
gs_abcast(
    const char *const *nodes, size_t n, const char *name, gs_bytes request)
{
	struct gsi_self *me = gsi_self();
	gs_replies *all = NULL;
	int status;

	if (me == NULL)
		return -ENOTCONN;
	status = list_nodes(nodes, n, name, &all);
	if (status != 0)
		return status;
	status = visit(me, all, name);
	for (size_t i = 0; i < all->count && status == 0; i++)
		if (all->at[i].status == 0)
			gs_cast(GS_NAME_AT(name, all->at[i].node), request);
	gs_replies_free(all);
	return status;
}
