/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Servers by names that are no local names: chat rooms, each started under the
 * key of its topic in a registry, registry.c, and spoken to by that key.
 */
#include <errno.h>
#include <stdio.h>

#include "registry.h"

struct room {
	long said;
};

static gs_next
init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

static gs_next
cast(void *state, gs_bytes request)
{
	(void)request;
	((struct room *)state)->said++;
	return gs_next_noreply();
}

static gs_next
call(void *state, gs_bytes request, gs_from from)
{
	(void)request;
	(void)from;
	return gs_next_reply(GS_STR("%ld", ((struct room *)state)->said));
}

GS_SERVER(room, .state_size = sizeof(struct room), .init = init,
    .handle_call = call, .handle_cast = cast);

/* The room of that topic, whoever was the first to open it. */
static int
enter(const char *topic)
{
	gs_options options = { .via = &registry_via, .via_key = topic };
	gs_pid pid;
	int status = gs_start(&room, GS_NONE, &options, &pid);

	return status == -EEXIST ? 0 : status;
}

int
main(void)
{
	gs_options options = { .name = "registry" };
	char text[32];
	gs_bytes said;
	gs_pid pid;
	int status = gs_node_open(NULL, GS_NODE_PRIVATE);

	if (status == 0)
		status = gs_start(&registry, GS_NONE, &options, &pid);
	if (status == 0)
		status = enter("garden birds");
	if (status == 0)
		status = enter("garden birds");
	if (status == 0)
		status = gs_cast(
		    GS_VIA(&registry_via, "garden birds"), GS_TEXT("a wren!"));
	if (status == 0)
		status = gs_call(GS_VIA(&registry_via, "garden birds"),
		    GS_TEXT("said"), &said, GS_CALL_TIMEOUT);
	if (status != 0) {
		fprintf(stderr, "%s\n", gs_error_text());
		return 1;
	}
	gs_string(said, text, sizeof(text));
	printf("said about garden birds: %s\n", text);
	gs_node_close();
	return strcmp(text, "1") != 0;
}
