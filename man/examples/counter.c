/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A counter: the smallest server with a state.
 *
 *	gsctl start --name counter ./counter.so 5
 *	gsctl cast counter 3
 *	gsctl call counter get
 */
#include <genserver.h>
#include <stdio.h>

struct counter {
	long n;
};

extern const gs_behaviour counter;

/* Client functions: these run in the caller. */

static int
counter_start_link(const char *name, long n, gs_pid *pid)
{
	gs_options options = { .name = name };

	return gs_start_link(&counter, GS_STR("%ld", n), &options, pid);
}

static int
counter_add(gs_addr to, long n)
{
	return gs_cast(to, GS_STR("%ld", n));
}

static int
counter_get(gs_addr to, long *n)
{
	gs_bytes reply;
	int status = gs_call(to, GS_TEXT("get"), &reply, GS_CALL_TIMEOUT);

	if (status == 0)
		*n = gs_long(reply, 0);
	return status;
}

/* Callbacks: these run in the server. */

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
	if (!gs_is(request, "get"))
		return gs_next_stop("bad_call");
	return gs_next_reply(GS_STR("%ld", c->n));
}

/* Adds a number; what is not a number counts as one. */
static gs_next
counter_cast(void *state, gs_bytes request)
{
	struct counter *c = state;

	if (__builtin_add_overflow(c->n, gs_long(request, 1), &c->n))
		gs_exit("overflow");
	return gs_next_noreply();
}

GS_SERVER(counter, .version = "1", .state_size = sizeof(struct counter),
    .init = counter_init, .handle_call = counter_call,
    .handle_cast = counter_cast);
GS_MODULE(counter);

int
main(void)
{
	gs_pid pid;
	long n = 0;

	if (gs_node_open(NULL, 0) < 0 ||
	    counter_start_link("counter", 5, &pid) < 0 ||
	    counter_add(GS_NAME("counter"), 3) < 0 ||
	    counter_get(GS_NAME("counter"), &n) < 0) {
		fprintf(stderr, "counter: %s\n", gs_error_text());
		return 1;
	}
	printf("%ld\n", n);
	return 0;
}
