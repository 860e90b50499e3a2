/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backtraces, see trace.h.  They are written by the node as lines of
 * "PC PATH+OFFSET" and, for the files, "BUILD-ID PATH".
 */
#include <stdlib.h>

#include "cmd/gsctl/json.h"
#include "cmd/gsctl/trace.h"

static const char *
value_of(const struct record *record, const char *key)
{
	for (int i = 0; i < record->count; i++)
		if (strcmp(record->fields[i].key, key) == 0)
			return record->fields[i].value;
	return NULL;
}

/* Cuts the next line off. */
static char *
next_line(char **rest)
{
	char *line = *rest, *end;

	if (line == NULL || *line == '\0')
		return NULL;
	end = strchr(line, '\n');
	if (end != NULL)
		*end++ = '\0';
	*rest = end;
	return line;
}

static bool
parse_frame(char *line, struct frame *frame)
{
	char *space = strchr(line, ' '), *plus;

	memset(frame, 0, sizeof(*frame));
	frame->pc = line;
	if (strncmp(line, "0x", 2) != 0)
		return false;
	if (space == NULL)
		return true;
	*space = '\0';
	plus = strrchr(space + 1, '+');
	if (plus == NULL)
		return false;
	*plus = '\0';
	frame->path = space + 1;
	frame->offset = strtoull(plus + 1, NULL, 16);
	return true;
}

/* Its build-id, for all frames in that file. */
static void
parse_module(char *line, struct trace *trace)
{
	char *space = strchr(line, ' ');

	if (space == NULL)
		return;
	*space = '\0';
	for (int i = 0; i < trace->count; i++) {
		struct frame *frame = &trace->frames[i];

		if (frame->path != NULL && strcmp(line, "-") != 0 &&
		    strcmp(frame->path, space + 1) == 0)
			frame->build_id = line;
	}
}

bool
trace_read(const struct record *record, struct trace *trace)
{
	const char *frames = value_of(record, "backtrace");
	const char *modules = value_of(record, "modules");
	char *rest, *line;

	if (frames == NULL)
		return false;
	trace->text = rest = cmd_copy(frames);
	trace->count = 0;
	while (trace->count < TRACE_FRAMES && (line = next_line(&rest)) != NULL)
		trace->count += parse_frame(line, &trace->frames[trace->count]);
	trace->modules = rest = cmd_copy(modules != NULL ? modules : "");
	while ((line = next_line(&rest)) != NULL)
		parse_module(line, trace);
	for (int i = 0; i < trace->count; i++)
		symbol_find(&trace->frames[i], i > 0, record->seconds);
	return true;
}

void
trace_free(struct trace *trace)
{
	free(trace->text);
	free(trace->modules);
}

static const char *
base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

void
trace_place(const struct trace *trace, char *text, size_t size)
{
	const struct frame *frame = NULL;

	text[0] = '\0';
	/* what was called and is no code says nothing */
	for (int i = 0; i < trace->count && frame == NULL; i++)
		if (trace->frames[i].path != NULL)
			frame = &trace->frames[i];
	if (frame == NULL)
		return;
	if (frame->function == NULL)
		snprintf(text, size, " at %s+0x%llx", base_of(frame->path),
		    frame->offset);
	else if (frame->file == NULL)
		snprintf(text, size, " in %s", frame->function);
	else
		snprintf(text, size, " in %s (%s:%d)", frame->function,
		    base_of(frame->file), frame->line);
}

static void
print_frame(const struct frame *frame, int number)
{
	char line[32];

	printf("#%-2d ", number);
	if (frame->path == NULL) {
		cmd_put_word(frame->pc);
		putchar('\n');
		return;
	}
	if (frame->function != NULL) {
		cmd_put_word(frame->function);
		if (frame->file != NULL) {
			fputs(" (", stdout);
			cmd_put_word(frame->file);
			snprintf(line, sizeof(line), ":%d)", frame->line);
			fputs(line, stdout);
		}
		putchar(' ');
	}
	cmd_put_word(frame->path);
	printf("+0x%llx", frame->offset);
	if (frame->why != NULL) {
		printf(" (%s; build-id ", frame->why);
		cmd_put_word(frame->build_id != NULL ? frame->build_id : "-");
		putchar(')');
	}
	putchar('\n');
}

/* Below the loop are those who forked it; the record has them all. */
static bool
is_loop(const struct frame *frame)
{
	return frame->function != NULL &&
	       strcmp(frame->function, "gsi_server_run") == 0;
}

void
trace_print(const struct trace *trace, int indent)
{
	for (int i = 0; i < trace->count; i++) {
		printf("%*s", indent, "");
		print_frame(&trace->frames[i], i);
		if (is_loop(&trace->frames[i]))
			break;
	}
}

void
trace_json(const struct trace *trace, struct json *json)
{
	char offset[32];

	json_open(json, "backtrace", '[');
	for (int i = 0; i < trace->count; i++) {
		const struct frame *frame = &trace->frames[i];

		json_open(json, NULL, '{');
		json_text(json, "pc", frame->pc);
		json_text(json, "module", frame->path);
		snprintf(offset, sizeof(offset), "0x%llx", frame->offset);
		json_text(json, "offset", frame->path ? offset : NULL);
		json_text(json, "build_id", frame->build_id);
		json_text(json, "function", frame->function);
		json_text(json, "file", frame->file);
		if (frame->file != NULL)
			json_integer(json, "line", frame->line);
		else
			json_null(json, "line");
		json_close(json, '}');
	}
	json_close(json, ']');
}
