/* SPDX-License-Identifier: Apache-2.0 */
/* What the gen_server loop and its end share: server.c and terminate.c. */
#ifndef GSI_LOOP_H
#define GSI_LOOP_H

#include <setjmp.h>

#include "lib/internal.h"

/*
 * States up to this size are copied before each callback, so that a callback
 * that fails leaves the state as it was; larger ones stay as it left them.
 */
#define GSI_SHADOW_MAX 65536u
#define GSI_SHOWN 1024u /* bytes of a state or message put into words */

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define GSI_BAD_RETURN "bad_return_value"

enum gsi_phase {
	GSI_IN_INIT = 1,
	GSI_IN_LOOP,
	GSI_IN_TERMINATE,
};

struct gsi_debug;
struct gsi_system;

struct gsi_told; /* told.h */

/* What the loop does until the next message: rest.c. */
enum gsi_rest {
	GSI_REST_TIMEOUT = 1, /* the plain timeout */
	GSI_REST_EVENT = 2, /* the event timeout */
	GSI_REST_HIBERNATE = 4,
	GSI_REST_IDLE = 8, /* hibernate_after, all its life */
};

struct gsi_server {
	struct gsi_self *me;
	const gs_behaviour *behaviour;
	struct gsi_birth birth;
	void *state;
	void *shadow; /* the state before the callback */
	size_t shadow_size; /* 0: none is kept */
	struct gsi_debug *debug; /* NULL: nobody watches (debug.h) */
	struct gsi_message message; /* in hand; kind 0: none */
	struct gsi_system *system; /* NULL: not needed yet (system.h) */
	const char *event; /* in hand if no message is, or NULL */
	enum gsi_phase phase;
	uint32_t doing; /* what the page says */
	uint32_t turn;
	uint32_t rest; /* enum gsi_rest; 0: waits, and no more */
	uint32_t usual_rest; /* with no action */
	int timeout; /* ms of the plain timeout */
	struct {
		int64_t at; /* ns; 0: before any message */
		gs_bytes message; /* held by the stage */
	} later; /* the event timeout */
	bool suspended;
	bool has_last_reply;
	bool serves; /* gs_serve: the loop is the program's */
	bool resting; /* until is set */
	int64_t until; /* ns, -1; of a loop that does not wait here */
	bool via_held; /* a via module has its name */
	int os_pid;
	uint32_t changes; /* modules loaded to change the code */
	gs_from last_from;
	gs_bytes last_reply; /* of stop with reply */
	struct gsi_told *told; /* for the last report; NULL: not yet */
	char reason[GS_REASON_MAX + 1];
	char left_with[GS_REASON_MAX + 1]; /* by gs_exit */
	char returned[128]; /* for the report: what was a bad return */
	jmp_buf *exit_to; /* where gs_exit goes */
	jmp_buf exit_point;
};

/* What the page says that this process does. */
static inline void
gsi_doing(struct gsi_server *s, enum gs_process_state state)
{
	if (s->doing == (uint32_t)state)
		return;
	s->doing = (uint32_t)state;
	gm_store(&s->me->page->doing, (uint32_t)state, relaxed);
}

/* Single writer: no locked instruction is needed. */
static inline void
gsi_bump(_Atomic uint64_t *counter)
{
	gm_store(counter, gm_load(counter, relaxed) + 1, relaxed);
}

/* birth.c: a server in its init, whose process is me, or its end */
struct gsi_server *gsi_server_make(
    struct gsi_self *me, const struct gsi_birth *birth);
/* NULL, or why this behaviour cannot run. */
const char *gsi_server_unfit(const gs_behaviour *behaviour);
/* A zeroed state for its behaviour. */
void gsi_server_prepare(struct gsi_server *s);
/* Its init is over. */
void gsi_server_started(struct gsi_server *s);
void gsi_server_loop(struct gsi_server *s) __attribute__((__noreturn__));

/* callback.c: none returns when the server ends */
void gsi_take_call(struct gsi_server *s);
void gsi_take_cast(struct gsi_server *s);
void gsi_take_info(struct gsi_server *s, const gs_info *info);
void gsi_take_child(struct gsi_server *s);
void gsi_run_continues(struct gsi_server *s, gs_bytes argument);

/* rest.c */
/* The action of a verdict. */
void gsi_rest_as(
    struct gsi_server *s, const gs_next *next, const struct gsi_stage *carried);
/*
 * What waits already wins over any timeout but an event timeout of 0, and
 * costs no look at the clock.  As gsi_mailbox_next; 0: a timeout has passed.
 */
int gsi_rest(struct gsi_server *s);
/* The same without waiting: -EAGAIN there is nothing to do now. */
int gsi_rest_now(struct gsi_server *s);
void gsi_rest_over(struct gsi_server *s);

/* terminate.c */
/* Terminates with the state as it is. */
void gsi_server_end(struct gsi_server *s, const char *reason)
    __attribute__((__noreturn__));
/* The callback failed: terminates with the state from before it. */
void gsi_server_fail(struct gsi_server *s, const char *reason)
    __attribute__((__noreturn__, cold));
/* init failed: no terminate. */
void gsi_init_failed(struct gsi_server *s, const char *reason)
    __attribute__((__noreturn__, cold));
/* gs_exit came to the exit point: goes on from the phase it left. */
void gsi_server_left(struct gsi_server *s) __attribute__((__noreturn__, cold));
/* A record about this server, in its name. */
void gsi_server_report(struct gsi_server *s, enum gsi_level level,
    const char *kind, const char *text, const struct gsi_field *fields,
    int n_fields);

/* crash_message.c: in a handler: what it has in hand. */
void gsi_crash_message(struct gm_crash *crash, const struct gsi_self *me);
/* crash_report.c: its abnormal end as that of a process; waits 100 ms at most */
void gsi_server_crash_report(struct gsi_server *s);

#endif
