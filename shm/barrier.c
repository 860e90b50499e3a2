/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GLOBAL_EXPEDITED and not PRIVATE_EXPEDITED: the threads to be fenced are
 * those of other processes.  0.4 us while the other CPUs idle, 12 us when
 * they run members.
 */
#include "shm/barrier.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "shm/atom.h"

#define LATE_NS 1000000

static int
membarrier(int command)
{
	return syscall(SYS_membarrier, command, 0, 0) < 0 ? -errno : 0;
}

int
gm_membarrier_register(void)
{
	return membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED);
}

int
gm_membarrier(void)
{
	return membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED);
}

static int64_t
clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/*
 * The frequent side has no fence, and a fence of mine does nothing to what is
 * still in its store buffer.  But no buffer keeps a store for as long as this,
 * and a CPU that stops running it writes it out.
 */
void
gm_barrier_late(void)
{
	const struct timespec pause = { 0, LATE_NS };
	int64_t until = clock_ns() + LATE_NS;

	gm_fence(seq_cst); /* [T5] [T6] */
	do
		nanosleep(&pause, NULL);
	while (clock_ns() < until);
	gm_fence(seq_cst); /* [T5] [T6] */
}
