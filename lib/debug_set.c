/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Switching the watching of a server on and off, at its start or while it
 * runs.  The rule: a word that cannot be had changes nothing else.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "lib/debug.h"
#include "lib/record.h"

#define LOG_DEFAULT 10
#define TOLD 400u /* bytes of a kept event in a report: ten fit a field */

static int64_t
work_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

struct gsi_debug *
gsi_debug_switched(struct gsi_server *s)
{
	if (!s->debug) {
		s->debug = calloc(1, sizeof(*s->debug));
		if (s->debug)
			s->debug->file = -1;
	}
	return s->debug;
}

/* When nothing is on, the loop's branch is not taken again. */
void
gsi_debug_settle(struct gsi_server *s)
{
	if (!s->debug || s->debug->counting || gsi_debug_worded(s->debug))
		return;
	free(s->debug->path);
	free(s->debug);
	s->debug = NULL;
}

static void
close_file(struct gsi_debug *d)
{
	if (d->file >= 0)
		close(d->file);
	d->file = -1;
	free(d->path);
	d->path = NULL;
}

/* The file that was open before is closed in any case. */
static int
open_file(struct gsi_debug *d, gs_bytes path)
{
	char text[4096];

	close_file(d);
	if (!path.size || path.size >= sizeof(text) ||
	    memchr(path.data, '\0', path.size))
		return -EINVAL;
	d->path = strdup(gs_string(path, text, sizeof(text)));
	if (!d->path)
		return -ENOMEM;
	/* a pipe that nobody reads must not stop the server */
	d->file = open(text,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
	    0600);
	return d->file < 0 ? -errno : 0;
}

/* What is held already stays, as far as there is room; max 0 drops it. */
static int
keep_most(struct gsi_debug *d, uint32_t max)
{
	char **log = max ? calloc(max, sizeof(*log)) : NULL;
	uint32_t drop = d->log_n > max ? d->log_n - max : 0;

	if (max && !log)
		return -ENOMEM;
	for (uint32_t i = 0; i < drop; i++)
		free(d->log[i]);
	d->log_n -= drop;
	if (log && d->log_n)
		memcpy(log, d->log + drop, d->log_n * sizeof(*log));
	free(d->log);
	d->log = log;
	d->log_max = max;
	return 0;
}

static int
keep_number(struct gsi_debug *d, gs_bytes number)
{
	long max = gs_long(number, 0);

	return max > 0 && max <= GSI_LOG_MAX ? keep_most(d, (uint32_t)max)
					     : -ERANGE;
}

static void
count(struct gsi_debug *d)
{
	if (d->counting)
		return;
	d->counting = true;
	d->statistics = (struct gsi_statistics){ .start = gsi_record_time(),
		.work = work_ns() };
}

static int
install(struct gsi_server *s, gs_bytes word)
{
	char name[256];

	if (!word.size || word.size >= sizeof(name))
		return -EINVAL;
	return gsi_debug_install(
	    s, gs_string(word, name, sizeof(name)), NULL, GS_NONE);
}

/* Is it word(INSIDE)? */
static bool
has_inside(gs_bytes bytes, const char *word, gs_bytes *inside)
{
	const char *p = bytes.data;
	size_t n = strlen(word);

	if (bytes.size < n + 2 || memcmp(p, word, n) != 0 || p[n] != '(' ||
	    p[bytes.size - 1] != ')')
		return false;
	*inside = gs_bytes_of(p + n + 1, bytes.size - n - 2);
	return true;
}

int
gsi_debug_set(struct gsi_server *s, gs_bytes word)
{
	struct gsi_debug *d = gsi_debug_switched(s);
	gs_bytes inside;
	int status = 0;

	if (!d)
		return -ENOMEM;
	if (gs_is(word, "trace"))
		d->trace = true;
	else if (gs_is(word, "statistics"))
		count(d);
	else if (gs_is(word, "log"))
		status = keep_most(d, LOG_DEFAULT);
	else if (has_inside(word, "log", &inside))
		status = keep_number(d, inside);
	else if (has_inside(word, "log_to_file", &inside))
		status = open_file(d, inside);
	else if (has_inside(word, "install", &inside))
		status = install(s, inside);
	else
		status = -EINVAL;
	gsi_debug_settle(s);
	return status;
}

void
gsi_debug_unset(struct gsi_server *s, const char *word)
{
	struct gsi_debug *d = s->debug;

	if (!d)
		return;
	if (!word || strcmp(word, "trace") == 0)
		d->trace = false;
	if (!word)
		gsi_debug_trace_end(s);
	if (!word || strcmp(word, "statistics") == 0)
		d->counting = false;
	if (!word || strcmp(word, "log") == 0)
		keep_most(d, 0);
	if (!word || strcmp(word, "log_to_file") == 0)
		close_file(d);
	if (!word || strcmp(word, "install") == 0)
		gsi_debug_remove(d, NULL);
	gsi_debug_settle(s);
}

