/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsctl sys: what its parts share.
 */
#ifndef CMD_SYS_H
#define CMD_SYS_H

#include "cmd/gsctl/cmd.h"

/* Gets to the server that the first word names: 0, or the exit status. */
int sys_reach(struct cmd *cmd, struct cmd_server *server, int *timeout);
/* A request failed: the server said no, or it could not be asked. */
int sys_failed(const struct cmd *cmd, const struct cmd_server *server, int rc);
/* The word behind the server is "on" or "off"; CMD_USAGE. */
int sys_switch(const struct cmd *cmd, bool *on);

/* sysdata.c */
int sys_get_state(struct cmd *cmd);
int sys_replace_state(struct cmd *cmd);
int sys_get_status(struct cmd *cmd);
int sys_statistics(struct cmd *cmd);
int sys_log(struct cmd *cmd);

/* systrace.c */
int sys_trace(struct cmd *cmd);

#endif
