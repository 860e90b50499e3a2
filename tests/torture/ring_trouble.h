/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the node of ring_of_senders does to the others, and whether they bear
 * it.
 */
#ifndef GS_TESTS_RING_TROUBLE_H
#define GS_TESTS_RING_TROUBLE_H

#include "tests/torture/ring_table.h"

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
		fail("wedged: nothing for 4 s, %u stopped",
		    count_stopped(false));
	}
}

#endif
