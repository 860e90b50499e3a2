/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The poller over io_uring: one multishot poll for each watch, armed with the
 * next wait.  The rule: an edge is never lost, only reported twice.  A
 * multishot poll that ends, and all of them should the kernel ever drop a
 * completion, are armed again, and arming reports what is ready then.
 */
#ifdef GM_HAVE_URING

#include "shm/poll_uring.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define BATCH 32
#define FAR_AWAY (1 << 30) /* seconds */
#define READY (POLLIN | POLLOUT | POLLHUP | POLLERR)

static struct gm_uring *
of(struct gm_poll *poll)
{
	return (struct gm_uring *)poll;
}

/* ---- opening ---- */

static int
urer_open(struct gm_poll **out, unsigned entries)
{
	struct gm_uring *u = calloc(1, sizeof(*u));
	int err;

	if (!u)
		return -ENOMEM;
	err = gm_uring_start(&u->ring, entries);
	if (err) {
		free(u);
		return err;
	}
	u->pid = getpid();
	u->base.ops = &gm_poll_uring;
	u->base.fds = 1;
	*out = &u->base;
	return 0;
}

static void
urer_close(struct gm_poll *poll)
{
	struct gm_uring *u = of(poll);

	if (u->pid == getpid())
		gm_uring_cancel_all(&u->ring);
	io_uring_queue_exit(&u->ring);
	gm_poll_close(u->inner);
	free(poll);
}

/* ---- the operations ---- */

static int
urer_add(struct gm_poll *poll, struct gm_watch *watch)
{
	struct gm_uring *u = of(poll);

	if (watch->peered && gm_uring_nest(u, watch) == 0)
		return 0;
	if (watch->flags & GM_POLL_OWN)
		gm_uring_park(u, watch);
	watch->state = GM_WATCH_TO_ARM;
	gm_uring_queue(u, watch);
	return 0;
}

/*
 * The ring holds the file until the poll is cancelled, and closing a pipe
 * must be seen at its other end at once.  A parked one nobody else sees.
 */
static void
urer_remove(struct gm_poll *poll, struct gm_watch *watch)
{
	struct gm_uring *u = of(poll);
	bool parked = watch->parked;

	if (watch->state == GM_WATCH_NESTED)
		gm_uring_unnest(u, watch);
	gm_watches_forget(&poll->watches, watch);
	if (parked)
		gm_uring_unpark(u, watch);
	if (watch->state == GM_WATCH_FAILED ||
	    watch->state == GM_WATCH_NESTED) {
		gm_watches_free(&poll->watches, watch);
		return;
	}
	if (watch->state == GM_WATCH_TO_ARM) {
		watch->state = GM_WATCH_DROPPED;
		return;
	}
	watch->state = GM_WATCH_TO_DISARM;
	gm_uring_queue(u, watch);
	if (parked)
		return;
	gm_uring_work_off(u);
	io_uring_submit_and_get_events(&u->ring);
}

static bool
is_passing(int err)
{
	return err == -EINTR || err == -EAGAIN || err == -EBUSY ||
	       err == -ENOMEM;
}

static void
inner_completed(struct gm_uring *u, const struct io_uring_cqe *cqe)
{
	/* A cancelled one has been replaced already. */
	if (cqe->res == -ECANCELED)
		return;
	u->inner_ready = true;
	if (!(cqe->flags & IORING_CQE_F_MORE))
		u->inner_to_arm = true;
}

/* One completion; true when it is an event for the caller. */
static bool
complete(
    struct gm_uring *u, const struct io_uring_cqe *cqe, struct gm_event *event)
{
	struct gm_watch *watch;

	if (cqe->user_data == GM_URING_INNER_KEY) {
		inner_completed(u, cqe);
		return false;
	}
	watch = gm_watches_by_key(&u->base.watches, cqe->user_data);
	if (!watch || watch->state != GM_WATCH_ARMED)
		return false;
	if (cqe->res < 0 && !is_passing(cqe->res)) {
		watch->state = GM_WATCH_FAILED;
		event->token = watch->token;
		event->ready = POLLERR;
		return true;
	}
	if (!(cqe->flags & IORING_CQE_F_MORE)) {
		watch->state = GM_WATCH_TO_ARM;
		gm_uring_queue(u, watch);
	}
	if (cqe->res < 0)
		return false;
	event->token = watch->token;
	event->ready = (uint32_t)cqe->res & READY;
	return true;
}

