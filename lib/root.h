/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root supervisor: what it is asked, in calls to its mailbox, and what its
 * files share.  root.c is the gen_server, root_ask.c what others want of it,
 * root_child.c what becomes of a child, root_end.c what follows from its end,
 * root_again.c what a root finds that follows one that was killed, child.c the
 * list of children.
 */
#ifndef GSI_ROOT_H
#define GSI_ROOT_H

#include "lib/child.h"
#include "lib/forker.h"

enum gsi_root_op {
	GSI_ROOT_START = 1,
	GSI_ROOT_STOP,
	GSI_ROOT_RESTART,
	GSI_ROOT_DELETE,
	GSI_ROOT_LIST,
	GSI_ROOT_CODE,
};

/* CODE: the caller's code is this module from now on. */
struct gsi_root_code {
	uint32_t op;
	char path[GSI_CODE_PATH];
};

/* STOP, RESTART, DELETE, LIST. */
struct gsi_root_ask {
	uint32_t op;
	uint32_t size;
	gs_pid pid;
	uint64_t after; /* LIST: the serial of the last one seen */
	uint32_t max; /* LIST: no more at once; 0: GSI_LIST_MAX */
	uint32_t spare;
	char name[GS_NAME_MAX + 1];
};

struct gsi_root_answer {
	int32_t status;
	uint32_t reason_size;
	gs_pid pid;
	char reason[GS_REASON_MAX + 1];
};

#define GSI_LIST_MAX 64u

struct gsi_root_list {
	uint32_t count;
	uint32_t more;
	uint64_t last;
	gs_child child[];
};

struct gsi_root {
	struct gsi_forker *forker;
	struct gsi_children children;
	bool progress; /* children that are up are reported */
	int64_t last_start; /* when one was asked for, ns */
	bool fork_due; /* the next child is forked as soon as root is idle */
	bool fork_late; /* put off for a message that came just then */
	gs_ref look; /* the timer of gsi_root_look */
	int look_ms; /* of that; 0: it is off */
	int64_t look_due; /* ns */
};

enum gsi_root_timer_for {
	GSI_TIMER_START = 1, /* init takes too long */
	GSI_TIMER_SHUTDOWN, /* so does terminate */
	GSI_TIMER_SEATED, /* the program has not called gs_main */
	GSI_TIMER_RETRY, /* there may be room for a fork now */
	GSI_TIMER_LOOK, /* of no child: gsi_root_look */
};

/* root.c */
/*
 * The root supervisor's whole life; control is its socket to the node, ledger
 * the file that its list is kept in, or -1.
 */
void gsi_root_main(int control, int ledger) __attribute__((noreturn));
/* One timer a child: the last one set counts. */
void gsi_root_timer_on(struct gsi_root *root, struct gsi_child *child, int ms,
    enum gsi_root_timer_for what);
void gsi_root_timer_off(struct gsi_child *child);
void gsi_root_look_in(struct gsi_root *root, int ms);

/* root_ask.c */
gs_next gsi_root_call(void *state, gs_bytes request, gs_from from);
void gsi_root_answer(gs_from to, int status, gs_pid pid, const char *reason);
/* Finds the code of a spec in this image: 0 or -ENOTSUP. */
int gsi_root_resolve(struct gsi_spec *spec);
/* Answers whoever waits for the start, if anybody does. */
void gsi_root_answer_starter(
    struct gsi_child *child, int status, gs_pid pid, const char *reason);

/* root_child.c */
/* Forks the child: 0, or -errno and it has no process. */
int gsi_root_launch(struct gsi_root *root, struct gsi_child *child);
void gsi_root_time_start(struct gsi_root *root, struct gsi_child *child);
/* Begins its end; the note of it comes later. */
void gsi_root_stop(struct gsi_root *root, struct gsi_child *child);
void gsi_root_kill(struct gsi_child *child);
/* Its init has succeeded. */
void gsi_root_up(struct gsi_root *root, struct gsi_child *child);
/* Whose end the note tells; NULL: nobody's that is known. */
struct gsi_child *gsi_root_of_note(
    struct gsi_root *root, const struct gsi_note *note);
void gsi_root_reap(struct gsi_root *root, const struct gsi_note *note);
/* Did one of those in their init say that it is up, and it was lost? */
void gsi_root_look(struct gsi_root *root);
/* GSI_CHILD and GSI_STARTED. */
void gsi_root_child(struct gsi_root *root, const struct gsi_message *m);
/* The mailbox is empty: forks the child that the next start will find. */
void gsi_root_fork_due(struct gsi_root *root);

/* root_end.c */
/* A child is up: a report at level info, if anybody wants those. */
void gsi_root_progress(struct gsi_root *root, const struct gsi_child *child);
/* Forks it again, now or as soon as that is possible. */
void gsi_root_try(struct gsi_root *root, struct gsi_child *child);
/* Its process has ended, and is reaped: restarts, forgets, answers. */
void gsi_root_ended(struct gsi_root *root, struct gsi_child *child,
    const struct gsi_note *note);

/* root_again.c */
/* Goes on with the children of the root before this one. */
void gsi_root_take_over(struct gsi_root *root, int ledger);

/* start_words.c: notes in words what root has answered: its status. */
int gsi_start_words(const struct gsi_root_answer *a, const char *what);

/* Is the name of this spec held by anybody? */
bool gsi_root_name_taken(
    struct gsi_root *root, const struct gsi_spec *spec, gs_pid *holder);

#endif
