/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables, trees and records on a terminal, by libsmartcols.  Cells are safe
 * already, so it is told to leave them alone.  It is loaded here, because
 * most calls of gsctl never get here and loading takes time.
 */
#include <dlfcn.h>
#include <libsmartcols/libsmartcols.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/gsctl/out.h"

#define FUNCTIONS(X)                                                           \
	X(new_table)                                                           \
	X(unref_table)                                                         \
	X(print_table)                                                         \
	X(table_new_column)                                                    \
	X(table_new_line)                                                      \
	X(table_get_line)                                                      \
	X(table_enable_noencoding)                                             \
	X(table_enable_noheadings)                                             \
	X(line_set_data)                                                       \
	X(line_refer_data)

#define MEMBER(name) __typeof__(scols_##name) *name;
#define PLACE(name) { "scols_" #name, offsetof(struct scols, name) },

struct scols {
	FUNCTIONS(MEMBER)
};

static bool
load(struct scols *scols)
{
	static const struct {
		const char *name;
		size_t at;
	} places[] = { FUNCTIONS(PLACE) };
	void *library = dlopen("libsmartcols.so.1", RTLD_NOW);
	bool found = library != NULL;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && found;
	     i++) {
		void *function = dlsym(library, places[i].name);

		found = function != NULL;
		memcpy(
		    (char *)scols + places[i].at, &function, sizeof(function));
	}
	if (!found)
		cmd_error(0, "no columns: %s", dlerror());
	return found;
}

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
add_columns(const struct scols *s, struct libscols_table *to,
    const struct out_table *table)
{
	for (int i = 0; i < table->shown; i++) {
		char *name = heading(table->columns[i].name);
		int flags = table->columns[i].right ? SCOLS_FL_RIGHT : 0;

		if (i == 0 && table->shape == OUT_TREE)
			flags |= SCOLS_FL_TREE;
		s->table_new_column(to, name, 0, flags);
		free(name);
	}
}

static void
add_rows(const struct scols *s, struct libscols_table *to,
    const struct out_table *table)
{
	char buffer[CMD_SAFE(1024)];

	for (int row = 0; row < table->count; row++) {
		int parent = table->parents[row];
		struct libscols_line *line = s->table_new_line(to,
		    parent < 0 ? NULL : s->table_get_line(to, (size_t)parent));

		for (int i = 0; line != NULL && i < table->shown; i++)
			s->line_set_data(line, (size_t)i,
			    out_cell_text(&table->cells[row * table->width + i],
				true, buffer, sizeof(buffer)));
	}
}

static void
add_pair(const struct scols *s, struct libscols_table *to, const char *name,
    const char *text, size_t size)
{
	char buffer[CMD_SAFE(1024)];
	struct libscols_line *line = s->table_new_line(to, NULL);

	if (line == NULL)
		return;
	s->line_refer_data(line, 0, without_unit(name));
	s->line_set_data(line, 1, cmd_safe(buffer, sizeof(buffer), text, size));
}

static void
add_list(const struct scols *s, struct libscols_table *to, const char *name,
    const char *text)
{
	for (;;) {
		size_t n = strcspn(text, "\n");

		add_pair(s, to, name, text, n);
		if (text[n] == '\0')
			return;
		text += n + 1;
		name = "";
	}
}

static void
add_record(const struct scols *s, struct libscols_table *to,
    const struct out_table *table)
{
	char buffer[CMD_SAFE(1024)];

	s->table_enable_noheadings(to, 1);
	s->table_new_column(to, "KEY", 0, 0);
	s->table_new_column(to, "VALUE", 0, 0);
	for (int i = 0; i < table->width; i++) {
		const struct out_cell *cell = &table->cells[i];
		const char *name = table->columns[i].name, *text;

		if (cell->kind == OUT_LIST && cell->text != NULL) {
			add_list(s, to, name, cell->text);
			continue;
		}
		text = out_cell_text(cell, true, buffer, sizeof(buffer));
		add_pair(s, to, name, text, strlen(text));
	}
}

bool
out_terminal(const struct out_table *table)
{
	struct scols scols, *s = &scols;
	struct libscols_table *to;

	if (!load(s))
		return false;
	setlocale(LC_CTYPE, "");
	to = s->new_table();
	if (to == NULL)
		exit(cmd_error(CMD_INTERNAL, "out of memory"));
	s->table_enable_noencoding(to, 1);
	if (table->shape == OUT_RECORD) {
		add_record(s, to, table);
	} else {
		add_columns(s, to, table);
		add_rows(s, to, table);
	}
	s->print_table(to);
	s->unref_table(to);
	return true;
}
