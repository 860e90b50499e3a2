/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text: words and numbers in borrowed bytes, printf into rotating buffers of
 * the thread, and pids as text.  The rule: bytes are never trusted to be
 * text; what is no printable UTF-8 is shown as \xNN.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/internal.h"

#define FORMATS 8u
#define FORMAT_INLINE 120u
#define FORMAT_KEPT 65536u /* larger buffers are freed at reuse */

struct format_buffer {
	char *large;
	size_t size;
	char small[FORMAT_INLINE];
};

struct text_scratch {
	unsigned next;
	struct format_buffer buffers[FORMATS];
};

static bool
blank(unsigned char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static gs_bytes
after(gs_bytes bytes, size_t n)
{
	if (!n)
		return bytes;
	return gs_bytes_of((const char *)bytes.data + n, bytes.size - n);
}

static gs_bytes
skip_blanks(gs_bytes bytes)
{
	const unsigned char *p = bytes.data;
	size_t n = 0;

	while (n < bytes.size && blank(p[n]))
		n++;
	return after(bytes, n);
}

GS_API bool
gs_is(gs_bytes bytes, const char *text)
{
	size_t size = text ? strlen(text) : 0;

	return bytes.size == size &&
	       (!size || memcmp(bytes.data, text, size) == 0);
}

GS_API gs_bytes
gs_word(gs_bytes *bytes)
{
	gs_bytes word = skip_blanks(*bytes);
	const unsigned char *p = word.data;
	size_t n = 0;

	while (n < word.size && !blank(p[n]))
		n++;
	*bytes = skip_blanks(after(word, n));
	word.size = n;
	return word;
}

GS_API bool
gs_verb(gs_bytes bytes, const char *verb, gs_bytes *rest)
{
	gs_bytes word = gs_word(&bytes);

	if (!word.size || !gs_is(word, verb))
		return false;
	if (rest)
		*rest = bytes;
	return true;
}

GS_API long
gs_long(gs_bytes bytes, long otherwise)
{
	const char *p = bytes.data;
	size_t i = 0;
	bool minus = false;
	long n = 0;

	if (i < bytes.size && (p[i] == '-' || p[i] == '+'))
		minus = p[i++] == '-';
	if (i == bytes.size)
		return otherwise;
	for (; i < bytes.size; i++) {
		int digit = p[i] - '0';

		if (digit < 0 || digit > 9 ||
		    __builtin_mul_overflow(n, 10L, &n) ||
		    __builtin_add_overflow(n, minus ? -digit : digit, &n))
			return otherwise;
	}
	return n;
}

GS_API char *
gs_string(gs_bytes bytes, char *text, size_t size)
{
	size_t n = bytes.size;

	if (!size)
		return text;
	if (n > size - 1)
		n = size - 1;
	if (n)
		memcpy(text, bytes.data, n);
	text[n] = '\0';
	return text;
}

static struct format_buffer *
next_buffer(void)
{
	void **slot = gsi_thread_slot(GSI_SLOT_TEXT);
	struct text_scratch *scratch = *slot;
	struct format_buffer *b;

	if (!scratch)
		scratch = *slot = calloc(1, sizeof(*scratch));
	if (!scratch)
		return NULL;
	b = &scratch->buffers[scratch->next++ % FORMATS];
	if (b->size > FORMAT_KEPT) {
		free(b->large);
		b->large = NULL;
		b->size = 0;
	}
	return b;
}

/* Room for size bytes: what is in the buffer is lost. */
static char *
enlarge(struct format_buffer *b, size_t size)
{
	free(b->large);
	b->large = malloc(size);
	b->size = b->large ? size : 0;
	return b->large;
}

/* Bytes that are not there: whoever is given them says so. */
static gs_bytes
no_memory(void)
{
	return gs_bytes_of(NULL, 1);
}

GS_API gs_bytes
gs_format(const char *format, ...)
{
	struct format_buffer *b = next_buffer();
	char *text;
	size_t size;
	va_list list;
	int n;

	if (!b)
		return no_memory();
	text = b->large ? b->large : b->small;
	size = b->large ? b->size : sizeof(b->small);
	va_start(list, format);
	n = vsnprintf(text, size, format, list);
	va_end(list);
	if (n < 0)
		return GS_NONE;
	if ((size_t)n < size)
		return gs_bytes_of(text, (size_t)n);
	text = enlarge(b, (size_t)n + 1);
	if (!text)
		return no_memory();
	va_start(list, format);
	n = vsnprintf(text, b->size, format, list);
	va_end(list);
	return n < 0 ? GS_NONE : gs_bytes_of(text, (size_t)n);
}

void
gsi_text_end(void)
{
	void **slot = gsi_thread_slot(GSI_SLOT_TEXT);
	struct text_scratch *scratch = *slot;

	*slot = NULL;
	if (!scratch)
		return;
	for (unsigned i = 0; i < FORMATS; i++)
		free(scratch->buffers[i].large);
	free(scratch);
}

/* How many bytes a first byte announces, and the least value they may have. */
static size_t
utf8_announced(unsigned char c, uint32_t *value, uint32_t *least)
{
	if (c >= 0xc2 && c <= 0xdf) {
		*value = c & 0x1fu;
		*least = 0x80;
		return 2;
	}
	if (c >= 0xe0 && c <= 0xef) {
		*value = c & 0x0fu;
		*least = 0x800;
		return 3;
	}
	if (c >= 0xf0 && c <= 0xf4) {
		*value = c & 0x07u;
		*least = 0x10000;
		return 4;
	}
	return 0;
}

size_t
gsi_utf8(const void *text, size_t size)
{
	const unsigned char *p = text;
	uint32_t value, least;
	size_t n;

	if (!size)
		return 0;
	if (p[0] < 0x80)
		return 1;
	n = utf8_announced(p[0], &value, &least);
	if (!n || n > size)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (p[i] & 0x3fu);
	}
	if (value < least || value > 0x10ffff ||
	    (value >= 0xd800 && value <= 0xdfff))
		return 0;
	return n;
}

GS_API char *
gs_pid_text(gs_pid pid, char text[GS_PID_TEXT])
{
	snprintf(text, GS_PID_TEXT, "<%u.%u.%u>", pid.node, pid.slot, pid.gen);
	return text;
}

/* Reads digits and the end mark; NULL when they are not there. */
static const char *
parse_part(const char *p, char end, uint32_t *out)
{
	uint64_t n = 0;

	if (!isdigit((unsigned char)*p))
		return NULL;
	for (; isdigit((unsigned char)*p); p++) {
		n = n * 10 + (uint64_t)(*p - '0');
		if (n > UINT32_MAX)
			return NULL;
	}
	*out = (uint32_t)n;
	return *p == end ? p + 1 : NULL;
}

GS_API int
gs_pid_parse(const char *text, gs_pid *pid)
{
	gs_pid read = { 0, 0, 0 };
	const char *p = text;

	if (!p || *p++ != '<')
		return -EINVAL;
	p = parse_part(p, '.', &read.node);
	if (p)
		p = parse_part(p, '.', &read.slot);
	if (p)
		p = parse_part(p, '>', &read.gen);
	if (!p || *p)
		return -EINVAL;
	*pid = read;
	return 0;
}
