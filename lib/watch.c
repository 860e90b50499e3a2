/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors of the program as a source of messages.  They stand in an epoll
 * of their own, level-triggered; the process's poller watches that one and
 * tells when to look into it.
 *
 * The rule: the kernel is given descriptor and generation.  What it reports
 * of a generation that is over belongs to a file that was closed while a fork
 * or a duplicate holds it open: nothing removes that but a new epoll.
 */
#include "lib/watch.h"

#include "lib/dispatch.h"
#include "lib/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define ASKED (GS_FD_READ | GS_FD_WRITE)

static int
wanted(uint32_t events)
{
	return (events & GS_FD_READ ? EPOLLIN | EPOLLRDHUP : 0) |
	       (events & GS_FD_WRITE ? EPOLLOUT : 0) |
	       (events & GS_FD_ONCE ? (int)EPOLLONESHOT : 0);
}

static uint32_t
told(uint32_t ready)
{
	return (ready & (EPOLLIN | EPOLLRDHUP) ? GS_FD_READ : 0) |
	       (ready & EPOLLOUT ? GS_FD_WRITE : 0) |
	       (ready & EPOLLHUP ? GS_FD_HANGUP : 0) |
	       (ready & EPOLLERR ? GS_FD_ERROR : 0);
}

/* Added, or changed if it is there already. */
static int
arm(const struct gsi_watches *w, int fd)
{
	const struct gsi_watch *watch = &w->table[fd];
	struct epoll_event event = {
		.events = (uint32_t)wanted(watch->events),
		.data.u64 = (uint64_t)watch->gen << 32 | (uint32_t)fd,
	};

	if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &event) == 0)
		return 0;
	if (errno == EEXIST &&
	    epoll_ctl(w->epoll, EPOLL_CTL_MOD, fd, &event) == 0)
		return 0;
	return -errno;
}

/* A new epoll with all that are watched, in place of the old one. */
static int
renew(struct gsi_self *me)
{
	struct gsi_watches *w = me->watches;
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (epoll < 0)
		return -errno;
	if (w->epoll >= 0) {
		gm_poll_remove(me->poll, GSI_TOKEN_WATCH);
		close(w->epoll);
	}
	w->epoll = epoll;
	w->look = true;
	for (uint32_t fd = 0; fd < w->room; fd++)
		if (w->table[fd].events != 0 &&
		    (w->table[fd].events & GSI_WATCH_HELD) == 0 &&
		    arm(w, (int)fd) != 0)
			w->table[fd].events = 0;
	(void)gsi_dispatch_add(me, epoll, EPOLLIN);
	return gm_poll_add(me->poll, epoll, GSI_TOKEN_WATCH, 0);
}

static int
open_watches(struct gsi_self *me)
{
	int status;

	if (me->watches != NULL)
		return 0;
	me->watches = calloc(1, sizeof(*me->watches));
	if (me->watches == NULL)
		return -ENOMEM;
	me->watches->epoll = -1;
	status = renew(me);
	if (status != 0)
		gsi_watches_free(me);
	else
		me->others |= GSI_OTHER_FDS;
	return status;
}

static int
make_room(struct gsi_watches *w, uint32_t fd)
{
	uint32_t room = w->room == 0 ? 16 : w->room;
	struct gsi_watch *table;

	while (room <= fd)
		room *= 2;
	if (room == w->room)
		return 0;
	table = realloc(w->table, room * sizeof(*table));
	if (table == NULL)
		return -ENOMEM;
	memset(table + w->room, 0, (room - w->room) * sizeof(*table));
	w->table = table;
	w->room = room;
	return 0;
}

/* Read by somebody else it would be lost to the library. */
static bool
is_own(const struct gsi_self *me, int fd)
{
	const struct gsi_dispatch *d = me->dispatch;
	const int own[] = { me->bell, me->node_bell, me->socket, me->reports,
		me->arena->fd, me->watches != NULL ? me->watches->epoll : -1,
		d != NULL ? d->epoll : -1, d != NULL ? d->timer : -1,
		d != NULL ? d->kick : -1 };
	const struct gsi_self *at = NULL;
	bool found = false;

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		found = found || own[i] == fd;
	while (!found && (at = gsi_guest_next(me, at)) != NULL)
		found = is_own(at, fd);
	return found;
}

static int
watch(struct gsi_self *me, int fd, unsigned events)
{
	struct gsi_watches *w;
	struct gsi_watch *entry;
	int status;

	if (fcntl(fd, F_GETFD) < 0)
		return -EBADF;
	status = open_watches(me);
	if (status == 0)
		status = make_room(me->watches, (uint32_t)fd);
	if (status != 0)
		return status;
	w = me->watches;
	entry = &w->table[fd];
	entry->events = events;
	entry->gen = ++w->gen;
	status = arm(w, fd);
	if (status != 0)
		entry->events = 0;
	/* armed it may have been ready, also before it was watched again */
	w->look = true;
	return status;
}

