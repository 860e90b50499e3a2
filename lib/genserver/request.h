/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls in two steps: a request is sent now, its response collected later, so
 * that many can be on their way at once.  The server sees ordinary calls.
 *
 * A request belongs to the thread that sent it, and is done with when its
 * response has been handed out once.  It is a monitor as well: a server that
 * ends without an answer is a response (-ECONNRESET).  A response that comes
 * while its thread waits for messages is a message of its own, of kind
 * GS_INFO_RESPONSE, to handle_info or gs_receive.
 */
#ifndef GENSERVER_REQUEST_H
#define GENSERVER_REQUEST_H

#include <genserver/addr.h>
#include <genserver/server.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One request: plain bytes.  tag 0: none. */
typedef struct gs_reqid {
	gs_pid pid; /* of the server, none if nobody held the name */
	uint64_t tag;
} gs_reqid;

#define GS_REQUESTS_MAX 65536u /* of one thread, not yet responded to */

/*
 * Sends and does not wait.  A server that is not there is no failure here but
 * a response.  -EAGAIN its mailbox is full, or GS_REQUESTS_MAX are out;
 * -EMSGSIZE, -EOPNOTSUPP, -ENOTCONN and others as gs_call.
 * Follows gen_server:send_request/2.
 */
GS_API int gs_send_request(gs_addr to, gs_bytes request, gs_reqid *id) GS_MUST;

/*
 * Waits up to timeout ms for the response: 0 and *reply (may be NULL),
 * borrowed until this thread's next call of the library; otherwise what
 * gs_call would have returned, gs_error_reason says why.  On -ETIMEDOUT wait
 * leaves the request as it is, receive gives it up: a later reply is dropped.
 * -EINVAL: no such request of this thread, or done with.
 * Follow gen_server:wait_response/2 and receive_response/2.
 */
GS_API int gs_wait_response(gs_reqid id, gs_bytes *reply, int timeout) GS_MUST;
GS_API int gs_receive_response(
    gs_reqid id, gs_bytes *reply, int timeout) GS_MUST;

/*
 * Is this message (NULL: whatever has come) the response to id?  As
 * gs_wait_response, but does not wait: -EAGAIN it is not.
 * Follows gen_server:check_response/2.
 */
GS_API int gs_check_response(
    const gs_info *message, gs_reqid id, gs_bytes *reply) GS_MUST;

/* ---- collections ---- */

typedef struct gs_reqids gs_reqids;

/* One response out of a collection. */
typedef struct gs_response {
	int status; /* 0, or what gs_call would have returned */
	gs_bytes reply; /* borrowed as above */
	const char *reason; /* "" or the exit reason; borrowed as above */
	gs_reqid id;
	void *label; /* as it was added */
} gs_response;

#define GS_NEVER INT64_MAX

/* An empty collection, NULL when memory is out; and its end. */
GS_API gs_reqids *gs_reqids_new(void);
GS_API void gs_reqids_free(gs_reqids *ids);

/* -EEXIST it is in there already, -EINVAL none, -ENOMEM. */
GS_API int gs_reqids_add(gs_reqids *ids, gs_reqid id, void *label) GS_MUST;
GS_API size_t gs_reqids_size(const gs_reqids *ids);

/* Calls each in the order of adding, until it returns other than 0: that. */
GS_API int gs_reqids_each(const gs_reqids *ids,
    int (*each)(gs_reqid id, void *label, void *data), void *data);

/*
 * The next response to any of them, in order of arrival, until gs_now() is at
 * (GS_NEVER: without limit): 0 and *response, whose status tells how that
 * request went; remove takes it out of the collection.  -ENOENT when none is
 * out.  On -ETIMEDOUT wait leaves all as they are, receive gives all up.
 * Follow gen_server:wait_response/3 and receive_response/3.
 */
GS_API int gs_wait_responses(
    gs_reqids *ids, gs_response *response, int64_t at, bool remove) GS_MUST;
GS_API int gs_receive_responses(
    gs_reqids *ids, gs_response *response, int64_t at, bool remove) GS_MUST;

#ifdef __cplusplus
}
#endif

#endif
