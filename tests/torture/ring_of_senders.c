/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mailbox whose senders and receiver are killed and stopped at random, at
 * the steps of the protocol and from outside, some of them for good.  This
 * process is the node: it settles after a death, makes a new region after
 * the receiver's, and now and then lets all rest and looks whether anything
 * is missing.
 *
 *	--seconds N (10) --senders N (6) --cells N (256) --seed N --fenced
 */
#include "tests/unit/ring_faulty.h"

#include <getopt.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/torture/ring_host.h"

#define RETIRED_MAX 4096
#define FOR_GOOD_MAX 2
#define PATIENCE_MS 20000

struct member {
	pid_t pid;
	uint32_t gen;
	bool stopped;
	bool for_good;
	int64_t until; /* to be continued then */
};

struct node {
	struct member senders[SENDERS_MAX];
	struct member receiver;
	uint32_t n_senders;
	uint32_t cells;
	bool fenced;
	uint64_t retired[RETIRED_MAX]; /* regions that are not punched yet */
	uint32_t n_retired;
	uint32_t deaths;
	uint32_t receiver_deaths;
	uint32_t rests;
	uint64_t progress;
	int64_t progress_at;
};

static struct node node;

static void
stop_all(void)
{
	for (uint32_t i = 0; i < node.n_senders; i++) {
		if (node.senders[i].pid > 0)
			kill(node.senders[i].pid, SIGKILL);
	}
	if (node.receiver.pid > 0)
		kill(node.receiver.pid, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		continue;
}

/* For whoever must find out why. */
static void
describe(void)
{
	struct gm_ring *ring;
	uint64_t lo, hi;

	if (!enter())
		return;
	ring = guest.region.ring[GM_MAILBOX].ring;
	lo = gm_load(&ring->tail.lo, relaxed);
	hi = gm_load(&ring->tail.hi, relaxed);
	printf("# tail %llx %llx limit %llx taken %llx slept %llu rung %llu "
	       "pinwait %u room %u wanted %u allocated %llx\n",
	    (unsigned long long)lo, (unsigned long long)hi,
	    (unsigned long long)gm_load(&ring->limit, relaxed),
	    (unsigned long long)gm_load(&ring->taken, relaxed),
	    (unsigned long long)gm_load(&ring->sleep_no, relaxed),
	    (unsigned long long)gm_load(&ring->rung, relaxed),
	    gm_load(&ring->pinwait, relaxed), gm_load(&ring->room_seq, relaxed),
	    gm_load(&ring->room_wanted, relaxed),
	    (unsigned long long)gm_load(&ring->allocated, relaxed));
	for (uint32_t i = 0; i < node.n_senders; i++)
		printf("# sender %u: pid %d stopped %d m %llx v %llx\n", i,
		    node.senders[i].pid, node.senders[i].stopped,
		    (unsigned long long)gm_load(&party->pages[i].send_m,
			relaxed),
		    (unsigned long long)gm_load(&party->pages[i].send_v,
			relaxed));
	printf("# receiver: pid %d stopped %d\n", node.receiver.pid,
	    node.receiver.stopped);
	fflush(NULL);
}

static void
watch(void)
{
	if (gm_load(&party->failed, acquire) == 0)
		return;
	stop_all();
	fail("-");
}

static pid_t
spawn(bool is_receiver, uint32_t i, uint32_t gen)
{
	uint64_t seed = chance(&guest.seed) | 1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	gm_membarrier_register();
	am_node = false;
	guest.seed = seed;
	guest.is_receiver = is_receiver;
	if (is_receiver)
		receive_for_ever(node.fenced);
	send_for_ever(i, gen, node.fenced);
}

static void
new_region(void)
{
	uint32_t number = gm_load(&party->region, relaxed) + 1;
	uint64_t at = gm_load(&party->at, relaxed);

	at += gm_region_span(node.cells);
	if (gm_region_create(guest.fd, at, node.cells, 99, number) != 0)
		fail("no memory for a region");
	gm_store(&party->at, at, relaxed);
	gm_store(&party->region, number, release);
	node.receiver = (struct member){ .pid = spawn(true, 0, 0) };
}

/* Section 5: the memory of dead regions that nobody is sending to. */
static void
punch_retired(void)
{
	for (uint32_t i = 0; i < node.n_retired;) {
		bool named = false;

		for (uint32_t s = 0; s < node.n_senders; s++)
			named = named ||
				gm_region_id_at(gm_load(&party->pages[s].send_m,
				    acquire)) == node.retired[i];
		if (named) {
			i++;
			continue;
		}
		gm_region_punch(guest.fd, node.retired[i], node.cells);
		node.retired[i] = node.retired[--node.n_retired];
	}
}

static void
receiver_died(void)
{
	gm_store(&party->alive, 0, release); /* D1 */
	gm_membarrier(); /* D2 */
	if (!enter())
		fail("the node cannot map the region");
	gm_ring_retire(&guest.region.ring[GM_MAILBOX]);
	if (node.n_retired == RETIRED_MAX)
		fail("regions cannot be punched");
	node.retired[node.n_retired++] = guest.region.at;
	node.receiver_deaths++;
	punch_retired();
	new_region();
}

static void
sender_died(uint32_t i)
{
	struct gm_page *page = &party->pages[i];
	struct desk *desk = &party->desks[i];
	uint64_t m;

	if (!node.fenced)
		gm_membarrier(); /* D2 */
	m = gm_load(&page->send_m, acquire);
	if (!enter())
		fail("the node cannot map the region");
	if (m == guest.region.ring[GM_MAILBOX].id && /* D3 */
	    gm_ring_settle(&guest.region.ring[GM_MAILBOX], i + 1,
		gm_load(&page->send_v, acquire)) != 0)
		fail("settle");
	ring_bell(); /* D4 */
	gm_store(&page->send_m, 0, release);
	gm_store(&page->send_v, 0, release);
	gm_store(&desk->before, gm_load(&desk->completed, acquire), relaxed);
	gm_store(
	    &desk->before_region, gm_load(&desk->region, relaxed), relaxed);
	gm_store(&desk->completed, 0, relaxed);
	gm_store(&desk->region, 0, relaxed);
	gm_store(&desk->paused, 0, relaxed);
	node.deaths++;
	node.senders[i].gen++;
	node.senders[i].stopped = node.senders[i].for_good = false;
	node.senders[i].pid = spawn(false, i, node.senders[i].gen);
}

static uint32_t
count_stopped(bool for_good)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < node.n_senders; i++)
		n += node.senders[i].stopped &&
		     (!for_good || node.senders[i].for_good);
	return n;
}

