/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON, see json.h.  The one rule: what a terminal would obey never gets out
 * as it is, though JSON lets it through.
 */
#include "cmd/gsctl/json.h"

#include <stdio.h>
#include <stdlib.h>

#include "cmd/gsctl/cmd.h"

static void
put(const char *text, size_t size)
{
	fwrite_unlocked(text, 1, size, stdout);
}

/* Stands in a string as it is. */
static bool
is_plain(char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static size_t
plain_bytes(const char *text, size_t size)
{
	size_t n = 0;

	while (n < size && is_plain(text[n]))
		n++;
	return n;
}

/* One character of at most three bytes, of UTF-8. */
static void
put_escaped(const char *text, size_t size)
{
	static const char letters[] = "b\bf\fn\nr\rt\t\"\"\\\\";
	const unsigned char *c = (const unsigned char *)text;
	unsigned code = c[0];

	for (const char *at = letters; *at != '\0'; at += 2)
		if (at[1] == *text) {
			printf("\\%c", at[0]);
			return;
		}
	if (size == 2)
		code = (c[0] & 0x1fu) << 6 | (c[1] & 0x3fu);
	else if (size == 3)
		code =
		    (c[0] & 0xfu) << 12 | (c[1] & 0x3fu) << 6 | (c[2] & 0x3fu);
	printf("\\u%04x", code);
}

/* UTF-8 in quotes. */
static void
put_string(const char *text, size_t size)
{
	putc_unlocked('"', stdout);
	while (size > 0) {
		size_t n = plain_bytes(text, size);

		if (n > 0) {
			put(text, n);
		} else {
			n = cmd_character(text, size);
			if (n > 1 && cmd_is_shown(text, n))
				put(text, n);
			else
				put_escaped(text, n);
		}
		text += n;
		size -= n;
	}
	putc_unlocked('"', stdout);
}

static void
new_line(const struct json *json)
{
	if (!json->pretty)
		return;
	putc_unlocked('\n', stdout);
	for (int i = 0; i < json->depth; i++)
		put("  ", 2);
}

/* What stands before a value. */
static void
lead(struct json *json, const char *key)
{
	if (json->inner)
		putc_unlocked(',', stdout);
	if (json->depth > 0)
		new_line(json);
	json->inner = true;
	if (key == NULL)
		return;
	put_string(key, strlen(key));
	put(": ", json->pretty ? 2 : 1);
}

void
json_open(struct json *json, const char *key, char bracket)
{
	lead(json, key);
	putc_unlocked(bracket, stdout);
	json->depth++;
	json->inner = false;
}

void
json_close(struct json *json, char bracket)
{
	json->depth--;
	if (json->inner)
		new_line(json);
	putc_unlocked(bracket, stdout);
	json->inner = true;
}

void
json_bytes(struct json *json, const char *key, const char *text, size_t size)
{
	char *safe;

	lead(json, key);
	if (cmd_utf8(text, size)) {
		put_string(text, size);
		return;
	}
	safe = cmd_memory(NULL, CMD_SAFE(size));
	cmd_safe(safe, CMD_SAFE(size), text, size);
	put_string(safe, strlen(safe));
	free(safe);
}

void
json_text(struct json *json, const char *key, const char *text)
{
	if (text != NULL && *text != '\0')
		json_bytes(json, key, text, strlen(text));
	else
		json_null(json, key);
}

void
json_null(struct json *json, const char *key)
{
	lead(json, key);
	put("null", 4);
}

void
json_bool(struct json *json, const char *key, bool value)
{
	lead(json, key);
	fputs_unlocked(value ? "true" : "false", stdout);
}

void
json_integer(struct json *json, const char *key, int64_t value)
{
	char digits[CMD_DIGITS];

	lead(json, key);
	fputs_unlocked(cmd_digits(digits, value), stdout);
}

void
json_seconds(struct json *json, const char *key, double value)
{
	char digits[40];

	lead(json, key);
	snprintf(digits, sizeof(digits), "%.16g", value);
	/* a real, also when there is nothing behind the point */
	printf("%s%s", digits, strpbrk(digits, ".e") != NULL ? "" : ".0");
}

void
json_end(const struct json *json)
{
	if (json->depth == 0)
		putc_unlocked('\n', stdout);
}
