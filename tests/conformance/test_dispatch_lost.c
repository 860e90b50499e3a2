/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gs_fd and gs_dispatch under many senders and in many threads: no wake-up is
 * lost, and there is none without cause.
 */
#include <sys/epoll.h>

#include "tests/conformance/outer.h"

struct sender {
	pthread_t thread;
	gs_pid to;
	int count;
	_Atomic int sent;
};

#define SENDERS 3
#define EACH 4000

/* In bursts of all lengths, so that some meet the announcement half made. */
static void *
send_many(void *data)
{
	struct sender *s = data;
	unsigned dice = 1;
	int i;

	for (i = 0; i < s->count; i++) {
		while (gs_send(GS_PID(s->to), GS_TEXT("x")) == -EAGAIN)
			sched_yield();
		atomic_fetch_add(&s->sent, 1);
		dice = dice * 1103515245 + 12345;
		if (dice >> 28 == 0)
			usleep(dice >> 20 & 255);
	}
	return NULL;
}

TEST_TIMEOUT(no_wake_up_is_lost, 60)
{
	struct sender senders[SENDERS] = { 0 };
	struct seen s = { 0 };
	gs_reqid id;
	gs_pid pid;
	int i, requests = 0, idle = 0;

	node_up();
	pid = start("");
	CHECK(gs_fd() >= 0);
	for (i = 0; i < SENDERS; i++) {
		senders[i].to = self_pid();
		senders[i].count = EACH;
		CHECK_INT(pthread_create(
			      &senders[i].thread, NULL, send_many, &senders[i]),
		    0);
	}
	while (s.kind[GS_INFO_MESSAGE] < SENDERS * EACH) {
		int sent = 0;

		for (i = 0; i < SENDERS; i++)
			sent += atomic_load(&senders[i].sent);
		/* seconds of silence while messages are there: one is lost */
		if (!readable(gs_fd(), 2000)) {
			CHECK(sent <= s.kind[GS_INFO_MESSAGE] && idle++ < 5);
			continue;
		}
		CHECK_OK(gs_dispatch(see, &s));
		/* others of the library's waits in between */
		if (s.all % 7 == 0 && requests < 2000) {
			requests++;
			CHECK_INT(gs_send_request(
				      GS_PID(pid), GS_TEXT("reply r"), &id),
			    0);
		} else if (s.all % 31 == 0) {
			CHECK_STR(ask(GS_PID(pid), "reply r"), "r");
		}
	}
	CHECK(see_until(&s, &s.kind[GS_INFO_RESPONSE], requests));
	CHECK_INT(s.kind[GS_INFO_MESSAGE], SENDERS * EACH);
	for (i = 0; i < SENDERS; i++)
		CHECK_INT(pthread_join(senders[i].thread, NULL), 0);
	come_to_rest(&s);
	node_down();
}

TEST(an_idle_one_is_not_woken)
{
	struct epoll_event event;
	struct seen s = { 0 };
	int epoll;

	node_up();
	start("");
	epoll = epoll_create1(EPOLL_CLOEXEC);
	event.events = EPOLLIN | EPOLLET;
	CHECK(gs_fd() >= 0);
	come_to_rest(&s);
	CHECK_INT(epoll_ctl(epoll, EPOLL_CTL_ADD, gs_fd(), &event), 0);
	/* not even an edge */
	CHECK_INT(epoll_wait(epoll, &event, 1, 2000), 0);
	close(epoll);
	node_down();
}

/* ---- threads: each has its own ---- */

struct worker {
	pthread_t thread;
	gs_pid server;
	int fd;
	struct seen seen;
	bool done;
};

static void *
work(void *data)
{
	struct worker *w = data;
	gs_reqids *ids = gs_reqids_new();
	gs_response response;
	gs_reqid id;
	gs_ref ref;
	gs_pid pid;
	int i;

	w->fd = gs_fd();
	come_to_rest(&w->seen);
	CHECK_INT(gs_start_monitor(&puppet, GS_NONE, NULL, &pid, &ref), 0);
	for (i = 0; i < 50; i++) {
		CHECK_INT(
		    gs_send_request(GS_PID(w->server), GS_TEXT("reply r"), &id),
		    0);
		CHECK_INT(gs_reqids_add(ids, id, NULL), 0);
		CHECK_INT(gs_send_after(
			      10, GS_PID(self_pid()), GS_TEXT("timer"), NULL),
		    0);
		post(GS_PID(self_pid()), "message");
	}
	for (i = 0; i < 50; i++) {
		CHECK_INT(gs_wait_responses(ids, &response, GS_NEVER, true), 0);
		CHECK_INT(response.status, 0);
	}
	gs_reqids_free(ids);
	end_with(pid, "enough");
	CHECK(see_until(&w->seen, &w->seen.kind[GS_INFO_TIMER], 50));
	CHECK(see_until(&w->seen, &w->seen.kind[GS_INFO_MESSAGE], 50));
	CHECK(see_until(&w->seen, &w->seen.kind[GS_INFO_DOWN], 1));
	come_to_rest(&w->seen);
	CHECK_INT(w->seen.kind[GS_INFO_TIMER], 50);
	CHECK_INT(w->seen.kind[GS_INFO_MESSAGE], 50);
	CHECK_INT(w->seen.kind[GS_INFO_DOWN], 1);
	w->done = true;
	return NULL;
}

TEST(each_thread_has_its_own_requests_timers_monitors_and_descriptor)
{
	struct worker workers[4] = { 0 };
	gs_pid server;
	size_t i, j;

	node_up();
	server = start("");
	for (i = 0; i < 4; i++) {
		workers[i].server = server;
		CHECK_INT(
		    pthread_create(&workers[i].thread, NULL, work, &workers[i]),
		    0);
	}
	for (i = 0; i < 4; i++)
		CHECK_INT(pthread_join(workers[i].thread, NULL), 0);
	for (i = 0; i < 4; i++) {
		CHECK(workers[i].done);
		for (j = 0; j < i; j++)
			CHECK(workers[i].fd != workers[j].fd ||
			      workers[i].fd < 0 || workers[i].done);
	}
	node_down();
}
