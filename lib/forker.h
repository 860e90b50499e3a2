/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a spec to a running server: spawn.c is the forker's side, newborn.c the
 * child's, park.c that of one forked ahead, seat.c the child's that becomes
 * another program.
 */
#ifndef GSI_FORKER_H
#define GSI_FORKER_H

#include <sys/types.h>

#include "lib/spec.h"

/* A child forked ahead: it has its seat, and waits to be told what it is. */
struct gsi_parked {
	gs_pid pid;
	pid_t os_pid; /* 0: there is none */
	int bell;
	int orders; /* write end */
};

struct gsi_forker {
	struct gsi_self *me;
	int control;
	int fd_folder; /* O_PATH of /proc/self/fd */
	int pipe_read;
	unsigned pipe_forks;
	int bells[64];
	gs_pid seats[64];
	unsigned n_seats;
	struct gsi_parked parked;
};

int gsi_forker_init(
    struct gsi_forker *forker, struct gsi_self *me, int control);

/* The pid that this one will have; it may wait for it a moment. */
int gsi_next_seat(
    struct gsi_forker *forker, const struct gsi_spec *spec, gs_pid *pid);
/*
 * Makes a server, with the pid that gsi_next_seat has just told: 0, its pid and
 * OS pid, or -errno with nothing left.
 */
int gsi_spawn(struct gsi_forker *forker, const struct gsi_spec *spec,
    gs_pid caller, gs_pid *pid, pid_t *os_pid);

/* What a child is forked with. */
struct gsi_newborn {
	struct gsi_forker *forker;
	const struct gsi_spec *spec;
	gs_pid pid;
	gs_pid parent;
	int bell;
	int life;
	int group_life; /* of a plain program and its helpers, -1 */
	int orders; /* of one that is parked: spec and parent come here */
};

/* Its OS pid, or -errno; the node's end is its end. */
pid_t gsi_fork_child(struct gsi_forker *forker, struct gsi_newborn *n);
/* Whether a seat is in hand, without waiting for one. */
bool gsi_has_seat(struct gsi_forker *forker);
/* Takes the first of those in hand, and its bell. */
void gsi_take_seat(struct gsi_forker *forker, gs_pid *pid, int *bell);
/* Undoes that. */
void gsi_seat_back(struct gsi_forker *forker, gs_pid pid, int bell);

/* park.c */
/* Forks the child that the next start will find, unless there is one. */
void gsi_park(struct gsi_forker *forker);
/* There is one that can become this; one that was killed is forgotten. */
bool gsi_parked_fits(struct gsi_forker *forker, const struct gsi_spec *spec);
/* It becomes this once it is published: its OS pid, or 0 and it is gone. */
pid_t gsi_unpark(
    struct gsi_forker *forker, const struct gsi_spec *spec, gs_pid parent);
/* It ends. */
void gsi_parked_end(struct gsi_forker *forker);
/* The child: what it is told, and its parent; NULL: nothing it could be. */
const struct gsi_spec *gsi_parked_wake(int orders, gs_pid *parent);

/* newborn.c */
/* The child, from the fork to its end; forker is the process it is of. */
void gsi_newborn_run(const struct gsi_newborn *n, pid_t forker)
    __attribute__((noreturn));
/* Tells the forker that init is over. */
void gsi_say_started(struct gsi_self *me);
/* NULL: init said ignore; else it refused with this reason. */
void gsi_say_refused(struct gsi_self *me, const char *reason);

/* seat.c */
/*
 * The process that a program was started as by the node, which takes its seat;
 * fills birth, but for behaviour and argument.  NULL: it is none.
 */
struct gsi_self *gsi_seat_take(struct gsi_birth *birth);
bool gsi_seated(void);
/* Executes the program of the spec in the child's place. */
void gsi_seat_exec(struct gsi_self *me, const struct gsi_spec *spec,
    gs_pid parent, int life) __attribute__((noreturn));

#endif
