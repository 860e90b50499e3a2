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
#include <unistd.h>

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
