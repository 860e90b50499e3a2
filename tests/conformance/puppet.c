/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The puppet: a server whose argument, requests, casts and messages are small
 * scripts of commands separated by ';'.  In a script handed on to somebody
 * else or kept for later '|' stands for ';', and '~' for '|'.  The last
 * verdict of a script counts; without one init says ok, a call is answered
 * "ok" and the rest go on.  ADDR is a name, NAME@NODE, a printed
 *  pid or "self".
 *
 *	tag T			put "T: " before all notes of this server
 *	note X			leave a note
 *	notelast		leave a note of `last`
 *	whoami			leave notes of its pid and its OS pid
 *	gate N			wait until the test opens that gate
 *	sleep MS  busy MS	spend time
 *	set N  add N		change the number it keeps as its state
 *	exit R  raise SIG  _exit N  trap 0|1  label X
 *	at_end|at_timeout|at_exit|at_down SCRIPT	what to do then
 *	cast|send|request ADDR X  call MS ADDR X  after MS ADDR X  cancel
 *	cancelasync
 *	start|startlink|startmon NAME|- SCRIPT
 *	link|unlink|monitor ADDR  demonitor 0|1  exitsig ADDR R
 *	signal|unsignal N
 *	register|unregister NAME  stop MS ADDR R
 *	keep  answer N X  answernow X  receive
 *	ok  ignore  error R  noreply  reply X  get  last  pid  self
 *	end R  endreply R X  garbage  zero		verdicts
 *	timeout MS  event MS X  eventat MS X  hibernate  continue REST
 *	badaction	actions
 *
 * What a library function said stands in `last`: a number, for calls and
 * starts followed by the reply, pid or reason.
 */
#include "tests/conformance/puppet.h"

#include <stdarg.h>

static struct puppet_memory memory;

void
say(const struct puppet *self, const char *format, ...)
{
	char text[160];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	note("%s%s%s", self->tag, self->tag[0] ? ": " : "", text);
}

char *
word(char **text)
{
	char *at = *text + strspn(*text, " ");

	*text = at + strcspn(at, " ");
	if (**text)
		*(*text)++ = '\0';
	return at;
}

const char *
inner(char *text)
{
	char *at;

	for (at = text; *at; at++) {
		if (*at == '|')
			*at = ';';
		else if (*at == '~')
			*at = '|';
	}
	return text;
}

static const struct command *const tables[] = { plain_commands,
	library_commands, verdict_commands };

static void
obey(struct job *job, char *text)
{
	char *verb = word(&text);
	size_t i;

	if (!*verb)
		return;
	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		const struct command *command;

		for (command = tables[i]; command->verb; command++) {
			if (strcmp(command->verb, verb) == 0) {
				command->run(job, text);
				return;
			}
		}
	}
	note("puppet: unknown command %s", verb);
}

static gs_next
perform(
    struct puppet *self, gs_bytes bytes, const gs_from *from, gs_next otherwise)
{
	struct job job = { self, &memory, otherwise, from, NULL };
	char script[SCRIPT];

	job.rest = gs_string(bytes, script, sizeof(script));
	while (job.rest) {
		char *at = job.rest;

		job.rest = strchr(at, ';');
		if (job.rest)
			*job.rest++ = '\0';
		obey(&job, at);
	}
	return job.next;
}

/* ---- callbacks ---- */

static gs_next
puppet_init(void *state, gs_bytes argument)
{
	return perform(state, argument, NULL, gs_ok());
}

static gs_next
puppet_call(void *state, gs_bytes request, gs_from from)
{
	return perform(state, request, &from, gs_next_reply(GS_TEXT("ok")));
}

static gs_next
puppet_cast(void *state, gs_bytes request)
{
	return perform(state, request, NULL, gs_next_noreply());
}

static void
say_response(struct puppet *self, const gs_info *info)
{
	gs_bytes reply;
	char text[100];
	int status = gs_check_response(info, memory.request, &reply);

	if (status == 0)
		say(self, "response %s", gs_string(reply, text, sizeof(text)));
	else
		say(self, "response %d %s", status, gs_error_reason());
}

static void
say_cancelled(struct puppet *self, const gs_info *info)
{
	int64_t left = -1;

	if (info->body.size == sizeof(left))
		memcpy(&left, info->body.data, sizeof(left));
	say(self, "cancelled %s %lld",
	    info->ref.id == memory.timer.id ? "it" : "another",
	    left < 0       ? (long long)left
	    : left > 50000 ? 50000ll
			   : 1ll);
}

static gs_next
puppet_info(void *state, const gs_info *info)
{
	struct puppet *self = state;
	gs_next go_on = gs_next_noreply();

	switch (info->kind) {
	case GS_INFO_MESSAGE:
	case GS_INFO_TIMER:
		return perform(self, info->body, NULL, go_on);
	case GS_INFO_TIMEOUT:
		if (info->body.size)
			return perform(self, info->body, NULL, go_on);
		say(self, "timeout");
		return perform(self, GS_TEXT(memory.at_timeout), NULL, go_on);
	case GS_INFO_EXIT:
		say(self, "exit %s", info->reason);
		return perform(self, GS_TEXT(memory.at_exit), NULL, go_on);
	case GS_INFO_DOWN:
		say(self, "down %s", info->reason);
		return perform(self, GS_TEXT(memory.at_down), NULL, go_on);
	case GS_INFO_RESPONSE:
		say_response(self, info);
		return go_on;
	case GS_INFO_SIGNAL:
		say(self, "signal %d", info->signal);
		return go_on;
	case GS_INFO_FD:
		break;
	case GS_INFO_CANCELLED:
		say_cancelled(self, info);
		return go_on;
	}
	say(self, "unknown kind %d", info->kind);
	return go_on;
}

static gs_next
puppet_continue(void *state, gs_bytes argument)
{
	return perform(state, argument, NULL, gs_next_noreply());
}

static void
puppet_terminate(void *state, const char *reason)
{
	struct puppet *self = state;
	gs_next ignored;

	say(self, "terminate %s %ld", reason, self->n);
	ignored =
	    perform(self, GS_TEXT(memory.at_end), NULL, gs_next_noreply());
	(void)ignored;
}

GS_SERVER(puppet, .version = "1", .state_size = sizeof(struct puppet),
    .init = puppet_init, .handle_call = puppet_call, .handle_cast = puppet_cast,
    .handle_info = puppet_info, .handle_continue = puppet_continue,
    .terminate = puppet_terminate);
