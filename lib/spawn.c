/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fork of a server, by a supervisor.  A slot and its bell are in hand
 * before (the pool), the life pipe is armed by the forker, and the child runs
 * no user code before the node has published its slot with its pid.
 *
 *	forker: fork, arm, BORN -> node: publish, ring -> child: init, STARTED
 */
#include "lib/forker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/request.h"

#define PIPE_FORKS 64u
#define SEATS (sizeof((struct gsi_forker *)0)->seats / sizeof(gs_pid))

int
gsi_forker_init(struct gsi_forker *forker, struct gsi_self *me, int control)
{
	memset(forker, 0, sizeof(*forker));
	forker->me = me;
	forker->control = control;
	forker->pipe_read = -1;
	forker->fd_folder =
	    open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return forker->fd_folder < 0 ? -errno : 0;
}

/* A pipe serves 64 children: its wait queue is walked at each of their ends. */
static void
next_pipe(struct gsi_forker *forker)
{
	int fds[2];

	if (forker->pipe_read >= 0 && forker->pipe_forks < PIPE_FORKS)
		return;
	if (forker->pipe_read >= 0)
		close(forker->pipe_read);
	forker->pipe_read = -1;
	forker->pipe_forks = 0;
	if (pipe2(fds, O_CLOEXEC) != 0)
		return;
	if (gsi_packet_send(forker->control, "p", 1, &fds[1], 1) == 0)
		forker->pipe_read = fds[0];
	else
		close(fds[0]);
	close(fds[1]);
}

/* A new open file of the read end: owner and signal belong to it alone. */
static int
open_life(struct gsi_forker *forker)
{
	char name[16];
	int fd;

	next_pipe(forker);
	if (forker->pipe_read < 0)
		return -1;
	snprintf(name, sizeof(name), "%d", forker->pipe_read);
	fd = openat(forker->fd_folder, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fcntl(fd, F_SETSIG, SIGKILL) != 0) {
		close(fd);
		return -1;
	}
	forker->pipe_forks++;
	return fd;
}

/* From here on the last writer's end, the node's, kills the child. */
static void
arm_life(int life, int type, pid_t child)
{
	struct f_owner_ex owner = { type, child };

	if (life < 0)
		return;
	fcntl(life, F_SETOWN_EX, &owner);
	fcntl(life, F_SETFL, O_ASYNC | O_NONBLOCK);
}

static void
take_pool(struct gsi_forker *forker, int flags)
{
	struct gsi_pool pool;
	int bells[GSI_POOL];
	ssize_t n;

	n = gsi_packet_receive(
	    forker->control, &pool, sizeof(pool), bells, (int)GSI_POOL, flags);
	if (n != (ssize_t)sizeof(pool) || pool.n > GSI_POOL)
		return;
	for (uint32_t i = 0; i < pool.n; i++) {
		if (bells[i] < 0 || forker->n_seats == SEATS) {
			if (bells[i] >= 0)
				close(bells[i]);
			continue;
		}
		forker->bells[forker->n_seats] = bells[i];
		forker->seats[forker->n_seats++] = pool.pid[i];
	}
}

/* A pool that has come is taken when the last one is at its end. */
bool
gsi_has_seat(struct gsi_forker *forker)
{
	struct pollfd p = { .fd = forker->control, .events = POLLIN };

	if (forker->n_seats == 0 && poll(&p, 1, 0) == 1)
		take_pool(forker, MSG_DONTWAIT);
	return forker->n_seats > 0;
}

/* The node fills up at half, so there is nothing to wait for but a limit. */
static bool
await_seat(struct gsi_forker *forker)
{
	struct pollfd p = { .fd = forker->control, .events = POLLIN };

	if (gsi_has_seat(forker))
		return true;
	/* any request makes the node look at the pool */
	gsi_request_post(forker->me, GSI_OP_CHANGED, NULL, 0);
	if (poll(&p, 1, 200) == 1)
		take_pool(forker, MSG_DONTWAIT);
	if (forker->n_seats == 0)
		gsi_parked_end(forker);
	return forker->n_seats > 0;
}

int
gsi_next_seat(
    struct gsi_forker *forker, const struct gsi_spec *spec, gs_pid *pid)
{
	if (gsi_parked_fits(forker, spec)) {
		*pid = forker->parked.pid;
		return 0;
	}
	if (!await_seat(forker))
		return -EAGAIN;
	*pid = forker->seats[0];
	return 0;
}

void
gsi_take_seat(struct gsi_forker *forker, gs_pid *pid, int *bell)
{
	forker->n_seats--;
	*pid = forker->seats[0];
	*bell = forker->bells[0];
	/* first come, first used, as the node counts them */
	memmove(forker->seats, forker->seats + 1,
	    forker->n_seats * sizeof(forker->seats[0]));
	memmove(forker->bells, forker->bells + 1,
	    forker->n_seats * sizeof(forker->bells[0]));
}