static void
member_stopped(struct member *member, bool sender)
{
	if (member->stopped)
		return;
	member->stopped = true;
	member->until = soon((int)(chance(&guest.seed) % 30));
	member->for_good = sender && chance(&guest.seed) % 6 == 0 &&
			   count_stopped(true) < FOR_GOOD_MAX;
}

static void
reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		watch();
		if (pid == node.receiver.pid) {
			if (WIFSTOPPED(status))
				member_stopped(&node.receiver, false);
			else
				receiver_died();
		}
		for (uint32_t i = 0; i < node.n_senders; i++) {
			if (node.senders[i].pid != pid)
				continue;
			if (WIFSTOPPED(status))
				member_stopped(&node.senders[i], true);
			else
				sender_died(i);
			break;
		}
	}
	gm_store(&party->stopped, count_stopped(false), release);
}

static void
go_on(struct member *member)
{
	member->stopped = member->for_good = false;
	gm_store(&party->stopped, count_stopped(false), release);
	kill(member->pid, SIGCONT);
}

/* Those whose time has come go on; somebody else falls. */
static void
disturb(void)
{
	uint64_t dice = chance(&guest.seed);
	struct member *member = &node.senders[dice % node.n_senders];
	int64_t now = soon(0);

	if (node.receiver.stopped && now >= node.receiver.until)
		go_on(&node.receiver);
	for (uint32_t i = 0; i < node.n_senders; i++) {
		struct member *m = &node.senders[i];

		if (m->stopped && !m->for_good && now >= m->until)
			go_on(m);
	}
	if (dice / 32 % 40 == 0)
		kill(member->pid, SIGKILL);
	else if (dice / 32 % 40 < 3)
		kill(member->pid, SIGSTOP);
	if (dice / 2048 % 1000 == 0)
		kill(node.receiver.pid, SIGKILL);
	else if (dice / 2048 % 1000 < 5)
		kill(node.receiver.pid, SIGSTOP);
}

/* With at most one stopped, the others get on. */
static void
check_progress(void)
{
	uint64_t messages = gm_load(&party->messages, relaxed);
	int64_t now = soon(0);

	if (messages != node.progress || count_stopped(false) > 1 ||
	    node.receiver.stopped) {
		node.progress = messages;
		node.progress_at = now;
	} else if (now - node.progress_at > 4000000000) {
		describe();
		if (getenv("HANG")) for (;;) pause();
		fail("wedged: nothing for 4 s, %u stopped",
		    count_stopped(false));
	}
}

static bool
all_rest(void)
{
	uint32_t asked = gm_load(&party->pause, relaxed);

	for (uint32_t i = 0; i < node.n_senders; i++) {
		if (gm_load(&party->desks[i].paused, acquire) != asked)
			return false;
	}
	return true;
}

static bool
is_drained(void)
{
	return gm_load(&party->drained, acquire) ==
	       gm_load(&party->drain, relaxed);
}

static void
wait_for(bool (*cond)(void), const char *what)
{
	int64_t end = soon(PATIENCE_MS);

	while (!cond()) {
		if (soon(0) > end)
			fail("%s for %d s", what, PATIENCE_MS / 1000);
		reap();
		watch();
		for (uint32_t i = 0; i < node.n_senders; i++) {
			if (node.senders[i].stopped)
				go_on(&node.senders[i]);
		}
		if (node.receiver.stopped)
			go_on(&node.receiver);
		poll(NULL, 0, 1);
	}
}

