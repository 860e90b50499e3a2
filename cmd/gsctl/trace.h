/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backtrace of a crash: what the record has, addresses in files, and what
 * those files have to say about them, if they are still the ones that ran.
 */
#ifndef CMD_TRACE_H
#define CMD_TRACE_H

#include "cmd/gsctl/record.h"

#define TRACE_FRAMES 32

struct frame {
	const char *pc; /* as the record has it */
	const char *path; /* NULL: it lay in no file */
	unsigned long long offset; /* in the addresses of the file */
	const char *build_id; /* NULL: none */
	const char *function; /* NULL: not known */
	const char *file; /* of the source, NULL: not known */
	int line;
	const char *why; /* it is not looked up; NULL: it was */
};

struct trace {
	char *text; /* copies that the frames point into */
	char *modules;
	int count;
	struct frame frames[TRACE_FRAMES];
};

/* trace.c: false: the record has none; else it must be freed */
bool trace_read(const struct record *record, struct trace *trace);
void trace_free(struct trace *trace);
/* Where it happened, in a few words; "" when that is not known. */
void trace_place(const struct trace *trace, char *text, size_t size);
void trace_print(const struct trace *trace, int indent);
struct json;
void trace_json(const struct trace *trace, struct json *json);

/* symbol.c */
const char *symbol_source(void); /* with libdw or without */
/*
 * Fills in function, file and line, or why not; seconds is when it happened.
 * What it hands out stays until the program ends.
 */
void symbol_find(struct frame *frame, bool is_return, long long seconds);

#endif
