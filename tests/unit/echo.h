/* SPDX-License-Identifier: Apache-2.0 */
/* A server that answers each call with its request. */
#ifndef GS_TESTS_ECHO_H
#define GS_TESTS_ECHO_H

#include <genserver.h>

static inline gs_next
echo_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

static inline gs_next
echo_call(void *state, gs_bytes request, gs_from from)
{
	(void)state;
	(void)from;
	return gs_next_reply(request);
}

static GS_SERVER(echo, .init = echo_init, .handle_call = echo_call);

#endif
