/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System messages: what sys asks of a server.  The rule: they are served
 * between two messages, never pay for themselves in the loop, and whatever
 * goes wrong in one is an answer to who asked.
 */
#ifndef GSI_SYSTEM_H
#define GSI_SYSTEM_H

#include "lib/loop.h"

/* A message that came while suspended, and the room it still takes. */
struct gsi_aside {
	struct gsi_aside *next;
	uint64_t cells;
	uint64_t guest; /* in whose mailbox, its number; 0: the own one */
	uint32_t watch; /* the generation, of a watched descriptor */
	struct gsi_message message;
	_Alignas(16) char body[];
};

/* Made when the first system message needs it. */
struct gsi_system {
	gs_from suspender; /* who suspended it first, and with which request */
	struct gsi_aside *first; /* oldest */
	struct gsi_aside **end;
	uint64_t n_aside;
	uint64_t signals; /* that are aside; a bit each */
	char *answer; /* the last one that did not fit one message */
	size_t answer_size;
	uint64_t answer_number;
};

/* A request, checked; all bytes are borrowed from the mailbox. */
struct gsi_asked {
	struct gsi_sys head;
	gs_from from;
	gs_bytes name;
	gs_bytes text;
};

/* server.c: the steps of a turn, for suspend.c */
void gsi_turn_begin(struct gsi_server *s);
/* A message is in hand. */
void gsi_turn_taken(struct gsi_server *s);
/* No message but a status: does not return when the server ends. */
void gsi_turn_failed(struct gsi_server *s, int status);
void gsi_dispatch(struct gsi_server *s);

/* system.c: a system message */
void gsi_take_sys(struct gsi_server *s);
/* A watched signal is a message. */
void gsi_take_signal(struct gsi_server *s, int number);
/* suspend.c: until it is resumed, and what has come meanwhile. */
void gsi_suspended(struct gsi_server *s);
/* The same in a loop of others: is there any of it left? */
bool gsi_suspended_still(const struct gsi_server *s);
/* One step that does not wait; false: nothing is to be done now. */
bool gsi_suspended_some(struct gsi_server *s);
/* A watched signal, which waits as all else. */
void gsi_suspended_signal(struct gsi_server *s, int number);

/* ---- system.c: answers ---- */

/* NULL without memory. */
struct gsi_system *gsi_system(struct gsi_server *s);
/*
 * status 0 and data of any size, or -errno and the reason as text.  Nothing
 * happens when nobody waits.
 */
void gsi_system_answer(struct gsi_server *s, const struct gsi_asked *asked,
    int status, gs_bytes data);
/* -errno and the reason, as printf has it. */
void gsi_system_refuse(struct gsi_server *s, const struct gsi_asked *asked,
    int status, const char *format, ...) GS_PRINTF(4, 5);
/* The name as a string; false: it has none, or too long a one. */
bool gsi_system_name(const struct gsi_asked *asked, char *name, size_t size);
/* Has the time of the request passed? */
bool gsi_system_late(const struct gsi_asked *asked);

/* ---- guard.c: user code that may leave by gs_exit ---- */

/* True: function(data) has returned; false: left, and s->left_with is why. */
bool gsi_guarded(
    struct gsi_server *s, void (*function)(void *data), void *data);

/* ---- what is asked ---- */

/* system_state.c */
void gsi_system_get_state(struct gsi_server *s, const struct gsi_asked *asked);
void gsi_system_replace_state(
    struct gsi_server *s, const struct gsi_asked *asked);
void gsi_system_get_status(struct gsi_server *s, const struct gsi_asked *asked);

/* system_debug.c */
void gsi_system_debug_on(struct gsi_server *s, const struct gsi_asked *asked);
void gsi_system_debug_off(struct gsi_server *s, const struct gsi_asked *asked);
void gsi_system_trace_to(struct gsi_server *s, const struct gsi_asked *asked);
void gsi_system_install(struct gsi_server *s, const struct gsi_asked *asked);
void gsi_system_remove(struct gsi_server *s, const struct gsi_asked *asked);
void gsi_system_get_statistics(
    struct gsi_server *s, const struct gsi_asked *asked);
void gsi_system_get_log(struct gsi_server *s, const struct gsi_asked *asked);

/* system_code.c */
void gsi_system_change_code(
    struct gsi_server *s, const struct gsi_asked *asked);

#endif
