/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON form of a table: keys are the column names.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cmd/gsctl/out.h"

static void *
memory(size_t size)
{
	return cmd_memory(NULL, size);
}

/* A value that is missing for want of memory would be a wrong answer. */
void
out_json_begin(void)
{
	json_set_alloc_funcs(memory, free);
}

json_t *
out_json_text(const char *text, size_t size)
{
	char *safe;
	json_t *value;

	if (cmd_utf8(text, size))
		return json_stringn(text != NULL ? text : "", size);
	safe = cmd_memory(NULL, CMD_SAFE(size));
	cmd_safe(safe, CMD_SAFE(size), text, size);
	value = json_string(safe);
	free(safe);
	return value;
}

static json_t *
list(const char *text)
{
	json_t *array = json_array();

	while (text != NULL) {
		size_t n = strcspn(text, "\n");

		json_array_append_new(array, out_json_text(text, n));
		text = text[n] != '\0' ? text + n + 1 : NULL;
	}
	return array;
}

static json_t *
cell_json(const struct out_cell *cell)
{
	switch (cell->kind) {
	case OUT_NONE:
	case OUT_STAND_IN:
		return json_null();
	case OUT_TEXT:
		return out_json_text(cell->text, strlen(cell->text));
	case OUT_LIST:
		return list(cell->text);
	case OUT_BOOL:
		return json_boolean(cell->number);
	case OUT_NUMBER:
	case OUT_BYTES:
	case OUT_MS:
		break;
	}
	return json_integer(cell->number);
}

static json_t *
row_json(const struct out_table *table, int row)
{
	json_t *object = json_object();

	for (int i = 0; i < table->width; i++)
		json_object_set_new(object, table->columns[i].name,
		    cell_json(&table->cells[row * table->width + i]));
	if (table->shape == OUT_TREE)
		json_object_set_new(object, "children", json_array());
	return object;
}

/*
 * Every row, put below its parent, which came earlier, or at the top.  A tree
 * has one root, its first row.
 */
static json_t *
rows_json(const struct out_table *table)
{
	json_t **rows = cmd_memory(NULL, (size_t)table->count * sizeof(*rows));
	json_t *top = json_array();

	for (int i = 0; i < table->count; i++) {
		int parent = table->parents[i];

		rows[i] = row_json(table, i);
		json_array_append_new(
		    parent < 0 ? top
			       : json_object_get(rows[parent], "children"),
		    rows[i]);
	}
	if (table->shape == OUT_TREE && table->count > 0) {
		json_incref(rows[0]);
		json_decref(top);
		top = rows[0];
	}
	free(rows);
	return top;
}

/* JSON lets through what terminals obey: then nothing but ASCII is used. */
static char *
safe_dump(const json_t *value, size_t flags)
{
	char *text = json_dumps(value, flags);

	if (text == NULL || cmd_is_safe(text, strlen(text)))
		return text;
	free(text);
	return json_dumps(value, flags | JSON_ENSURE_ASCII);
}

static int
print(json_t *value, size_t flags)
{
	char *text = value == NULL ? NULL : safe_dump(value, flags);
	const char *at, *end;

	json_decref(value);
	if (text == NULL)
		return cmd_error(CMD_INTERNAL, "cannot print JSON");
	/* a DEL is left as it is: it can only be in a string */
	for (at = text; *(end = at + strcspn(at, "\x7f")) != '\0'; at = end + 1)
		printf("%.*s\\u007f", (int)(end - at), at);
	puts(at);
	free(text);
	return 0;
}

int
out_json(const struct out_table *table)
{
	json_t *value;

	if (table->shape == OUT_RECORD)
		value = row_json(table, 0);
	else
		value = rows_json(table);
	return print(value, JSON_INDENT(2));
}

void
out_json_line(json_t *value)
{
	/* Microseconds of this age, and no digit more. */
	(void)print(value, JSON_COMPACT | JSON_REAL_PRECISION(16));
}
