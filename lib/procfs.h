/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says of a process in /proc. */
#ifndef GSI_PROCFS_H
#define GSI_PROCFS_H

#include <stdbool.h>
#include <sys/types.h>

#define GSI_STAT 1024 /* bytes that hold all of it */

/*
 * /proc/PID/stat from the blank before field 3 on, within text; NULL when
 * there is no such process or it cannot be looked into.
 */
char *gsi_proc_stat(pid_t pid, char text[GSI_STAT]);

/* By what that has returned: SIGSTOP or a debugger holds it. */
static inline bool
gsi_stat_stopped(const char *stat)
{
	return stat[1] == 'T' || stat[1] == 't';
}

#endif
