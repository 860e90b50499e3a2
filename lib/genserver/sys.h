/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking into a running server and changing it: its state and its code.  With
 * <genserver/debug.h>, its events, this is OTP's sys.
 *
 * All of it is asked by message and takes its turn among the others, but gets
 * through when the mailbox is full and while the server is suspended.  Each
 * function waits up to timeout ms (GS_INFINITY: for ever) and returns 0 or
 *	-ENOENT, -ESRCH no such process, -EHOSTUNREACH no such node,
 *	-ENOTCONN the node is down, -EDEADLK it is the caller itself,
 *	-EOPNOTSUPP it is no server, -EAGAIN even its reserve is full,
 *	-ECONNRESET it ended meanwhile, -ETIMEDOUT, -ENOMEM,
 * or what stands with it; gs_error_reason and gs_error_text say more.  A
 * request whose time is over is not begun any more.  Any process may ask.
 *
 * What they hand out is the calling thread's until its next gs_sys function.
 */
#ifndef GENSERVER_SYS_H
#define GENSERVER_SYS_H

#include <genserver/addr.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- state ---- */

/* The state's bytes, of any size, as of one moment.  sys:get_state/2. */
GS_API int gs_sys_get_state(gs_addr to, gs_bytes *state, int timeout) GS_MUST;

/*
 * Makes the state another one: 0, else it stays as it was.  It may not leave
 * by crash, that ends the server; gs_exit is a failure like any other.
 */
typedef int (*gs_replace_function)(void *state, size_t size, gs_bytes argument);

/*
 * Has the server run the function of that name, which its module exports; with
 * NULL the argument is the new state, of the same size.  *state (or NULL) is
 * the new state.  -ENOSYS no such function (undef), -ECANCELED it failed,
 * -EINVAL another size (callback_failed), -EPERM a supervisor.
 * sys:replace_state/3.
 */
GS_API int gs_sys_replace_state(gs_addr to, const char *function,
    gs_bytes argument, gs_bytes *state, int timeout) GS_MUST;

typedef struct gs_sys_status {
	gs_pid pid;
	gs_pid parent; /* itself if it has none */
	bool suspended;
	const char *kind; /* "gen_server", "supervisor" */
	const char *behaviour;
	const char *version;
	const char *initial_call; /* as it was started: "counter:init" */
	const char *label; /* gs_set_label, "" */
	const char *header; /* "Status for generic server NAME" */
	const char *debug; /* what is on: "trace,log(10),trace_to(<2.7.1>)" */
	const char *state; /* as format_status has it */
	const char *log; /* kept events, oldest first, a line each */
} gs_sys_status;

/* sys:get_status/2. */
GS_API int gs_sys_get_status(
    gs_addr to, gs_sys_status *status, int timeout) GS_MUST;

/* ---- suspend ---- */

/*
 * Suspended, a server serves system messages and its parent's exit; the rest
 * waits in order, and counts as waiting in the mailbox.  Twice is fine, and
 * so is resume of one that runs.  A suspend that timed out is not made up for
 * later.  sys:suspend/2, sys:resume/2.
 */
GS_API int gs_sys_suspend(gs_addr to, int timeout) GS_MUST;
GS_API int gs_sys_resume(gs_addr to, int timeout) GS_MUST;

/* Answers, then ends with the reason as gs_stop has it.  sys:terminate/3. */
GS_API int gs_sys_terminate(
    gs_addr to, const char *reason, int timeout) GS_MUST;

/* ---- code ---- */

/*
 * What code_change is told.  The state it fills is a block of its own, of the
 * size that the code to come has, with the old bytes as far as they fit and
 * zeros behind them.  Up: the new module is asked, version is the old one's.
 * Down: the running module is asked, which knows both, and version is that of
 * the code to come.
 */
typedef struct gs_code_change {
	gs_bytes old; /* the state as it is; it stays if this fails */
	const char *version;
	bool down;
	gs_bytes extra; /* from who asked */
} gs_code_change;

typedef struct gs_sys_code {
	const char *module; /* path of the *.so, relative to the caller */
	bool down; /* to an older version */
	bool suspend; /* suspend before and resume after, in one */
	gs_bytes extra; /* for code_change */
} gs_sys_code;

/*
 * Puts the module in place of the code that a suspended server runs, its
 * code_change in charge of the state; after a failure old code and state
 * stay.  -EBUSY it is not suspended (unknown_system_msg), -ENOENT no such
 * file, -ENOEXEC no module, or for another ABI, -ENOSYS no code_change
 * (undef), -ECANCELED code_change said error, or failed (callback_failed).
 * A supervisor starts the new code from now on.  sys:change_code/5.
 */
GS_API int gs_sys_change_code(
    gs_addr to, const gs_sys_code *code, int timeout) GS_MUST;

#ifdef __cplusplus
}
#endif

#endif
