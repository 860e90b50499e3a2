/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets and pipes of the poller over io_uring.  A polled file stays open
 * until the ring is taken down, 10 to 40 ms after a process was killed; an
 * epoll holds none.  So what has another end is watched by an epoll, and that
 * by the ring: the rule is that others see our death at once.
 */
#ifdef GM_HAVE_URING

#include "shm/poll_uring.h"

#include <errno.h>
#include <poll.h>

static int
open_inner(struct gm_uring *u)
{
	int err = gm_poll_open(&u->inner, 8, "epoll");

	if (err) {
		u->inner = NULL;
		return err;
	}
	u->base.fds++;
	u->inner_to_arm = true;
	return 0;
}

void
gm_uring_arm_inner(struct gm_uring *u, struct io_uring_sqe *sqe)
{
	io_uring_prep_poll_multishot(sqe, gm_poll_epoll_fd(u->inner), POLLIN);
	io_uring_sqe_set_data64(sqe, GM_URING_INNER_KEY);
	u->inner_to_arm = false;
}

int
gm_uring_nest(struct gm_uring *u, struct gm_watch *watch)
{
	uint64_t key = gm_watches_key(&u->base.watches, watch);
	int err = u->inner ? 0 : open_inner(u);

	if (!err)
		err = gm_poll_add(
		    u->inner, watch->fd, key, watch->flags & GM_POLL_OUT);
	if (!err)
		watch->state = GM_WATCH_NESTED;
	return err;
}

/* Before the watch is forgotten, which would change its key. */
void
gm_uring_unnest(struct gm_uring *u, const struct gm_watch *watch)
{
	gm_poll_remove(u->inner, gm_watches_key(&u->base.watches, watch));
}

/* Stays ready until there was nothing more: the ring reports only edges. */
int
gm_uring_inner_wait(struct gm_uring *u, struct gm_event *events, int max)
{
	const struct gm_watch *watch;
	int n, count = 0;

	if (!u->inner_ready || max <= 0)
		return 0;
	n = gm_poll_wait(u->inner, 0, events, max);
	if (n <= 0)
		u->inner_ready = false;
	for (int i = 0; i < n; i++) {
		watch = gm_watches_by_key(&u->base.watches, events[i].token);
		if (!watch)
			continue;
		events[count].token = watch->token;
		events[count++].ready = events[i].ready;
	}
	return count;
}

#else
typedef int gm_poll_inner_is_not_built;
#endif
