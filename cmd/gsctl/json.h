/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON to standard output, as it comes: nothing is built up in memory.  Keys
 * are NULL in an array and at the top.
 */
#ifndef CMD_JSON_H
#define CMD_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json {
	bool pretty; /* indented by two; else on one line, without blanks */
	bool inner; /* something stands in the innermost bracket */
	int depth;
};

void json_open(struct json *json, const char *key, char bracket);
void json_close(struct json *json, char bracket);
/* Any bytes: those that are not UTF-8 as \xNN. */
void json_bytes(
    struct json *json, const char *key, const char *text, size_t size);
/* NULL and "": null. */
void json_text(struct json *json, const char *key, const char *text);
void json_null(struct json *json, const char *key);
void json_bool(struct json *json, const char *key, bool value);
void json_integer(struct json *json, const char *key, int64_t value);
/* Microseconds of this age, and no digit more. */
void json_seconds(struct json *json, const char *key, double value);
/* Behind the last bracket. */
void json_end(const struct json *json);

#endif
