/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Others' words for people: what a terminal would obey, and what is no UTF-8,
 * becomes \xNN, byte by byte.  The rule: nothing else is changed.
 */
#include "lib/internal.h"

/*
 * What a terminal obeys: C0, DEL, C1; and what turns or breaks the line around
 * it: U+061C, U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069.
 */
static bool
obeyed(const unsigned char *p, size_t n)
{
	if (n == 1)
		return p[0] < 0x20 || p[0] == 0x7f;
	if (n == 2)
		return (p[0] == 0xc2 && p[1] < 0xa0) ||
		       (p[0] == 0xd8 && p[1] == 0x9c);
	if (n != 3 || p[0] != 0xe2)
		return false;
	return (p[1] == 0x80 &&
		   ((p[2] & 0xfe) == 0x8e || (p[2] >= 0xa8 && p[2] <= 0xae))) ||
	       (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9);
}

size_t
gsi_shown(const void *text, size_t size)
{
	size_t n = gsi_utf8(text, size);

	return obeyed(text, n) ? 0 : n;
}

char *
gsi_printable(char *out, size_t size, const void *data, size_t length)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *p = data;
	size_t used = 0;

	if (!size)
		return out;
	for (size_t i = 0; i < length;) {
		size_t n = gsi_shown(p + i, length - i);

		if (used + (n ? n : 4) >= size)
			break;
		if (n) {
			memcpy(out + used, p + i, n);
			used += n;
			i += n;
			continue;
		}
		memcpy(out + used, "\\x", 2);
		out[used + 2] = hex[p[i] >> 4];
		out[used + 3] = hex[p[i] & 15];
		used += 4;
		i++;
	}
	out[used] = '\0';
	return out;
}

GS_API char *
gs_printable(gs_bytes bytes, char *text, size_t size)
{
	return gsi_printable(text, size, bytes.data, bytes.size);
}
