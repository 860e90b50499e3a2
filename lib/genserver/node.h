/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node: one named runtime of this user on this host.  It owns the shared
 * memory, watches every process and delivers their ends.  A program belongs
 * to at most one node at a time.
 */
#ifndef GENSERVER_NODE_H
#define GENSERVER_NODE_H

#include <genserver/types.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

enum gs_node_flags {
	GS_NODE_OUTLIVE = 1, /* embedded: this program survives its node */
	GS_NODE_PRIVATE = 2, /* whatever GS_NODE says, without a name */
};

/*
 * Opens the node that this program uses from now on.  NULL: the node that
 * GS_NODE in the environment names, else a private one of this program's own
 * that ends with it (call it before threads exist: else -EBUSY).  A name: the
 * running node of that name; -ENOTCONN when none runs.
 * -EALREADY when a node is open already.
 */
GS_API int gs_node_open(const char *name, unsigned flags) GS_MUST;

/* Leaves the node; a private one is shut down, its servers in reverse order. */
GS_API void gs_node_close(void);

/*
 * Becomes the node NAME: what the program gs-node is.  When everything is up
 * writes one line to the descriptor ready (-1: none) and closes it.  Returns
 * 0 after an orderly end, -EEXIST when that node runs already, or -errno.
 */
GS_API int gs_node_run(const char *name, int ready) GS_MUST;

/* Asks the open node to stop its servers and end; waits until all is gone. */
GS_API int gs_node_down(int timeout) GS_MUST;

typedef struct gs_node_info {
	char name[GS_NAME_MAX + 1];
	uint32_t creation; /* the node field of its pids */
	int os_pid;
	char version[32]; /* of the library that made the node */
	char poller[64]; /* "io_uring", or "epoll (why)" */
	char memory[32]; /* "shm" or "memfd (why)" */
	uint64_t arena_used; /* bytes of shared memory allocated now */
	uint32_t processes; /* live now */
	uint32_t processes_max;
	uint32_t fds_used; /* file descriptors of the node */
	uint32_t fds_max;
	int64_t uptime; /* ms */
	char runtime[256]; /* the folder of socket and log */
	char log[320]; /* path of the log, "" if it goes to stderr */
} gs_node_info;

GS_API int gs_node_inspect(gs_node_info *info) GS_MUST;

/* One node of this user, running or left over by a kill -9. */
typedef struct gs_node_entry {
	char name[GS_NAME_MAX + 1];
	int os_pid; /* 0 when stale */
	bool running;
	uint32_t creation; /* the node field of its pids; 0 when stale */
} gs_node_entry;

/* Calls each for every node of this user; stops when it returns non-zero. */
GS_API int gs_nodes(
    int (*each)(const gs_node_entry *node, void *data), void *data);

/* Removes what a dead node left; returns how many stale nodes were removed. */
GS_API int gs_nodes_prune(void);

/* The version of this library. */
GS_API const char *gs_version(void);

/* The poller this process would use: "io_uring", or "epoll (why)". */
GS_API const char *gs_poller(void);

/*
 * The folder for sockets and logs, made and checked if need be; -EPERM: it
 * belongs to another user or is open to others, gs_error_text says which.
 */
GS_API int gs_runtime_dir(char *path, size_t size) GS_MUST;

#ifdef __cplusplus
}
#endif

#endif
