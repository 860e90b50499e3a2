/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the calling thread is, for who cannot afford a call to ask.  The rule:
 * self.c writes it; here it is only read.
 */
#ifndef GSI_THREAD_H
#define GSI_THREAD_H

#include <unistd.h>

#include "lib/attach.h"
#include "lib/internal.h"

/* Without a call for each look; what is opened late by musl cannot have it. */
#if defined(__GLIBC__)
#define GSI_TLS __attribute__((visibility("hidden"), tls_model("initial-exec")))
#else
#define GSI_TLS __attribute__((visibility("hidden")))
#endif

struct gsi_thread {
	struct gsi_self *self;
	void *slot[GSI_SLOTS];
	struct gsi_failure *failure;
};

extern GSI_TLS _Thread_local struct gsi_thread gsi_thread;
extern __attribute__((visibility("hidden"))) struct gsi_home gsi_here;

/* As gsi_self, but NULL also when that had to do something first. */
static inline struct gsi_self *
gsi_self_now(void)
{
	struct gsi_self *me = gsi_thread.self;

	if (__builtin_expect(me == NULL || me->node_gone || me->damaged ||
				 me->arena != gsi_here.arena,
		0))
		return NULL;
	return me;
}

/* Behind each callback: a fork that it made and forgot to end is no server. */
static inline void
gsi_still(const struct gsi_self *me)
{
	if (__builtin_expect(gsi_thread.self != me, 0))
		_exit(1);
}

#endif
