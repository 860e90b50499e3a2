/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links, monitors and exit signals: how processes learn of each other's end.
 * The node keeps them and delivers; nothing here depends on the dying code.
 */
#ifndef GENSERVER_LINK_H
#define GENSERVER_LINK_H

#include <genserver/addr.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Who am I; attaches this thread if need be.  -ENOTCONN without a node. */
GS_API int gs_self(gs_pid *pid) GS_MUST;

/* True while the process lives; a stopped process lives. */
GS_API bool gs_alive(gs_pid pid);

/* Two-way; linking twice is one link.  -ENOENT: no such name. */
GS_API int gs_link(gs_addr to) GS_MUST;

/* Always 0 for a legal pid; afterwards no EXIT of this link arrives. */
GS_API int gs_unlink(gs_pid pid);

/* One DOWN when the target ends, at once (noproc) when it is not there. */
GS_API int gs_monitor(gs_addr to, gs_ref *ref) GS_MUST;

/* Ends a monitor; flush: no DOWN of it arrives afterwards.  Twice is fine. */
GS_API int gs_demonitor(gs_ref ref, bool flush);

/* Exit messages instead of death; returns the old setting or -errno. */
GS_API int gs_trap_exit(bool on);

/*
 * Exit signal, exit/2: normal is ignored by those who do not trap, kill
 * cannot be trapped (others see killed).  0 also when the target is dead.
 */
GS_API int gs_exit_signal(gs_addr to, const char *reason);

#ifdef __cplusplus
}
#endif

#endif
