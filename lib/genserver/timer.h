/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers: a message sent later.  A timer belongs to the process that made it,
 * fires while that process is in its loop or waits in the library, and goes
 * with it.  CLOCK_MONOTONIC; never early.
 */
#ifndef GENSERVER_TIMER_H
#define GENSERVER_TIMER_H

#include <genserver/addr.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Sends the message to the address in ms; *ref (may be NULL) cancels it.  A
 * name is looked up when the timer fires.  Copies the message.
 * Follows erlang:send_after/3.
 */
GS_API int gs_send_after(int ms, gs_addr to, gs_bytes message, gs_ref *ref);

/* Absolute: at is CLOCK_MONOTONIC in ms. */
GS_API int gs_send_at(int64_t at, gs_addr to, gs_bytes message, gs_ref *ref);

/* The ms that were left, or -ENOENT: fired, cancelled or never there. */
GS_API int64_t gs_cancel_timer(gs_ref ref);
GS_API int64_t gs_read_timer(gs_ref ref);

/*
 * Cancels as well, and says how it went by a message: GS_INFO_CANCELLED with
 * ref, its body an int64_t, what gs_cancel_timer would have returned.
 * Follows erlang:cancel_timer/2 with async.
 */
GS_API int gs_cancel_timer_async(gs_ref ref);

/* CLOCK_MONOTONIC in ms. */
GS_API int64_t gs_now(void);

#ifdef __cplusplus
}
#endif

#endif
