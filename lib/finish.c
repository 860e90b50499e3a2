/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ordered end of a process.  The rule: the last words count only when
 * their state word is stored and the process then leaves with status 0, so
 * they are completed as the very last thing; whatever goes wrong before
 * shows in the wait status instead.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/guest.h"
#include "lib/missing.h"

/* SIGKILL after this leaves a text without a state word: ignored. */
static void
stage_words(struct gm_page *page, const char *reason)
{
	char text[GM_WORDS_MAX + 1];

	gsi_reason_copy(text, reason);
	page->words_size = (uint32_t)strlen(text);
	memcpy(page->words, text, page->words_size + 1);
}

static void
publish_words(struct gm_page *page)
{
	/* release [P1]: text before state word, else the node reads half */
	gm_store(&page->words_state, GM_WORDS_FINAL, release);
}

static_assert(GM_WORDS_MAX == GS_REASON_MAX, "a reason fits the words");

void
gsi_words(struct gm_page *page, const char *reason)
{
	stage_words(page, reason);
	publish_words(page);
}

/*
 * Registered first, so called last: after the exit handlers of the server's
 * own code, instead of those inherited.  Other nodes cannot wait for us: they
 * are told the status in words.
 */
static void
leave(int status, void *data)
{
	struct gsi_self *me = gsi_home()->guarded;
	char text[32];

	(void)data;
	fflush(NULL);
	/* a helper that it has forked is not the server */
	if (status != 0 && gsi_crash_self() == me) {
		gsi_crash_exit();
		snprintf(text, sizeof(text), "exit:%d", status & 0xff);
		gsi_guests_words(me, text);
	} else if (status == 0 && me->page->words_size) {
		gsi_guests_words(me, me->page->words);
		publish_words(me->page);
	}
	_exit(status);
}

/* A forker's does for its child: no user code has registered any behind it. */
int
gsi_exit_guard_install(struct gsi_self *me)
{
	struct gsi_home *home = gsi_home();
	bool there = home->inherits && home->guarded != NULL;

	home->inherits = false;
	home->guarded = me;
	return there || on_exit(leave, NULL) == 0 ? 0 : -ENOMEM;
}

void
gsi_finish(struct gsi_self *me, const char *reason)
{
	if (me->server) {
		stage_words(me->page, reason);
		exit(0);
	}
	fflush(NULL);
	gsi_guests_words(me, reason);
	gsi_words(me->page, reason);
	_exit(0);
}
