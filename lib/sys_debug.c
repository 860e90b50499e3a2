/* SPDX-License-Identifier: Apache-2.0 */
/* Watching another process: see sys.h. */
#include "lib/sys_ask.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/debug.h"

/* A word of the start option on, or what it names off. */
static int
turn(gs_addr to, const char *operation, const char *word, const char *off,
    int timeout)
{
	struct gsi_sys_request r = {
		.op = word ? GSI_SYS_DEBUG_ON : GSI_SYS_DEBUG_OFF,
		.operation = operation,
		.text = gs_text(word),
		.name = gs_text(word ? NULL : off),
	};

	return gsi_sys_ask(to, &r, NULL, timeout);
}

GS_API int
gs_sys_trace(gs_addr to, bool on, int timeout)
{
	return turn(to, "sys_trace", on ? "trace" : NULL, "trace", timeout);
}

GS_API int
gs_sys_trace_to_me(gs_addr to, bool on, int timeout)
{
	struct gsi_sys_request r = { .op = GSI_SYS_TRACE_TO_ME,
		.operation = "sys_trace",
		.number = on };

	return gsi_sys_ask(to, &r, NULL, timeout);
}

GS_API int
gs_sys_count(gs_addr to, bool on, int timeout)
{
	return turn(to, "sys_statistics", on ? "statistics" : NULL,
	    "statistics", timeout);
}

GS_API int
gs_sys_get_statistics(gs_addr to, gs_sys_statistics *statistics, int timeout)
{
	struct gsi_sys_request r = { .op = GSI_SYS_GET_STATISTICS,
		.operation = "sys_statistics" };
	struct gsi_statistics there;
	gs_bytes data;
	int status = gsi_sys_ask(to, &r, &data, timeout);

	if (status != 0)
		return status;
	if (data.size != sizeof(there))
		return gsi_fail(-EPROTO, "bad_answer",
		    "sys_statistics: the answer makes no sense");
	memcpy(&there, data.data, sizeof(there));
	*statistics = (gs_sys_statistics){ .start = there.start,
		.now = there.now,
		.work = there.work / 1000,
		.messages_in = there.in,
		.messages_out = there.out };
	return 0;
}

GS_API int
gs_sys_log(gs_addr to, int max, int timeout)
{
	char word[32];

	if (max < 0 || max > GSI_LOG_MAX)
		return gsi_fail(-EINVAL, "badarg",
		    "sys_log: %d events: 0 to %d can be kept", max,
		    GSI_LOG_MAX);
	snprintf(word, sizeof(word), "log(%d)", max);
	return turn(to, "sys_log", max == 0 ? NULL : word, "log", timeout);
}

GS_API int
gs_sys_get_log(gs_addr to, const char **log, int timeout)
{
	struct gsi_sys_request r = { .op = GSI_SYS_GET_LOG,
		.operation = "sys_log" };
	gs_bytes data;
	int status = gsi_sys_ask(to, &r, &data, timeout);

	if (status == 0)
		*log = data.data;
	return status;
}

/* Of which file it was, the server does not say. */
static int
not_opened(gs_addr to, const char *path, int status)
{
	char reason[GS_REASON_MAX + 1], where[512];

	if (strncmp(gs_error_reason(), "open_file", 9) != 0)
		return status;
	gsi_reason_copy(reason, gs_error_reason());
	return gsi_fail(status, reason,
	    "sys_log_to_file to %s failed: open_file: '%s': %s",
	    gsi_addr_text(to, where, sizeof(where)), path, strerror(-status));
}

GS_API int
gs_sys_log_to_file(gs_addr to, const char *path, int timeout)
{
	char word[PATH_MAX + 32] = "log_to_file(";
	size_t n = strlen(word);
	int status;

	if (!path)
		return turn(
		    to, "sys_log_to_file", NULL, "log_to_file", timeout);
	if (!*path)
		return gsi_fail(
		    -EINVAL, "badarg", "sys_log_to_file: the path is empty");
	status = gsi_sys_path(path, word + n, sizeof(word) - n - 1);
	if (status != 0)
		return gsi_fail(status, "open_file",
		    "sys_log_to_file: '%s': %s", path, strerror(-status));
	strcat(word, ")");
	status = turn(to, "sys_log_to_file", word, NULL, timeout);
	return status == 0 ? 0 : not_opened(to, path, status);
}

GS_API int
gs_sys_install(gs_addr to, const char *function, const char *id, gs_bytes state,
    int timeout)
{
	struct gsi_sys_request r = {
		.op = GSI_SYS_INSTALL, .operation = "sys_install", .text = state
	};
	char names[512];
	int n;

	if (!function || !*function || (id && !*id) ||
	    (state.size && !state.data))
		return gsi_fail(-EINVAL, "badarg",
		    "sys_install: a name is empty, or bytes that are none");
	n = snprintf(names, sizeof(names), "%s%c%s", function, 0, id ? id : "");
	if (n >= (int)sizeof(names))
		return gsi_fail(-ENAMETOOLONG, "badarg",
		    "sys_install: the names are longer than %zu bytes",
		    sizeof(names) - 2);
	r.name = gs_bytes_of(names, id ? (size_t)n : strlen(function));
	return gsi_sys_ask(to, &r, NULL, timeout);
}

GS_API int
gs_sys_remove(gs_addr to, const char *function_or_id, int timeout)
{
	struct gsi_sys_request r = { .op = GSI_SYS_REMOVE,
		.operation = "sys_remove",
		.name = gs_text(function_or_id) };

	if (!r.name.size)
		return gsi_fail(
		    -EINVAL, "badarg", "sys_remove: the name is empty");
	return gsi_sys_ask(to, &r, NULL, timeout);
}

GS_API int
gs_sys_no_debug(gs_addr to, int timeout)
{
	return turn(to, "sys_no_debug", NULL, NULL, timeout);
}
