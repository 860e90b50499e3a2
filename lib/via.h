/* SPDX-License-Identifier: Apache-2.0 */
/* Names that a via module keeps: see via.c. */
#ifndef GSI_VIA_H
#define GSI_VIA_H

#include <genserver.h>

struct gsi_server;

/* A module with its four functions, and a key. */
bool gsi_via_whole(const gs_via *via, const char *key);
/* What a via address leads to; and its own way to send. */
int gsi_via_find(gs_addr to, gs_pid *pid);
int gsi_via_send(gs_addr to, gs_bytes message);
/* Who holds the name that a start was refused; none: he has gone. */
gs_pid gsi_via_holder(const gs_options *options);

/* The name of a server before its init, and at an ordered end. */
void gsi_via_register(struct gsi_server *s);
void gsi_via_unregister(struct gsi_server *s);

#endif
