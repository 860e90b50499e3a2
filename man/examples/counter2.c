/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The counter, version 2: it also knows how often it was added to.  It takes
 * the place of version 1, or gives it back, while that is in use; upgrade.c
 * does so from a program.
 *
 *	gsctl start --name counter ./counter.so 5
 *	gsctl sys change-code counter ./counter2.so
 *	gsctl cast counter 3
 *	gsctl call counter adds
 */
#include <genserver.h>

/* As in counter.c. */
struct counter1 {
	long n;
};

struct counter {
	long n;
	long adds; /* since it was started, or changed to version 2 */
};

/* Callbacks. */

static gs_next
counter_init(void *state, gs_bytes start)
{
	struct counter *c = state;

	c->n = gs_long(start, 0);
	return gs_ok();
}

static gs_next
counter_call(void *state, gs_bytes request, gs_from from)
{
	struct counter *c = state;

	(void)from;
	if (gs_is(request, "get"))
		return gs_next_reply(GS_STR("%ld", c->n));
	if (gs_is(request, "adds"))
		return gs_next_reply(GS_STR("%ld", c->adds));
	return gs_next_stop("bad_call");
}

static gs_next
counter_cast(void *state, gs_bytes request)
{
	struct counter *c = state;

	if (__builtin_add_overflow(c->n, gs_long(request, 1), &c->n))
		gs_exit("overflow");
	c->adds++;
	return gs_next_noreply();
}

/*
 * The old state is in change->old; state is the one to fill.  Version 1 knows
 * nothing of us, so the way back is ours as well.
 */
static gs_next
counter_change(void *state, const gs_code_change *change)
{
	const struct counter1 *old = change->old.data;

	if (strcmp(change->version, "1") != 0)
		return gs_error("only from and to version 1");
	if (change->down)
		*(struct counter1 *)state = *old;
	else
		*(struct counter *)state = (struct counter){ .n = old->n };
	return gs_ok();
}

GS_SERVER(counter, .version = "2", .state_size = sizeof(struct counter),
    .init = counter_init, .handle_call = counter_call,
    .handle_cast = counter_cast, .code_change = counter_change);
GS_MODULE(counter);
