/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For loops of others: one descriptor that says when there is work, and the
 * work.  It is an epoll with the bell, the node's socket, a timer and the
 * watched descriptors in it.
 *
 * The rule: when gs_dispatch has returned, either both rings say that their
 * owner sleeps, so that the next sender rings, or the descriptor is readable.
 * Whatever takes that announcement back in between, or the bell's ring, kicks.
 */
#include "lib/dispatch.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "lib/pending.h"
#include "lib/request.h"
#include "lib/watch.h"

#define SOME 64 /* messages at a time */

void
gsi_kick_now(struct gsi_self *me)
{
	static const uint64_t one = 1;
	struct gsi_dispatch *d = me->dispatch;

	if (d->busy || d->kicked)
		return;
	d->kicked = true;
	while (write(d->kick, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

int
gsi_dispatch_add(struct gsi_self *me, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events };
	const struct gsi_dispatch *d = gsi_host(me)->dispatch;

	if (d == NULL || fd < 0 ||
	    epoll_ctl(d->epoll, EPOLL_CTL_ADD, fd, &event) == 0)
		return 0;
	return errno == EEXIST ? 0 : -errno;
}

/* Others have its file too: closing it is not enough. */
void
gsi_dispatch_drop(struct gsi_self *me, int fd)
{
	const struct gsi_dispatch *d = gsi_host(me)->dispatch;

	if (d != NULL && fd >= 0)
		epoll_ctl(d->epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* The bell, and the socket, whose end is the node's and is not read. */
static int
add_member(struct gsi_self *me)
{
	int status = gsi_dispatch_add(me, me->bell, EPOLLIN);

	return status == 0 ? gsi_dispatch_add(me, me->socket, 0) : status;
}

static int
make(struct gsi_self *me)
{
	struct gsi_dispatch *d = calloc(1, sizeof(*d));
	struct gsi_self *at;
	int status = 0;

	if (d == NULL)
		return -ENOMEM;
	d->armed = -1;
	d->epoll = epoll_create1(EPOLL_CLOEXEC);
	d->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	d->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	me->dispatch = d;
	if (d->epoll < 0 || d->timer < 0 || d->kick < 0)
		status = -errno;
	if (status == 0)
		status = gsi_dispatch_add(me, d->timer, EPOLLIN);
	if (status == 0)
		status = gsi_dispatch_add(me, d->kick, EPOLLIN);
	if (status == 0)
		status = add_member(me);
	for (at = gsi_guest_next(me, NULL); at != NULL && status == 0;
	     at = gsi_guest_next(me, at))
		status = add_member(at);
	if (status == 0 && me->watches != NULL)
		status = gsi_dispatch_add(me, me->watches->epoll, EPOLLIN);
	if (status != 0) {
		gsi_dispatch_free(me);
		return status;
	}
	/* nothing is announced yet */
	gsi_kick_now(me);
	return 0;
}

GS_API int
gs_fd(void)
{
	struct gsi_self *me = gsi_self();
	int status;

	if (me == NULL)
		return -ENOTCONN;
	status = me->dispatch != NULL ? 0 : make(me);
	if (status != 0)
		return gsi_fail(status, "system_limit",
		    "no descriptor for gs_dispatch: %s", strerror(-status));
	return me->dispatch->epoll;
}

/* ---- one dispatch ---- */

static void
quieten(int fd)
{
	uint64_t count;

	while (read(fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
}

#define UNKNOWN INT64_MIN

static void
arm(struct gsi_dispatch *d, int64_t at)
{
	struct itimerspec when = { 0 };

	if (at == d->armed)
		return;
	d->armed = at;
	if (at >= 0) {
		at = at > 0 ? at : 1;
		when.it_value.tv_sec = at / 1000000000;
		when.it_value.tv_nsec = at % 1000000000;
	}
	timerfd_settime(d->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

/* What has rung is read before the look at the rings. */
static void
begin(struct gsi_self *me)
{
	struct gsi_dispatch *d = me->dispatch;

	d->busy = true;
	gsi_rouse(me, &me->mailbox);
	gsi_guests_rouse(me);
	quieten(me->bell);
	for (struct gsi_self *at = gsi_guest_next(me, NULL); at != NULL;
	     at = gsi_guest_next(me, at))
		quieten(at->bell);
	if (d->kicked)
		quieten(d->kick);
	d->kicked = false;
	if (d->armed >= 0 && gsi_now_ns() >= d->armed) {
		quieten(d->timer);
		/* set anew in any case: it may be about to ring only now */
		d->armed = UNKNOWN;
	}
	/* whose end it was, and whether descriptors are ready */
	(void)gsi_poll(me, 0);
}

static int64_t
earlier(int64_t a, int64_t b)
{
	if (a < 0)
		return b;
	return b < 0 || a < b ? a : b;
}

/* full: there may be more.  0, or why this process cannot go on. */
static int
end(struct gsi_self *me, bool full)
{
	struct gsi_dispatch *d = me->dispatch;
	int64_t at = gsi_timers_next(me);
	int status = 0;

	if (me->server != NULL)
		at = earlier(at, gsi_serve_until(me->server));
	d->busy = false;
	if (!full) {
		gsi_mailbox_done(me);
		if (me->pendings != NULL && gm_ring_release(&me->replies))
			gsi_request_room(me);
		at = earlier(at, gsi_give_back(me));
		status =
		    gsi_guests_doze(me, true) ? gsi_doze(me, &me->mailbox) : 0;
	}
	arm(d, at);
	/* 0: something came while it was announced */
	if (full || status == 0)
		gsi_kick_now(me);
	return status < 0 ? status : 0;
}

/* each may have left the node, or been given a new pid. */
static bool
is_still(const struct gsi_self *me, gs_pid pid)
{
	return gsi_self_peek() == me && gs_pid_equal(me->pid, pid);
}

static int
hand_out(struct gsi_self *me, void (*each)(const gs_info *info, void *data),
    void *data, bool *left)
{
	gs_pid pid = me->pid;
	struct gsi_message m;
	gs_info info;
	int count = 0, status;

	while (count < SOME) {
		status = gsi_mailbox_next(me, &m, 0);
		if (status < 0)
			return status;
		if (status == 0)
			break;
		if (!gsi_shown_info(me, &m, &info))
			continue;
		count++;
		if (each != NULL)
			each(&info, data);
		*left = !is_still(me, pid);
		if (*left)
			break;
	}
	return count;
}

static int
failed(int status)
{
	if (status == -ENOTCONN)
		return gsi_fail(status, "nodedown", "the node is down");
	if (status == -EBADMSG)
		return gsi_fail(status, "bad_mailbox",
		    "the mailbox was damaged; this process leaves it behind "
		    "and gets a new pid");
	return status;
}

GS_API int
gs_dispatch(void (*each)(const gs_info *info, void *data), void *data)
{
	struct gsi_self *me = gsi_self();
	bool left = false;
	int count, status;

	if (me == NULL)
		return -ENOTCONN;
	if (me->server != NULL && !gsi_serves(me))
		return gsi_fail(-EPERM, "badarg",
		    "this server has a loop; gs_dispatch is for gs_serve");
	status = gs_fd();
	if (status < 0)
		return status;
	if (me->dispatch->busy)
		return gsi_fail(
		    -EBUSY, "badarg", "gs_dispatch is called out of itself");
	begin(me);
	if (me->node_gone) {
		me->dispatch->busy = false;
		return failed(-ENOTCONN);
	}
	if (me->timers != NULL)
		gsi_timers_fire(me, gsi_now_ns());
	count = me->server != NULL ? gsi_serve_some(me->server, SOME)
				   : hand_out(me, each, data, &left);
	if (left)
		return count;
	status = end(me, count == SOME);
	if (count < 0 || status < 0)
		return failed(count < 0 ? count : status);
	return count;
}

static void
close_all(const struct gsi_dispatch *d)
{
	const int fds[] = { d->epoll, d->timer, d->kick };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

void
gsi_dispatch_forked(struct gsi_self *me)
{
	if (me->dispatch != NULL)
		close_all(me->dispatch);
}

void
gsi_dispatch_free(struct gsi_self *me)
{
	if (me->dispatch == NULL)
		return;
	close_all(me->dispatch);
	free(me->dispatch);
	me->dispatch = NULL;
}
