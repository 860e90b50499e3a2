/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands of the puppet that make its verdict.
 */
#include "tests/conformance/puppet.h"

static void
cmd_ok(struct job *job, char *arg)
{
	(void)arg;
	job->next = gs_ok();
}

static void
cmd_ignore(struct job *job, char *arg)
{
	(void)arg;
	job->next = gs_ignore();
}

static void
cmd_error(struct job *job, char *arg)
{
	job->next = gs_error(arg);
}

static void
cmd_noreply(struct job *job, char *arg)
{
	(void)arg;
	job->next = gs_next_noreply();
}

static void
cmd_reply(struct job *job, char *arg)
{
	job->next = gs_next_reply(GS_TEXT(arg));
}

static void
cmd_get(struct job *job, char *arg)
{
	(void)arg;
	job->next = gs_next_reply(GS_STR("%ld", job->self->n));
}

static void
cmd_last(struct job *job, char *arg)
{
	(void)arg;
	job->next = gs_next_reply(GS_TEXT(job->memory->last));
}

static void
cmd_pid(struct job *job, char *arg)
{
	(void)arg;
	job->next = gs_next_reply(GS_STR("%d", (int)getpid()));
}

static void
cmd_self(struct job *job, char *arg)
{
	char text[GS_PID_TEXT];

	(void)arg;
	job->next = gs_next_reply(GS_TEXT(gs_pid_text(self_pid(), text)));
}

static void
cmd_end(struct job *job, char *arg)
{
	job->next = gs_next_stop(arg);
}

static void
cmd_endreply(struct job *job, char *arg)
{
	const char *reason = word(&arg);

	job->next = gs_next_stop_reply(reason, GS_TEXT(arg));
}

static void
cmd_garbage(struct job *job, char *arg)
{
	(void)arg;
	memset(&job->next, 0x77, sizeof(job->next));
}

static void
cmd_zero(struct job *job, char *arg)
{
	(void)arg;
	memset(&job->next, 0, sizeof(job->next));
}

static void
cmd_badaction(struct job *job, char *arg)
{
	(void)arg;
	job->next.action = 0x7777;
}

static void
cmd_timeout(struct job *job, char *arg)
{
	job->next = gs_with_timeout(job->next, atoi(arg));
}

static void
cmd_hibernate(struct job *job, char *arg)
{
	(void)arg;
	job->next = gs_with_hibernate(job->next);
}

static void
cmd_event(struct job *job, char *arg)
{
	int ms = atoi(word(&arg));

	job->next = gs_with_event_timeout(job->next, ms, GS_TEXT(arg));
}

/* In so many ms from now, which may be past. */
static void
cmd_eventat(struct job *job, char *arg)
{
	int64_t at = gs_now() + atoi(word(&arg));

	job->next = gs_with_event_timeout_at(job->next, at, GS_TEXT(arg));
}

/* Takes the rest of the script with it. */
static void
cmd_continue(struct job *job, char *arg)
{
	char script[SCRIPT];

	snprintf(script, sizeof(script), "%s%s%s", arg,
	    job->rest && *job->rest ? ";" : "", job->rest ? job->rest : "");
	job->rest = NULL;
	job->next = gs_with_continue(job->next, GS_TEXT(script));
}

const struct command verdict_commands[] = {
	{ "ok", cmd_ok },
	{ "ignore", cmd_ignore },
	{ "error", cmd_error },
	{ "noreply", cmd_noreply },
	{ "reply", cmd_reply },
	{ "get", cmd_get },
	{ "last", cmd_last },
	{ "pid", cmd_pid },
	{ "self", cmd_self },
	{ "end", cmd_end },
	{ "endreply", cmd_endreply },
	{ "garbage", cmd_garbage },
	{ "zero", cmd_zero },
	{ "badaction", cmd_badaction },
	{ "timeout", cmd_timeout },
	{ "event", cmd_event },
	{ "eventat", cmd_eventat },
	{ "hibernate", cmd_hibernate },
	{ "continue", cmd_continue },
	{ NULL, NULL },
};
