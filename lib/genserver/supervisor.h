/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Children of the root supervisor: servers that are started again when they
 * die.  The root counts restarts for each child alone; one that exceeds its
 * limit is given up (GS_CHILD_FAILED) and its neighbours never notice.
 */
#ifndef GENSERVER_SUPERVISOR_H
#define GENSERVER_SUPERVISOR_H

#include <genserver/addr.h>
#include <genserver/start.h>

#ifdef __cplusplus
extern "C" {
#endif

enum gs_restart {
	GS_PERMANENT = 0, /* after any end */
	GS_TRANSIENT = 1, /* after an abnormal end */
	GS_TEMPORARY = 2, /* never */
};

#define GS_BRUTAL_KILL (-1) /* a shutdown value */

typedef struct gs_child_spec {
	/* What to run: a behaviour, or a path to a module *.so, to a program
	   linked with the library, or with plain to any program. */
	const gs_behaviour *behaviour;
	const char *path;
	bool plain;
	const char *const *argv; /* words for a program, NULL at the end */
	gs_bytes argument; /* what init gets */
	const char *directory; /* working folder; NULL: the node's */
	gs_options options;
	enum gs_restart restart;
	int shutdown; /* ms, GS_INFINITY, GS_BRUTAL_KILL */
	int max_restarts; /* 3 unless has_intensity */
	int max_seconds; /* 5 */
	bool has_shutdown; /* else 5000 */
	bool has_intensity; /* max_restarts and max_seconds count */
} gs_child_spec;

enum gs_child_state {
	GS_CHILD_STARTING = 1,
	GS_CHILD_RUNNING = 2,
	GS_CHILD_RESTARTING = 3,
	GS_CHILD_STOPPING = 4,
	GS_CHILD_STOPPED = 5, /* stopped on request or ended cleanly */
	GS_CHILD_FAILED = 6, /* given up */
};

typedef struct gs_child {
	char id[GS_NAME_MAX + 1]; /* its name, or "child-N" */
	gs_pid pid; /* none when not running */
	enum gs_child_state state;
	enum gs_restart restart;
	bool plain;
	bool supervised; /* false: a gs_start that nobody restarts */
	int shutdown;
	int max_restarts;
	int max_seconds;
	uint32_t restarts; /* since the first start */
	char what[256]; /* behaviour or path */
	char last_reason[GS_REASON_MAX + 1];
} gs_child;

/* Starts a supervised server; returns as gs_start. */
GS_API int gs_child_start(const gs_child_spec *spec, gs_pid *pid) GS_MUST;

/*
 * By name or pid: stop it for good (its spec stays, state stopped, a
 * temporary or unsupervised one is forgotten), or stop and start it.
 * -ENOENT: the root has no such child.  restart returns as gs_start.
 */
GS_API int gs_child_stop(gs_addr child, int timeout) GS_MUST;
GS_API int gs_child_restart(gs_addr child, gs_pid *pid, int timeout) GS_MUST;

/* Forgets a child that is stopped or failed; -EBUSY while it runs. */
GS_API int gs_child_delete(gs_addr child) GS_MUST;

/* Calls each for every child, oldest first; stops when it returns non-zero. */
GS_API int gs_children(
    int (*each)(const gs_child *child, void *data), void *data);

#ifdef __cplusplus
}
#endif

#endif
