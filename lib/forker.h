/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a spec to a running server: spawn.c is the forker's side, newborn.c the
 * child's, seat.c the child's that becomes another program.
 */
#ifndef GSI_FORKER_H
#define GSI_FORKER_H

#include <sys/types.h>

#include "lib/spec.h"

struct gsi_forker {
	struct gsi_self *me;
	int control;
	int fd_folder; /* O_PATH of /proc/self/fd */
	int pipe_read;
	unsigned pipe_forks;
	int next_life; /* made ahead, for the next child; -1 */
	int bells[64];
	gs_pid seats[64];
	unsigned n_seats;
};

int gsi_forker_init(
    struct gsi_forker *forker, struct gsi_self *me, int control);

/* The pid that the next fork will have; it may wait for it a moment. */
int gsi_next_seat(struct gsi_forker *forker, gs_pid *pid);
/* Forks a server: 0, its pid and OS pid, or -errno with nothing left. */
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
};

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
