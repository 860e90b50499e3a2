/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stack in a process of its own, the first gen_server of every textbook.
 * The same file is a module and, with the main() below, a program:
 *
 *	gsctl start --name stack ./stack.so hello world
 *	gsctl cast stack push again
 *	gsctl call stack pop
 *
 * An element is any bytes but none at all: the empty stack answers those.
 */
#include <genserver.h>
#include <stdio.h>
#include <stdlib.h>

struct element {
	struct element *below;
	size_t size;
	char bytes[];
};

struct stack {
	struct element *top;
	size_t depth;
};

extern const gs_behaviour stack;

/* Client functions: these run in the caller. */

static int
stack_start_link(const char *name, const char *elements, gs_pid *pid)
{
	gs_options options = { .name = name };

	return gs_start_link(&stack, GS_TEXT(elements), &options, pid);
}

static int
stack_push(gs_addr to, const char *element)
{
	return gs_cast(to, GS_STR("push %s", element));
}

static int
stack_pop(gs_addr to, gs_bytes *element)
{
	return gs_call(to, GS_TEXT("pop"), element, GS_CALL_TIMEOUT);
}

/* Callbacks: these run in the server. */

static void
push(struct stack *s, gs_bytes bytes)
{
	struct element *e = malloc(sizeof(*e) + bytes.size);

	if (!e)
		gs_exit("enomem");
	e->size = bytes.size;
	memcpy(e->bytes, bytes.data, bytes.size);
	e->below = s->top;
	s->top = e;
	s->depth++;
}

static gs_next
stack_init(void *state, gs_bytes elements)
{
	gs_bytes word;

	while ((word = gs_word(&elements)).size > 0)
		push(state, word);
	return gs_ok();
}

static gs_next
stack_call(void *state, gs_bytes request, gs_from from)
{
	struct stack *s = state;
	struct element *top = s->top;
	gs_next next;

	(void)from;
	if (!gs_is(request, "pop"))
		return gs_next_stop("bad_call");
	if (!top)
		return gs_next_reply(GS_NONE);
	s->top = top->below;
	s->depth--;
	next = gs_next_reply(GS_BYTES(top->bytes, top->size));
	free(top); /* the verdict has its own copy */
	return next;
}

static gs_next
stack_cast(void *state, gs_bytes request)
{
	gs_bytes element;

	if (!gs_verb(request, "push", &element) || element.size == 0)
		return gs_next_stop("bad_cast");
	push(state, element);
	return gs_next_noreply();
}

/* Without this an address and a number would be shown, as bytes. */
static void
stack_status(const void *state, gs_status *status)
{
	const struct stack *s = state;

	status->text = GS_STR("depth %zu", s->depth);
}

GS_SERVER(stack, .version = "1", .state_size = sizeof(struct stack),
    .init = stack_init, .handle_call = stack_call, .handle_cast = stack_cast,
    .format_status = stack_status);
GS_MODULE(stack);

int
main(void)
{
	gs_bytes top;
	gs_pid pid;

	if (gs_node_open(NULL, 0) < 0 ||
	    stack_start_link(NULL, "hello world", &pid) < 0 ||
	    stack_push(GS_PID(pid), "again") < 0)
		goto fail;
	while (stack_pop(GS_PID(pid), &top) == 0) {
		if (top.size == 0)
			return 0;
		printf("%.*s\n", (int)top.size, (const char *)top.data);
	}
fail:
	fprintf(stderr, "stack: %s\n", gs_error_text());
	return 1;
}
