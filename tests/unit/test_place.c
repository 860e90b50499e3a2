/* SPDX-License-Identifier: Apache-2.0 */
/* Who shares a CPU with its peer: what is done about it, and how often. */
#include <stdlib.h>

#include "lib/internal.h"
#include "tests/runner.h"

#define WAITS 128 /* together, before anything is done */
#define MANY 600 /* apart, which says that it has helped */

static struct gsi_self *
new_self(void)
{
	struct gsi_self *me = calloc(1, sizeof(*me));

	CHECK(me);
	me->spin_ns = 1000;
	return me;
}

/* A remedy as soon as one may be: true, it is to sleep. */
static bool
remedy(struct gsi_self *me)
{
	me->place.again = 0;
	for (int i = 1; i < WAITS; i++)
		CHECK(!gsi_part(me, 0));
	return gsi_part(me, 0);
}

TEST(place_tries_the_other_remedy_more_and_more_seldom)
{
	struct gsi_self *me = new_self();
	bool sleeps = remedy(me);
	int64_t pause = me->place.pause;

	CHECK(pause > 0);
	for (int i = 0; i < 4; i++) {
		me->place.again = gsi_now_ns() - 1;
		for (int k = 1; k < WAITS; k++)
			CHECK(!gsi_part(me, 0));
		CHECK(gsi_part(me, 0) != sleeps);
		sleeps = !sleeps;
		CHECK_INT(me->place.pause, 2 * pause);
		pause *= 2;
	}
	free(me);
}

TEST(place_does_again_what_has_helped)
{
	struct gsi_self *me = new_self();
	bool sleeps = remedy(me);
	int64_t pause = me->place.pause;

	for (int i = 0; i < 4; i++) {
		me->place.apart = MANY;
		me->place.again = gsi_now_ns() - 1;
		for (int k = 1; k < WAITS; k++)
			CHECK(!gsi_part(me, 0));
		CHECK(gsi_part(me, 0) == sleeps);
		CHECK_INT(me->place.pause, pause);
		CHECK_INT(me->place.apart, 0);
	}
	free(me);
}

TEST(place_does_nothing_too_soon_or_for_who_never_spins)
{
	struct gsi_self *me = new_self();

	remedy(me);
	me->place.again = gsi_now_ns() + 10000000000;
	for (int i = 0; i < 4 * WAITS; i++)
		CHECK(!gsi_part(me, 0));
	me->place.again = 0;
	me->spin_ns = 0;
	for (int i = 0; i < 4 * WAITS; i++)
		CHECK(!gsi_part(me, 0));
	free(me);
}
