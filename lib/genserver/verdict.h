/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdicts: what a callback returns, and the action that may go with it.  The
 * one rule: what a verdict carries is copied when it is made; a verdict that
 * is not returned has no effect.
 */
#ifndef GENSERVER_VERDICT_H
#define GENSERVER_VERDICT_H

#include <genserver/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a callback tells the loop: made by the functions below, not by hand. */
typedef struct gs_next {
	uint32_t verdict;
	uint32_t action;
	int32_t timeout; /* ms, with the timeout action */
	uint32_t check;
	uint64_t payload; /* staged reply and its size */
	uint64_t reason; /* staged reason */
	uint64_t argument; /* staged continue argument */
} gs_next;

/* init: the server is up. */
GS_API gs_next gs_ok(void) GS_MUST;
/* init: no server is wanted; ends with normal, start says -ECANCELED. */
GS_API gs_next gs_ignore(void) GS_MUST;
/* init: refuses gracefully; start gets the reason, nothing is logged. */
GS_API gs_next gs_error(const char *reason) GS_MUST;
/* handle_call: answer, go on. */
GS_API gs_next gs_next_reply(gs_bytes reply) GS_MUST;
/* Go on without an answer; gs_reply may come later. */
GS_API gs_next gs_next_noreply(void) GS_MUST;
/* End with the reason: terminate runs first.  From init: start fails. */
GS_API gs_next gs_next_stop(const char *reason) GS_MUST;
/* handle_call: terminate, then answer, then end. */
GS_API gs_next gs_next_stop_reply(const char *reason, gs_bytes reply) GS_MUST;

/* ---- actions, added to ok, reply and noreply; the last one counts ---- */

/* handle_info gets GS_INFO_TIMEOUT if no message arrives for ms. */
GS_API gs_next gs_with_timeout(gs_next next, int ms) GS_MUST;
/*
 * The same with a message of its own, which is info->body; a system message
 * does not begin it anew, and 0 comes before what waits already.  Copies the
 * message.  at is CLOCK_MONOTONIC in ms.  With gs_with_hibernate, before or
 * after it, the wait is spent in hibernation.
 */
GS_API gs_next gs_with_event_timeout(
    gs_next next, int ms, gs_bytes message) GS_MUST;
GS_API gs_next gs_with_event_timeout_at(
    gs_next next, int64_t at, gs_bytes message) GS_MUST;
/* Give memory back and sleep until the next message. */
GS_API gs_next gs_with_hibernate(gs_next next) GS_MUST;
/* handle_continue runs before any other message. */
GS_API gs_next gs_with_continue(gs_next next, gs_bytes argument) GS_MUST;

#ifdef __cplusplus
}
#endif

#endif
