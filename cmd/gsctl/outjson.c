/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON form of a table: keys are the column names.
 */
#include <stdlib.h>

#include "cmd/gsctl/json.h"
#include "cmd/gsctl/out.h"

static void
list(struct json *json, const char *key, const char *text)
{
	json_open(json, key, '[');
	while (text != NULL) {
		size_t n = strcspn(text, "\n");

		json_bytes(json, NULL, text, n);
		text = text[n] != '\0' ? text + n + 1 : NULL;
	}
	json_close(json, ']');
}

static void
cell(struct json *json, const char *key, const struct out_cell *cell)
{
	switch (cell->kind) {
	case OUT_NONE:
	case OUT_STAND_IN:
		json_null(json, key);
		return;
	case OUT_TEXT:
		json_bytes(json, key, cell->text, strlen(cell->text));
		return;
	case OUT_LIST:
		list(json, key, cell->text);
		return;
	case OUT_BOOL:
		json_bool(json, key, cell->number != 0);
		return;
	case OUT_NUMBER:
	case OUT_BYTES:
	case OUT_MS:
		break;
	}
	json_integer(json, key, cell->number);
}

/* One row, still open. */
static void
open_row(struct json *json, const struct out_table *table, int row)
{
	json_open(json, NULL, '{');
	for (int i = 0; i < table->width; i++)
		cell(json, table->columns[i].name,
		    &table->cells[row * table->width + i]);
}

static void
rows(struct json *json, const struct out_table *table)
{
	json_open(json, NULL, '[');
	for (int row = 0; row < table->count; row++) {
		open_row(json, table, row);
		json_close(json, '}');
	}
	json_close(json, ']');
}

/* Of each row: its first child and the next of its parent's; -1: none. */
struct kin {
	int first;
	int last;
	int next;
};

static struct kin *
kin_of(const struct out_table *table)
{
	struct kin *kin = cmd_memory(NULL, (size_t)table->count * sizeof(*kin));

	for (int row = 0; row < table->count; row++) {
		int parent = table->parents[row];

		kin[row] = (struct kin){ -1, -1, -1 };
		if (parent < 0)
			continue;
		if (kin[parent].first < 0)
			kin[parent].first = row;
		else
			kin[kin[parent].last].next = row;
		kin[parent].last = row;
	}
	return kin;
}

/* It has one root, its first row; each row holds its children. */
static void
tree(struct json *json, const struct out_table *table)
{
	struct kin *kin = kin_of(table);
	int row = 0;

	while (row >= 0) {
		open_row(json, table, row);
		json_open(json, "children", '[');
		if (kin[row].first >= 0) {
			row = kin[row].first;
			continue;
		}
		for (;;) {
			int parent = table->parents[row];

			json_close(json, ']');
			json_close(json, '}');
			row = parent < 0 ? -1 : kin[row].next;
			if (row >= 0 || parent < 0)
				break;
			row = parent;
		}
	}
	free(kin);
}

void
out_json(const struct out_table *table)
{
	struct json json = { .pretty = true };

	if (table->shape == OUT_RECORD) {
		open_row(&json, table, 0);
		json_close(&json, '}');
	} else if (table->shape == OUT_TREE && table->count > 0) {
		tree(&json, table);
	} else {
		rows(&json, table);
	}
	json_end(&json);
}
