/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients in threads.
 */
#include "tests/conformance/helpers.h"

static void *
call_run(void *data)
{
	struct caller *c = data;
	int64_t from = now_ms();
	gs_bytes reply;

	c->result = gs_call(c->to, GS_TEXT(c->request), &reply, c->timeout);
	c->took = now_ms() - from;
	if (c->result == 0)
		gs_string(reply, c->reply, sizeof(c->reply));
	snprintf(c->reason, sizeof(c->reason), "%s", gs_error_reason());
	atomic_store(&c->done, true);
	return NULL;
}

void
call_begin(struct caller *c, gs_addr to, const char *request, int timeout)
{
	memset(c, 0, sizeof(*c));
	c->to = to;
	c->request = request;
	c->timeout = timeout;
	CHECK_INT(pthread_create(&c->thread, NULL, call_run, c), 0);
}

int
call_end(struct caller *c)
{
	CHECK_INT(pthread_join(c->thread, NULL), 0);
	return c->result;
}

static void *
stop_run(void *data)
{
	struct stopper *s = data;

	s->result = gs_stop(GS_PID(s->pid), s->with, s->timeout);
	snprintf(s->reason, sizeof(s->reason), "%s", gs_error_reason());
	atomic_store(&s->done, true);
	return NULL;
}

void
stop_begin(struct stopper *s, gs_pid pid, const char *with, int timeout)
{
	memset(s, 0, sizeof(*s));
	s->pid = pid;
	s->with = with;
	s->timeout = timeout;
	CHECK_INT(pthread_create(&s->thread, NULL, stop_run, s), 0);
}

int
stop_end(struct stopper *s)
{
	CHECK_INT(pthread_join(s->thread, NULL), 0);
	return s->result;
}

static void *
start_run(void *data)
{
	struct starter *s = data;

	s->result =
	    gs_start(s->behaviour, GS_TEXT(s->script), &s->options, &s->pid);
	snprintf(s->reason, sizeof(s->reason), "%s", gs_error_reason());
	atomic_store(&s->done, true);
	return NULL;
}

void
start_begin(struct starter *s, const gs_behaviour *behaviour,
    const char *script, const char *name)
{
	memset(s, 0, sizeof(*s));
	s->behaviour = behaviour;
	s->script = script;
	s->options.name = name;
	CHECK_INT(pthread_create(&s->thread, NULL, start_run, s), 0);
}

int
start_end(struct starter *s)
{
	CHECK_INT(pthread_join(s->thread, NULL), 0);
	return s->result;
}
