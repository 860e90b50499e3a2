/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking at the processes of the node without disturbing them: reads shared
 * memory, wakes nobody, and may be a moment old.
 */
#ifndef GENSERVER_INSPECT_H
#define GENSERVER_INSPECT_H

#include <genserver/addr.h>
#include <genserver/link.h>

#ifdef __cplusplus
extern "C" {
#endif

enum gs_process_kind {
	GS_PROCESS_NODE = 1,
	GS_PROCESS_SUPERVISOR = 2,
	GS_PROCESS_SERVER = 3,
	GS_PROCESS_PLAIN = 4, /* any program, supervised */
	GS_PROCESS_CLIENT = 5,
};

enum gs_process_state {
	GS_STATE_STARTING = 1, /* init has not returned */
	GS_STATE_WAITING = 2, /* for messages */
	GS_STATE_RUNNING = 3, /* in a callback */
	GS_STATE_CALLING = 4, /* in gs_call, waiting for calling */
	GS_STATE_HIBERNATING = 5,
	GS_STATE_SUSPENDED = 6,
	GS_STATE_STOPPING = 7, /* in terminate */
	GS_STATE_STOPPED = 8, /* by SIGSTOP; it is alive */
	GS_STATE_EXITED = 9, /* dead, about to leave the table */
};

typedef struct gs_process_info {
	gs_pid pid;
	gs_pid parent; /* OTP's parent; none: has no parent */
	gs_pid supervisor; /* the OS parent's process, who forked it */
	int os_pid;
	enum gs_process_kind kind;
	enum gs_process_state state;
	bool trap_exit;
	char name[GS_NAME_MAX + 1];
	char label[GS_NAME_MAX + 1];
	char behaviour[64];
	char version[32];
	gs_pid calling; /* whom it waits for */
	uint64_t queue; /* bytes waiting in its mailbox, rounded to 64 */
	uint64_t messages_queued; /* messages waiting, counted at sending */
	uint64_t calls; /* handled since start */
	uint64_t casts;
	uint64_t infos;
	uint64_t memory; /* bytes: RSS of the process */
	uint64_t mailbox_used; /* bytes of shared memory its mailbox holds */
	uint64_t mailbox_max;
	int64_t uptime; /* ms */
} gs_process_info;

/* Calls each for every live process in slot order. */
GS_API int gs_processes(
    int (*each)(const gs_process_info *p, void *data), void *data);

/* One process; -ESRCH, -ENOENT. */
GS_API int gs_process_inspect(gs_addr who, gs_process_info *info) GS_MUST;

/* Its links and monitors: fills up to max pids, returns how many there are. */
GS_API int gs_links(gs_pid pid, gs_pid *links, int max);

/* Is it past init?  Waits for that; for gsctl wait --up. */
GS_API int gs_ping(gs_addr to, int timeout) GS_MUST;

/*
 * Waits until the server is there, by its name also after a restart, and past
 * its init: 0, -ETIMEDOUT.
 */
GS_API int gs_wait_up(gs_addr to, int timeout) GS_MUST;

/*
 * Changes: a count that moves with every start, end and name of the node.
 * gs_changed waits until it differs from seen, or -ETIMEDOUT.
 */
GS_API uint32_t gs_changes(void);
GS_API int gs_changed(uint32_t seen, int timeout) GS_MUST;

GS_API const char *gs_state_text(enum gs_process_state state);
GS_API const char *gs_kind_text(enum gs_process_kind kind);
GS_API const char *gs_child_state_text(int state);

#ifdef __cplusplus
}
#endif

#endif
