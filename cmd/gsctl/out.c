/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of cells, and their tab-separated form; see out.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/gsctl/out.h"

void
out_begin(struct out_table *table, enum out_shape shape,
    const struct out_column *columns, int width)
{
	memset(table, 0, sizeof(*table));
	table->shape = shape;
	table->columns = columns;
	table->width = table->shown = width;
}

int
out_row(struct out_table *table, int parent)
{
	size_t line = (size_t)table->width * sizeof(*table->cells);

	if (table->count == table->room) {
		table->room = 2 * table->room + 8;
		table->cells =
		    cmd_memory(table->cells, (size_t)table->room * line);
		table->parents = cmd_memory(table->parents,
		    (size_t)table->room * sizeof(*table->parents));
	}
	memset(table->cells + table->count * table->width, 0, line);
	table->parents[table->count] = parent;
	return table->count++;
}

static struct out_cell *
last_cell(struct out_table *table, int column)
{
	return &table->cells[(table->count - 1) * table->width + column];
}

void
out_text(struct out_table *table, int column, const char *text)
{
	struct out_cell *cell = last_cell(table, column);

	if (text == NULL || *text == '\0')
		return;
	cell->kind = OUT_TEXT;
	cell->text = cmd_copy(text);
}

void
out_stand_in(struct out_table *table, int column, const char *text)
{
	out_text(table, column, text);
	last_cell(table, column)->kind = OUT_STAND_IN;
}

void
out_number(
    struct out_table *table, int column, enum out_kind kind, int64_t number)
{
	struct out_cell *cell = last_cell(table, column);

	cell->kind = kind;
	cell->number = number;
}

void
out_pid(struct out_table *table, int column, gs_pid pid)
{
	char text[GS_PID_TEXT];

	if (!gs_pid_is_none(pid))
		out_text(table, column, gs_pid_text(pid, text));
}

void
out_list(struct out_table *table, int column)
{
	last_cell(table, column)->kind = OUT_LIST;
}

void
out_item(struct out_table *table, int column, const char *text)
{
	struct out_cell *cell = last_cell(table, column);
	size_t old = cell->text != NULL ? strlen(cell->text) : 0;
	size_t size = strlen(text) + 1;

	cell->text = cmd_memory(cell->text, old + 1 + size);
	if (old > 0)
		cell->text[old++] = '\n';
	memcpy(cell->text + old, text, size);
}

static void
human_bytes(int64_t bytes, char *buffer, size_t size)
{
	static const char units[] = "BKMGT";
	double n = (double)bytes;
	int unit = 0;

	while (n >= 1024 && unit < 4) {
		n /= 1024;
		unit++;
	}
	if (unit == 0)
		snprintf(buffer, size, "%dB", (int)bytes);
	else
		snprintf(
		    buffer, size, n < 10 ? "%.1f%c" : "%.0f%c", n, units[unit]);
}

static void
human_ms(int64_t ms, char *buffer, size_t size)
{
	long long s = ms / 1000;

	if (ms < 10000)
		snprintf(buffer, size, "%lld.%01llds", s,
		    (long long)ms % 1000 / 100);
	else if (s < 60)
		snprintf(buffer, size, "%llds", s);
	else if (s < 3600)
		snprintf(buffer, size, "%lldm%02llds", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buffer, size, "%lldh%02lldm", s / 3600, s / 60 % 60);
	else
		snprintf(
		    buffer, size, "%lldd%02lldh", s / 86400, s / 3600 % 24);
}

const char *
out_cell_text(
    const struct out_cell *cell, bool human, char *buffer, size_t size)
{
	switch (cell->kind) {
	case OUT_NONE:
		return "-";
	case OUT_LIST:
		if (cell->text == NULL)
			return "-";
		/* fall through */
	case OUT_TEXT:
	case OUT_STAND_IN:
		if (cmd_is_plain(cell->text))
			return cell->text;
		return cmd_safe(buffer, size, cell->text, strlen(cell->text));
	case OUT_BOOL:
		return cell->number ? "yes" : "no";
	case OUT_BYTES:
		if (human) {
			human_bytes(cell->number, buffer, size);
			return buffer;
		}
		break;
	case OUT_MS:
		if (human) {
			human_ms(cell->number, buffer, size);
			return buffer;
		}
		break;
	case OUT_NUMBER:
		break;
	}
	return cmd_digits(buffer, cell->number);
}

static void
plain_rows(const struct out_table *table)
{
	char buffer[CMD_SAFE(1024)];
	int *depth = cmd_memory(NULL, (size_t)table->count * sizeof(*depth));

	for (int row = 0; row < table->count; row++) {
		int parent = table->parents[row];

		depth[row] = parent < 0 ? 0 : depth[parent] + 1;
		printf("%*s", 2 * depth[row], "");
		for (int i = 0; i < table->shown; i++) {
			if (i > 0)
				putchar_unlocked('\t');
			fputs_unlocked(
			    out_cell_text(&table->cells[row * table->width + i],
				false, buffer, sizeof(buffer)),
			    stdout);
		}
		putchar_unlocked('\n');
	}
	free(depth);
}

/* One line for each item of a list. */
static void
plain_list(const char *name, const char *text)
{
	char buffer[CMD_SAFE(1024)];

	for (;;) {
		size_t n = strcspn(text, "\n");

		printf("%s\t%s\n", name,
		    cmd_safe(buffer, sizeof(buffer), text, n));
		if (text[n] == '\0')
			return;
		text += n + 1;
	}
}

static void
plain_record(const struct out_table *table)
{
	char buffer[CMD_SAFE(1024)];

	for (int i = 0; i < table->width; i++) {
		const struct out_cell *cell = &table->cells[i];
		const char *name = table->columns[i].name;

		if (cell->kind == OUT_LIST && cell->text != NULL)
			plain_list(name, cell->text);
		else
			printf("%s\t%s\n", name,
			    out_cell_text(cell, false, buffer, sizeof(buffer)));
	}
}

static void
free_table(struct out_table *table)
{
	for (int i = 0; i < table->count * table->width; i++)
		free(table->cells[i].text);
	free(table->cells);
	free(table->parents);
}

int
out_end(struct out_table *table, bool json)
{
	if (json)
		out_json(table);
	else if (isatty(STDOUT_FILENO) && out_terminal(table))
		;
	else if (table->shape == OUT_RECORD)
		plain_record(table);
	else
		plain_rows(table);
	free_table(table);
	return CMD_DONE;
}

int
out_flush(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	/* A closed pipe needs no words. */
	return errno == EPIPE
		   ? CMD_INTERNAL
		   : cmd_error(CMD_INTERNAL, "cannot write the output: %s",
			 strerror(errno));
}