bool
gsi_debug_statistics(const struct gsi_server *s, struct gsi_statistics *out)
{
	if (!s->debug || !s->debug->counting)
		return false;
	*out = s->debug->statistics;
	out->now = gsi_record_time();
	out->work = work_ns() - out->work;
	return true;
}

/* How many of the newest fit a field of a report. */
static uint32_t
newest(const struct gsi_debug *d)
{
	size_t need = 1;
	uint32_t n = 0;

	for (; n < d->log_n; n++) {
		const char *event = d->log[d->log_n - 1 - n];

		need += event ? strnlen(event, TOLD) + 1 : 0;
		if (need > GSI_PART_MAX)
			break;
	}
	return n;
}

char *
gsi_debug_log(const struct gsi_server *s, bool brief)
{
	const struct gsi_debug *d = s->debug;
	char *text = NULL;
	size_t size = 0;
	uint32_t n;
	FILE *out;

	if (!d || !d->log_n)
		return NULL;
	n = brief ? newest(d) : d->log_n;
	out = open_memstream(&text, &size);
	for (uint32_t i = d->log_n - n; out && i < d->log_n; i++) {
		if (d->log[i])
			fprintf(out, "%s%.*s", ftell(out) > 0 ? "\n" : "",
			    brief ? (int)TOLD : INT_MAX, d->log[i]);
	}
	if (out && fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

void
gsi_debug_words(const struct gsi_server *s, FILE *out)
{
	const struct gsi_debug *d = s->debug;
	const char *comma = "";
	char pid[GS_PID_TEXT];

	if (!d)
		return;
	if (d->trace) {
		fputs("trace", out);
		comma = ",";
	}
	if (d->counting) {
		fprintf(out, "%sstatistics", comma);
		comma = ",";
	}
	if (d->log_max) {
		fprintf(out, "%slog(%u)", comma, d->log_max);
		comma = ",";
	}
	if (d->file >= 0) {
		fprintf(out, "%slog_to_file(%s)", comma, d->path);
		comma = ",";
	}
	for (uint32_t i = 0; i < d->n_installed; i++) {
		fprintf(out, "%sinstall(%s)", comma, d->installed[i].name);
		comma = ",";
	}
	for (uint32_t i = 0; i < d->n_tracers; i++) {
		fprintf(out, "%strace_to(%s)", comma,
		    gs_pid_text(d->tracers[i].pid, pid));
		comma = ",";
	}
}

/* ---- the start option ---- */

/* Up to a comma outside brackets; blanks around it are cut off. */
static bool
next_word(gs_bytes *rest, gs_bytes *word)
{
	const char *p = rest->data;
	size_t n = 0, depth = 0, from = 0, to;

	if (!rest->size)
		return false;
	for (; n < rest->size && (p[n] != ',' || depth); n++) {
		if (p[n] == '(')
			depth++;
		else if (p[n] == ')' && depth)
			depth--;
	}
	for (to = n; to > 0 && p[to - 1] == ' ';)
		to--;
	while (from < to && p[from] == ' ')
		from++;
	*word = gs_bytes_of(p + from, to - from);
	n += n < rest->size;
	*rest = gs_bytes_of(p + n, rest->size - n);
	return true;
}

static size_t
mention(char *text, size_t used, size_t size, gs_bytes word, int status)
{
	char shown[128];

	gsi_printable(shown, sizeof(shown), word.data, word.size);
	used += (size_t)snprintf(text + used, size - used, "%s%s (%s)",
	    used ? ", " : "", shown,
	    status == -EINVAL   ? "no such word"
	    : status == -ERANGE ? "1 to 1024 events can be kept"
	    : status == -ESRCH  ? "no such function"
				: strerror(-status));
	return used < size ? used : size - 1;
}

void
gsi_debug_start(struct gsi_server *s, const char *list)
{
	gs_bytes rest = gs_text(list), word;
	struct gsi_field field = { .key = "ignored" };
	char ignored[1024];
	size_t used = 0;

	while (next_word(&rest, &word)) {
		int status = word.size ? gsi_debug_set(s, word) : 0;

		if (status < 0)
			used = mention(
			    ignored, used, sizeof(ignored), word, status);
	}
	if (!used)
		return;
	field.data = ignored;
	field.size = used;
	gsi_server_report(s, GSI_WARNING, "debug",
	    "words of the debug option were ignored", &field, 1);
}
