/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server whose events are easy to foretell: it adds up numbers, and its
 * status is "at N".
 */
#include "tests/conformance/meter.h"

#include <fcntl.h>

static gs_next
meter_init(void *state, gs_bytes argument)
{
	*(long *)state = gs_long(argument, 0);
	return gs_ok();
}

static gs_next
meter_call(void *state, gs_bytes request, gs_from from)
{
	long *n = state;
	int64_t until;

	if (gs_is(request, "later")) {
		/* SYS-18: no reply by return value */
		if (gs_reply(from, GS_TEXT("now")) != 0)
			return gs_next_stop("no_reply");
		return gs_next_noreply();
	}
	if (gs_is(request, "work")) {
		until = now_ms() + 100;
		while (now_ms() < until)
			continue;
		return gs_next_reply(GS_TEXT("done"));
	}
	*n += gs_long(request, 0);
	return gs_next_reply(GS_STR("%ld", *n));
}

static gs_next
meter_cast(void *state, gs_bytes request)
{
	*(long *)state += gs_long(request, 1);
	return gs_next_noreply();
}

static gs_next
meter_info(void *state, const gs_info *info)
{
	(void)state;
	(void)info;
	return gs_next_noreply();
}

static void
meter_format(const void *state, gs_status *status)
{
	status->text = GS_STR("at %ld", *(const long *)state);
}

static GS_SERVER(meter, .state_size = sizeof(long), .init = meter_init,
    .handle_call = meter_call, .handle_cast = meter_cast,
    .handle_info = meter_info, .format_status = meter_format);

gs_addr
start_meter(const char *debug)
{
	gs_options options = { .name = "meter", .debug = debug };
	gs_pid pid;

	CHECK_OK(gs_start(&meter, GS_TEXT("5"), &options, &pid));
	return GS_PID(pid);
}

const char *
watched(void)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/watched", getenv("GS_RUNTIME_DIR"));
	return path;
}

const char *
contents(void)
{
	static char text[8192];
	int fd = open(watched(), O_RDONLY | O_CLOEXEC);
	ssize_t n;

	CHECK(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	CHECK(n >= 0);
	close(fd);
	text[n] = '\0';
	return text;
}

void
handled(gs_addr to)
{
	gs_bytes state;

	CHECK_OK(gs_sys_get_state(to, &state, SOON));
}
