/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages, starts and stops of the node that is not there.  What gsctl sends
 * must be what it was told to send.
 */
#include "tests/fuzz/gsctl_node.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/spec.h"

int __wrap_gs_resolve(gs_addr to, gs_pid *pid);
bool __wrap_gs_alive(gs_pid pid);
int __wrap_gs_call(gs_addr to, gs_bytes request, gs_bytes *reply, int timeout);
int __wrap_gs_cast(gs_addr to, gs_bytes request);
int __wrap_gs_cast_wait(gs_addr to, gs_bytes request, int timeout);
int __wrap_gs_send(gs_addr to, gs_bytes message);
int __wrap_gs_receive(gs_info *info, int timeout);
int __wrap_gs_monitor(gs_addr to, gs_ref *ref);
int __wrap_gs_exit_signal(gs_addr to, const char *reason);
int __wrap_gs_child_start(const gs_child_spec *child, gs_pid *pid);
int __wrap_gs_child_stop(gs_addr child, int timeout);
int __wrap_gs_child_restart(gs_addr child, gs_pid *pid, int timeout);
const char *__wrap_gs_error_text(void);
const char *__wrap_gs_error_reason(void);

int
__wrap_gs_resolve(gs_addr to, gs_pid *pid)
{
	/* a name may come from the node itself, which says anything */
	FUZZ(gs_addr_kind(to) == GS_ADDR_PID ||
	     strlen(gs_addr_name(to)) <= GS_NAME_MAX);
	*pid = pretend_pid();
	return pretend_status();
}

bool
__wrap_gs_alive(gs_pid pid)
{
	(void)pid;
	return pretend_byte() & 3;
}

static bool
next_line_is(gs_bytes request)
{
	struct pretend *p = pretend();
	const char *line = p->input + p->input_sent;
	size_t left = p->input_size - p->input_sent;
	const char *end = memchr(line, '\n', left);
	size_t size = end != NULL ? (size_t)(end - line) : left;

	p->input_sent += size + (end != NULL);
	return request.size == size && memcmp(request.data, line, size) == 0;
}

static bool
words_are(gs_bytes request)
{
	const struct cmd *cmd = pretend()->cmd;
	char all[WORDS * 300] = "";

	if (cmd->count == 2 && strcmp(cmd->words[1], "-") == 0)
		return request.size == pretend()->input_size &&
		       memcmp(request.data, pretend()->input, request.size) ==
			   0;
	for (int i = 1; i < cmd->count; i++) {
		strcat(all, i > 1 ? " " : "");
		strcat(all, cmd->words[i]);
	}
	return gs_is(request, all);
}

static int
sent(gs_addr to, gs_bytes request)
{
	FUZZ(gs_addr_kind(to) == GS_ADDR_PID ||
	     gs_name_check(gs_addr_name(to), NULL) == 0);
	FUZZ(cmd_value(pretend()->cmd, "lines") != NULL ? next_line_is(request)
							: words_are(request));
	return pretend_status();
}

int
__wrap_gs_call(gs_addr to, gs_bytes request, gs_bytes *reply, int timeout)
{
	struct pretend *p = pretend();

	FUZZ(timeout >= 0);
	*reply =
	    gs_bytes_of(p->reply, fuzz_take(&p->in, p->reply, pretend_byte()));
	return sent(to, request);
}

int
__wrap_gs_cast(gs_addr to, gs_bytes request)
{
	return sent(to, request);
}

int
__wrap_gs_cast_wait(gs_addr to, gs_bytes request, int timeout)
{
	FUZZ(timeout > 0);
	return sent(to, request);
}

int
__wrap_gs_send(gs_addr to, gs_bytes message)
{
	return sent(to, message);
}

int
__wrap_gs_receive(gs_info *info, int timeout)
{
	struct pretend *p = pretend();

	FUZZ(timeout >= 0);
	memset(info, 0, sizeof(*info));
	info->kind = (enum gs_info_kind)(1 + pretend_byte() % 5);
	info->from = pretend_pid();
	info->ref.id = pretend_byte() % 4;
	pretend_text(p->reply, sizeof(p->reply));
	info->reason = p->reply;
	return p->in.left > 0 ? 0 : -ENOTCONN;
}

int
__wrap_gs_monitor(gs_addr to, gs_ref *ref)
{
	(void)to;
	ref->id = pretend_byte() % 4;
	return pretend_status();
}

int
__wrap_gs_exit_signal(gs_addr to, const char *reason)
{
	FUZZ(gs_addr_kind(to) == GS_ADDR_PID && reason != NULL);
	return pretend_status();
}

/* What gsctl lets through, the library can build and root will take. */
int
__wrap_gs_child_start(const gs_child_spec *child, gs_pid *pid)
{
	struct gsi_spec *spec;
	int status = gsi_spec_build(child, GSI_SPEC_SUPERVISED, 0, &spec);

	FUZZ(status == 0);
	FUZZ(gsi_spec_check(spec, spec->size));
	free(spec);
	*pid = pretend_pid();
	return pretend_status();
}

int
__wrap_gs_child_stop(gs_addr child, int timeout)
{
	(void)child;
	FUZZ(timeout >= 0);
	return pretend_status();
}

int
__wrap_gs_child_restart(gs_addr child, gs_pid *pid, int timeout)
{
	(void)child;
	FUZZ(timeout >= 0);
	*pid = pretend_pid();
	return pretend_status();
}

const char *
__wrap_gs_error_text(void)
{
	return pretend()->error;
}

const char *
__wrap_gs_error_reason(void)
{
	return pretend()->error;
}
