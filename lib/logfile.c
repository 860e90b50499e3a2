/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log file: one line for each record, fields separated by tabs,
 *
 *	TIME LEVEL KIND NAME PID TEXT [key=value]...
 *
 * always valid UTF-8 without control characters.  The rule: a full disk or a
 * missing folder costs records, which are counted, and nothing else.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/record.h"

#define ROTATE_BYTES (1ull << 20)
/* every byte of a record as \xNN, and the fixed part */
#define LINE_MAX_BYTES (4u * GSI_RECORD_MAX + 1024u)

struct line {
	char *text;
	size_t used;
};

static const char *const level_texts[] = {
	[GSI_DEBUG] = "debug",
	[GSI_INFO_LEVEL] = "info",
	[GSI_NOTICE] = "notice",
	[GSI_WARNING] = "warning",
	[GSI_ERROR_LEVEL] = "error",
};

static void
put(struct line *line, const char *text)
{
	size_t n = strlen(text);

	if (n > LINE_MAX_BYTES - line->used)
		n = LINE_MAX_BYTES - line->used;
	memcpy(line->text + line->used, text, n);
	line->used += n;
}

/* How a byte that cannot stand for itself is written; n: bytes consumed. */
static const char *
escape(const unsigned char *p, size_t size, char text[8], size_t *n)
{
	*n = gsi_shown(p, size);
	if (p[0] == '\\')
		return "\\\\";
	if (*n > 0) {
		memcpy(text, p, *n);
		text[*n] = '\0';
		return text;
	}
	*n = 1;
	if (p[0] == '\t')
		return "\\t";
	if (p[0] == '\n')
		return "\\n";
	snprintf(text, 8, "\\x%02x", p[0]);
	return text;
}

static void
put_bytes(struct line *line, gs_bytes bytes)
{
	const unsigned char *p = bytes.data;
	char text[8];
	size_t n;

	for (size_t i = 0; i < bytes.size; i += n)
		put(line, escape(p + i, bytes.size - i, text, &n));
}

static void
put_pid(struct line *line, gs_pid pid)
{
	char text[GS_PID_TEXT];

	if (!gs_pid_is_none(pid))
		put(line, gs_pid_text(pid, text));
}

static void
machine_line(struct line *line, const struct gsi_record *r)
{
	/* what comes from a stranger may be of any time */
	long long time = r->time < 0 ? 0 : r->time;
	char text[48];

	snprintf(text, sizeof(text), "%lld.%06lld\t", time / 1000000,
	    time % 1000000);
	put(line, text);
	put(line, level_texts[r->level]);
	put(line, "\t");
	put_bytes(line, r->kind);
	put(line, "\t");
	put_bytes(line, r->name);
	put(line, "\t");
	put_pid(line, r->pid);
	put(line, "\t");
	put_bytes(line, r->text);
	for (int i = 0; i < r->n_fields; i++) {
		put(line, "\t");
		put_bytes(line, r->fields[i].key);
		put(line, "=");
		put_bytes(line, r->fields[i].value);
	}
	put(line, "\n");
}

/* For a person: each of its lines on one of its own, indented. */
static void
put_lines(struct line *line, gs_bytes bytes)
{
	const char *end;

	while ((end = memchr(bytes.data, '\n', bytes.size)) != NULL) {
		size_t n = (size_t)(end - (const char *)bytes.data);

		put_bytes(line, gs_bytes_of(bytes.data, n));
		put(line, "\n        ");
		bytes = gs_bytes_of(end + 1, bytes.size - n - 1);
	}
	put_bytes(line, bytes);
}

static void
human_line(struct line *line, const struct gsi_record *r)
{
	time_t seconds = (time_t)(r->time / 1000000);
	struct tm parts;
	char text[48] = "";

	if (localtime_r(&seconds, &parts))
		strftime(text, sizeof(text), "%F %T ", &parts);
	put(line, text);
	put(line, level_texts[r->level]);
	put(line, " ");
	put_bytes(line, r->kind);
	put(line, " ");
	put_bytes(line, r->name);
	put(line, r->name.size ? " " : "");
	put_pid(line, r->pid);
	put(line, ": ");
	put_bytes(line, r->text);
	put(line, "\n");
	for (int i = 0; i < r->n_fields; i++) {
		put(line, "    ");
		put_bytes(line, r->fields[i].key);
		put(line, ": ");
		put_lines(line, r->fields[i].value);
		put(line, "\n");
	}
}

/* ---- the file ---- */

static bool
ready(struct gsi_logfile *file)
{
	struct stat st;

	if (!file->path) {
		file->fd = STDERR_FILENO;
		return true;
	}
	if (file->fd >= 0)
		return true;
	file->fd = open(file->path,
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file->fd < 0)
		return false;
	file->size = fstat(file->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
	return true;
}

/* The file before is kept as path.1; if that fails the file goes on. */
static void
rotate(struct gsi_logfile *file)
{
	char old[4096];
	int n = snprintf(old, sizeof(old), "%s.1", file->path);

	file->size = 0;
	if (n < 0 || (size_t)n >= sizeof(old) || rename(file->path, old) < 0)
		return;
	close(file->fd);
	file->fd = -1;
}

static bool
write_out(struct gsi_logfile *file, const char *text, size_t size)
{
	ssize_t n;

	if (!ready(file))
		return false;
	n = write(file->fd, text, size);
	if (n > 0) {
		file->size += (uint64_t)n;
		file->torn = text[n - 1] != '\n';
	}
	return n == (ssize_t)size;
}

static bool
write_record(struct gsi_logfile *file, const struct gsi_record *r)
{
	struct line line = { file->line, 0 };

	if (file->torn && !write_out(file, "\n", 1))
		return false;
	if (file->path)
		machine_line(&line, r);
	else
		human_line(&line, r);
	return write_out(file, line.text, line.used);
}

/* True when nothing is owed any more. */
static bool
tell_lost(struct gsi_logfile *file)
{
	struct gsi_record r = { .level = GSI_WARNING,
		.kind = gs_text("log_lost") };
	char text[64];

	if (!file->lost)
		return true;
	snprintf(text, sizeof(text), "%llu records lost",
	    (unsigned long long)file->lost);
	r.time = gsi_record_time();
	r.text = gs_text(text);
	if (!write_record(file, &r))
		return false;
	file->lost = 0;
	return true;
}

void
gsi_logfile_write(struct gsi_logfile *file, const struct gsi_record *r)
{
	if (!tell_lost(file) || !write_record(file, r))
		file->lost++;
	if (file->path && file->fd >= 0 && file->size >= ROTATE_BYTES)
		rotate(file);
}

int
gsi_logfile_open(struct gsi_logfile *file, const char *path)
{
	*file = (struct gsi_logfile){ .path = path, .fd = -1 };
	file->line = malloc(LINE_MAX_BYTES);
	return file->line ? 0 : -ENOMEM;
}

void
gsi_logfile_close(struct gsi_logfile *file)
{
	if (file->path && file->fd >= 0)
		close(file->fd);
	free(file->line);
}
