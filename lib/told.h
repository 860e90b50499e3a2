/* SPDX-License-Identifier: Apache-2.0 */
/* What stands of a server in reports, events and its status: status.c. */
#ifndef GSI_TOLD_H
#define GSI_TOLD_H

#include "lib/loop.h"

/* A server in words. */
struct gsi_told {
	char *state; /* owned; NULL without memory */
	char *log; /* owned; NULL: none is kept */
	bool log_stands; /* rewritten, or hidden */
	char message[GSI_SHOWN]; /* or event, in hand */
	char reason[GS_REASON_MAX + 1]; /* "": nobody has rewritten it */
};

/* The state's bytes. */
void gsi_state_bytes(const struct gsi_server *s, char text[GSI_SHOWN]);
/* The state as format_status has it; its bytes if there is none. */
void gsi_state_text(
    struct gsi_server *s, enum gs_status_kind kind, char text[GSI_SHOWN]);
/* State, message, reason and kept events, as format_status has them. */
void gsi_tell(
    struct gsi_server *s, enum gs_status_kind kind, struct gsi_told *told);
/* As they are, without the events: nobody is asked. */
void gsi_tell_plainly(struct gsi_server *s, struct gsi_told *told);
void gsi_told_free(struct gsi_told *told);
/* bad_return.c: ends the server, whose report says what was wrong with it. */
void gsi_bad_return(struct gsi_server *s, const gs_next *next)
    __attribute__((__noreturn__, cold));
/* Its name, or its pid as text. */
const char *gsi_server_name(
    const struct gsi_server *s, char text[GM_ENTRY_NAME + 1]);

#endif
