/* SPDX-License-Identifier: Apache-2.0 */
/* The ordered end: exit handlers of one's own, then the last words. */
#include "tests/unit/fake_server.h"

static void
mark_exit(void)
{
	gm_store(&room->ready, gm_load(&room->ready, relaxed) + 1, relaxed);
}

static void
inherited(void)
{
	gm_store(&room->ready, 100, relaxed);
}

static void
finish_it(void *data)
{
	struct gsi_self *me;

	atexit(inherited);
	me = be_server();
	atexit(mark_exit);
	gsi_finish(me, data);
}

TEST(finish_runs_own_exit_handlers_then_words)
{
	int status = end_of(finish_it, "boom");

	CHECK_INT(status, 0);
	CHECK_INT(gm_load(&room->ready, relaxed), 1);
	CHECK_INT(room->page.words_state, GM_WORDS_FINAL);
	CHECK_STR(room->page.words, "boom");
}

static void
exit_with(void *data)
{
	atexit(inherited);
	be_server();
	atexit(mark_exit);
	exit(*(int *)data);
}

/* EXIT-03 */
TEST(finish_exit_in_user_code_has_no_words)
{
	int codes[] = { 0, 3 };

	for (int i = 0; i < 2; i++) {
		int status = end_of(exit_with, &codes[i]);

		CHECK(WIFEXITED(status));
		CHECK_INT(WEXITSTATUS(status), codes[i]);
		CHECK_INT(gm_load(&room->ready, relaxed), 1);
		CHECK_INT(room->page.words_state, 0);
	}
}
