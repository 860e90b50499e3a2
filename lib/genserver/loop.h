/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs with an event loop of their own, over epoll, poll, glib or libuv.
 * The one rule: while gs_fd is readable gs_dispatch has work; whoever calls
 * it then, and never blocks for anything else, misses nothing.
 */
#ifndef GENSERVER_LOOP_H
#define GENSERVER_LOOP_H

#include <genserver/server.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The descriptor of the calling thread: readable, level-triggered, when there
 * is something for gs_dispatch: messages, responses, timers that are due, the
 * end of the node.  It may be readable for nothing, but not while nothing
 * happens.  Made at the first call; the library's, who closes it when the
 * thread ends, leaves the node or gets a new pid.  -ENOTCONN, -ENOMEM, -EMFILE.
 */
GS_API int gs_fd(void) GS_MUST;

/*
 * Handles what is there and does not wait for more.  A client: calls each with
 * every message that gs_receive would have shown, info borrowed until each
 * returns.  A server of gs_serve: runs its callbacks; each is not called, and
 * when the server ends so does the process.  Some at a time, so that others
 * have their turns.  Returns how many, or -ENOTCONN: the node is down and the
 * descriptor stays readable until it is no longer watched; -EBUSY out of
 * itself, -EBADMSG as gs_receive, -EPERM in a server that has a loop.
 */
GS_API int gs_dispatch(
    void (*each)(const gs_info *info, void *data), void *data) GS_MUST;

/*
 * Makes this process, whose init has been somebody else's work, a server with
 * that behaviour and a copy of *state (NULL: zeroed).  It must have been
 * started by the node: a program that gsctl or gs_child_start has started and
 * that has not called gs_main, or a server in any of its callbacks.  init is
 * not called; start returns now if it has not.  action: gs_ok() with an action
 * or none.  name (NULL: not asked for): the process must hold it, else it ends
 * with process_not_registered.
 *
 * gs_enter_loop takes the thread and returns only when it cannot be: -EPERM
 * the process was not started by the node, -EINVAL no such behaviour.
 * gs_serve returns 0 and the program's own loop goes on, with gs_fd and
 * gs_dispatch.  Follow gen_server:enter_loop/4,5.
 */
GS_API int gs_enter_loop(const gs_behaviour *behaviour, const void *state,
    const char *name, gs_next action);
GS_API int gs_serve(const gs_behaviour *behaviour, const void *state,
    const char *name, gs_next action) GS_MUST;

#ifdef __cplusplus
}
#endif

#endif
