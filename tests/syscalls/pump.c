/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pump.  Its thread holds the lock while it decides about a call, never
 * while it lets one pass.
 */
#include "tests/syscalls/pump.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/runner.h"
#include "tests/syscalls/faults.h"
#include "tests/syscalls/people.h"
#include "tests/syscalls/trap.h"

#define SEEN 16384

struct pump {
	struct detail_names names;
	pthread_t thread;
	pthread_mutex_t lock;
	int epoll;
	int stop; /* eventfd */
	int listeners;
	struct people people;
	bool armed;
	struct point aim;
	bool has_aim;
	atomic_bool hit;
	_Atomic int64_t last; /* ns, of a call */
	struct pump_seen *seen;
	int n_seen;
};

/* ---- one call ---- */

static int
count(struct pump *pump, const struct pump_seen *now)
{
	struct pump_seen *s;
	int nth = 1;

	for (int i = pump->n_seen - 1; i >= 0; i--)
		if (pump->seen[i].nr == now->nr &&
		    strcmp(pump->seen[i].key, now->key) == 0) {
			nth = pump->seen[i].nth + 1;
			break;
		}
	if (pump->n_seen < SEEN) {
		s = &pump->seen[pump->n_seen++];
		*s = *now;
		s->nth = nth;
	}
	return nth;
}

static bool
can_fail_so(int nr, const char *detail, int error)
{
	int e;

	for (int i = 0; (e = fault_nth(nr, detail, i)) != 0; i++)
		if (e == error)
			return true;
	return false;
}

/* The error for this call, or 0. */
static int
verdict(struct pump *pump, struct person *p, const struct seccomp_notif *call)
{
	struct pump_seen now = { .nr = call->data.nr };
	const char *name = call_name(now.nr);
	int nth;

	detail_of(call, &pump->names, now.detail);
	if (name != NULL)
		snprintf(now.key, sizeof(now.key), "%s %s %s", p->who, name,
		    now.detail);
	else
		snprintf(now.key, sizeof(now.key), "%s %d %s", p->who, now.nr,
		    now.detail);
	nth = count(pump, &now);
	if (!pump->has_aim)
		return 0;
	if (pump->aim.nth != EVERY_SECOND) {
		if (nth != pump->aim.nth ||
		    strcmp(now.key, pump->aim.key) != 0 || pump->hit)
			return 0;
		pump->hit = true;
		return pump->aim.error;
	}
	if (strcmp(p->who, pump->aim.key) != 0 ||
	    !can_fail_so(now.nr, now.detail, pump->aim.error))
		return 0;
	/* each kind by itself: two that take turns must get on, too */
	p->spared[now.nr % NUMBERS] = !p->spared[now.nr % NUMBERS];
	if (!p->spared[now.nr % NUMBERS])
		return 0;
	pump->hit = true;
	return pump->aim.error;
}

static bool
identity(const struct seccomp_notif *call)
{
	return call->data.nr == SYS_execve || call->data.nr == SYS_prctl;
}

static void
one(struct pump *pump, int listener, const struct seccomp_notif *call)
{
	struct person *p;
	int error = 0;
	bool loading;

	pthread_mutex_lock(&pump->lock);
	p = people_find(&pump->people, (pid_t)call->pid);
	if (p != NULL) {
		if (p->stale)
			people_name(&pump->people, p);
		loading = person_loads(p, call->data.instruction_pointer);
		if (pump->armed && !loading && !p->ours)
			error = verdict(pump, p, call);
		p->stale |= identity(call);
		if (call->data.nr == SYS_execve && error == 0) {
			p->loading = true;
			p->ours = false;
			p->loader = 0;
		}
	}
	pump->last = now_ns();
	pthread_mutex_unlock(&pump->lock);
	if (error == 0 || (error == FAULT_HALF && !trap_half(listener, call))) {
		if (call->data.nr == TRAP_ALLOC)
			trap_fail(listener, call, ENOSYS);
		else
			trap_pass(listener, call);
	} else if (error != FAULT_HALF) {
		trap_fail(listener, call, error);
	}
}

static void *
run(void *data)
{
	struct pump *pump = data;
	struct epoll_event events[16];
	struct seccomp_notif call;

	for (;;) {
		int n = epoll_wait(pump->epoll, events, 16, -1);

		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd, got;

			if (fd == pump->stop)
				return NULL;
			while ((got = trap_next(fd, &call)) == 1)
				one(pump, fd, &call);
			if (got == 0) {
				close(fd);
				pthread_mutex_lock(&pump->lock);
				pump->listeners--;
				pthread_mutex_unlock(&pump->lock);
			}
		}
	}
}

