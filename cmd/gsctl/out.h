/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data for a person, a script or a JSON reader: filled in once, printed as an
 * aligned table on a terminal, tab-separated without a header elsewhere, and
 * as one JSON document when asked for.
 */
#ifndef CMD_OUT_H
#define CMD_OUT_H

#include "cmd/gsctl/cmd.h"

enum out_kind {
	OUT_NONE = 0, /* "-", null */
	OUT_TEXT,
	OUT_STAND_IN, /* text for people; null */
	OUT_NUMBER,
	OUT_BYTES, /* 152K for a person */
	OUT_MS, /* 2m05s for a person */
	OUT_BOOL,
	OUT_LIST, /* lines of text; an array in JSON */
};

/* How the whole is laid out. */
enum out_shape {
	OUT_TABLE, /* a row each; an array of objects */
	OUT_TREE, /* rows have parents; nested "children" */
	OUT_RECORD, /* one row, shown upright; one object */
};

struct out_cell {
	enum out_kind kind;
	char *text;
	int64_t number;
};

struct out_column {
	const char *name; /* header and JSON key */
	bool right;
};

struct out_table {
	enum out_shape shape;
	const struct out_column *columns;
	int width;
	int shown; /* columns; those behind are JSON's alone */
	struct out_cell *cells;
	int *parents;
	int count; /* rows */
	int room;
};

void out_begin(struct out_table *table, enum out_shape shape,
    const struct out_column *columns, int width);
/* Adds an empty row below parent (-1: none), which came earlier. */
int out_row(struct out_table *table, int parent);
/* All are copied; "" and no pid leave the cell empty. */
void out_text(struct out_table *table, int column, const char *text);
void out_stand_in(struct out_table *table, int column, const char *text);
void out_number(
    struct out_table *table, int column, enum out_kind kind, int64_t number);
void out_pid(struct out_table *table, int column, gs_pid pid);
/* Makes the cell an empty list; out_item adds a line to it. */
void out_list(struct out_table *table, int column);
void out_item(struct out_table *table, int column, const char *text);
/* Prints and frees; returns the exit status. */
int out_end(struct out_table *table, bool json);
/* The cell as text, in a buffer of at least CMD_SAFE(64) unless it has text. */
const char *out_cell_text(
    const struct out_cell *cell, bool human, char *buffer, size_t size);

/* outterm.c: false, with words: it cannot */
bool out_terminal(const struct out_table *table);

/* outjson.c */
void out_json(const struct out_table *table);

/* out.c */
/* Flushes stdout: 0, or CMD_INTERNAL when the data could not be written. */
int out_flush(void);

#endif
