/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting: patience ends, sleep ends by bell, deadline or the node's end. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/internal.h"
#include "shm/ring_layout.h"
#include "tests/runner.h"

#define AT (3ull << 20)
#define SLOT 1u
#define GEN 1u
#define BUDGET_NS 20000

struct sleeper {
	struct gsi_self self;
	_Alignas(4096) struct gm_page page; /* of who sends to it */
	_Atomic int64_t began; /* to go to sleep */
	int64_t said; /* when the next message was sent, 0 the truth */
	int segment;
	int node[2]; /* the connection to the node, and the node's end */
};

static struct sleeper *
new_sleeper(void)
{
	struct sleeper *s = aligned_alloc(4096, sizeof(*s));
	struct gsi_self *me = &s->self;

	CHECK(s);
	memset(s, 0, sizeof(*s));
	s->segment = memfd_create("wait", MFD_CLOEXEC);
	CHECK_OK(
	    gm_region_create(s->segment, AT, GM_RING_CELLS_MIN, SLOT, GEN));
	CHECK_OK(gm_region_map(s->segment, AT, SLOT, GEN, true, &me->region));
	me->pid = (gs_pid){ 1, SLOT, GEN };
	gm_receiver_init(&me->mailbox, &me->region.ring[GM_MAILBOX], true);
	gm_receiver_init(&me->replies, &me->region.ring[GM_REPLIES], true);
	CHECK_OK(gm_poll_open(&me->poll, 8, getenv("GS_POLLER")));
	me->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	CHECK_OK(gm_poll_add(me->poll, me->bell, GSI_TOKEN_BELL, 0));
	CHECK_OK(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s->node));
	CHECK_OK(gm_poll_add(me->poll, s->node[0], GSI_TOKEN_NODE, 0));
	me->spin_ns = BUDGET_NS;
	return s;
}

static void
free_sleeper(struct sleeper *s)
{
	gm_poll_close(s->self.poll);
	gm_receiver_fini(&s->self.mailbox);
	gm_receiver_fini(&s->self.replies);
	gm_region_unmap(&s->self.region);
	close(s->self.bell);
	close(s->segment);
	close(s->node[0]);
	if (s->node[1] >= 0)
		close(s->node[1]);
	free(s);
}

/* One message, sent at that time if not 0; rings when it is asked for. */
static void
send_at(struct sleeper *s, int64_t at)
{
	static const uint64_t one = 1;
	const struct gm_ring_ref *ring = &s->self.region.ring[GM_MAILBOX];
	struct gm_sender sender = { &s->page, SLOT + 1, true };
	_Atomic uint64_t word = 1;
	struct gm_slip slip;
	uint64_t sleep_no;

	CHECK_OK(gm_ring_open(
	    &sender, ring, (struct gm_alive){ &word, 1 }, 8, 0, &slip));
	memset(slip.payload, 'x', 8);
	sleep_no = gm_ring_commit(&sender, ring, &slip);
	if (at != 0)
		gm_store(&ring->ring->rung_at, at, relaxed);
	if (sleep_no != 0) {
		CHECK_INT(write(s->self.bell, &one, sizeof(one)), 8);
		gm_ring_rung(ring, sleep_no);
	}
	gm_ring_done(&sender);
}

static void
send_one(struct sleeper *s)
{
	send_at(s, 0);
}

static int
take_all(struct sleeper *s)
{
	struct gm_record record;
	int n = 0;

	while (gm_ring_take(&s->self.mailbox, &record) == 1)
		n++;
	gm_ring_release(&s->self.mailbox);
	return n;
}

static int
sleep_for(struct sleeper *s, int ms)
{
	return gsi_sleep(&s->self, &s->self.mailbox,
	    ms < 0 ? -1 : now_ns() + ms * NS_PER_MS);
}

/* How often it is patient: it gives up in the end. */
static int
rounds(struct sleeper *s, uint32_t peer_cpu)
{
	struct gsi_patience patience = { 0 };
	int n = 0;

	while (gsi_patient(&s->self, &patience, peer_cpu))
		CHECK(n++ < 10000000);
	return n;
}

TEST(patience_with_a_peer_elsewhere_is_the_budget)
{
	struct sleeper *s = new_sleeper();
	int64_t began = now_ns();
	int n = rounds(s, GSI_NO_CPU);

	CHECK(n > 0);
	CHECK(now_ns() - began >= BUDGET_NS);
	free_sleeper(s);
}

TEST(patience_with_a_peer_here_yields_a_few_times)
{
	struct sleeper *s = new_sleeper();
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((int)gsi_cpu(), &one);
	CHECK_OK(sched_setaffinity(0, sizeof(one), &one));
	CHECK(rounds(s, gsi_cpu()) < 100);
	CHECK_INT(gm_region_cpu(&s->self.region), gsi_cpu());
	free_sleeper(s);
}

