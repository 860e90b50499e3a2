/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands of the puppet that use the library.
 */
#include "tests/conformance/puppet.h"

static int
number(char **text)
{
	return atoi(word(text));
}

static gs_addr
address(char **text)
{
	char *at = word(text), *node = strchr(at, '@');
	gs_pid pid;

	if (strcmp(at, "self") == 0) {
		CHECK_OK(gs_self(&pid));
		return GS_PID(pid);
	}
	if (at[0] == '<' && gs_pid_parse(at, &pid) == 0)
		return GS_PID(pid);
	if (node != NULL) {
		*node++ = '\0';
		return GS_NAME_AT(at, node);
	}
	return GS_NAME(at);
}

static gs_bytes
inner_bytes(char *text)
{
	return GS_TEXT(inner(text));
}

static void
set_last(struct job *job, int status)
{
	snprintf(job->memory->last, sizeof(job->memory->last), "%d", status);
}

static void
cmd_cast(struct job *job, char *arg)
{
	gs_addr to = address(&arg);

	set_last(job, gs_cast(to, inner_bytes(arg)));
}

static void
cmd_send(struct job *job, char *arg)
{
	gs_addr to = address(&arg);

	set_last(job, gs_send(to, inner_bytes(arg)));
}

static void
cmd_request(struct job *job, char *arg)
{
	gs_addr to = address(&arg);

	set_last(
	    job, gs_send_request(to, inner_bytes(arg), &job->memory->request));
}

static void
cmd_call(struct job *job, char *arg)
{
	int timeout = number(&arg);
	gs_addr to = address(&arg);
	gs_bytes reply = GS_NONE;
	char text[100];
	int status = gs_call(to, inner_bytes(arg), &reply, timeout);

	if (status == 0)
		gs_string(reply, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "%s", gs_error_reason());
	snprintf(job->memory->last, sizeof(job->memory->last), "%d %s", status,
	    text);
}

static void
cmd_after(struct job *job, char *arg)
{
	int ms = number(&arg);
	gs_addr to = address(&arg);

	set_last(
	    job, gs_send_after(ms, to, inner_bytes(arg), &job->memory->timer));
}

static void
cmd_cancel(struct job *job, char *arg)
{
	(void)arg;
	set_last(job, (int)gs_cancel_timer(job->memory->timer));
}

static void
cmd_cancel_async(struct job *job, char *arg)
{
	(void)arg;
	set_last(job, gs_cancel_timer_async(job->memory->timer));
}

static void
cmd_signal(struct job *job, char *arg)
{
	set_last(job, gs_watch_signal(atoi(arg)));
}

static void
cmd_unsignal(struct job *job, char *arg)
{
	set_last(job, gs_unwatch_signal(atoi(arg)));
}

static void
start_last(struct job *job, int status, gs_pid pid)
{
	char text[GS_PID_TEXT];

	if (status == 0)
		snprintf(job->memory->last, sizeof(job->memory->last), "%s",
		    gs_pid_text(pid, text));
	else
		snprintf(job->memory->last, sizeof(job->memory->last), "%d %s",
		    status, gs_error_reason());
}

static gs_options
start_options(char **arg)
{
	const char *name = word(arg);
	gs_options options = { .name = strcmp(name, "-") ? name : NULL };

	return options;
}

static void
cmd_start(struct job *job, char *arg)
{
	gs_options options = start_options(&arg);
	gs_pid pid;
	int status = gs_start(&puppet, inner_bytes(arg), &options, &pid);

	start_last(job, status, pid);
}

static void
cmd_startlink(struct job *job, char *arg)
{
	gs_options options = start_options(&arg);
	gs_pid pid;
	int status = gs_start_link(&puppet, inner_bytes(arg), &options, &pid);

	start_last(job, status, pid);
}

static void
cmd_startmon(struct job *job, char *arg)
{
	gs_options options = start_options(&arg);
	gs_pid pid;
	int status = gs_start_monitor(
	    &puppet, inner_bytes(arg), &options, &pid, &job->memory->monitor);

	start_last(job, status, pid);
}

static void
cmd_link(struct job *job, char *arg)
{
	set_last(job, gs_link(address(&arg)));
}

static void
cmd_unlink(struct job *job, char *arg)
{
	set_last(job, gs_unlink(gs_addr_pid(address(&arg))));
}

static void
cmd_monitor(struct job *job, char *arg)
{
	set_last(job, gs_monitor(address(&arg), &job->memory->monitor));
}

static void
cmd_demonitor(struct job *job, char *arg)
{
	set_last(job, gs_demonitor(job->memory->monitor, atoi(arg)));
}

static void
cmd_exitsig(struct job *job, char *arg)
{
	gs_addr to = address(&arg);

	set_last(job, gs_exit_signal(to, arg));
}

static void
cmd_register(struct job *job, char *arg)
{
	set_last(job, gs_register(arg));
}

static void
cmd_unregister(struct job *job, char *arg)
{
	set_last(job, gs_unregister(arg));
}

static void
cmd_stop(struct job *job, char *arg)
{
	int timeout = number(&arg);
	gs_addr to = address(&arg);
	int status = gs_stop(to, arg, timeout);

	snprintf(job->memory->last, sizeof(job->memory->last), "%d %s", status,
	    gs_error_reason());
}

static void
cmd_keep(struct job *job, char *arg)
{
	(void)arg;
	CHECK(job->from && job->memory->n_kept < KEPT);
	job->memory->kept[job->memory->n_kept++] = *job->from;
}

static void
cmd_answer(struct job *job, char *arg)
{
	int i = number(&arg);

	CHECK(i >= 0 && i < job->memory->n_kept);
	set_last(job, gs_reply(job->memory->kept[i], GS_TEXT(arg)));
}

static void
cmd_answernow(struct job *job, char *arg)
{
	CHECK(job->from);
	set_last(job, gs_reply(*job->from, GS_TEXT(arg)));
}

static void
cmd_receive(struct job *job, char *arg)
{
	gs_info info;

	(void)arg;
	set_last(job, gs_receive(&info, 0));
}

const struct command library_commands[] = {
	{ "cast", cmd_cast },
	{ "send", cmd_send },
	{ "request", cmd_request },
	{ "call", cmd_call },
	{ "after", cmd_after },
	{ "cancel", cmd_cancel },
	{ "cancelasync", cmd_cancel_async },
	{ "signal", cmd_signal },
	{ "unsignal", cmd_unsignal },
	{ "start", cmd_start },
	{ "startlink", cmd_startlink },
	{ "startmon", cmd_startmon },
	{ "link", cmd_link },
	{ "unlink", cmd_unlink },
	{ "monitor", cmd_monitor },
	{ "demonitor", cmd_demonitor },
	{ "exitsig", cmd_exitsig },
	{ "register", cmd_register },
	{ "unregister", cmd_unregister },
	{ "stop", cmd_stop },
	{ "keep", cmd_keep },
	{ "answer", cmd_answer },
	{ "answernow", cmd_answernow },
	{ "receive", cmd_receive },
	{ NULL, NULL },
};
