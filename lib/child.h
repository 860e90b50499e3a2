/* SPDX-License-Identifier: Apache-2.0 */
/* The root supervisor's list of children: see child.c. */
#ifndef GSI_CHILD_H
#define GSI_CHILD_H

#include <sys/types.h>

#include "lib/ledger.h"
#include "lib/spec.h"
#include "lib/unshared.h"

#define GSI_DEATHS_KEPT GSI_LEDGER_TIMES

enum gsi_goal {
	GSI_GOAL_RUN = 0, /* keep it running */
	GSI_GOAL_STOP, /* somebody wants it down */
	GSI_GOAL_RESTART, /* down, and up again */
};

/* What a child is found by. */
enum gsi_child_key { GSI_BY_SERIAL, GSI_BY_PID, GSI_BY_ID };
#define GSI_CHILD_KEYS 3u

struct gsi_child {
	struct gsi_child *prev;
	struct gsi_child *next;
	struct gsi_child *chained[GSI_CHILD_KEYS]; /* see child_find.c */
	uint64_t serial;
	struct gsi_spec *spec; /* owned; not there in children */
	char id[GS_NAME_MAX + 1];
	char what[256];
	gs_pid pid; /* set by gsi_child_is */
	gs_pid caller; /* of a linked start */
	pid_t os_pid; /* 0: no process */
	enum gs_child_state state;
	enum gsi_goal goal;
	bool started; /* this process has been through init */
	bool first; /* never been up: a failure is the starter's */
	bool timed_out;
	bool ignored;
	bool ended; /* its end is noted, what follows from it is not */
	bool seated; /* a program that has called gs_main */
	bool has_starter;
	bool has_stopper;
	gs_from starter; /* waits for the start, or the restart */
	gs_from stopper; /* waits for the end */
	gs_ref timer; /* of start or shutdown */
	bool has_timer;
	uint32_t restarts;
	bool no_room; /* the last fork failed; the log knows */
	int64_t deaths[GSI_DEATHS_KEPT]; /* times of restarts, ns */
	uint32_t n_deaths;
	int64_t uncounted; /* since the last of them */
	char refusal[GS_REASON_MAX + 1];
	char last_reason[GS_REASON_MAX + 1];
	uint64_t kept_at; /* in the ledger */
	uint32_t kept_units; /* 0: not there */
	uint64_t kept_tail; /* what of it is there, as a hash; 0: nothing */
	uint32_t revision; /* of its spec */
};

struct gsi_children {
	struct gsi_child *first;
	struct gsi_child *last;
	uint64_t next_serial;
	struct gsi_ledger ledger;
	struct gsi_unshared memory; /* of each child, and its spec */
	struct gsi_child **chains[GSI_CHILD_KEYS];
	uint32_t buckets; /* of each key; a power of two */
	uint32_t count;
};

/* The list as the last root has left it in fd; -1: an empty one. */
void gsi_children_open(struct gsi_children *children, int fd);
/* Frees the list; what is in fd stays for the next root. */
void gsi_children_close(struct gsi_children *children);
/* Adds a copy of spec at the end, kept once saved; NULL: memory is out. */
struct gsi_child *gsi_child_add(
    struct gsi_children *children, const struct gsi_spec *spec);
/* What is known of it now is what the next root would find. */
void gsi_child_save(struct gsi_children *children, struct gsi_child *child);
/* Its code is that module from the next start on; false: no memory. */
bool gsi_child_change(
    struct gsi_children *children, struct gsi_child *child, const char *module);
void gsi_child_remove(struct gsi_children *children, struct gsi_child *child);
/* It has that pid from now on, or GS_NO_PID. */
void gsi_child_is(
    struct gsi_children *children, struct gsi_child *child, gs_pid pid);

/* child_order.c: by serial, that is by start */
void gsi_children_order(struct gsi_children *children);

/* child_find.c */
/* Before one is entered; false: no memory for even the smallest table. */
bool gsi_child_room(struct gsi_children *children);
void gsi_child_enter(struct gsi_children *children, struct gsi_child *child);
void gsi_child_leave(struct gsi_children *children, struct gsi_child *child);
#define GSI_CHILD_HASH 0xcbf29ce484222325ull
uint64_t gsi_child_hash(uint64_t h, const void *data, size_t size);
struct gsi_child *gsi_child_by_os_pid(
    const struct gsi_children *children, pid_t os_pid);
struct gsi_child *gsi_child_by_pid(
    const struct gsi_children *children, gs_pid pid);
struct gsi_child *gsi_child_by_id(
    const struct gsi_children *children, const char *id);
struct gsi_child *gsi_child_by_serial(
    const struct gsi_children *children, uint64_t serial);

/*
 * One more restart at now (ns): true while there are at most max of them in
 * the last seconds.
 */
bool gsi_child_may_restart(struct gsi_child *child, int64_t now);

/* Does this end call for a restart? */
bool gsi_child_wants_restart(const struct gsi_child *child, const char *reason);

void gsi_child_show(const struct gsi_child *child, gs_child *out);

#endif
