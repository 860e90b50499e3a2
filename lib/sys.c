/* SPDX-License-Identifier: Apache-2.0 */
/* State, status, suspend and code of another process: see sys.h. */
#include "lib/sys_ask.h"

#include <limits.h>
#include <sys/stat.h>

GS_API int
gs_sys_get_state(gs_addr to, gs_bytes *state, int timeout)
{
	struct gsi_sys_request r = { .op = GSI_SYS_GET_STATE,
		.operation = "sys_get_state" };

	return gsi_sys_ask(to, &r, state, timeout);
}

GS_API int
gs_sys_replace_state(gs_addr to, const char *function, gs_bytes argument,
    gs_bytes *state, int timeout)
{
	struct gsi_sys_request r = { .op = GSI_SYS_REPLACE_STATE,
		.operation = "sys_replace_state",
		.name = gs_text(function),
		.text = argument };

	if (argument.size && !argument.data)
		return gsi_fail(-EINVAL, "badarg",
		    "sys_replace_state: bytes that are none");
	return gsi_sys_ask(to, &r, state, timeout);
}

/* The next text of those behind each other; "" when there is none. */
static const char *
next_text(gs_bytes *rest)
{
	const char *text = rest->data;
	size_t n;

	if (!rest->size)
		return "";
	n = strnlen(text, rest->size);
	n += n < rest->size;
	*rest = gs_bytes_of(text + n, rest->size - n);
	return text;
}

GS_API int
gs_sys_get_status(gs_addr to, gs_sys_status *status, int timeout)
{
	struct gsi_sys_request r = { .op = GSI_SYS_GET_STATUS,
		.operation = "sys_get_status" };
	const size_t fixed = 2 * sizeof(gs_pid) + 1;
	gs_bytes data;
	const char *at;
	int rc = gsi_sys_ask(to, &r, &data, timeout);

	if (rc != 0)
		return rc;
	if (data.size < fixed)
		return gsi_fail(-EPROTO, "bad_answer",
		    "sys_get_status: the answer makes no sense");
	at = data.data;
	memcpy(&status->pid, at, sizeof(gs_pid));
	memcpy(&status->parent, at + sizeof(gs_pid), sizeof(gs_pid));
	status->suspended = at[2 * sizeof(gs_pid)] != 0;
	data = gs_bytes_of(at + fixed, data.size - fixed);
	status->kind = next_text(&data);
	status->behaviour = next_text(&data);
	status->version = next_text(&data);
	status->initial_call = next_text(&data);
	status->label = next_text(&data);
	status->header = next_text(&data);
	status->debug = next_text(&data);
	status->state = next_text(&data);
	status->log = next_text(&data);
	return 0;
}

GS_API int
gs_sys_suspend(gs_addr to, int timeout)
{
	struct gsi_sys_request r = { .op = GSI_SYS_SUSPEND,
		.operation = "sys_suspend" };

	return gsi_sys_ask(to, &r, NULL, timeout);
}

GS_API int
gs_sys_resume(gs_addr to, int timeout)
{
	struct gsi_sys_request r = {
		.op = GSI_SYS_RESUME, .operation = "sys_resume", .stays = true
	};

	return gsi_sys_ask(to, &r, NULL, timeout);
}

GS_API int
gs_sys_terminate(gs_addr to, const char *reason, int timeout)
{
	char text[GS_REASON_MAX + 1];
	struct gsi_sys_request r = { .op = GSI_SYS_TERMINATE,
		.operation = "sys_terminate",
		.stays = true };

	gsi_reason_copy(text, reason);
	r.text = gs_text(text);
	return gsi_sys_ask(to, &r, NULL, timeout);
}

GS_API int
gs_sys_change_code(gs_addr to, const gs_sys_code *code, int timeout)
{
	char path[GSI_CODE_PATH];
	struct gsi_sys_request r = { .op = GSI_SYS_CHANGE_CODE,
		.operation = "sys_change_code" };
	struct stat st;
	int status;

	if (!code || !code->module || !*code->module ||
	    (code->extra.size && !code->extra.data))
		return gsi_fail(-EINVAL, "badarg",
		    "sys_change_code: no module, or bytes that are none");
	status = gsi_sys_path(code->module, path, sizeof(path));
	if (status == 0 && stat(path, &st) != 0)
		status = -errno;
	if (status != 0)
		return gsi_fail(status, "not_loadable",
		    "sys_change_code: the module '%s': %s", code->module,
		    strerror(-status));
	r.name = gs_text(path);
	r.text = code->extra;
	r.number = (code->down ? GSI_CODE_DOWN : 0) |
		   (code->suspend ? GSI_CODE_SUSPENDS : 0);
	return gsi_sys_ask(to, &r, NULL, timeout);
}
