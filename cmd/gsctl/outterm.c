/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables, trees and records on a terminal, by libsmartcols.  Cells are safe
 * already, so it is told to leave them alone.
 */
#include <libsmartcols/libsmartcols.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/gsctl/out.h"

/* Times come with their units, so the key's is left out. */
static char *
without_unit(const char *name)
{
	char *text = cmd_copy(name);
	size_t n = strlen(text);

	if (n > 3 && strcmp(text + n - 3, "_ms") == 0)
		text[n - 3] = '\0';
	return text;
}

static char *
heading(const char *name)
{
	char *text = without_unit(name);

	for (char *at = text; *at != '\0'; at++)
		*at = *at == '_'                 ? ' '
		      : *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A')
						 : *at;
	return text;
}

static void
add_columns(struct libscols_table *to, const struct out_table *table)
{
	for (int i = 0; i < table->shown; i++) {
		char *name = heading(table->columns[i].name);
		int flags = table->columns[i].right ? SCOLS_FL_RIGHT : 0;

		if (i == 0 && table->shape == OUT_TREE)
			flags |= SCOLS_FL_TREE;
		scols_table_new_column(to, name, 0, flags);
		free(name);
	}
}

static void
add_rows(struct libscols_table *to, const struct out_table *table)
{
	char buffer[CMD_SAFE(1024)];

	for (int row = 0; row < table->count; row++) {
		int parent = table->parents[row];
		struct libscols_line *line = scols_table_new_line(
		    to, parent < 0 ? NULL
				   : scols_table_get_line(to, (size_t)parent));

		for (int i = 0; line != NULL && i < table->shown; i++)
			scols_line_set_data(line, (size_t)i,
			    out_cell_text(&table->cells[row * table->width + i],
				true, buffer, sizeof(buffer)));
	}
}

static void
add_pair(
    struct libscols_table *to, const char *name, const char *text, size_t size)
{
	char buffer[CMD_SAFE(1024)];
	struct libscols_line *line = scols_table_new_line(to, NULL);

	if (line == NULL)
		return;
	scols_line_refer_data(line, 0, without_unit(name));
	scols_line_set_data(
	    line, 1, cmd_safe(buffer, sizeof(buffer), text, size));
}

static void
add_list(struct libscols_table *to, const char *name, const char *text)
{
	for (;;) {
		size_t n = strcspn(text, "\n");

		add_pair(to, name, text, n);
		if (text[n] == '\0')
			return;
		text += n + 1;
		name = "";
	}
}

static void
add_record(struct libscols_table *to, const struct out_table *table)
{
	char buffer[CMD_SAFE(1024)];

	scols_table_enable_noheadings(to, 1);
	scols_table_new_column(to, "KEY", 0, 0);
	scols_table_new_column(to, "VALUE", 0, 0);
	for (int i = 0; i < table->width; i++) {
		const struct out_cell *cell = &table->cells[i];
		const char *name = table->columns[i].name, *text;

		if (cell->kind == OUT_LIST && cell->text != NULL) {
			add_list(to, name, cell->text);
			continue;
		}
		text = out_cell_text(cell, true, buffer, sizeof(buffer));
		add_pair(to, name, text, strlen(text));
	}
}

void
out_terminal(const struct out_table *table)
{
	struct libscols_table *to;

	setlocale(LC_CTYPE, "");
	to = scols_new_table();
	if (to == NULL)
		exit(cmd_error(CMD_INTERNAL, "out of memory"));
	scols_table_enable_noencoding(to, 1);
	if (table->shape == OUT_RECORD) {
		add_record(to, table);
	} else {
		add_columns(to, table);
		add_rows(to, table);
	}
	scols_print_table(to);
	scols_unref_table(to);
}
