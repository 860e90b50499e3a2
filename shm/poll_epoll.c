/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The poller over epoll, edge-triggered.  An owned descriptor stays in the fd
 * table.
 */
#include "shm/poll_impl.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define READY (POLLIN | POLLOUT | POLLHUP | POLLERR)

struct epoller {
	struct gm_poll base;
	int fd;
	bool coarse; /* no epoll_pwait2 (before 5.11) */
};

static struct epoller *
of(struct gm_poll *poll)
{
	return (struct epoller *)poll;
}

static int
epoller_open(struct gm_poll **out, unsigned entries)
{
	struct epoller *e = calloc(1, sizeof(*e));

	(void)entries;
	if (!e)
		return -ENOMEM;
	e->fd = epoll_create1(EPOLL_CLOEXEC);
	if (e->fd < 0) {
		int err = -errno;

		free(e);
		return err;
	}
	e->base.ops = &gm_poll_epoll;
	e->base.fds = 1;
	*out = &e->base;
	return 0;
}

static void
epoller_close(struct gm_poll *poll)
{
	close(of(poll)->fd);
	free(poll);
}

static int
epoller_add(struct gm_poll *poll, struct gm_watch *watch)
{
	struct epoll_event event = {
		.events = EPOLLET | EPOLLIN,
		.data.u64 = gm_watches_key(&poll->watches, watch),
	};

	if (watch->flags & GM_POLL_OUT)
		event.events |= EPOLLOUT;
	if (epoll_ctl(of(poll)->fd, EPOLL_CTL_ADD, watch->fd, &event) < 0)
		return -errno;
	watch->state = GM_WATCH_ARMED;
	return 0;
}

static void
epoller_remove(struct gm_poll *poll, struct gm_watch *watch)
{
	/* Explicitly: closing is not enough when a fork has the file too. */
	epoll_ctl(of(poll)->fd, EPOLL_CTL_DEL, watch->fd, NULL);
	gm_watches_forget(&poll->watches, watch);
	gm_watches_free(&poll->watches, watch);
}

/* Rounds up: waking before the deadline would make the caller spin. */
static int
wait_coarse(
    const struct epoller *e, int64_t left, struct epoll_event *got, int max)
{
	int64_t ms = left < 0 ? -1 : (left + 999999) / 1000000;

	if (ms > 1000000000)
		ms = 1000000000;
	return epoll_wait(e->fd, got, max, (int)ms);
}

static int
wait_some(struct epoller *e, int64_t left, struct epoll_event *got, int max)
{
#ifdef SYS_epoll_pwait2
	struct timespec limit = { left / 1000000000, left % 1000000000 };
	long n;

	if (left > 0 && !e->coarse) {
		n = syscall(SYS_epoll_pwait2, e->fd, got, max, &limit, NULL, 0);
		if (n >= 0 || (errno != ENOSYS && errno != EPERM))
			return (int)n;
		e->coarse = true;
	}
#endif
	return wait_coarse(e, left, got, max);
}

static int
epoller_wait(
    struct gm_poll *poll, int64_t deadline, struct gm_event *events, int max)
{
	struct epoll_event got[BATCH];
	const struct gm_watch *watch;
	int n, count = 0;

	/* a mere look is no look when a signal ended it */
	do
		n = wait_some(of(poll),
		    deadline == -1 ? -1 : gm_poll_left(deadline), got,
		    max < BATCH ? max : BATCH);
	while (n < 0 && errno == EINTR && deadline == 0);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		watch = gm_watches_by_key(&poll->watches, got[i].data.u64);
		if (!watch)
			continue;
		events[count].token = watch->token;
		events[count++].ready = got[i].events & READY;
	}
	return count;
}

int
gm_poll_epoll_fd(struct gm_poll *poll)
{
	return of(poll)->fd;
}

const struct gm_poll_ops gm_poll_epoll = {
	.name = "epoll",
	.open = epoller_open,
	.close = epoller_close,
	.add = epoller_add,
	.remove = epoller_remove,
	.wait = epoller_wait,
};
