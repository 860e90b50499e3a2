/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failures of call, cast, send and stop, in words.  Each text names, in this
 * order, the operation, its target as it was given, the request, and what is
 * wrong; the reason beside it is OTP's word.
 */
#include <errno.h>
#include <stdio.h>

#include "lib/internal.h"
#include "lib/via.h"

const char *
gsi_addr_text(gs_addr to, char *text, size_t size)
{
	char shown[GS_NAME_MAX * 3 + 1], pid[GS_PID_TEXT];
	const char *name =
	    gs_addr_name(to) != NULL ? gs_addr_name(to) : "(nil)";

	if (gs_addr_kind(to) == GS_ADDR_PID) {
		snprintf(text, size, "%s", gs_pid_text(gs_addr_pid(to), pid));
		return text;
	}
	gsi_printable(shown, sizeof(shown), name, strnlen(name, GS_NAME_MAX));
	if (gs_addr_kind(to) == GS_ADDR_VIA)
		snprintf(text, size, "'%s' (via)", shown);
	else if (gs_addr_kind(to) == GS_ADDR_NAME_AT)
		snprintf(text, size, "'%s' at node '%s'", shown,
		    gs_addr_node(to) != NULL ? gs_addr_node(to) : "(nil)");
	else
		snprintf(text, size, "'%s'", shown);
	return text;
}

static const char *
reason_of(int status)
{
	switch (status) {
	case -ENOENT:
	case -ESRCH:
		return "noproc";
	case -EHOSTUNREACH:
	case -ENOTCONN:
		return "nodedown";
	case -EDEADLK:
		return "calling_self";
	case -ETIMEDOUT:
		return "timeout";
	case -EAGAIN:
	case -ENOBUFS:
	case -ENOSPC:
		return "overload";
	case -ENOMEM:
		return "system_limit";
	case -EMSGSIZE:
	case -E2BIG:
		return "too_large";
	case -EOPNOTSUPP:
		return "no_server";
	case -EBADMSG:
		return "bad_mailbox";
	default:
		return "badarg";
	}
}

static void
explain(char *text, size_t size, int status, size_t bytes, int timeout,
    const char *reason)
{
	switch (status) {
	case -EINVAL:
		snprintf(text, size, "no address, or bytes that are none");
		break;
	case -ENOENT:
		snprintf(text, size, "noproc, no process has that name");
		break;
	case -ESRCH:
		snprintf(text, size, "noproc, the process is dead");
		break;
	case -EHOSTUNREACH:
		snprintf(text, size, "no such node (nodedown)");
		break;
	case -ENOTCONN:
		snprintf(text, size, "the node is down");
		break;
	case -EDEADLK:
		snprintf(text, size, "a process cannot call itself");
		break;
	case -ETIMEDOUT:
		snprintf(text, size, "timeout, nothing within %d ms", timeout);
		break;
	case -ECONNRESET:
		snprintf(text, size, "the server ended: %s", reason);
		break;
	case -EAGAIN:
		snprintf(text, size, "its mailbox is full (overload)");
		break;
	case -ENOSPC:
		snprintf(text, size, "shared memory is full");
		break;
	case -ENOMEM:
		snprintf(text, size, "memory is used up, here or there");
		break;
	case -EMSGSIZE:
		snprintf(text, size,
		    "%zu bytes and 16 of head are more than "
		    "a quarter of its mailbox",
		    bytes);
		break;
	case -E2BIG:
		snprintf(text, size,
		    "the reply is larger than a quarter of "
		    "the caller's mailbox");
		break;
	case -ENOBUFS:
		snprintf(text, size,
		    "no room for the reply: too many others are not collected");
		break;
	case -EOPNOTSUPP:
		snprintf(text, size, "it is no server: it answers no calls");
		break;
	case -EBADMSG:
		snprintf(
		    text, size, "its mailbox or mine is damaged (bad_mailbox)");
		break;
	default:
		snprintf(text, size, "%s", strerror(-status));
		break;
	}
}

/* Of the request itself, which is shown unless it is the library's own. */
static const char *
request_text(gs_bytes request, char *text, size_t size)
{
	char shown[64];

	if (request.data == NULL)
		return "";
	gsi_printable(shown, sizeof(shown), request.data,
	    request.size < 20 ? request.size : 20);
	snprintf(text, size, " (request '%s'%s)", shown,
	    request.size > 20 ? "..." : "");
	return text;
}

/* Operation, target as given, request, time-out, reason: CALL-16. */
int
gsi_failed(int status, const char *operation, gs_addr to, gs_bytes request,
    int timeout, const char *reason)
{
	char where[512], what[96], why[GS_REASON_MAX + 64];
	char node[GS_NAME_MAX + 16];

	if (reason == NULL || reason[0] == '\0')
		reason = reason_of(status);
	if (status == -EHOSTUNREACH && gs_addr_kind(to) == GS_ADDR_NAME_AT &&
	    gs_addr_node(to) != NULL) {
		snprintf(node, sizeof(node), "nodedown:%.*s", GS_NAME_MAX,
		    gs_addr_node(to));
		reason = node;
	}
	if (gs_addr_kind(to) == GS_ADDR_VIA && status == -EINVAL)
		snprintf(why, sizeof(why), "%s",
		    gsi_via_whole(gs_addr_via(to), gs_addr_name(to))
			? "so its module says (EINVAL)"
			: "a via module has four functions, and a key");
	else
		explain(
		    why, sizeof(why), status, request.size, timeout, reason);
	gsi_addr_text(to, where, sizeof(where));
	return gsi_fail(status, reason, "%s to %s%s failed: %s", operation,
	    where, request_text(request, what, sizeof(what)), why);
}
