/* SPDX-License-Identifier: Apache-2.0 */
/* A process that has what a server has when its loop begins, and no node. */
#ifndef GS_FAKE_SERVER_H
#define GS_FAKE_SERVER_H

#include "tests/runner.h"

#include "lib/loop.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct room {
	_Alignas(4096) struct gm_page page;
	_Atomic uint32_t ready;
};

static struct room *room;

/* What a forked server has when its loop begins. */
static inline struct gsi_self *
be_server(void)
{
	struct gsi_self *me = calloc(1, sizeof(*me));
	struct gsi_server *s = calloc(1, sizeof(*s));
	struct rlimit none = { 0, 0 };

	CHECK(me && s);
	CHECK_OK(setrlimit(RLIMIT_CORE, &none));
	me->page = &room->page;
	me->is_server = true;
	me->reports = -1;
	me->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	me->server = s;
	s->message.kind = GSI_CALL;
	s->message.from = (gs_pid){ 7, 8, 9 };
	s->message.body = GS_TEXT("the poison");
	gm_store(&me->page->messages, 42, relaxed);
	CHECK_INT(gsi_exit_guard_install(me), 0);
	CHECK_INT(gsi_crash_install(me), 0);
	return me;
}

static inline int
end_of(void (*fn)(void *data), void *data)
{
	room = test_shared(sizeof(*room));
	return test_wait(test_fork(fn, data));
}

#endif
