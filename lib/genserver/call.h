/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages: call, cast, send, reply, receive, stop.
 *
 * Every process of a node may use these, server or client, from any thread;
 * each thread is a client of its own.  Returns are 0 or -errno:
 *	-ENOENT no such name, -ESRCH no such process, -EDEADLK calling oneself,
 *	-ETIMEDOUT, -ECONNRESET the server ended during the call (its reason:
 *	gs_error_reason), -EAGAIN mailbox full, -EMSGSIZE larger than a quarter
 *	of the mailbox, -E2BIG the reply is larger than a quarter of mine, -EINVAL bad argument, -ENOTCONN no node or node down,
 *	-EHOSTUNREACH no such node.
 * A failed function has published nothing, time-outs excepted.
 */
#ifndef GENSERVER_CALL_H
#define GENSERVER_CALL_H

#include <genserver/addr.h>
#include <genserver/server.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Sends a request and waits for its answer; blocks up to timeout ms.
 * *reply (may be NULL) is borrowed until this thread's next call of the
 * library or the end of the callback.  A late answer is dropped.
 * Follows gen_server:call/3.
 */
GS_API int gs_call(
    gs_addr to, gs_bytes request, gs_bytes *reply, int timeout) GS_MUST;

/* Sends and does not wait; 0 also when nobody is there.  gen_server:cast/2. */
GS_API int gs_cast(gs_addr to, gs_bytes request);

/* The same, but waits up to timeout ms for room in a full mailbox. */
GS_API int gs_cast_wait(gs_addr to, gs_bytes request, int timeout) GS_MUST;

/*
 * Sends an info message; -ENOENT when nobody holds the name, 0 when the
 * process is dead.  Follows erlang:send/2.
 */
GS_API int gs_send(gs_addr to, gs_bytes message);

/* Answers a call, from any process; 0 even if the caller has gone. */
GS_API int gs_reply(gs_from from, gs_bytes reply);

/*
 * Asks a server to end with the reason (NULL: normal) and waits until it is
 * gone and its name free.  -ECONNRESET: it ended with another reason.
 * Follows gen_server:stop/3.
 */
GS_API int gs_stop(gs_addr to, const char *reason, int timeout) GS_MUST;

/*
 * The next message of a process that is no server: sent messages, timers,
 * DOWN and EXIT.  *info is borrowed until this thread's next call of the
 * library.  -ETIMEDOUT when none came; -EPERM inside a server.
 */
GS_API int gs_receive(gs_info *info, int timeout) GS_MUST;

/*
 * The last failure of this thread.  reason: the exit reason or error word
 * ("" if none); error: one sentence with operation, target and reason.
 * Both are borrowed until this thread's next call of the library.
 */
GS_API const char *gs_error_reason(void);
GS_API const char *gs_error_text(void);

#ifdef __cplusplus
}
#endif

#endif