/* As good as before, and the next to be taken: the ledger may speak of it. */
void
gsi_seat_back(struct gsi_forker *forker, gs_pid pid, int bell)
{
	memmove(forker->seats + 1, forker->seats,
	    forker->n_seats * sizeof(forker->seats[0]));
	memmove(forker->bells + 1, forker->bells,
	    forker->n_seats * sizeof(forker->bells[0]));
	forker->seats[0] = pid;
	forker->bells[0] = bell;
	forker->n_seats++;
}

static void
say_born(struct gsi_forker *forker, gs_pid pid, const struct gsi_spec *spec,
    gs_pid caller, pid_t os_pid)
{
	const char *name = gsi_spec_text(spec, spec->name_at);
	struct gsi_born born = {
		.slot = pid.slot,
		.gen = pid.gen,
		.os_pid = os_pid,
		.caller = caller,
		.ref = spec->ref,
		.cells = spec->cells,
		.name_size = (uint32_t)strlen(name),
	};

	if ((spec->flags & GSI_SPEC_LINK) != 0)
		born.flags |= GSI_BORN_LINK;
	if ((spec->flags & GSI_SPEC_MONITOR) != 0)
		born.flags |= GSI_BORN_MONITOR;
	if ((spec->flags & GSI_SPEC_SUPERVISED) != 0)
		born.flags |= GSI_BORN_SUPERVISED;
	if (spec->code == GSI_CODE_PLAIN)
		born.flags |= GSI_BORN_PLAIN;
	memcpy(born.name, name, born.name_size);
	gsi_request_post(forker->me, GSI_OP_BORN, &born, sizeof(born));
}

static gs_pid
parent_of(struct gsi_forker *forker, const struct gsi_spec *spec, gs_pid caller)
{
	if ((spec->flags & GSI_SPEC_SUPERVISED) != 0)
		return forker->me->pid;
	if ((spec->flags & (GSI_SPEC_LINK | GSI_SPEC_MONITOR)) != 0)
		return caller;
	return GS_NO_PID;
}

pid_t
gsi_fork_child(struct gsi_forker *forker, struct gsi_newborn *n)
{
	pid_t me = getpid(), child;
	sigset_t all, old;
	int status;

	n->forker = forker;
	n->life = open_life(forker);
	/* a fork takes long */
	gsi_request_ring_now(forker->me);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	gsi_home()->bears = true;
	child = fork();
	gsi_home()->bears = false;
	if (child == 0)
		gsi_newborn_run(n, me);
	status = child < 0 ? -errno : 0;
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (child > 0)
		arm_life(n->life, F_OWNER_PID, child);
	if (n->life >= 0)
		close(n->life);
	return child > 0 ? child : status;
}

/* spec: where the child has it as well. */
static int
spawn(struct gsi_forker *forker, const struct gsi_spec *spec, gs_pid caller,
    gs_pid *pid, pid_t *os_pid)
{
	struct gsi_newborn n = { .spec = spec,
		.parent = parent_of(forker, spec, caller),
		.group_life = -1,
		.orders = -1 };
	pid_t child;

	if (!await_seat(forker))
		return -EAGAIN;
	gsi_take_seat(forker, &n.pid, &n.bell);
	/* the helpers of a plain program do not know of us */
	if (spec->code == GSI_CODE_PLAIN)
		n.group_life = open_life(forker);
	child = gsi_fork_child(forker, &n);
	if (child < 0 && forker->parked.os_pid != 0) {
		/* there is one process too many, then */
		gsi_parked_end(forker);
		child = gsi_fork_child(forker, &n);
	}
	if (child > 0) {
		if (n.group_life >= 0) {
			setpgid(child, child);
			arm_life(n.group_life, F_OWNER_PGRP, child);
		}
		say_born(forker, n.pid, spec, caller, child);
		close(n.bell);
		*pid = n.pid;
		*os_pid = child;
	} else {
		gsi_seat_back(forker, n.pid, n.bell);
	}
	if (n.group_life >= 0)
		close(n.group_life);
	return child > 0 ? 0 : (int)child;
}

static int
spawn_copy(struct gsi_forker *forker, const struct gsi_spec *spec,
    gs_pid caller, gs_pid *pid, pid_t *os_pid)
{
	struct gsi_spec *copy = malloc(spec->size);
	int status;

	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, spec, spec->size);
	status = spawn(forker, copy, caller, pid, os_pid);
	free(copy);
	return status;
}

int
gsi_spawn(struct gsi_forker *forker, const struct gsi_spec *spec, gs_pid caller,
    gs_pid *pid, pid_t *os_pid)
{
	const struct gsi_parked *parked = &forker->parked;

	*os_pid = 0;
	if (parked->os_pid != 0 && gs_pid_equal(*pid, parked->pid))
		*os_pid =
		    gsi_unpark(forker, spec, parent_of(forker, spec, caller));
	if (*os_pid == 0)
		return spawn_copy(forker, spec, caller, pid, os_pid);
	say_born(forker, *pid, spec, caller, *os_pid);
	return 0;
}
