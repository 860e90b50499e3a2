/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting servers.  The root supervisor of the node forks; a server sees the
 * program as it was when the node was opened, plus its argument bytes.
 */
#ifndef GENSERVER_START_H
#define GENSERVER_START_H

#include <genserver/server.h>
#include <genserver/types.h>
#include <genserver/via.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of a server's process, for the system's scheduler. */
enum gs_priority {
	GS_PRIORITY_NORMAL = 0, /* that of the node */
	GS_PRIORITY_LOW, /* nice 10 */
	GS_PRIORITY_HIGH, /* nice -10 */
	GS_PRIORITY_MAX, /* SCHED_RR 1: before all that is not real-time */
};

/* As OTP's spawn_opt. */
enum gs_spawn_flags {
	GS_SPAWN_LINK = 1, /* as gs_start_link */
	GS_SPAWN_MONITOR = 2, /* refused: use gs_start_monitor */
};

/* All zero is the default of everything. */
typedef struct gs_options {
	const char *name; /* registered before init runs; NULL: none */
	int timeout; /* ms that init may take; 0: no limit */
	int hibernate_after; /* idle ms before hibernating; 0: never */
	size_t mailbox; /* bytes, 16 KiB to 1 GiB; 0: 1 MiB */
	const char *debug; /* "trace,log,statistics,...", as gs_sys; NULL */
	enum gs_priority priority;
	size_t max_memory; /* bytes of its own (RLIMIT_DATA); 0: no limit */
	unsigned spawn; /* enum gs_spawn_flags */
	/* in place of name, registered under this key; both or neither */
	const gs_via *via; /* beside the behaviour, in one program or object */
	const char *via_key;
} gs_options;

/*
 * Starts a server and waits until its init has returned.  0 and *pid; or
 *	-EEXIST the name is taken, *pid is the holder (already_started),
 *	-ECANCELED init said ignore, -ETIMEDOUT init took too long,
 *	-ECHILD init failed or died: gs_error_reason has the reason,
 *	-ENOTSUP the behaviour is not in the program or a loadable object,
 *	-EAGAIN a limit of the system: gs_error_text names it.
 * After a failure no process and no name is left.  gen_server:start/3,4.
 */
GS_API int gs_start(const gs_behaviour *behaviour, gs_bytes argument,
    const gs_options *options, gs_pid *pid) GS_MUST;

/* The same, linked to the caller since before init ran. */
GS_API int gs_start_link(const gs_behaviour *behaviour, gs_bytes argument,
    const gs_options *options, gs_pid *pid) GS_MUST;

/* The same, unlinked, with a monitor set at birth. */
GS_API int gs_start_monitor(const gs_behaviour *behaviour, gs_bytes argument,
    const gs_options *options, gs_pid *pid, gs_ref *monitor) GS_MUST;

#ifdef __cplusplus
}
#endif

#endif
