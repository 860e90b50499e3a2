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
#include <sys/wait.h>

#include "tests/torture/ring_guest.h"
#include "tests/torture/ring_host.h"
#include "tests/torture/ring_trouble.h"

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
	pid_t pid, parent = getpid();

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
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
			if (node.senders[i].stopped &&
			    i + 1 != gm_load(&party->victim, relaxed))
				go_on(&node.senders[i]);
		}
		if (node.receiver.stopped)
			go_on(&node.receiver);
		poll(NULL, 0, 1);
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

static bool
victim_stopped(void)
{
	uint32_t victim = gm_load(&party->victim, relaxed);

	return node.senders[victim - 1].stopped;
}

static bool
laps_done(void)
{
	return gm_load(&party->messages, relaxed) >= node.progress;
}

/* One stops inside its record; the others go round many times (R5). */
static void
ordeal(void)
{
	uint32_t victim = (uint32_t)(chance(&guest.seed) % node.n_senders);

	gm_store(&party->calm, 1, release);
	gm_store(&party->victim, victim + 1, release);
	wait_for(victim_stopped, "the victim does not stop");
	node.progress = gm_load(&party->messages, relaxed) + 4 * node.cells;
	wait_for(laps_done, "one stopped sender stops all");
	gm_store(&party->victim, 0, release);
	go_on(&node.senders[victim]);
	gm_store(&party->calm, 0, release);
	node.progress_at = soon(0);
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
	node.progress_at = soon(0);
	next = soon(300);
	while (soon(0) < end) {
		poll(NULL, 0, 1);
		reap();
		watch();
		disturb();
		check_progress();
		if (soon(0) >= next) {
			rest();
			if (node.rests % 4 == 0 && node.n_senders > 1)
				ordeal();
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
