/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting servers and talking to them, alone or from threads.
 */
#include "tests/conformance/helpers.h"

const char *
ask(gs_addr to, const char *request)
{
	static _Thread_local char text[1024];
	gs_bytes reply;
	int status = gs_call(to, GS_TEXT(request), &reply, FOREVER);

	if (status < 0)
		snprintf(text, sizeof(text), "error %d %s", status,
		    gs_error_reason());
	else
		gs_string(reply, text, sizeof(text));
	return text;
}

struct letter {
	int (*send)(gs_addr to, gs_bytes bytes);
	gs_addr to;
	const char *text;
	int status;
};

static bool
is_sent(void *data)
{
	struct letter *l = data;

	l->status = l->send(l->to, GS_TEXT(l->text));
	return l->status != -EAGAIN;
}

/* A receiver that gives memory back refuses, and may not be let run then. */
static void
send_it(struct letter letter)
{
	eventually(is_sent, &letter, SOON);
	CHECK_INT(letter.status, 0);
}

void
tell(gs_addr to, const char *request)
{
	send_it((struct letter){ gs_cast, to, request, 0 });
}

void
post(gs_addr to, const char *message)
{
	send_it((struct letter){ gs_send, to, message, 0 });
}

void
settle(gs_addr to)
{
	CHECK_STR(ask(to, "reply ok"), "ok");
}

void
stop(gs_pid pid)
{
	CHECK_INT(gs_stop(GS_PID(pid), NULL, FOREVER), 0);
}

bool
got(enum gs_info_kind kind, const char *text, gs_info *info)
{
	gs_info mine;
	char body[256];
	int status;

	if (!info)
		info = &mine;
	status = gs_receive(info, SOON);
	if (status < 0) {
		fprintf(stderr, "gs_receive: %s\n", strerror(-status));
		return false;
	}
	gs_string(info->body, body, sizeof(body));
	if (info->kind == kind &&
	    strcmp(*info->reason ? info->reason : body, text) == 0)
		return true;
	fprintf(stderr, "received kind %d, reason \"%s\", body \"%s\"\n",
	    info->kind, info->reason, body);
	return false;
}

bool
got_nothing(void)
{
	gs_info info;
	char body[256];
	int status = gs_receive(&info, 0);

	if (status == -ETIMEDOUT)
		return true;
	if (status == 0)
		fprintf(stderr,
		    "received kind %d, reason \"%s\", body \"%s\"\n", info.kind,
		    info.reason, gs_string(info.body, body, sizeof(body)));
	return false;
}

static bool
is_set(void *flag)
{
	return atomic_load((_Atomic bool *)flag);
}

bool
stays_false(_Atomic bool *flag, int ms)
{
	return !eventually(is_set, flag, ms);
}

gs_pid
start_named(const char *script, const char *name)
{
	gs_options options = { .name = name };
	gs_pid pid;
	int status = gs_start(&puppet, GS_TEXT(script), &options, &pid);

	if (status < 0)
		FAIL("start \"%s\": %s: %s", script, strerror(-status),
		    gs_error_text());
	return pid;
}

gs_pid
start(const char *script)
{
	return start_named(script, NULL);
}

gs_pid
start_child(const char *script, const char *name, enum gs_restart restart)
{
	/* as many as by default, in a time that no stall makes too long */
	gs_child_spec spec = { .behaviour = &puppet,
		.argument = GS_TEXT(script),
		.options.name = name,
		.restart = restart,
		.has_intensity = true,
		.max_restarts = 3,
		.max_seconds = 60 };
	gs_pid pid;

	CHECK_OK(gs_child_start(&spec, &pid));
	return pid;
}

int
try_start(const char *script, const char *name)
{
	gs_options options = { .name = name };
	gs_pid pid;

	return gs_start(&puppet, GS_TEXT(script), &options, &pid);
}

int
try_start_link(const char *script, gs_pid *pid)
{
	gs_pid mine;

	return gs_start_link(&puppet, GS_TEXT(script), NULL, pid ? pid : &mine);
}
