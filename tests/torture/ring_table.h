/* SPDX-License-Identifier: Apache-2.0 */
/* What the node of ring_of_senders knows of all, and what it tells of it. */
#ifndef GS_TESTS_RING_TABLE_H
#define GS_TESTS_RING_TABLE_H

#include <sys/stat.h>

#include "tests/torture/ring_fault.h"

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

static uint32_t
count_stopped(bool for_good)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < node.n_senders; i++)
		n += node.senders[i].stopped &&
		     (!for_good || node.senders[i].for_good);
	return n;
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
		    (unsigned long long)gm_load(
			&party->pages[i].send_m, relaxed),
		    (unsigned long long)gm_load(
			&party->pages[i].send_v, relaxed));
	printf("# receiver: pid %d stopped %d\n", node.receiver.pid,
	    node.receiver.stopped);
	fflush(NULL);
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

#endif
