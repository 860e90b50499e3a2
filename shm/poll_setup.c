/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making the ring of a poller, as small and as cheap as this kernel can, and
 * finding out whether it may be used.
 */
#ifdef GM_HAVE_URING

#include "shm/poll_uring.h"

#include <errno.h>

#define SQ_MIN 8u
#define SQ_MAX 128u

/* The last one came with multishot poll, in 5.13. */
#define NEEDED                                                                 \
	(IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG | IORING_FEAT_RSRC_TAGS)

static int
setup(struct io_uring *ring, unsigned entries, unsigned flags)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | flags,
	};
	unsigned sq = entries < SQ_MIN ? SQ_MIN : entries;

	if (sq > SQ_MAX)
		sq = SQ_MAX;
	params.cq_entries = entries < 2 * sq ? 2 * sq : entries;
	return io_uring_queue_init_params(sq, ring, &params);
}

/* A filter may let rings be made and refuse to use them. */
static int
try_nop(struct io_uring *ring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
	struct io_uring_cqe *cqe;
	int err;

	io_uring_prep_nop(sqe);
	io_uring_sqe_set_data64(sqe, GM_URING_NO_KEY);
	do
		err = io_uring_submit_and_wait(ring, 1);
	while (err == -EINTR);
	if (err < 0)
		return err;
	err = io_uring_peek_cqe(ring, &cqe);
	if (err)
		return err;
	err = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	return err < 0 ? err : 0;
}

int
gm_uring_start(struct io_uring *ring, unsigned entries)
{
	int err;

	err = setup(ring, entries,
	    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
		IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL);
	if (err == -EINVAL)
		err = setup(ring, entries, 0);
	if (err)
		return err;
	err = (ring->features & NEEDED) == NEEDED ? try_nop(ring) : -ENOSYS;
	if (err)
		io_uring_queue_exit(ring);
	return err;
}

void
gm_uring_cancel_all(struct io_uring *ring)
{
	struct io_uring_sqe *sqe;

	io_uring_submit(ring);
	sqe = io_uring_get_sqe(ring);
	if (!sqe)
		return;
	io_uring_prep_cancel(sqe, NULL, IORING_ASYNC_CANCEL_ANY);
	io_uring_sqe_set_data64(sqe, GM_URING_NO_KEY);
	io_uring_submit_and_get_events(ring);
}

#else
typedef int gm_poll_setup_is_not_built;
#endif