TEST(patience_without_a_budget_never_spins)
{
	struct sleeper *s = new_sleeper();

	s->self.spin_ns = 0;
	CHECK(rounds(s, GSI_NO_CPU) < 100);
	free_sleeper(s);
}

TEST(sleep_ends_at_the_deadline_and_not_before)
{
	struct sleeper *s = new_sleeper();
	int64_t began = now_ns();

	CHECK_INT(sleep_for(s, 30), -ETIMEDOUT);
	CHECK(now_ns() - began >= 30 * NS_PER_MS);
	CHECK_INT(sleep_for(s, 0), -ETIMEDOUT);
	CHECK_INT(gsi_sleep(&s->self, &s->self.mailbox, 1), -ETIMEDOUT);
	free_sleeper(s);
}

TEST(sleep_over_a_message_does_not_begin)
{
	struct sleeper *s = new_sleeper();

	send_one(s);
	CHECK_INT(sleep_for(s, -1), 0);
	CHECK_INT(take_all(s), 1);
	CHECK_INT(sleep_for(s, 1), -ETIMEDOUT);
	free_sleeper(s);
}

static void *
send_later(void *data)
{
	struct sleeper *s = data;

	/* asleep: then the state of the ring asks for the bell */
	while (!gm_load(&s->page.started, acquire))
		sched_yield();
	usleep(2000);
	send_at(s, s->said);
	return NULL;
}

TEST(sleep_ends_with_the_bell_each_time)
{
	struct sleeper *s = new_sleeper();
	pthread_t thread;

	for (int i = 0; i < 50; i++) {
		gm_store(&s->page.started, 0, relaxed);
		CHECK_INT(pthread_create(&thread, NULL, send_later, s), 0);
		gm_store(&s->page.started, 1, release);
		while (take_all(s) == 0)
			CHECK_INT(sleep_for(s, 20000), 0);
		pthread_join(thread, NULL);
		CHECK(s->self.spin_ns >= 1000 && s->self.spin_ns <= 50000);
	}
	/* those sleeps were long: less is spun */
	CHECK(s->self.spin_ns < BUDGET_NS);
	free_sleeper(s);
}

/* As if it had been sent at once, and waking had taken the rest. */
static void *
send_as_if_soon(void *data)
{
	struct sleeper *s = data;
	struct gm_ring *ring = s->self.region.ring[GM_MAILBOX].ring;

	while ((gm_load(&ring->tail.lo, acquire) & GM_ASLEEP) == 0)
		sched_yield();
	usleep(2000);
	send_at(s, atomic_load(&s->began) + 25000);
	return NULL;
}

/* A machine that is slow to wake must not make it think that all are late. */
TEST(sleep_is_as_long_as_nothing_came)
{
	struct sleeper *s = new_sleeper();
	pthread_t thread;
	int more = 0;

	for (int i = 0; i < 50; i++) {
		s->self.spin_ns = 4000;
		CHECK_INT(pthread_create(&thread, NULL, send_as_if_soon, s), 0);
		while (take_all(s) == 0) {
			atomic_store(&s->began, now_ns());
			CHECK_INT(sleep_for(s, 20000), 0);
		}
		pthread_join(thread, NULL);
		more += s->self.spin_ns == 8000;
	}
	/* not where it was kept from its CPU before it slept */
	CHECK(more > 25);
	free_sleeper(s);
}

/* What a sender says is a hint: it can be anything. */
TEST(sleep_of_an_impossible_length_is_as_long_as_it_was)
{
	static const int64_t said[] = { 1, -1, INT64_MAX, INT64_MIN };
	struct sleeper *s = new_sleeper();
	pthread_t thread;

	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++) {
		s->self.spin_ns = 4000;
		gm_store(&s->page.started, 0, relaxed);
		s->said = said[i];
		CHECK_INT(pthread_create(&thread, NULL, send_later, s), 0);
		gm_store(&s->page.started, 1, release);
		while (take_all(s) == 0)
			CHECK_INT(sleep_for(s, 20000), 0);
		pthread_join(thread, NULL);
		CHECK(s->self.spin_ns <= 4000);
	}
	free_sleeper(s);
}

TEST(sleep_ends_with_the_node)
{
	struct sleeper *s = new_sleeper();

	close(s->node[1]);
	s->node[1] = -1;
	CHECK_INT(sleep_for(s, -1), -ENOTCONN);
	CHECK(s->self.node_gone);
	/* and never begins again */
	CHECK_INT(sleep_for(s, -1), -ENOTCONN);
	free_sleeper(s);
}
