/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose end matters to the requests that are out.
 *
 * The rule: while a request is out, a word of the own page names its server,
 * so the node rings when that dies [T5] and keeps its reason readable.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/pending.h"

struct gsi_watching {
	uint32_t requests[GM_WATCHES + 1]; /* how many each word serves */
	uint64_t word[GM_WATCHES]; /* what they say */
	uint32_t used; /* words in use */
};

int
gsi_watching_need(struct gsi_self *at)
{
	if (at->watching == NULL)
		at->watching = calloc(1, sizeof(*at->watching));
	return at->watching != NULL ? 0 : -ENOMEM;
}

bool
gsi_watches(const struct gsi_self *at)
{
	const struct gsi_watching *w = at->watching;

	return w != NULL && (w->used > 0 || w->requests[GM_WATCHES] > 0);
}

static void
say_any(struct gsi_self *at)
{
	const struct gsi_watching *w = at->watching;
	uint32_t any = (w->used > 0 ? GM_WAIT_WATCH : 0) |
		       (w->requests[GM_WATCHES] > 0 ? GM_WAIT_MORE : 0);

	gm_store(&at->page->wait_any, any, release); /* [T5] */
}

void
gsi_watch(struct gsi_pending *p)
{
	struct gsi_watching *w = p->at->watching;
	uint64_t word = (uint64_t)p->pid.slot << 32 | p->pid.gen;
	uint32_t i, free = GM_WATCHES;

	for (i = 0; i < GM_WATCHES; i++) {
		if (w->requests[i] == 0 && free == GM_WATCHES)
			free = i;
		else if (w->requests[i] > 0 && w->word[i] == word)
			break;
	}
	if (i == GM_WATCHES)
		i = free;
	p->watch = (uint8_t)i;
	if (w->requests[i]++ > 0)
		return;
	/* release [T5]: before the look at the entry in the send */
	if (i < GM_WATCHES) {
		w->word[i] = word;
		gm_store(&p->at->page->watch[i], word, release);
		w->used++;
	}
	say_any(p->at);
	if (p->at->sender.fenced)
		gm_fence(seq_cst);
}

void
gsi_unwatch(const struct gsi_pending *p)
{
	struct gsi_watching *w = p->at->watching;

	if (--w->requests[p->watch] > 0)
		return;
	if (p->watch < GM_WATCHES) {
		gm_store(&p->at->page->watch[p->watch], 0, release);
		w->used--;
	}
	say_any(p->at);
}

/* While all have a word of their own, those words say enough. */
static bool
some_dead(const struct gsi_self *at)
{
	const struct gsi_watching *w = at->watching;

	if (!gsi_watches(at))
		return false;
	if (gsi_node_lost(at) || w->requests[GM_WATCHES] > 0)
		return true;
	for (uint32_t i = 0; i < GM_WATCHES; i++) {
		uint64_t word = w->word[i];

		if (w->requests[i] > 0 &&
		    !gm_entry_live(
			at->arena, (uint32_t)(word >> 32), (uint32_t)word))
			return true;
	}
	return false;
}

bool
gsi_watched_ends(struct gsi_self *me)
{
	bool ends = some_dead(me);

	for (struct gsi_self *at = gsi_guest_next(me, NULL);
	     at != NULL && !ends; at = gsi_guest_next(me, at))
		ends = some_dead(at);
	return ends;
}
