/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the poller over io_uring asks of the kernel: arming and disarming
 * polls, by way of a queue, and parking descriptors in the ring's file table.
 * The rule: a watch is queued at most once and is not free while it is.
 */
#ifdef GM_HAVE_URING

#include "shm/poll_uring.h"

#include <errno.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#define PARKED_MAX 65536u

/* Kernel flags that liburing 2.3 has no names for. */
#define FEAT_RW_ATTR (1u << 16)

/*
 * Linux before 6.13 releases a removed file only when all requests older
 * than the removal have ended, and a poll may never end: the files of the
 * dead would pile up.  6.14 is the first that can be told from those.
 */
#define CAN_PARK FEAT_RW_ATTR

void
gm_uring_queue(struct gm_uring *u, struct gm_watch *watch)
{
	uint32_t link = (uint32_t)(watch - u->base.watches.at) + 1;

	watch->todo = 0;
	if (u->todo_tail)
		u->base.watches.at[u->todo_tail - 1].todo = link;
	else
		u->todo_head = link;
	u->todo_tail = link;
}

static void
dequeue(struct gm_uring *u)
{
	u->todo_head = u->base.watches.at[u->todo_head - 1].todo;
	if (!u->todo_head)
		u->todo_tail = 0;
}

static struct io_uring_sqe *
take_sqe(struct gm_uring *u)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);

	if (sqe)
		return sqe;
	io_uring_submit(&u->ring);
	return io_uring_get_sqe(&u->ring);
}

static void
arm(struct gm_uring *u, struct gm_watch *watch, struct io_uring_sqe *sqe)
{
	unsigned mask = watch->flags & GM_POLL_OUT ? POLLIN | POLLOUT : POLLIN;
	int fd = watch->fd;

	if (watch->parked)
		fd = (int)(watch - u->base.watches.at);
	io_uring_prep_poll_multishot(sqe, fd, mask);
	if (watch->parked)
		io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE);
	io_uring_sqe_set_data64(sqe, gm_watches_key(&u->base.watches, watch));
	watch->state = GM_WATCH_ARMED;
}

static void
disarm(struct gm_uring *u, uint64_t key, struct io_uring_sqe *sqe)
{
	io_uring_prep_poll_remove(sqe, key);
	io_uring_sqe_set_data64(sqe, GM_URING_NO_KEY);
	if (u->ring.features & IORING_FEAT_CQE_SKIP)
		io_uring_sqe_set_flags(sqe, IOSQE_CQE_SKIP_SUCCESS);
}

/* The key it was armed with: forgetting it counted the generation up. */
static uint64_t
old_key(const struct gm_uring *u, const struct gm_watch *watch)
{
	return gm_watches_key(&u->base.watches, watch) - ((uint64_t)1 << 32);
}

/* While some overflow, the kernel ends every poll that has an event. */
static unsigned
room_for_completions(struct io_uring *ring)
{
	if (io_uring_cq_has_overflow(ring))
		return 0;
	return ring->cq.ring_entries - io_uring_cq_ready(ring);
}

void
gm_uring_work_off(struct gm_uring *u)
{
	struct gm_watches *watches = &u->base.watches;
	unsigned room = room_for_completions(&u->ring);

	if (u->inner_to_arm) {
		struct io_uring_sqe *sqe = take_sqe(u);

		if (!sqe)
			return;
		gm_uring_arm_inner(u, sqe);
	}
	while (u->todo_head) {
		struct gm_watch *watch = &watches->at[u->todo_head - 1];
		struct io_uring_sqe *sqe = NULL;

		if (watch->state == GM_WATCH_TO_ARM && room-- == 0)
			return;
		if (watch->state != GM_WATCH_DROPPED) {
			sqe = take_sqe(u);
			if (!sqe)
				return;
		}
		dequeue(u);
		if (watch->state == GM_WATCH_TO_ARM) {
			arm(u, watch, sqe);
			continue;
		}
		if (sqe)
			disarm(u, old_key(u, watch), sqe);
		gm_watches_free(watches, watch);
	}
}

/* ---- the ring's file table ---- */

static int
make_places(struct gm_uring *u)
{
	struct rlimit limit;
	unsigned n = PARKED_MAX;
	int err;

	if (u->park_refused || !(u->ring.features & CAN_PARK))
		return -ENOSYS;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < n)
		n = (unsigned)limit.rlim_cur;
	err = io_uring_register_files_sparse(&u->ring, n);
	if (err) {
		u->park_refused = true;
		return err;
	}
	u->places = n;
	return 0;
}

void
gm_uring_park(struct gm_uring *u, struct gm_watch *watch)
{
	unsigned index = (unsigned)(watch - u->base.watches.at);

	if (!u->places && make_places(u))
		return;
	if (index >= u->places)
		return;
	if (io_uring_register_files_update(&u->ring, index, &watch->fd, 1) != 1)
		return;
	close(watch->fd);
	watch->fd = -1;
	watch->parked = 1;
}

void
gm_uring_unpark(struct gm_uring *u, struct gm_watch *watch)
{
	unsigned index = (unsigned)(watch - u->base.watches.at);
	int none = -1;

	io_uring_register_files_update(&u->ring, index, &none, 1);
	watch->parked = 0;
}

void
gm_uring_arm_all(struct gm_uring *u)
{
	struct gm_watches *watches = &u->base.watches;

	if (u->inner) {
		struct io_uring_sqe *sqe = take_sqe(u);

		if (sqe)
			disarm(u, GM_URING_INNER_KEY, sqe);
		u->inner_to_arm = true;
		u->inner_ready = true;
	}
	for (uint32_t i = 0; i < watches->cap; i++) {
		struct gm_watch *watch = &watches->at[i];
		struct io_uring_sqe *sqe;

		if (watch->state != GM_WATCH_ARMED)
			continue;
		sqe = take_sqe(u);
		if (sqe)
			disarm(u, gm_watches_key(watches, watch), sqe);
		watch->gen++;
		watch->state = GM_WATCH_TO_ARM;
		gm_uring_queue(u, watch);
	}
}

#else
typedef int gm_poll_arm_is_not_built;
#endif