/* At most max events; what does not fit stays in the ring. */
static int
harvest(struct gm_uring *u, struct gm_event *events, int max)
{
	struct io_uring_cqe *cqes[BATCH];
	unsigned want, n, dropped;
	int count = 0;

	while (count < max) {
		want = max - count < BATCH ? (unsigned)(max - count) : BATCH;
		n = io_uring_peek_batch_cqe(&u->ring, cqes, want);
		if (n == 0)
			break;
		for (unsigned i = 0; i < n; i++)
			count += complete(u, cqes[i], &events[count]);
		io_uring_cq_advance(&u->ring, n);
	}
	dropped = IO_URING_READ_ONCE(*u->ring.cq.koverflow);
	if (dropped != u->dropped) {
		u->dropped = dropped;
		gm_uring_arm_all(u);
	}
	return count;
}

/*
 * 0, or -errno; -ETIME at the deadline.  The kernel answers a wait that also
 * submits with how much it submitted, not with why it ended.  liburing then
 * waits once more, except with a limit: so then there is always one, and no
 * completion means that the limit or a signal ended it.
 */
static int
enter(struct gm_uring *u, int64_t deadline)
{
	struct __kernel_timespec limit = { .tv_sec = FAR_AWAY };
	bool limited = deadline != -1 || io_uring_sq_ready(&u->ring) > 0;
	struct io_uring_cqe *cqe = NULL;
	int64_t left;
	int err;

	if (deadline != -1) {
		left = gm_poll_left(deadline);
		limit.tv_sec = left / 1000000000;
		limit.tv_nsec = left % 1000000000;
		if (left == 0) {
			err = io_uring_submit_and_get_events(&u->ring);
			return err < 0 ? err : -ETIME;
		}
	}
	err = io_uring_submit_and_wait_timeout(
	    &u->ring, &cqe, 1, limited ? &limit : NULL, NULL);
	if (err < 0)
		return err;
	return cqe ? 0 : -EINTR;
}

static int
gather(struct gm_uring *u, struct gm_event *events, int max)
{
	int n = 0;

	u->turn = !u->turn;
	if (u->turn)
		n = gm_uring_inner_wait(u, events, max);
	n += harvest(u, events + n, max - n);
	return n + gm_uring_inner_wait(u, events + n, max - n);
}

/* Events that never stop must not keep the newly added from being armed. */
static int
hand_over(struct gm_uring *u, int n)
{
	if (u->todo_head || u->inner_to_arm || io_uring_sq_ready(&u->ring)) {
		gm_uring_work_off(u);
		io_uring_submit(&u->ring);
	}
	return n;
}

/* Nothing to tell the kernel, and nothing it has to tell. */
static bool
is_quiet(struct gm_uring *u)
{
	unsigned flags = IO_URING_READ_ONCE(*u->ring.sq.kflags);

	return u->ring.flags & IORING_SETUP_TASKRUN_FLAG && !u->todo_head &&
	       !u->inner_to_arm && io_uring_sq_ready(&u->ring) == 0 &&
	       !(flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW));
}

static int
urer_wait(
    struct gm_poll *poll, int64_t deadline, struct gm_event *events, int max)
{
	struct gm_uring *u = of(poll);
	bool all;
	int n, err;

	for (;;) {
		n = gather(u, events, max);
		if (n > 0)
			return hand_over(u, n);
		if (deadline == 0 && is_quiet(u))
			return 0;
		gm_uring_work_off(u);
		all = !u->todo_head;
		err = enter(u, all ? deadline : 0);
		if (err == 0 || (!all && err == -ETIME))
			continue;
		n = gather(u, events, max);
		if (n > 0 || err == -ETIME || is_passing(err))
			return n;
		return err;
	}
}

const struct gm_poll_ops gm_poll_uring = {
	.name = "io_uring",
	.open = urer_open,
	.close = urer_close,
	.add = urer_add,
	.remove = urer_remove,
	.wait = urer_wait,
};

#else
typedef int gm_poll_uring_is_not_built;
#endif
