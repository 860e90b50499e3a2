/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local names: UTF-8, 1 to GS_NAME_MAX bytes, no control characters, not one
 * of nil true false undefined, not starting with '<'; unique in the node, at
 * most one for each process, free again the moment its holder is dead.
 */
#ifndef GENSERVER_NAME_H
#define GENSERVER_NAME_H

#include <genserver/addr.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Lock-free, no system call.  0, -ENOENT, -EINVAL. */
GS_API int gs_whereis(const char *name, gs_pid *pid) GS_MUST;

/* Resolves any address the same way; a pid is returned unchecked. */
GS_API int gs_resolve(gs_addr to, gs_pid *pid) GS_MUST;

/*
 * Gives this process a name.  -EEXIST taken, or this process has one already;
 * -EINVAL not a legal name.  Asks the node: blocks for a round trip.
 */
GS_API int gs_register(const char *name) GS_MUST;

/* Gives a name to another process; -ESRCH when it is dead. */
GS_API int gs_register_pid(const char *name, gs_pid pid) GS_MUST;

/* Frees a name; -ENOENT when nobody holds it. */
GS_API int gs_unregister(const char *name) GS_MUST;

/* 0 when name is legal, else -EINVAL; *why (may be NULL) says what is wrong. */
GS_API int gs_name_check(const char *name, const char **why) GS_MUST;

#ifdef __cplusplus
}
#endif

#endif
