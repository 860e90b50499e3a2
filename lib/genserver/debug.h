/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server as it is shown: its status in reports, and its events while it
 * runs.  The functions are asked, wait and fail as those of <genserver/sys.h>.
 */
#ifndef GENSERVER_DEBUG_H
#define GENSERVER_DEBUG_H

#include <genserver/addr.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Why format_status is asked. */
enum gs_status_kind {
	GS_STATUS_NORMAL = 1, /* somebody wants to look */
	GS_STATUS_TERMINATE = 2, /* an abnormal end is being reported */
};

/* All but kind may be set to what is to be shown instead. */
typedef struct gs_status {
	enum gs_status_kind kind;
	const char *reason; /* "" when normal */
	gs_bytes message; /* the last message, as received */
	gs_bytes log; /* kept events, oldest first, a line each */
	gs_bytes text; /* how the state is to be shown */
} gs_status;

/* ---- events ---- */

/* A line for each event to the server's standard output.  sys:trace/3. */
GS_API int gs_sys_trace(gs_addr to, bool on, int timeout) GS_MUST;

/*
 * The same as messages to the caller, a client: GS_INFO_MESSAGE from the
 * server.  What does not fit his mailbox is dropped, and how many were, is
 * told.  An empty message is the last: gs_sys_no_debug has ended it.
 */
GS_API int gs_sys_trace_to_me(gs_addr to, bool on, int timeout) GS_MUST;

/*
 * Keeps the last max events, up to 1024; 0 drops them; -EINVAL another number.
 * sys:log/3.
 */
GS_API int gs_sys_log(gs_addr to, int max, int timeout) GS_MUST;
/* The events kept, oldest first, a line each; "" when there are none. */
GS_API int gs_sys_get_log(gs_addr to, const char **log, int timeout) GS_MUST;

/*
 * To a file of the server's, which is emptied first; NULL closes it.  Another
 * one that was open is closed in any case.  -errno of open (open_file).
 * sys:log_to_file/3.
 */
GS_API int gs_sys_log_to_file(
    gs_addr to, const char *path, int timeout) GS_MUST;

typedef struct gs_sys_statistics {
	int64_t start; /* CLOCK_REALTIME in us */
	int64_t now;
	int64_t work; /* us of processor time since start */
	uint64_t messages_in; /* calls, casts, infos */
	uint64_t messages_out; /* replies by return value */
} gs_sys_statistics;

/* Counts from now on, or no more.  sys:statistics/3. */
GS_API int gs_sys_count(gs_addr to, bool on, int timeout) GS_MUST;
/* -ENODATA nobody counts (no_statistics). */
GS_API int gs_sys_get_statistics(
    gs_addr to, gs_sys_statistics *statistics, int timeout) GS_MUST;

/* ---- debug functions ---- */

typedef struct gs_debug_event {
	const char *server; /* its name, or pid */
	const char *text; /* "got call next from <2.7.1>" */
} gs_debug_event;

/*
 * A debug function, exported by the server's module.  It runs in the server
 * for each event; what it returns is its next state, which is copied.
 * GS_DEBUG_DONE takes it out again, and so does gs_exit.
 */
typedef gs_bytes (*gs_debug_function)(
    gs_bytes state, const gs_debug_event *event);
#define GS_DEBUG_DONE gs_bytes_of(NULL, SIZE_MAX)

/*
 * Installs the function of that name with its first state.  The same function
 * without an id, or the same id, is installed once.  -ENOSYS no such function
 * (undef), -ENOSPC there are 8.  sys:install/3.
 */
GS_API int gs_sys_install(gs_addr to, const char *function, const char *id,
    gs_bytes state, int timeout) GS_MUST;
/*
 * By its id, or by its name if it has none; 0 also when it is not there, for it
 * may have taken itself out.  -EINVAL no name.  sys:remove/3.
 */
GS_API int gs_sys_remove(
    gs_addr to, const char *function_or_id, int timeout) GS_MUST;

/* Trace, log, statistics, file and functions off.  sys:no_debug/2. */
GS_API int gs_sys_no_debug(gs_addr to, int timeout) GS_MUST;

#ifdef __cplusplus
}
#endif

#endif
