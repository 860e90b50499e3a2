/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exit reasons: short text with one canonical form, compared as a whole.
 */
#include "lib/internal.h"

bool
gsi_reason_clean(const char *reason)
{
	static const char shutdown[] = "shutdown";
	size_t n = sizeof(shutdown) - 1;

	if (strcmp(reason, "normal") == 0)
		return true;
	return strncmp(reason, shutdown, n) == 0 &&
	       (reason[n] == '\0' || reason[n] == ':');
}

/* The largest cut at or below size that splits no UTF-8 character. */
static size_t
boundary(const char *text, size_t size)
{
	size_t n = size;

	while (n > 0 && size - n < 3 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	return gsi_utf8(text + n, 4) > size - n ? n : size;
}

void
gsi_reason_copy(char out[GS_REASON_MAX + 1], const char *reason)
{
	size_t n;

	if (!reason || !*reason)
		reason = "normal";
	n = strnlen(reason, GS_REASON_MAX + 1);
	if (n > GS_REASON_MAX)
		n = boundary(reason, GS_REASON_MAX);
	memmove(out, reason, n);
	out[n] = '\0';
}