GS_API int
gs_watch_fd(int fd, unsigned events)
{
	struct gsi_self *me = gsi_self();
	int status;

	if (me == NULL)
		return -ENOTCONN;
	if ((events & ASKED) == 0 || (events & ~(ASKED | GS_FD_ONCE)) != 0)
		return gsi_fail(-EINVAL, "badarg",
		    "descriptor %d: it is watched for GS_FD_READ, GS_FD_WRITE "
		    "or both, GS_FD_ONCE may be added: not 0x%x",
		    fd, events);
	if (is_own(me, fd) && fd >= 0)
		return gsi_fail(-EINVAL, "badarg",
		    "descriptor %d is the library's own", fd);
	status = watch(me, fd, events);
	/* its poller, or a loop of the program's that has gs_fd in it */
	if (status == -ELOOP)
		return gsi_fail(-EINVAL, "badarg",
		    "descriptor %d is an epoll that waits for the library "
		    "itself: nobody can wait for both in each other",
		    fd);
	if (status == -EPERM)
		return gsi_fail(status, "badarg",
		    "descriptor %d is a regular file, which is always ready",
		    fd);
	if (status != 0)
		return gsi_fail(status, "badarg",
		    "cannot watch descriptor %d: %s", fd, strerror(-status));
	return 0;
}

GS_API int
gs_unwatch_fd(int fd)
{
	struct gsi_self *me = gsi_self_peek();
	struct gsi_watches *w = me != NULL ? me->watches : NULL;

	if (w == NULL || fd < 0 || (uint32_t)fd >= w->room ||
	    w->table[fd].events == 0)
		return gsi_fail(
		    -ENOENT, "badarg", "descriptor %d is not watched", fd);
	w->table[fd].events = 0;
	w->table[fd].gen = ++w->gen;
	/* closed already it is not there any more */
	epoll_ctl(w->epoll, EPOLL_CTL_DEL, fd, NULL);
	return 0;
}

/* The watching that an event is of, NULL: it is over. */
static struct gsi_watch *
watch_of(const struct gsi_watches *w, const struct epoll_event *event)
{
	uint32_t fd = (uint32_t)event->data.u64;

	if (fd >= w->room || w->table[fd].events == 0 ||
	    w->table[fd].gen != event->data.u64 >> 32)
		return NULL;
	return &w->table[fd];
}

/* More from the kernel; false: nothing is ready. */
static bool
refill(struct gsi_self *me)
{
	struct gsi_watches *w = me->watches;
	bool stale = false;

	w->at = 0;
	w->n = epoll_wait(w->epoll, w->batch, GSI_WATCH_BATCH, 0);
	if (w->n <= 0) {
		w->n = 0;
		w->look = false;
		return false;
	}
	for (int i = 0; i < w->n; i++) {
		struct gsi_watch *entry = watch_of(w, &w->batch[i]);

		if (entry != NULL &&
		    fcntl((int)(uint32_t)w->batch[i].data.u64, F_GETFD) < 0) {
			entry->events = 0;
			entry = NULL;
		}
		stale = stale || entry == NULL;
	}
	if (stale)
		(void)renew(me);
	return true;
}

bool
gsi_watch_take(
    struct gsi_self *me, struct gsi_message *message, bool busy, bool look)
{
	struct gsi_watches *w = me->watches;

	if (busy && w->last) {
		w->last = false;
		return false;
	}
	w->last = false;
	w->look = w->look || look;
	while (w->at < w->n || (w->look && (!busy || look) && refill(me))) {
		const struct epoll_event *event = &w->batch[w->at++];
		struct gsi_watch *entry = watch_of(w, event);

		look = false;
		if (entry == NULL)
			continue;
		if (entry->events & GS_FD_ONCE)
			entry->events = 0;
		*message = (struct gsi_message){
			.kind = GSI_FD,
			.from = me->pid,
			.tag = (uint64_t)told(event->events) << 32 |
			       (uint32_t)event->data.u64,
		};
		w->last = true;
		return true;
	}
	return false;
}

/* Out of the epoll: its end would be told even if nothing is asked for. */
uint32_t
gsi_watch_hold(struct gsi_self *me, const struct gsi_message *message)
{
	const struct gsi_watches *w = me->watches;
	uint32_t fd = (uint32_t)message->tag;

	if (w->table[fd].events != 0) {
		w->table[fd].events |= GSI_WATCH_HELD;
		epoll_ctl(w->epoll, EPOLL_CTL_DEL, (int)fd, NULL);
	}
	return w->table[fd].gen;
}

bool
gsi_watch_let_go(
    struct gsi_self *me, const struct gsi_message *message, uint32_t gen)
{
	struct gsi_watches *w = me->watches;
	struct gsi_watch *entry = &w->table[(uint32_t)message->tag];

	if (entry->gen != gen)
		return false;
	entry->events &= ~GSI_WATCH_HELD;
	/* it will be told of once only, or it is armed again; or closed */
	if (entry->events != 0 && arm(w, (int)(uint32_t)message->tag) != 0) {
		entry->events = 0;
		return false;
	}
	w->look = true;
	return true;
}

void
gsi_watches_forked(struct gsi_self *me)
{
	if (me->watches != NULL)
		close(me->watches->epoll);
}

void
gsi_watches_free(struct gsi_self *me)
{
	struct gsi_watches *w = me->watches;

	if (w == NULL)
		return;
	if (w->epoll >= 0)
		close(w->epoll);
	free(w->table);
	free(w);
	me->watches = NULL;
	me->others &= ~GSI_OTHER_FDS;
}
