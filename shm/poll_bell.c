/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The poller of who waits for its bell alone, as nearly every server does.
 * A ring, or an epoll, is made and taken down for tens of microseconds and is
 * 17 KB of the kernel's memory; poll(2) needs neither, but each wait takes
 * longer.  So who has waited often gets a real poller, and who adds a
 * descriptor besides the bell.
 *
 * The rule: the bell is read when it has rung, so each ring is one event.
 */
#include "shm/poll_impl.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define OFTEN 64u

struct beller {
	struct gm_poll base;
	int bell;
	uint64_t token;
	struct gm_poll *real; /* NULL: there is only the bell */
	uint32_t waits; /* so far, without a real one */
	char which[16];
};

static struct beller *
of(struct gm_poll *poll)
{
	return (struct beller *)poll;
}

static int
make_real(struct beller *b)
{
	struct gm_poll *real;
	int err = gm_poll_open(&real, 8, b->which);

	if (err)
		return err;
	err = gm_poll_add(real, b->bell, b->token, 0);
	if (err) {
		gm_poll_close(real);
		return err;
	}
	b->real = real;
	return 0;
}

static int
beller_add(struct gm_poll *poll, struct gm_watch *watch)
{
	struct beller *b = of(poll);
	int err = b->real ? 0 : make_real(b);

	if (!err)
		err = gm_poll_add(b->real, watch->fd, watch->token,
		    watch->flags & GM_POLL_OUT);
	if (!err)
		watch->state = GM_WATCH_ARMED;
	return err;
}

static void
beller_remove(struct gm_poll *poll, struct gm_watch *watch)
{
	gm_poll_remove(of(poll)->real, watch->token);
	gm_watches_forget(&poll->watches, watch);
	gm_watches_free(&poll->watches, watch);
}

static void
beller_close(struct gm_poll *poll)
{
	gm_poll_close(of(poll)->real);
	free(poll);
}

/* 1 it has rung, 0 not by then or a signal came, or -errno. */
static int
wait_bell(const struct beller *b, int64_t deadline)
{
	struct pollfd p = { .fd = b->bell, .events = POLLIN };
	struct timespec limit;
	uint64_t count;
	int64_t left;
	int n;

	do {
		left = deadline == -1 ? 0 : gm_poll_left(deadline);
		limit.tv_sec = left / 1000000000;
		limit.tv_nsec = left % 1000000000;
		n = ppoll(&p, 1, deadline == -1 ? NULL : &limit, NULL);
		/* a mere look is no look when a signal ended it */
	} while (n < 0 && errno == EINTR && deadline == 0);
	/* short of memory for a moment: the caller looks, and waits again */
	if (n < 0)
		return errno == EINTR || errno == ENOMEM ? 0 : -errno;
	if (n == 1 && p.revents & (POLLNVAL | POLLERR))
		return -EBADF;
	if (n == 1 && read(b->bell, &count, sizeof(count)) < 0 &&
	    errno != EAGAIN && errno != EINTR)
		return -errno;
	return n;
}

static int
beller_wait(
    struct gm_poll *poll, int64_t deadline, struct gm_event *events, int max)
{
	struct beller *b = of(poll);
	int n;

	/* without one it goes on, and tries again after as many waits */
	if (!b->real && deadline != 0 && ++b->waits % OFTEN == 0)
		(void)make_real(b);
	if (b->real)
		return gm_poll_wait(b->real, deadline, events, max);
	n = wait_bell(b, deadline);
	if (n == 1) {
		events[0].token = b->token;
		events[0].ready = POLLIN;
	}
	return n;
}

static const struct gm_poll_ops beller_ops = {
	.name = "poll",
	.close = beller_close,
	.add = beller_add,
	.remove = beller_remove,
	.wait = beller_wait,
};

int
gm_poll_open_bell(
    struct gm_poll **out, int bell, uint64_t token, const char *which)
{
	struct beller *b;
	int err;

	if (!which)
		which = "";
	if (!gm_poll_known(which))
		return -EINVAL;
	b = calloc(1, sizeof(*b));
	if (!b)
		return -ENOMEM;
	err = gm_watches_init(&b->base.watches, 1);
	if (err) {
		free(b);
		return err;
	}
	b->base.ops = &beller_ops;
	b->bell = bell;
	b->token = token;
	strcpy(b->which, which);
	strcpy(b->base.name, beller_ops.name);
	/* who asks for it has it from the beginning */
	if (strcmp(which, "io_uring") == 0) {
		err = make_real(b);
		if (err) {
			gm_poll_close(&b->base);
			return err;
		}
	}
	*out = &b->base;
	return 0;
}
