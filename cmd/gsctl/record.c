/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of the log, see record.h.  A line that is no record is not lost:
 * gsctl log shows it as it is.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "cmd/gsctl/json.h"
#include "cmd/gsctl/record.h"
#include "cmd/gsctl/trace.h"

/* \xNN, for bytes that are no text, stays as it is. */
static void
unescape(char *text)
{
	static const char from[] = "tn\\", to[] = "\t\n\\";
	const char *letter;
	char *out = text;

	for (; *text != '\0'; text++) {
		letter = *text == '\\' && text[1] != '\0'
			     ? strchr(from, text[1])
			     : NULL;
		if (letter != NULL)
			text++;
		*out++ = letter != NULL ? to[letter - from] : *text;
	}
	*out = '\0';
}

/* Cuts the next field off *rest; NULL at the end. */
static char *
next_field(char **rest)
{
	char *field = *rest, *end;

	if (field == NULL)
		return NULL;
	end = strchr(field, '\t');
	if (end != NULL)
		*end++ = '\0';
	*rest = end;
	return field;
}

static void
parse_time(const char *text, struct record *record)
{
	char *end;

	record->seconds = strtoll(text, &end, 10);
	record->micros = (int)(strtod(end, NULL) * 1e6 + 0.5);
}

/* Asked before the line is cut up: one that is no record is left whole. */
static bool
looks_right(const char *line)
{
	size_t digits = strspn(line, "0123456789.");
	int tabs = 0;

	for (const char *at = line; *at != '\0'; at++)
		tabs += *at == '\t';
	return digits > 0 && line[digits] == '\t' && tabs >= 5;
}

bool
record_parse(char *line, struct record *record)
{
	const char **fixed[] = { &record->level, &record->kind, &record->name,
		&record->pid, &record->text };
	char *rest = line, *field;

	memset(record, 0, sizeof(*record));
	if (!looks_right(line))
		return false;
	parse_time(next_field(&rest), record);
	for (int i = 0; i < 5; i++) {
		field = next_field(&rest);
		unescape(field);
		*fixed[i] = field;
	}
	while (record->count < RECORD_FIELDS &&
	       (field = next_field(&rest)) != NULL) {
		char *equals = strchr(field, '=');

		if (equals == NULL)
			continue;
		*equals = '\0';
		unescape(equals + 1);
		record->fields[record->count].key = field;
		record->fields[record->count++].value = equals + 1;
	}
	return true;
}

bool
record_about(const struct record *record, const struct cmd_server *server)
{
	char text[GS_PID_TEXT];

	if (server == NULL)
		return true;
	if (gs_addr_kind(server->to) == GS_ADDR_NAME)
		return strcmp(record->name, server->name) == 0;
	return strcmp(record->pid, gs_pid_text(server->pid, text)) == 0;
}

const char *
record_time(const struct record *record, char *buffer, size_t size)
{
	time_t seconds = (time_t)record->seconds;
	char day[32] = "?";
	struct tm tm;

	if (localtime_r(&seconds, &tm) != NULL)
		strftime(day, sizeof(day), "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(buffer, size, "%s.%03d", day, record->micros / 1000);
	return buffer;
}

/* Text of several lines, indented; it ends with a newline. */
static void
print_indented(const char *text, int indent)
{
	for (;;) {
		size_t n = strcspn(text, "\n");

		cmd_put_safe(text, n);
		putchar('\n');
		text += n;
		if (*text == '\0' || *++text == '\0')
			return;
		printf("%*s", indent, "");
	}
}

void
record_print(const struct record *record)
{
	char time[64];
	struct trace trace;
	bool traced;

	printf("%s ", record_time(record, time, sizeof(time)));
	if (strcmp(record->kind, "output") == 0) {
		cmd_put_word(*record->name ? record->name : record->pid);
		fputs("| ", stdout);
		print_indented(record->text, 4);
		return;
	}
	cmd_put_word(record->level);
	printf("%*s", 8 - (int)strnlen(record->level, 7), "");
	cmd_put_word(record->name);
	if (*record->pid != '\0') {
		fputs(*record->name ? " " : "", stdout);
		cmd_put_word(record->pid);
	}
	fputs("  ", stdout);
	print_indented(record->text, 4);
	traced = trace_read(record, &trace);
	for (int i = 0; i < record->count; i++) {
		if (traced && strcmp(record->fields[i].key, "modules") == 0)
			continue;
		fputs("    ", stdout);
		cmd_put_word(record->fields[i].key);
		if (traced && strcmp(record->fields[i].key, "backtrace") == 0) {
			puts(":");
			trace_print(&trace, 8);
			continue;
		}
		fputs(": ", stdout);
		print_indented(record->fields[i].value, 8);
	}
	if (traced)
		trace_free(&trace);
}

/* A key that comes again counts as it is there. */
static bool
is_last(const struct record *record, int i)
{
	for (int k = i + 1; k < record->count; k++)
		if (strcmp(record->fields[k].key, record->fields[i].key) == 0)
			return false;
	return true;
}

void
record_json(const struct record *record)
{
	struct json json = { .depth = 0 };
	struct trace trace;

	json_open(&json, NULL, '{');
	json_seconds(
	    &json, "time", (double)record->seconds + record->micros / 1e6);
	json_text(&json, "level", record->level);
	json_text(&json, "kind", record->kind);
	json_text(&json, "name", record->name);
	json_text(&json, "pid", record->pid);
	json_text(&json, "text", record->text);
	json_open(&json, "fields", '{');
	for (int i = 0; i < record->count; i++)
		if (cmd_utf8(
			record->fields[i].key, strlen(record->fields[i].key)) &&
		    is_last(record, i))
			json_text(&json, record->fields[i].key,
			    record->fields[i].value);
	json_close(&json, '}');
	if (trace_read(record, &trace)) {
		trace_json(&trace, &json);
		trace_free(&trace);
	}
	json_close(&json, '}');
	json_end(&json);
}

/*
 * The file of a node that does not run, whom nobody can ask: as the library
 * names it, three bytes for a '/', a '%' and a leading '.'.
 */
static void
append_file(char *path, size_t size, const char *node)
{
	size_t at = strlen(path);

	for (const char *c = node; *c != '\0' && at + 8 < size; c++) {
		if (*c == '/' || *c == '%' || (*c == '.' && c == node))
			at += (size_t)sprintf(
			    path + at, "%%%02x", (unsigned char)*c);
		else
			path[at++] = *c;
	}
	snprintf(path + at, size - at, ".log");
}

int
record_path(const struct cmd *cmd, char *path, size_t size, bool *running)
{
	char folder[256];
	gs_node_info info;
	int rc = cmd_open(cmd);

	*running = rc == 0;
	if (*running) {
		rc = gs_node_inspect(&info);
		if (rc != 0)
			return cmd_fail(cmd, NULL, rc);
		snprintf(path, size, "%s", info.log);
		return 0;
	}
	if (rc != -ENOTCONN)
		return cmd_fail(cmd, NULL, rc);
	rc = gs_runtime_dir(folder, sizeof(folder));
	if (rc != 0)
		return cmd_fail(cmd, NULL, rc);
	snprintf(path, size, "%s/", folder);
	append_file(path, size, cmd->node);
	return 0;
}
