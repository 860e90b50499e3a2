/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strangers' text made harmless: control characters and bytes that are not
 * UTF-8 become \xNN.  The one rule: nothing else is changed.
 */
#include <stdio.h>

#include "cmd/gsctl/cmd.h"

/* The length of the character at text, 0 if it is none (RFC 3629). */
static size_t
character(const unsigned char *text, size_t left)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t length;

	if (text[0] < 0x80)
		return 1;
	if (text[0] < 0xc2 || text[0] > 0xf4)
		return 0;
	length = text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
	if (left < length)
		return 0;
	if (text[0] == 0xe0)
		low = 0xa0;
	else if (text[0] == 0xed)
		high = 0x9f;
	else if (text[0] == 0xf0)
		low = 0x90;
	else if (text[0] == 0xf4)
		high = 0x8f;
	if (text[1] < low || text[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

/*
 * C0, DEL, and C1 (U+0080 to U+009F), which terminals obey as well; and what
 * turns or breaks a line: U+061C, U+200E, U+200F, U+2028 to U+202E, U+2066 to
 * U+2069.
 */
static bool
control(const unsigned char *text, size_t length)
{
	if (length == 1)
		return text[0] < 0x20 || text[0] == 0x7f;
	if (length == 2)
		return (text[0] == 0xc2 && text[1] < 0xa0) ||
		       (text[0] == 0xd8 && text[1] == 0x9c);
	if (length != 3 || text[0] != 0xe2)
		return false;
	return (text[1] == 0x80 && (text[2] == 0x8e || text[2] == 0x8f ||
				       (text[2] >= 0xa8 && text[2] <= 0xae))) ||
	       (text[1] == 0x81 && text[2] >= 0xa6 && text[2] <= 0xa9);
}

/* How many bytes to copy as they are; 0: escape one byte. */
static size_t
printable(const unsigned char *text, size_t left)
{
	size_t length = character(text, left);

	return length > 0 && !control(text, length) ? length : 0;
}

char *
cmd_safe(char *out, size_t size, const char *text, size_t length)
{
	const unsigned char *in = (const unsigned char *)text;
	size_t at = 0;

	while (length > 0) {
		size_t n = printable(in, length);

		if (at + (n > 0 ? n : 4) >= size)
			break;
		if (n > 0)
			memcpy(out + at, in, n);
		else
			snprintf(out + at, size - at, "\\x%02x", in[0]);
		at += n > 0 ? n : 4;
		n += n == 0;
		in += n;
		length -= n;
	}
	out[at] = '\0';
	return out;
}

size_t
cmd_character(const char *text, size_t left)
{
	return character((const unsigned char *)text, left);
}

bool
cmd_is_shown(const char *text, size_t length)
{
	return !control((const unsigned char *)text, length);
}

bool
cmd_is_plain(const char *text)
{
	while (*text >= 0x20 && *text < 0x7f)
		text++;
	return *text == '\0';
}

bool
cmd_utf8(const char *text, size_t length)
{
	const unsigned char *in = (const unsigned char *)text;

	while (length > 0) {
		size_t n = character(in, length);

		if (n == 0)
			return false;
		in += n;
		length -= n;
	}
	return true;
}

/* Controls in kept, a string, are left as they are. */
static void
put(const char *data, size_t size, const char *kept)
{
	const unsigned char *in = (const unsigned char *)data;

	while (size > 0) {
		size_t n = printable(in, size);

		if (n == 0 && *in != '\0' && strchr(kept, *in) != NULL)
			n = 1;
		if (n > 0)
			fwrite(in, 1, n, stdout);
		else
			printf("\\x%02x", in[0]);
		n += n == 0;
		in += n;
		size -= n;
	}
}

void
cmd_put_safe(const char *data, size_t size)
{
	put(data, size, "\n\t");
}

void
cmd_put_word(const char *text)
{
	put(text, strlen(text), "");
}
