/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients in threads of their own: each makes one call, start or stop and
 * keeps what came of it.  A begun one must be ended, before its node.
 */
#ifndef GS_TESTS_CONFORMANCE_THREADS_H
#define GS_TESTS_CONFORMANCE_THREADS_H

#include <genserver.h>
#include <pthread.h>
#include <stdatomic.h>

/* A client in a thread of its own that makes one call. */
struct caller {
	pthread_t thread;
	gs_addr to;
	const char *request;
	int timeout;
	int result;
	int64_t took;
	char reply[256];
	char reason[GS_REASON_MAX + 1];
	_Atomic bool done;
};

void call_begin(struct caller *c, gs_addr to, const char *request, int timeout);
int call_end(struct caller *c);

/* A start in a thread of its own. */
struct starter {
	pthread_t thread;
	const gs_behaviour *behaviour;
	const char *script;
	gs_options options;
	int result;
	gs_pid pid;
	char reason[GS_REASON_MAX + 1];
	_Atomic bool done;
};

void start_begin(struct starter *s, const gs_behaviour *behaviour,
    const char *script, const char *name);
int start_end(struct starter *s);

/* A stop in a thread of its own. */
struct stopper {
	pthread_t thread;
	gs_pid pid;
	const char *with;
	int timeout;
	int result;
	char reason[GS_REASON_MAX + 1];
	_Atomic bool done;
};

void stop_begin(struct stopper *s, gs_pid pid, const char *with, int timeout);
int stop_end(struct stopper *s);

#endif
