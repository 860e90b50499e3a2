/* SPDX-License-Identifier: Apache-2.0 */
/* The descriptor for loops of others: see dispatch.c. */
#ifndef GSI_DISPATCH_H
#define GSI_DISPATCH_H

#include "lib/guest.h"

struct gsi_dispatch {
	int epoll; /* what the program sees */
	int timer;
	int kick; /* eventfd: look, though nobody rings */
	int64_t armed; /* ns, -1: the timer is off, less: not known */
	bool busy; /* inside of gs_dispatch */
	bool kicked;
};

/* There may be work that nobody will ring for. */
void gsi_kick_now(struct gsi_self *me);
static inline void
gsi_kick(struct gsi_self *me)
{
	me = gsi_host(me);
	if (__builtin_expect(me->dispatch != NULL, 0))
		gsi_kick_now(me);
}

/* One more descriptor of me, or of its host, to be woken by; and not. */
int gsi_dispatch_add(struct gsi_self *me, int fd, uint32_t events);
void gsi_dispatch_drop(struct gsi_self *me, int fd);
void gsi_dispatch_free(struct gsi_self *me);
/* A fork: its copies are closed. */
void gsi_dispatch_forked(struct gsi_self *me);

/* enter.c: the server of gs_serve takes what there is: how many, -errno */
int gsi_serve_some(struct gsi_server *s, int max);
/* ns until which nothing is to be done but by a message; -1 */
int64_t gsi_serve_until(const struct gsi_server *s);
bool gsi_serves(const struct gsi_self *me);

#endif