/* What was completed has come, of the dead as well. */
static void
check_desks(void)
{
	uint32_t region = gm_load(&party->region, relaxed);

	for (uint32_t i = 0; i < node.n_senders; i++) {
		struct desk *desk = &party->desks[i];
		uint64_t taken = gm_load(&desk->taken, acquire);
		uint64_t gen = (uint64_t)node.senders[i].gen << 40;
		uint64_t completed = gm_load(&desk->completed, acquire);

		if (gm_load(&desk->region, relaxed) == region &&
		    taken != gen + completed)
			fail("sender %u: %llu completed, %llx taken", i,
			    (unsigned long long)completed,
			    (unsigned long long)taken);
		if (gm_load(&desk->before_region, relaxed) == region &&
		    taken <
			gen - (1ull << 40) + gm_load(&desk->before, relaxed))
			fail("sender %u: what gen %u completed is lost", i,
			    node.senders[i].gen - 1);
	}
}

static void
rest(void)
{
	/* of those stopped for good half die, half go on */
	for (uint32_t i = 0; i < node.n_senders; i++) {
		if (node.senders[i].for_good && chance(&guest.seed) % 2 == 0)
			kill(node.senders[i].pid, SIGKILL);
	}
	gm_store(&party->calm, 1, release);
	gm_store(&party->pause, ++node.rests, release);
	wait_for(all_rest, "senders do not finish");
	gm_store(&party->drain, node.rests, release);
	ring_bell();
	wait_for(is_drained, "the receiver does not finish");
	check_desks();
	punch_retired();
	if (node.n_retired != 0)
		fail("%u dead regions are still named", node.n_retired);
	gm_store(&party->calm, 0, release);
	gm_store(&party->pause, 0, release);
}

static void
report(void)
{
	static const char *const names[STEPS] = { "S1", "S5", "H2", "H3", "S4",
		"grown", "S6", "S7", "S8hi", "S8", "S9", "trim", "punch",
		"jump", "sleep", "D3" };

#define COUNT(name) (unsigned long long)gm_load(&party->name, relaxed)
	printf("# %llu messages, %llu MB, %llu laps, %llu refused\n",
	    COUNT(messages), COUNT(bytes) >> 20, COUNT(laps), COUNT(refused));
	printf("# %u deaths, %u of receivers, %llu passed open, %llu jumps, "
	       "%llu sleeps, %llu trims, %u rests\n",
	    node.deaths, node.receiver_deaths, COUNT(passed), COUNT(jumps),
	    COUNT(sleeps), COUNT(trims), node.rests);
	printf("# killed/stopped at");
	for (int i = 0; i < STEPS; i++)
		printf(" %s %llu/%llu", names[i], COUNT(killed_at[i]),
		    COUNT(stopped_at[i]));
	printf("\n");
#undef COUNT
}

static void
check_memory(void)
{
	struct stat st;

	gm_region_punch(guest.fd, gm_load(&party->at, relaxed), node.cells);
	if (fstat(guest.fd, &st) != 0 || st.st_blocks != 0)
		fail("%ld blocks of memory are not given back",
		    (long)st.st_blocks);
}

static int64_t
options(int argc, char **argv)
{
	static const struct option longs[] = { { "seconds", 1, NULL, 's' },
		{ "senders", 1, NULL, 'n' }, { "cells", 1, NULL, 'c' },
		{ "seed", 1, NULL, 'r' }, { "fenced", 0, NULL, 'f' }, { 0 } };
	long seconds = 10;
	int option;

	node.n_senders = 6;
	node.cells = 256;
	guest.seed = (uint64_t)soon(0) | 1;
	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (option == 's')
			seconds = atol(optarg);
		else if (option == 'n')
			node.n_senders = (uint32_t)atol(optarg);
		else if (option == 'c')
			node.cells = (uint32_t)atol(optarg);
		else if (option == 'r')
			guest.seed = strtoull(optarg, NULL, 10) | 1;
		else if (option == 'f')
			node.fenced = true;
		else
			exit(2);
	}
	if (node.n_senders < 1 || node.n_senders > SENDERS_MAX)
		exit(2);
	printf("1..1\n# seed %llu\n", (unsigned long long)guest.seed);
	return soon((int)seconds * 1000);
}

int
main(int argc, char **argv)
{
	int64_t end = options(argc, argv), next;

	guest.fd = memfd_create("ring", MFD_CLOEXEC);
	guest.bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	party = mmap(NULL, sizeof(*party), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (guest.fd < 0 || guest.bell < 0 || party == MAP_FAILED)
		return 2;
	if (gm_membarrier_register() != 0)
		node.fenced = true;
	new_region();
	for (uint32_t i = 0; i < node.n_senders; i++) {
		node.senders[i].gen = 1;
		node.senders[i].pid = spawn(false, i, 1);
	}
	next = soon(300);
	while (soon(0) < end) {
		poll(NULL, 0, 1);
		reap();
		watch();
		disturb();
		check_progress();
		if (soon(0) >= next) {
			rest();
			next = soon(100 + (int)(chance(&guest.seed) % 600));
		}
	}
	rest();
	stop_all();
	check_memory();
	report();
	printf("ok 1 - ring_of_senders\n");
	return 0;
}
