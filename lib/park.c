/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One child forked ahead.  It has a seat, its mailbox is mapped and its code
 * is in memory; it sleeps until the node publishes it.  A start or a restart
 * then costs no fork: what it is to be is written to a pipe of its own first,
 * and BORN follows.  The next one is forked when the forker is idle.
 *
 * It ends with its forker, as all that are not published do (PDEATHSIG), and
 * with the node (the life pipe).  SIGKILL of the child:
 *
 *	while it is parked	the forker finds that out when it looks for
 *				it, reaps it, and forks another in its seat
 *	after that look		it is published, as dead as it is, and what
 *				follows is the end of a server in its init
 *
 * SIGKILL of the forker between spec and BORN: nothing of it is published, and
 * the ledger has its pid, so the next root starts it again.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/forker.h"

/* Never waited for by the forker: a pipe has room for so much at least. */
#define ORDERS_MAX 4096u

struct orders {
	uint32_t size; /* of the spec behind it */
	gs_pid parent;
};

static void
leave(struct gsi_parked *parked)
{
	close(parked->orders);
	parked->os_pid = 0;
}

static pid_t
reap(pid_t os_pid, int *status, int flags)
{
	pid_t pid;

	do
		pid = waitpid(os_pid, status, flags);
	while (pid < 0 && errno == EINTR);
	return pid;
}

/* Gone: the seat is as good as before. */
static void
forget(struct gsi_forker *forker)
{
	struct gsi_parked *parked = &forker->parked;

	leave(parked);
	gsi_seat_back(forker, parked->pid, parked->bell);
}

bool
gsi_parked_fits(struct gsi_forker *forker, const struct gsi_spec *spec)
{
	struct gsi_parked *parked = &forker->parked;
	int status = 0;

	if (parked->os_pid == 0)
		return false;
	if (reap(parked->os_pid, &status, WNOHANG | WUNTRACED) != 0) {
		/* no server is to begin as one that somebody has stopped */
		if (WIFSTOPPED(status))
			gsi_parked_end(forker);
		else
			forget(forker);
		return false;
	}
	/* a plain one has a second life pipe, of its group */
	return spec->code != GSI_CODE_PLAIN &&
	       spec->size <= ORDERS_MAX - sizeof(struct orders);
}

pid_t
gsi_unpark(
    struct gsi_forker *forker, const struct gsi_spec *spec, gs_pid parent)
{
	struct gsi_parked *parked = &forker->parked;
	struct orders orders = { spec->size, parent };
	struct iovec parts[] = { { &orders, sizeof(orders) },
		{ (void *)(uintptr_t)spec, spec->size } };
	pid_t os_pid = parked->os_pid;
	ssize_t n;

	do
		n = writev(parked->orders, parts, 2);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)(sizeof(orders) + spec->size)) {
		/* it has just been killed, then */
		kill(os_pid, SIGKILL);
		reap(os_pid, NULL, 0);
		forget(forker);
		return 0;
	}
	leave(parked);
	close(parked->bell);
	return os_pid;
}

void
gsi_park(struct gsi_forker *forker)
{
	struct gsi_newborn n = { .group_life = -1 };
	struct gsi_parked *parked = &forker->parked;
	int fds[2];
	pid_t child;

	/* where seats are few, they are for those who are asked for */
	if (parked->os_pid != 0 || !gsi_has_seat(forker) ||
	    pipe2(fds, O_CLOEXEC) != 0)
		return;
	n.orders = fds[0];
	gsi_take_seat(forker, &n.pid, &n.bell);
	child = gsi_fork_child(forker, &n);
	close(fds[0]);
	*parked = (struct gsi_parked){ n.pid, child, n.bell, fds[1] };
	if (child < 0)
		forget(forker);
}

void
gsi_parked_end(struct gsi_forker *forker)
{
	struct gsi_parked *parked = &forker->parked;

	if (parked->os_pid == 0)
		return;
	kill(parked->os_pid, SIGKILL);
	reap(parked->os_pid, NULL, 0);
	forget(forker);
}

const struct gsi_spec *
gsi_parked_wake(int orders, gs_pid *parent)
{
	struct gsi_spec *spec = NULL;
	struct orders o;

	/* all of it was written before anybody could know of us */
	if (read(orders, &o, sizeof(o)) == (ssize_t)sizeof(o))
		spec = malloc(o.size);
	if (spec == NULL || read(orders, spec, o.size) != (ssize_t)o.size)
		return NULL;
	close(orders);
	*parent = o.parent;
	return spec;
}
