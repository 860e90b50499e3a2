/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slot whose old generation somebody still names is not given away; once
 * nobody names it, it is, though nothing else happens in the node.
 */
#include <genserver.h>

#include "lib/attach.h"
#include "tests/runner.h"

static gs_next
init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

static GS_SERVER(idle, .init = init);

/* Has the slot come to that state, with this generation? */
struct wanted {
	gs_pid pid;
	uint32_t state;
};

static bool
is_so(void *data)
{
	const struct wanted *w = data;
	const struct gm_entry *entry = &gsi_self()->arena->table[w->pid.slot];

	return gm_load(&entry->word, acquire) ==
	       gm_word_of(w->pid.gen, w->state);
}

/*
 * Slots, bells and pidfds of clients that had ended while root was still in a
 * reply to them stayed until somebody else died.
 */
TEST(linger_ends_when_the_last_name_goes)
{
	gs_child_spec spec = { .behaviour = &idle, .restart = GS_TEMPORARY };
	struct wanted dead = { .state = GM_DEAD }, gone;
	struct gm_page *page;

	CHECK_INT(gs_node_open(NULL, 0), 0);
	CHECK_INT(gs_child_start(&spec, &dead.pid), 0);
	gone = (struct wanted){ dead.pid, GM_FREE };
	page = gsi_self()->page;
	gm_store(&page->wait[0], (uint64_t)dead.pid.slot << 32 | dead.pid.gen,
	    release);
	CHECK_INT(gs_exit_signal(GS_PID(dead.pid), "kill"), 0);
	CHECK(eventually(is_so, &dead, 10000));
	CHECK(!eventually(is_so, &gone, 1500));
	gm_store(&page->wait[0], 0, release);
	CHECK(eventually(is_so, &gone, 10000));
	gs_node_close();
}
