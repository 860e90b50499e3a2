/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands of the puppet that only it itself notices.
 */
#include "tests/conformance/puppet.h"

#include <time.h>

static void
cmd_tag(struct job *job, char *arg)
{
	snprintf(job->self->tag, sizeof(job->self->tag), "%s", arg);
}

static void
cmd_note(struct job *job, char *arg)
{
	say(job->self, "%s", arg);
}

static void
cmd_notelast(struct job *job, char *arg)
{
	(void)arg;
	say(job->self, "%s", job->memory->last);
}

static void
cmd_whoami(struct job *job, char *arg)
{
	char text[GS_PID_TEXT];

	(void)arg;
	say(job->self, "pid %s", gs_pid_text(self_pid(), text));
	say(job->self, "os_pid %d", (int)getpid());
}

static void
cmd_gate(struct job *job, char *arg)
{
	(void)job;
	gate_wait(atoi(arg));
}

static void
cmd_sleep(struct job *job, char *arg)
{
	struct timespec left = { atoi(arg) / 1000, atoi(arg) % 1000 * 1000000 };

	(void)job;
	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static void
cmd_busy(struct job *job, char *arg)
{
	int64_t until = now_ms() + atoi(arg);

	(void)job;
	while (now_ms() < until)
		;
}

static void
cmd_set(struct job *job, char *arg)
{
	job->self->n = atol(arg);
}

static void
cmd_add(struct job *job, char *arg)
{
	job->self->n += atol(arg);
}

static void
cmd_exit(struct job *job, char *arg)
{
	(void)job;
	gs_exit(arg);
}

static void
cmd_raise(struct job *job, char *arg)
{
	(void)job;
	raise(atoi(arg));
}

static void
cmd_os_exit(struct job *job, char *arg)
{
	(void)job;
	_exit(atoi(arg));
}

static void
cmd_trap(struct job *job, char *arg)
{
	snprintf(job->memory->last, sizeof(job->memory->last), "%d",
	    gs_trap_exit(atoi(arg)));
}

static void
cmd_label(struct job *job, char *arg)
{
	(void)job;
	gs_set_label(arg);
}

static void
cmd_at_end(struct job *job, char *arg)
{
	snprintf(job->memory->at_end, 128, "%s", inner(arg));
}

static void
cmd_at_timeout(struct job *job, char *arg)
{
	snprintf(job->memory->at_timeout, 128, "%s", inner(arg));
}

static void
cmd_at_exit(struct job *job, char *arg)
{
	snprintf(job->memory->at_exit, 128, "%s", inner(arg));
}

static void
cmd_at_down(struct job *job, char *arg)
{
	snprintf(job->memory->at_down, 128, "%s", inner(arg));
}

const struct command plain_commands[] = {
	{ "tag", cmd_tag },
	{ "note", cmd_note },
	{ "notelast", cmd_notelast },
	{ "whoami", cmd_whoami },
	{ "gate", cmd_gate },
	{ "sleep", cmd_sleep },
	{ "busy", cmd_busy },
	{ "set", cmd_set },
	{ "add", cmd_add },
	{ "exit", cmd_exit },
	{ "raise", cmd_raise },
	{ "_exit", cmd_os_exit },
	{ "trap", cmd_trap },
	{ "label", cmd_label },
	{ "at_end", cmd_at_end },
	{ "at_timeout", cmd_at_timeout },
	{ "at_exit", cmd_at_exit },
	{ "at_down", cmd_at_down },
	{ NULL, NULL },
};
