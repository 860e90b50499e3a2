/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The asymmetric fence: one rare side pays for all (membarrier), so that the
 * frequent side needs only a compiler fence.  The rule: it reaches only
 * processes that have registered; who cannot register is FENCED.
 */
#ifndef GM_BARRIER_H
#define GM_BARRIER_H

/* Each member, once, when it attaches.  0 or -errno: then it is FENCED. */
int gm_membarrier_register(void);

/*
 * A full fence in every running thread of every registered process.  0 or
 * -errno: nothing was fenced.
 */
int gm_membarrier(void);

/*
 * The same when it is refused all of a sudden, to one who had registered: a
 * fence, and a wait of 1 ms.
 */
void gm_barrier_late(void);

#endif
