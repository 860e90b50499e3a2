/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that is a server: gsctl start ./echo.  As it also names its
 * module, "gsctl start ./echo.so" runs the same behaviour without a program.
 */
#include <genserver.h>

static gs_next
echo_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

static gs_next
echo_call(void *state, gs_bytes request, gs_from from)
{
	(void)state;
	(void)from;
	return gs_next_reply(request);
}

GS_SERVER(echo, .version = "1", .init = echo_init, .handle_call = echo_call);
GS_MODULE(echo);

int
main(int argc, char **argv)
{
	return gs_main(argc, argv, &echo);
}