/* ---- for the stage ---- */

struct pump *
pump_new(const struct detail_names *names)
{
	struct pump *pump = calloc(1, sizeof(*pump));
	struct epoll_event event = { .events = EPOLLIN };

	CHECK(pump != NULL);
	pump->people.at = calloc(PEOPLE, sizeof(*pump->people.at));
	pump->seen = calloc(SEEN, sizeof(*pump->seen));
	CHECK(pump->people.at != NULL && pump->seen != NULL);
	pump->names = *names;
	pthread_mutex_init(&pump->lock, NULL);
	pump->epoll = epoll_create1(EPOLL_CLOEXEC);
	pump->stop = eventfd(0, EFD_CLOEXEC);
	event.data.fd = pump->stop;
	CHECK_INT(epoll_ctl(pump->epoll, EPOLL_CTL_ADD, pump->stop, &event), 0);
	CHECK_INT(pthread_create(&pump->thread, NULL, run, pump), 0);
	return pump;
}

void
pump_free(struct pump *pump)
{
	uint64_t one = 1;

	CHECK_INT(write(pump->stop, &one, sizeof(one)), sizeof(one));
	pthread_join(pump->thread, NULL);
	close(pump->stop);
	close(pump->epoll);
	free(pump->people.at);
	free(pump->seen);
	free(pump);
}

void
pump_add(struct pump *pump, int listener)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = listener };

	pthread_mutex_lock(&pump->lock);
	pump->listeners++;
	pthread_mutex_unlock(&pump->lock);
	CHECK_INT(epoll_ctl(pump->epoll, EPOLL_CTL_ADD, listener, &event), 0);
}

int
pump_gone(struct pump *pump, int ms)
{
	const struct timespec pause = { 0, 1000000 };
	int64_t end = now_ms() + (int64_t)ms * test_slowness();
	int left;

	for (;;) {
		pthread_mutex_lock(&pump->lock);
		left = pump->listeners;
		pthread_mutex_unlock(&pump->lock);
		if (left == 0 || now_ms() >= end)
			return left;
		nanosleep(&pause, NULL);
	}
}

void
pump_arm(struct pump *pump, const struct point *aim)
{
	pthread_mutex_lock(&pump->lock);
	pump->armed = true;
	pump->has_aim = aim != NULL;
	if (aim != NULL)
		pump->aim = *aim;
	pthread_mutex_unlock(&pump->lock);
}

void
pump_disarm(struct pump *pump)
{
	pthread_mutex_lock(&pump->lock);
	pump->armed = false;
	pthread_mutex_unlock(&pump->lock);
}

void
pump_settle(struct pump *pump, int quiet_ms, int most_ms)
{
	const struct timespec pause = { 0, 1000000 };
	int64_t end = now_ms() + most_ms;

	while (now_ms() < end &&
	       now_ns() - pump->last < (int64_t)quiet_ms * 1000000)
		nanosleep(&pause, NULL);
}

bool
pump_hit(const struct pump *pump)
{
	return pump->hit;
}

pid_t
pump_pid(struct pump *pump, const char *comm)
{
	pid_t pid = 0;

	pthread_mutex_lock(&pump->lock);
	for (int i = pump->people.n - 1; i >= 0 && pid == 0; i--) {
		struct person *p = &pump->people.at[i];

		if (p->stale)
			people_name(&pump->people, p);
		if (strcmp(p->comm, comm) == 0 && !test_gone(p->pid))
			pid = p->pid;
	}
	pthread_mutex_unlock(&pump->lock);
	return pid;
}

void
pump_each(struct pump *pump, void (*each)(pid_t pid, void *data), void *data)
{
	pthread_mutex_lock(&pump->lock);
	for (int i = 0; i < pump->people.n; i++)
		each(pump->people.at[i].pid, data);
	pthread_mutex_unlock(&pump->lock);
}

bool
pump_seen(struct pump *pump, int i, struct pump_seen *seen)
{
	bool is;

	pthread_mutex_lock(&pump->lock);
	is = i < pump->n_seen;
	if (is)
		*seen = pump->seen[i];
	pthread_mutex_unlock(&pump->lock);
	return is;
}
