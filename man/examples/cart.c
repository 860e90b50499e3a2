/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shopping cart that is emptied when nobody has touched it for half an
 * hour, or for the milliseconds of the init argument.  Looking counts, too.
 *
 *	gsctl start --name cart ./cart.so
 *	gsctl cast cart add two pounds of apples
 *	gsctl cast cart remove two pounds of apples
 *	gsctl call cart items			one a line, oldest first
 */
#include <genserver.h>
#include <stdio.h>
#include <stdlib.h>

#define HALF_AN_HOUR (30 * 60 * 1000)

struct cart {
	char *lines; /* each item and a newline */
	size_t size;
	int patience;
};

extern const gs_behaviour cart;

/* Client functions: these run in the caller. */

static int
cart_start_link(const char *name, int patience, gs_pid *pid)
{
	gs_options options = { .name = name };

	return gs_start_link(&cart, GS_STR("%d", patience), &options, pid);
}

static int
cart_add(gs_addr to, const char *item)
{
	return gs_cast(to, GS_STR("add %s", item));
}

static int
cart_remove(gs_addr to, const char *item)
{
	return gs_cast(to, GS_STR("remove %s", item));
}

static int
cart_items(gs_addr to, gs_bytes *lines)
{
	return gs_call(to, GS_TEXT("items"), lines, GS_CALL_TIMEOUT);
}

/* Callbacks: these run in the server. */

static gs_next
cart_init(void *state, gs_bytes argument)
{
	struct cart *c = state;
	long ms = gs_long(argument, argument.size ? -1 : HALF_AN_HOUR);

	if (ms < 1 || ms >= GS_INFINITY)
		return gs_error("not a number of milliseconds");
	c->patience = (int)ms;
	return gs_ok();
}

/* Every message starts the wait anew; an empty cart waits for nothing. */
static gs_next
patiently(const struct cart *c, gs_next next)
{
	return c->size > 0 ? gs_with_timeout(next, c->patience) : next;
}

static void
add(struct cart *c, gs_bytes item)
{
	char *lines = realloc(c->lines, c->size + item.size + 1);

	if (!lines)
		gs_exit("enomem");
	memcpy(lines + c->size, item.data, item.size);
	lines[c->size + item.size] = '\n';
	c->lines = lines;
	c->size += item.size + 1;
}

/* The first one only; none if there is none. */
static void
take_out(struct cart *c, gs_bytes item)
{
	char *at, *next, *end = c->lines + c->size;

	for (at = c->lines; at < end; at = next) {
		next = (char *)memchr(at, '\n', end - at) + 1;
		if ((size_t)(next - at) != item.size + 1 ||
		    memcmp(at, item.data, item.size) != 0)
			continue;
		memmove(at, next, end - next);
		c->size -= next - at;
		return;
	}
}

static gs_next
cart_cast(void *state, gs_bytes request)
{
	struct cart *c = state;
	gs_bytes item;

	if (gs_verb(request, "add", &item) && item.size > 0)
		add(c, item);
	else if (gs_verb(request, "remove", &item) && item.size > 0)
		take_out(c, item);
	else
		return gs_next_stop("bad_cast");
	return patiently(c, gs_next_noreply());
}

static gs_next
cart_call(void *state, gs_bytes request, gs_from from)
{
	struct cart *c = state;
	size_t size = c->size > 0 ? c->size - 1 : 0;

	(void)from;
	if (!gs_is(request, "items"))
		return gs_next_stop("bad_call");
	return patiently(c, gs_next_reply(GS_BYTES(c->lines, size)));
}

static gs_next
cart_info(void *state, const gs_info *info)
{
	struct cart *c = state;

	if (info->kind == GS_INFO_TIMEOUT)
		c->size = 0;
	return patiently(c, gs_next_noreply());
}

static void
cart_status(const void *state, gs_status *status)
{
	const struct cart *c = state;

	status->text = GS_BYTES(c->lines, c->size);
}

GS_SERVER(cart, .version = "1", .state_size = sizeof(struct cart),
    .init = cart_init, .handle_call = cart_call, .handle_cast = cart_cast,
    .handle_info = cart_info, .format_status = cart_status);
GS_MODULE(cart);

static int
show(gs_addr to)
{
	gs_bytes lines;

	if (cart_items(to, &lines) < 0)
		return -1;
	printf("the cart: %.*s\n", (int)lines.size, (const char *)lines.data);
	return 0;
}

int
main(void)
{
	gs_info info;
	gs_pid pid;

	if (gs_node_open(NULL, 0) < 0 || cart_start_link("cart", 100, &pid) < 0)
		goto fail;
	if (cart_add(GS_PID(pid), "pears") < 0 ||
	    cart_add(GS_PID(pid), "apples") < 0 ||
	    cart_remove(GS_PID(pid), "pears") < 0 || show(GS_PID(pid)) < 0)
		goto fail;
	/* Nobody writes to us, so this waits: longer than the cart does. */
	if (gs_receive(&info, 300) == 0 || show(GS_PID(pid)) < 0)
		goto fail;
	return 0;
fail:
	fprintf(stderr, "cart: %s\n", gs_error_text());
	return 1;
}
