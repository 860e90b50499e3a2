/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The events of a watched server, in the words of OTP's sys.  The rule:
 * watching changes nothing but the time that things take, and what cannot be
 * written is not missed.
 */
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "lib/debug.h"

#define EVENT (2 * GSI_SHOWN + 256)
#define LINE (EVENT + GM_ENTRY_NAME + 16)

/* ---- where events go ---- */

static void
keep(struct gsi_debug *d, const char *event)
{
	if (d->log_n == d->log_max) {
		free(d->log[0]);
		d->log_n--;
		memmove(d->log, d->log + 1, d->log_n * sizeof(*d->log));
	}
	d->log[d->log_n++] = strdup(event);
}

const char *
gsi_server_name(const struct gsi_server *s, char text[GM_ENTRY_NAME + 1])
{
	struct gm_entry *entry = gm_entry_at(s->me->arena, s->me->pid.slot);

	*text = '\0';
	if (entry)
		gm_entry_name(entry, text);
	return *text ? text : gs_pid_text(s->me->pid, text);
}

static_assert(GM_ENTRY_NAME + 1 >= GS_PID_TEXT, "a pid fits a name");

/* 0 or -errno: past RLIMIT_FSIZE too, where a signal would end the server. */
static int
write_line(int file, const char *line, size_t size)
{
	const struct timespec now = { 0 };
	sigset_t limit, before;
	int status;

	sigemptyset(&limit);
	sigaddset(&limit, SIGXFSZ);
	pthread_sigmask(SIG_BLOCK, &limit, &before);
	status = write(file, line, size) < 0 ? -errno : 0;
	if (status == -EFBIG)
		sigtimedwait(&limit, NULL, &now);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return status;
}

static const char *
why_closed(int status)
{
	switch (status) {
	case -ENOSPC:
		return "log_to_file: no space left; the file is closed";
	case -EFBIG:
		return "log_to_file: the limit of a file's size is reached; "
		       "the file is closed";
	default:
		return "log_to_file: the file cannot be written and is closed";
	}
}

/* A pipe that is full loses a line; a file that cannot be written is given up. */
static void
write_file(struct gsi_server *s, const char *line, size_t size)
{
	struct gsi_debug *d = s->debug;
	struct gsi_field path = { "path", d->path, strlen(d->path) };
	int status = write_line(d->file, line, size);

	if (status == 0 || status == -EAGAIN || status == -EINTR)
		return;
	gsi_server_report(
	    s, GSI_WARNING, "debug", why_closed(status), &path, 1);
	close(d->file);
	d->file = -1;
}

static void
show(struct gsi_server *s, const char *event)
{
	struct gsi_debug *d = s->debug;
	char name[GM_ENTRY_NAME + 1], line[LINE];
	int n = snprintf(line, sizeof(line), "*DBG* %s %s\n",
	    gsi_server_name(s, name), event);

	if (d->trace) {
		fwrite(line, 1, (size_t)n, stdout);
		fflush(stdout);
	}
	if (d->file >= 0)
		write_file(s, line, (size_t)n);
	if (d->n_tracers)
		gsi_debug_send(s, gs_bytes_of(line, (size_t)n - 1));
}

bool
gsi_debug_worded(const struct gsi_debug *d)
{
	return d->trace || d->file >= 0 || d->log_max || d->n_installed ||
	       d->n_tracers;
}

/* The last thing that an event does: nothing may be on any more. */
static void __attribute__((format(printf, 2, 3)))
tell(struct gsi_server *s, const char *format, ...)
{
	char event[EVENT];
	va_list list;

	va_start(list, format);
	vsnprintf(event, sizeof(event), format, list);
	va_end(list);
	show(s, event);
	if (s->debug->log_max)
		keep(s->debug, event);
	if (s->debug->n_installed)
		gsi_debug_hand_over(s, event);
	gsi_debug_settle(s);
}

static const char *
shown(gs_bytes bytes, char text[GSI_SHOWN])
{
	return gsi_printable(text, GSI_SHOWN, bytes.data, bytes.size);
}

/* ---- the events ---- */

static void
tell_info(struct gsi_server *s, const gs_info *info)
{
	char text[GSI_SHOWN], pid[GS_PID_TEXT];
	unsigned long long ref = info->ref.id;

	gs_pid_text(info->from, pid);
	switch (info->kind) {
	case GS_INFO_MESSAGE:
	case GS_INFO_TIMER:
		tell(s, "got %s", shown(info->body, text));
		return;
	case GS_INFO_TIMEOUT:
		tell(s, "got timeout%s%s", info->body.size ? " " : "",
		    shown(info->body, text));
		return;
	case GS_INFO_EXIT:
		tell(s, "got EXIT %s %s", pid,
		    shown(gs_text(info->reason), text));
		return;
	case GS_INFO_DOWN:
		tell(s, "got DOWN %llu %s %s", ref, pid,
		    shown(gs_text(info->reason), text));
		return;
	case GS_INFO_RESPONSE:
		tell(s, "got response %llu from %s", ref, pid);
		return;
	case GS_INFO_FD:
		tell(s, "got descriptor %d%s%s%s%s", info->fd,
		    info->events & GS_FD_READ ? " read" : "",
		    info->events & GS_FD_WRITE ? " write" : "",
		    info->events & GS_FD_HANGUP ? " hangup" : "",
		    info->events & GS_FD_ERROR ? " error" : "");
		return;
	case GS_INFO_CANCELLED:
		tell(s, "got cancelled timer %llu", ref);
		return;
	case GS_INFO_SIGNAL:
		tell(s, "got signal %d", info->signal);
		return;
	}
}

void
gsi_debug_got(struct gsi_server *s, const gs_info *info)
{
	const struct gsi_message *m = &s->message;
	char text[GSI_SHOWN], pid[GS_PID_TEXT];

	s->debug->statistics.in++;
	if (!gsi_debug_worded(s->debug))
		return;
	if (info)
		tell_info(s, info);
	else if (m->kind == GSI_CALL)
		tell(s, "got call %s from %s", shown(m->body, text),
		    gs_pid_text(m->from, pid));
	else if (m->kind == GSI_CAST)
		tell(s, "got cast %s", shown(m->body, text));
	else
		tell(s, "got child");
}

void
gsi_debug_continue(struct gsi_server *s, gs_bytes argument)
{
	char text[GSI_SHOWN];

	if (gsi_debug_worded(s->debug))
		tell(s, "continue %s", shown(argument, text));
}

void
gsi_debug_sent(
    struct gsi_server *s, gs_pid to, gs_bytes reply, const char *state)
{
	char text[GSI_SHOWN], asked[GSI_SHOWN], pid[GS_PID_TEXT];

	s->debug->statistics.out++;
	if (!gsi_debug_worded(s->debug))
		return;
	if (!state)
		gsi_state_text(s, GS_STATUS_NORMAL, asked);
	tell(s, "sent %s to %s, new state %s", shown(reply, text),
	    gs_pid_text(to, pid), state ? state : asked);
}

void
gsi_debug_state(struct gsi_server *s)
{
	char state[GSI_SHOWN];

	if (!gsi_debug_worded(s->debug))
		return;
	gsi_state_text(s, GS_STATUS_NORMAL, state);
	tell(s, "new state %s", state);
}
